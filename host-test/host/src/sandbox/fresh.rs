//! A fresh instance for each call.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{Store, UpdateDeadline};

use super::engine::{self, Allocation, Functions, Ticker};
use super::error::{HostError, trap_message};
use super::limits::{CpuBudgetSpent, CpuMeter, metered};
use super::linker;
use super::options::Options;
use super::state::State;
use crate::outbound::Outbound;
use crate::policy::Policy;

/// One component, ready to be called. Clones share everything; calls may run at once.
///
/// ```no_run
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use aws_lambda_connector_host::policy::Policy;
/// use aws_lambda_connector_host::sandbox::{HostError, Options, Sandbox};
///
/// # async fn example() -> Result<(), HostError> {
/// let options = Options {
///     memory_limit: 16 << 20,
///     ..Options::default()
/// };
/// let sandbox = Sandbox::load(Path::new("adder.wasm"), options)?;
/// let sum = sandbox
///     .call(&Arc::new(Policy::deny_all()), async |instance, store| {
///         let add = instance.get_typed_func::<(u32, u32), (u32,)>(&mut *store, "add")?;
///         Ok(add.call_async(store, (1, 2)).await?.0)
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sandbox {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) options: Options,
    instance_pre: InstancePre<State>,
    outbound: Outbound,
    /// As many as the pooling allocator has places for.
    pub(super) calls: Semaphore,
    allocation: Allocation,
    pub(super) functions: Functions,
    _ticker: Ticker,
}

impl Sandbox {
    /// Compiles a component's file.
    ///
    /// # Errors
    /// The file is not a component, or imports something that this host does not offer.
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
    ///
    /// # Errors
    /// As for [`Sandbox::load`].
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
    ///
    /// # Errors
    /// A limit, a trap, or an error of `call`.
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

    pub(super) async fn instantiate(
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

    pub(super) fn store(&self, policy: &Arc<Policy>, meter: &Arc<CpuMeter>) -> Store<State> {
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

    pub(super) fn limit_hit(
        &self,
        store: &Store<State>,
        error: &wasmtime::Error,
    ) -> Option<HostError> {
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
