//! A fresh instance for each call.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{Store, UpdateDeadline};

use super::attempts::{Attempts, RequestLimits};
use super::engine::{self, Allocation, Functions, Ticker};
use super::error::{HostError, trap_message};
use super::limits::{CpuBudgetSpent, CpuMeter, metered};
use super::linker;
use super::options::Options;
use super::state::{PerCall, State};
use super::watcher::ResponseWatcher;
use crate::outbound::Outbound;
use crate::policy::Policy;

/// A compiled component, ready to be called. Clones share it, and calls may run concurrently.
///
/// [`Host`](crate::host::Host) is the typed form for the connector. Use a `Sandbox` for a different
/// component, or to make several calls in one instance:
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use aws_lambda_connector_host::bindings::{cards, types};
/// use aws_lambda_connector_host::exports::{self, Exports};
/// use aws_lambda_connector_host::policy::Policy;
/// use aws_lambda_connector_host::sandbox::{Options, Sandbox};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options {
///     memory_limit: 16 << 20,
/// #   keep_compiled: true,
///     ..Options::default()
/// };
/// let sandbox = Sandbox::load(Path::new(built_component::P2), options)?;
/// let exports = Exports::find(sandbox.instance_pre().component())?;
/// let manifests = sandbox
///     .call(&Arc::new(Policy::deny_all()), async |instance, store| {
///         let mut manifests = Vec::new();
///         for _ in 0..2 {
///             let described: Result<cards::Manifest, types::Error> =
///                 exports::call(instance, &mut *store, &exports.describe, ()).await?;
///             manifests.extend(described);
///         }
///         Ok(manifests)
///     })
///     .await?;
/// assert_eq!(manifests.len(), 2);
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
    /// One permit for each slot of the pooling allocator.
    pub(super) calls: Semaphore,
    allocation: Allocation,
    pub(super) functions: Functions,
    _ticker: Ticker,
}

/// The longest file that is read as a component, in bytes. A path can name a device that never ends.
const LONGEST_COMPONENT: u64 = 64 << 20;

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(LONGEST_COMPONENT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_COMPONENT {
        return Err(io::Error::other(format!(
            "it is longer than {LONGEST_COMPONENT} bytes, which a component may have; name the \
             file of a component"
        )));
    }
    Ok(bytes)
}

impl Sandbox {
    /// Reads and compiles a component's file. Compiling takes about a second and blocks the thread.
    ///
    /// # Errors
    /// - [`HostError::Load`]: the file cannot be read, is longer than 64 MiB, is not a component, or
    ///   imports an interface that this host does not offer.
    /// - [`HostError::Setup`]: wasmtime or TLS cannot be set up with these options.
    pub fn load(path: &Path, options: Options) -> Result<Self, HostError> {
        let load = |error: wasmtime::Error| HostError::Load {
            path: path.display().to_string(),
            reason: format!("{error:#}"),
        };
        let bytes = read(path).map_err(|error| load(error.into()))?;
        Self::build(&bytes, options, load)
    }

    /// Compiles a component in memory. It may be binary or, with wasmtime's `wat` feature, text.
    ///
    /// # Errors
    /// As for [`Sandbox::load`].
    ///
    /// ```
    /// use aws_lambda_connector_host::sandbox::{HostError, Options, Sandbox};
    ///
    /// let error = Sandbox::from_bytes(b"not wasm", Options::default()).err();
    /// assert!(matches!(error, Some(HostError::Load { .. })));
    /// ```
    pub fn from_bytes(bytes: &[u8], options: Options) -> Result<Self, HostError> {
        Self::build(bytes, options, |error| HostError::Load {
            path: "the component".to_owned(),
            reason: format!("{error:#}"),
        })
    }

    /// Tries the engine without `async` support first, because it is faster. The other engine's
    /// error is the one reported.
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
            HostError::Setup(format!("TLS or an extra root certificate: {error}"))
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

    /// Returns the compiled component, to look up the indices of its exports.
    pub fn instance_pre(&self) -> &InstancePre<State> {
        &self.inner.instance_pre
    }

    /// Reports whether instances use pooled memory or map it for each call.
    pub fn allocation(&self) -> &Allocation {
        &self.inner.allocation
    }

    pub(crate) fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Creates an instance, passes it to `call`, and discards it. [`Sandbox`] has an example.
    ///
    /// If [`Options::max_calls`] calls are running, it waits for one of them; the wait counts
    /// towards [`Options::call_timeout`]. Dropping the future ends the call and closes the
    /// connection that it uses.
    ///
    /// # Errors
    /// - [`HostError::MemoryLimit`], [`HostError::CpuLimit`] or [`HostError::Timeout`]: the call
    ///   exceeded a limit.
    /// - [`HostError::Instantiate`]: the component cannot be instantiated.
    /// - [`HostError::Trap`]: the component trapped, or `call` returned an error.
    pub async fn call<T>(
        &self,
        policy: &Arc<Policy>,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let run = self.run(policy, PerCall::default(), call);
        self.timed(run).await
    }

    /// Makes a call as [`Self::call`] does, with limits on its HTTP requests.
    ///
    /// # Errors
    /// As for [`Self::call`], and [`HostError::AttemptsSpent`].
    pub async fn call_within<T>(
        &self,
        policy: &Arc<Policy>,
        limits: RequestLimits,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let attempts = Arc::new(Attempts::new(limits));
        let per_call = PerCall {
            attempts: Some(Arc::clone(&attempts)),
            ..PerCall::default()
        };
        let run = self.run(policy, per_call, call);
        self.timed(async {
            tokio::select! {
                biased;
                error = attempts.spent() => Err(error),
                result = run => result,
            }
        })
        .await
    }

    /// Makes a call as [`Self::call`] does, and shows its responses to `watcher`.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn call_watched<T>(
        &self,
        policy: &Arc<Policy>,
        watcher: Arc<dyn ResponseWatcher>,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let per_call = PerCall {
            watcher: Some(watcher),
            ..PerCall::default()
        };
        self.timed(self.run(policy, per_call, call)).await
    }

    /// Makes a call as [`Self::call`] does, without [`Options::call_timeout`]. The caller limits it.
    pub(crate) async fn call_without_timeout<T>(
        &self,
        policy: &Arc<Policy>,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        self.run(policy, PerCall::default(), call).await
    }

    async fn timed<T>(
        &self,
        call: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        let limit = self.inner.options.call_timeout;
        match tokio::time::timeout(limit, call).await {
            Ok(result) => result,
            Err(_) => Err(HostError::Timeout { limit }),
        }
    }

    async fn run<T>(
        &self,
        policy: &Arc<Policy>,
        per_call: PerCall,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, HostError> {
        let inner = &*self.inner;
        let _place = inner.calls.acquire().await;
        let meter = Arc::new(CpuMeter::new(inner.options.cpu_budget));
        let mut store = self.store(policy, &meter, per_call);

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

    pub(super) fn store(
        &self,
        policy: &Arc<Policy>,
        meter: &Arc<CpuMeter>,
        per_call: PerCall,
    ) -> Store<State> {
        let inner = &*self.inner;
        let state = State::new(
            inner.options.memory_limit,
            inner.outbound.clone(),
            policy.clone(),
            per_call,
        );
        let mut store = Store::new(inner.instance_pre.engine(), state);
        store.limiter(|state| &mut state.limits);
        // wasmtime copies at most 128 MiB out of an instance in one call. A collected response can be
        // larger, if the memory is.
        store.set_hostcall_fuel(store.hostcall_fuel().max(inner.options.memory_limit));
        // At each tick, the component yields to other tasks and its CPU time is checked.
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
        // Without memory, the component traps in a way that its allocator chooses.
        store
            .data()
            .limits
            .exceeded()
            .then_some(HostError::MemoryLimit {
                limit: options.memory_limit,
            })
    }
}
