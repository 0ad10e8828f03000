//! A fresh instance for each call.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::error::Context;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::attempts::{Attempts, RequestLimits};
use super::engine::{self, Allocation, Functions, Ticker};
use super::error::{HostError, trap_message};
use super::kept::Kept;
use super::limits::{CpuBudgetSpent, CpuMeter, metered};
use super::linker;
use super::options::Options;
use super::precompiled::{self, Code, Hash256, Precompiled};
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
    /// The SHA-256 of the component's file.
    hash: Hash256,
    code: Code,
    _ticker: Ticker,
}

impl Inner {
    /// Compiles a component. The engine without `async` support is tried first, because it is faster.
    /// The other engine's error is the one reported.
    fn compile(
        bytes: &[u8],
        hash: &Hash256,
        options: &Options,
        load: impl Fn(String) -> HostError,
    ) -> Result<Self, HostError> {
        let compile = |functions| {
            let component = |engine: &Engine| Component::from_binary(engine, bytes);
            Self::with_component(component, functions, hash, options, &load)
        };
        compile(Functions::Sync).or_else(|_| compile(Functions::Async))
    }

    /// Loads the code that an earlier process kept. If there is none that fits, compiles the component
    /// and keeps the code.
    fn from_kept(
        kept: &Kept,
        bytes: &[u8],
        hash: &Hash256,
        options: &Options,
        load: impl Fn(String) -> HostError,
    ) -> Result<Self, HostError> {
        if let Ok(code) = read_code(kept.file()) {
            let reason = |reason| cannot_load(kept.file().display(), reason);
            match Self::from_code(&code, kept.file(), hash, options, reason) {
                Ok(inner) => return Ok(inner),
                Err(error) => tracing::debug!("the component is compiled again: {error}"),
            }
        }
        let inner = Self::compile(bytes, hash, options, load)?;
        Ok(match kept.write(&inner.compiled_code()?) {
            Ok(()) => Self {
                code: Code::Kept {
                    file: kept.file().to_owned(),
                },
                ..inner
            },
            Err(error) => inner.not_kept(format!("{}: {error}", kept.file().display())),
        })
    }

    fn from_code(
        code: &[u8],
        file: &Path,
        hash: &Hash256,
        options: &Options,
        load: impl Fn(String) -> HostError,
    ) -> Result<Self, HostError> {
        let code = Precompiled::check(code, hash).map_err(|error| load(error.to_string()))?;
        let component = |engine: &Engine| {
            code.component(engine).context(
                "wasmtime rejects the code; make it again with these options, on a processor \
                 without further features",
            )
        };
        let inner = Self::with_component(component, code.functions, hash, options, load)?;
        Ok(Self {
            code: Code::Loaded {
                file: file.to_owned(),
            },
            ..inner
        })
    }

    fn with_component(
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
        functions: Functions,
        hash: &Hash256,
        options: &Options,
        load: impl Fn(String) -> HostError,
    ) -> Result<Self, HostError> {
        let load = |error: wasmtime::Error| load(format!("{error:#}"));
        let outbound = Outbound::new(&options.outbound).map_err(|error| {
            HostError::Setup(format!("TLS or an extra root certificate: {error}"))
        })?;
        let (engine, allocation) = engine::build(options, functions)
            .map_err(|error| HostError::Setup(format!("wasmtime: {error:#}")))?;
        let mut linker = Linker::new(&engine);
        linker::add_imports(&mut linker, functions)
            .map_err(|error| HostError::Setup(format!("the imports: {error:#}")))?;
        let component = component(&engine).map_err(load)?;
        let instance_pre = linker.instantiate_pre(&component).map_err(load)?;
        let ticker = Ticker::start(&engine)
            .map_err(|error| HostError::Setup(format!("the epoch thread: {error}")))?;
        Ok(Self {
            calls: Semaphore::new(options.max_calls as usize),
            options: options.clone(),
            instance_pre,
            outbound,
            allocation,
            functions,
            hash: *hash,
            code: Code::NotKept {
                reason: "`keep_compiled` is not set".to_owned(),
            },
            _ticker: ticker,
        })
    }

    fn not_kept(self, reason: String) -> Self {
        Self {
            code: Code::NotKept { reason },
            ..self
        }
    }

    fn compiled_code(&self) -> Result<Vec<u8>, HostError> {
        precompiled::to_file(self.instance_pre.component(), self.functions, &self.hash)
            .map_err(|error| HostError::Setup(format!("the compiled code: {error:#}")))
    }
}

/// Takes the place of a path in an error.
pub const IN_MEMORY: &str = "the component";

/// The longest files that are read, in bytes. A path can name a device that never ends.
const LONGEST_COMPONENT: u64 = 64 << 20;
const LONGEST_CODE: u64 = 8 * LONGEST_COMPONENT;

fn read_code(file: &Path) -> io::Result<Vec<u8>> {
    read(file, "compiled code", LONGEST_CODE)
}

/// Reads a file of this kind.
fn read(path: &Path, what: &str, longest: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::with_capacity(file.metadata()?.len().min(longest) as usize);
    file.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(io::Error::other(format!(
            "it is longer than {longest} bytes, which {what} may have; name the file of {what}"
        )));
    }
    Ok(bytes)
}

/// Returns the error for a component or for precompiled code.
fn cannot_load(path: impl ToString, reason: impl ToString) -> HostError {
    HostError::Load {
        path: path.to_string(),
        reason: reason.to_string(),
    }
}

impl Sandbox {
    /// Reads and compiles a component's file. Compiling takes about a second and blocks the thread.
    /// [`Options::keep_compiled`] and [`Options::precompiled`] avoid it.
    ///
    /// # Errors
    /// - [`HostError::Load`]: the file cannot be read, is longer than 64 MiB, is not a component, or
    ///   imports an interface that this host does not offer. The same for a file of
    ///   [`Options::precompiled`] that does not fit the component or this host.
    /// - [`HostError::Setup`]: wasmtime or TLS cannot be set up with these options.
    pub fn load(path: &Path, options: Options) -> Result<Self, HostError> {
        let load = |reason: String| cannot_load(path.display(), reason);
        let bytes = read(path, "a component", LONGEST_COMPONENT)
            .map_err(|error| load(error.to_string()))?;
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
        Self::build(bytes, options, |reason| cannot_load(IN_MEMORY, reason))
    }

    fn build(
        bytes: &[u8],
        options: Options,
        load: impl Fn(String) -> HostError,
    ) -> Result<Self, HostError> {
        let hash = Sha256::digest(bytes).into();
        let inner = if let Some(file) = &options.precompiled {
            let load = |reason: String| cannot_load(file.display(), reason);
            let code = read_code(file).map_err(|error| load(error.to_string()))?;
            Inner::from_code(&code, file, &hash, &options, load)?
        } else if options.keep_compiled {
            match Kept::find(&hash) {
                Some(kept) => Inner::from_kept(&kept, bytes, &hash, &options, load)?,
                None => {
                    let reason = "the environment names no cache directory".to_owned();
                    Inner::compile(bytes, &hash, &options, load)?.not_kept(reason)
                }
            }
        } else {
            Inner::compile(bytes, &hash, &options, load)?
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns the compiled code, for [`Options::precompiled`] of another process. The code fits
    /// this component, this version of wasmtime, and processors with the features of this one.
    ///
    /// # Errors
    /// [`HostError::Setup`]: wasmtime cannot serialize the code.
    ///
    /// ```
    /// use std::fs;
    /// use std::path::Path;
    ///
    /// use aws_lambda_connector_host::sandbox::{Code, Options, Sandbox};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = std::env::temp_dir().join(format!("precompiled-{}", std::process::id()));
    /// let component = Path::new(built_component::P2);
    ///
    /// // In a build step:
    /// # let options = Options { keep_compiled: true, ..Options::default() };
    /// let compiled = Sandbox::load(component, options)?;
    /// fs::write(&file, compiled.compiled_code()?)?;
    ///
    /// // In the process that makes calls:
    /// let options = Options {
    ///     precompiled: Some(file.clone()),
    ///     ..Options::default()
    /// };
    /// let sandbox = Sandbox::load(component, options)?;
    /// assert_eq!(sandbox.code(), &Code::Loaded { file: file.clone() });
    /// # fs::remove_file(&file)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compiled_code(&self) -> Result<Vec<u8>, HostError> {
        self.inner.compiled_code()
    }

    /// Reports whether this process compiled the component, and whether the next one has to.
    pub fn code(&self) -> &Code {
        &self.inner.code
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
