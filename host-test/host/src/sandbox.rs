//! Runs one component, a fresh instance a call, within limits. Knows nothing of Lambda.
//!
//! A component gets the clocks, and HTTP as far as a [`Policy`] goes. It keeps no state: its
//! memory ends with the call. Four limits hold it: memory, time on the processor, time in all, and
//! how many calls run at once.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::outbound::{Outbound, OutboundOptions};
use crate::policy::Policy;

mod engine;
mod limits;
mod linker;
mod shared;
mod state;

pub use engine::Allocation;
pub use shared::SharedInstance;
pub use state::State;

use engine::{Functions, Ticker};
use limits::{CpuBudgetSpent, CpuMeter, Metered};

/// What a component may use, and how its connections are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Linear memory, in bytes. Default 64 MiB; the largest payload both ways needs about 32.
    pub memory_limit: usize,
    /// A whole call, waits included. Default 16 minutes: Lambda's longest run, and a margin.
    pub call_timeout: Duration,
    /// Time that a call may run rather than wait. Default 10 s.
    pub cpu_budget: Duration,
    /// Calls at once; the next one waits, and its call time-out runs. Default 1000.
    pub max_calls: u32,
    /// Connections to Lambda.
    pub outbound: OutboundOptions,
    /// Keep compiled code in wasmtime's cache, a folder of the user's, for the next process: it
    /// starts at once, and without the memory that compiling takes. Who can write there decides
    /// what runs here. Default false.
    pub keep_compiled: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory_limit: 64 << 20,
            call_timeout: Duration::from_secs(16 * 60),
            cpu_budget: Duration::from_secs(10),
            max_calls: 1000,
            outbound: OutboundOptions::default(),
            keep_compiled: false,
        }
    }
}

/// What went wrong on the host's side of a call. The component's own errors are values.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// The file is not a component that this host can run. Says which import, where one is
    /// missing.
    #[error("{path} cannot be loaded: {reason}")]
    Load {
        /// The component's file.
        path: String,
        /// wasmtime's words.
        reason: String,
    },
    /// wasmtime or TLS could not be set up.
    #[error("the host cannot be set up: {0}")]
    Setup(String),
    /// No instance could be made for the call.
    #[error("the component cannot be instantiated: {0}")]
    Instantiate(String),
    /// Its functions are not `async`, so that calls in one instance would wait for each other.
    #[error("an instance of this component cannot be shared: its functions are not `async`")]
    NotShared,
    /// The component failed in a way that it cannot report: a bug in it.
    #[error("the component trapped: {0}")]
    Trap(String),
    /// It asked for more memory than it may have, and could not go on without.
    #[error("the component needed more than its {limit} bytes of memory")]
    MemoryLimit {
        /// [`Options::memory_limit`].
        limit: usize,
    },
    /// It ran, rather than waited, for longer than it may.
    #[error("the component ran for longer than its CPU budget of {budget:?}")]
    CpuLimit {
        /// [`Options::cpu_budget`].
        budget: Duration,
    },
    /// The call took too long in all. What it had sent may still take effect.
    #[error("the call did not end within {limit:?}")]
    Timeout {
        /// [`Options::call_timeout`].
        limit: Duration,
    },
}

/// One component, ready to be called. Clones share everything; calls may run at once.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    instance_pre: InstancePre<State>,
    outbound: Outbound,
    /// As many as the pooling allocator has places for.
    calls: Semaphore,
    allocation: Allocation,
    functions: Functions,
    _ticker: Ticker,
}

impl Sandbox {
    /// Compiles a component's file. Fails if it imports anything that this host does not offer.
    pub fn load(path: &Path, options: Options) -> Result<Self, HostError> {
        let load = |error: wasmtime::Error| HostError::Load {
            path: path.display().to_string(),
            reason: format!("{error:#}"),
        };
        let bytes = std::fs::read(path).map_err(|error| load(error.into()))?;
        Self::build(&bytes, options, load)
    }

    /// The same for a component in memory, in binary or, where the `wat` feature of wasmtime is
    /// on, in text.
    pub fn from_bytes(bytes: &[u8], options: Options) -> Result<Self, HostError> {
        Self::build(bytes, options, |error| HostError::Load {
            path: "the component".to_owned(),
            reason: format!("{error:#}"),
        })
    }

    /// What the leaner engine does not take, the other one may, or says what is wrong.
    fn build(
        bytes: &[u8],
        options: Options,
        load: impl Fn(wasmtime::Error) -> HostError,
    ) -> Result<Self, HostError> {
        Self::with_functions(bytes, options.clone(), &load, Functions::Sync)
            .or_else(|_| Self::with_functions(bytes, options, &load, Functions::Async))
    }

    fn with_functions(
        bytes: &[u8],
        options: Options,
        load: impl Fn(wasmtime::Error) -> HostError,
        functions: Functions,
    ) -> Result<Self, HostError> {
        let outbound = Outbound::new(&options.outbound).map_err(|error| {
            HostError::Setup(format!("TLS, or an extra root certificate: {error}"))
        })?;
        let (engine, allocation) = engine::build(&options, functions)
            .map_err(|error| HostError::Setup(format!("wasmtime: {error:#}")))?;
        let mut linker = Linker::new(&engine);
        linker::add_imports(&mut linker, functions)
            .map_err(|error| HostError::Setup(format!("the imports: {error:#}")))?;
        let component = Component::from_binary(&engine, bytes).map_err(&load)?;
        let instance_pre = linker.instantiate_pre(&component).map_err(&load)?;
        let ticker = Ticker::start(&engine)
            .map_err(|error| HostError::Setup(format!("the epoch thread: {error}")))?;
        Ok(Self {
            inner: Arc::new(Inner {
                calls: Semaphore::new(options.max_calls as usize),
                options,
                instance_pre,
                outbound,
                allocation,
                functions,
                _ticker: ticker,
            }),
        })
    }

    /// The compiled component, for the indices of its exports.
    pub fn instance_pre(&self) -> &InstancePre<State> {
        &self.inner.instance_pre
    }

    /// Where instances get their memory from.
    pub fn allocation(&self) -> &Allocation {
        &self.inner.allocation
    }

    /// Makes an instance, gives it to `call`, and throws it away.
    ///
    /// Dropping the future ends the call: its connection, if it is in use, is closed.
    pub async fn call<T>(
        &self,
        policy: &Arc<Policy>,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let limit = self.inner.options.call_timeout;
        match tokio::time::timeout(limit, self.run(policy, call)).await {
            Ok(result) => result,
            Err(_) => Err(HostError::Timeout { limit }),
        }
    }

    async fn run<T>(
        &self,
        policy: &Arc<Policy>,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let inner = &*self.inner;
        let _place = inner.calls.acquire().await;
        let meter = Arc::new(CpuMeter::new(inner.options.cpu_budget));
        let mut store = self.store(policy, &meter);

        let instance = self.instantiate(&mut store, &meter).await?;
        let called = metered(call(&instance, &mut store), &meter).await;
        called.map_err(|error| {
            self.limit_hit(&store, &error)
                .unwrap_or_else(|| HostError::Trap(trap_message(&error)))
        })
    }

    async fn instantiate(
        &self,
        store: &mut Store<State>,
        meter: &CpuMeter,
    ) -> Result<Instance, HostError> {
        let instance = self.inner.instance_pre.instantiate_async(&mut *store);
        metered(instance, meter).await.map_err(|error| {
            self.limit_hit(store, &error)
                .unwrap_or_else(|| HostError::Instantiate(format!("{error:#}")))
        })
    }

    fn store(&self, policy: &Arc<Policy>, meter: &Arc<CpuMeter>) -> Store<State> {
        let inner = &*self.inner;
        let state = State::new(
            inner.options.memory_limit,
            inner.outbound.clone(),
            policy.clone(),
        );
        let mut store = Store::new(inner.instance_pre.engine(), state);
        store.limiter(|state| &mut state.limits);
        // At each tick the component lets other tasks run, and its account is checked.
        store.set_epoch_deadline(1);
        let meter = meter.clone();
        store.epoch_deadline_callback(move |_| {
            meter.check()?;
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    fn limit_hit(&self, store: &Store<State>, error: &wasmtime::Error) -> Option<HostError> {
        let options = &self.inner.options;
        if error.is::<CpuBudgetSpent>() {
            return Some(HostError::CpuLimit {
                budget: options.cpu_budget,
            });
        }
        // A component that is refused memory ends in a trap of its allocator's choice.
        store
            .data()
            .limits
            .exceeded()
            .then_some(HostError::MemoryLimit {
                limit: options.memory_limit,
            })
    }
}

/// Charges a future's running time, not its waiting time, to the meter.
async fn metered<F: Future>(future: F, meter: &CpuMeter) -> F::Output {
    Metered::new(pin!(future), meter).await
}

/// The trap's name and where it happened; without the name wasmtime's message is only the place.
fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{trap}; {error}"),
        None => format!("{error:#}"),
    }
}
