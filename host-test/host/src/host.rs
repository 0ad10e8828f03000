//! The connector as a Rust value, with a typed method for every function of the contract.
//!
//! Load the component once, then call it from any number of tasks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::bindings::types::{
    Connection, Error, Executed, Invocation, TransportError, TransportKind,
};
use crate::bindings::{cards, executions, lambda, sessions};
use crate::exports::{self, Exports};
use crate::policy::Policy;
use crate::sandbox::{
    Allocation, Code, HostError, IN_MEMORY, LastAttempt, Options, RequestLimits, ResponseWatcher,
    Sandbox, SharedInstance,
};

pub use crate::call_result::CallResult;

mod hashed;
mod stream;

use hashed::{Hashed, payload_sha256};

pub use stream::ResponseStream;

/// The loaded connector.
///
/// Clones share it. Calls may run concurrently; they share pooled connections and nothing else.
///
/// # Examples
///
/// This example runs against the local Lambda service of this repository. A host that calls AWS
/// uses [`Policy::for_region`] and leaves `endpoint` unset:
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::{
///     AccessKey, Connection, Credentials, Endpoint, Error,
/// };
/// use aws_lambda_connector_host::host::Host;
/// use aws_lambda_connector_host::policy::Policy;
/// use aws_lambda_connector_host::sandbox::Options;
/// use local_lambda::{Config, LocalLambda};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let options = Options { keep_compiled: true, ..Options::default() };
/// let host = Host::new(Path::new(built_component::P2), options)?;
/// let lambda = LocalLambda::start(Config::default()).await?;
/// let policy = Arc::new(Policy::deny_all().allow(&lambda.url())?);
/// let connection = Connection {
///     region: "us-east-1".to_owned(),
///     credentials: Credentials::AccessKey(AccessKey {
///         access_key_id: lambda.key().access_key_id.clone(),
///         secret_access_key: lambda.key().secret_access_key.clone(),
///         session_token: None,
///     }),
///     endpoint: Some(Endpoint::Url(lambda.url())),
/// };
///
/// let request = InvokeRequest {
///     payload: Some(r#"{"name": "Ada"}"#.to_owned()),
///     ..InvokeRequest::new("greet")
/// };
/// match host.invoke(&policy, &connection, &request).await? {
///     Ok(invocation) => assert_eq!(invocation.status_code, 200),
///     Err(Error::FunctionFailed(failed)) => panic!("{:?}", failed.failure),
///     Err(error) => panic!("{error:?}, refused by the policy: {:?}", policy.refusals()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Host {
    sandbox: Sandbox,
    exports: Arc<Exports>,
}

/// Calls one export in a fresh instance.
macro_rules! call {
    ($host:expr, $policy:expr, $function:ident($($argument:expr),*)) => {
        $host.sandbox.call($policy, async |instance, store| {
            let function = &$host.exports.$function;
            exports::call(instance, store, function, ($($argument,)*)).await
        }).await
    };
}

impl Host {
    /// Reads and compiles the component's file, for either version of WASI.
    ///
    /// Compiling takes about a second and blocks the thread. [`Options::keep_compiled`] keeps the
    /// compiled code for the next process, and [`Options::precompiled`] names code that is ready.
    ///
    /// # Errors
    /// - [`HostError::Load`]: the file cannot be read or is not a component, imports an interface
    ///   other than HTTP, clocks and streams, or does not export the connector's functions. The same
    ///   for a file of [`Options::precompiled`] that does not fit the component or this host.
    /// - [`HostError::Setup`]: wasmtime or TLS cannot be set up with these options.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use aws_lambda_connector_host::host::Host;
    /// use aws_lambda_connector_host::sandbox::{HostError, Options};
    ///
    /// let missing = Host::new(Path::new("missing.wasm"), Options::default());
    /// assert!(matches!(missing.err(), Some(HostError::Load { path, .. }) if path == "missing.wasm"));
    /// ```
    pub fn new(component: &Path, options: Options) -> Result<Self, HostError> {
        let sandbox = Sandbox::load(component, options)?;
        Self::with_sandbox(sandbox, component.display())
    }

    /// Compiles a component in memory, such as `bundled::P2`, as [`Self::new`] does for a file.
    ///
    /// # Errors
    /// As for [`Self::new`]. The error's `path` is `the component`.
    ///
    /// ```
    /// use aws_lambda_connector_host::host::Host;
    /// use aws_lambda_connector_host::sandbox::Options;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let options = Options { keep_compiled: true, ..Options::default() };
    /// let component = std::fs::read(built_component::P2)?;
    /// let host = Host::from_bytes(&component, options)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_bytes(component: &[u8], options: Options) -> Result<Self, HostError> {
        let sandbox = Sandbox::from_bytes(component, options)?;
        Self::with_sandbox(sandbox, IN_MEMORY)
    }

    fn with_sandbox(sandbox: Sandbox, path: impl ToString) -> Result<Self, HostError> {
        let exports =
            Exports::find(sandbox.instance_pre().component()).map_err(|error| HostError::Load {
                path: path.to_string(),
                reason: format!("it is not the connector: {error:#}"),
            })?;
        Ok(Self {
            sandbox,
            exports: Arc::new(exports),
        })
    }

    /// Reports whether instances use pooled memory or map it for each call.
    pub fn allocation(&self) -> &Allocation {
        self.sandbox.allocation()
    }

    /// Reports whether this process compiled the component, and whether the next one has to.
    pub fn code(&self) -> &Code {
        self.sandbox.code()
    }

    /// Returns the compiled code, for [`Options::precompiled`] of another process.
    /// [`Sandbox::compiled_code`] has an example.
    ///
    /// # Errors
    /// As for [`Sandbox::compiled_code`].
    pub fn compiled_code(&self) -> Result<Vec<u8>, HostError> {
        self.sandbox.compiled_code()
    }

    /// How long a call may take.
    pub(crate) fn call_timeout(&self) -> Duration {
        self.sandbox.options().call_timeout
    }

    /// Starts one instance that serves concurrent calls, all under this policy. It requires the
    /// component for WASI 0.3. See [`SharedInstance`] for an example, and for how the limits apply.
    ///
    /// # Errors
    /// [`HostError::NotShared`] for the component for WASI 0.2, otherwise as for
    /// [`Sandbox::share`].
    pub async fn share(&self, policy: &Arc<Policy>) -> Result<SharedInstance, HostError> {
        self.sandbox.share(policy).await
    }

    /// Returns the indices of the component's functions, for [`SharedInstance::call`].
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Invokes a function. [`Host`] has an example.
    ///
    /// The host computes the SHA-256 of the payload, which is faster than in the sandbox, unless the
    /// request has one. Set `payload_is_json` for a payload that you serialized, which saves its check.
    ///
    /// The call lasts for [`Options::call_timeout`] at most. Dropping the future ends the call and
    /// closes its connection; a request that was already sent may still take effect.
    ///
    /// # Errors
    /// Like every call, it fails with a [`HostError`] if the component cannot be instantiated,
    /// traps or exceeds a limit. The component's own error is the inner [`Result`].
    pub async fn invoke(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &lambda::InvokeRequest,
    ) -> CallResult<Invocation> {
        let request = Hashed::new(request);
        call!(self, policy, invoke(connection, &request))
    }

    /// Invokes a function, and returns its response while it arrives. [`ResponseStream`] has an example.
    ///
    /// It returns once the response has begun. Until then, everything is as for [`Self::invoke`]: the
    /// attempts, the limits, and the errors of a call whose function did not run. The request's
    /// `response_mode` and `max_response_bytes` do not apply.
    ///
    /// # Errors
    /// As for [`Self::invoke`], and [`HostError::NotStreaming`] for the component for WASI 0.2.
    pub async fn invoke_with_response_stream(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &lambda::InvokeRequest,
    ) -> CallResult<ResponseStream> {
        let function = self.exports.invoke_with_response_stream;
        let function = function.ok_or(HostError::NotStreaming)?;
        let request = lambda::InvokeRequest {
            payload_sha256: payload_sha256(request),
            ..request.clone()
        };
        let arguments = (connection.clone(), request);
        stream::open(&self.sandbox, policy, function, arguments).await
    }

    /// Lists one page of the account's functions in the connection's region.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_functions(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        query: &lambda::FunctionQuery,
    ) -> CallResult<lambda::FunctionPage> {
        call!(self, policy, list_functions(connection, query))
    }

    /// Lists all aliases and versions of a function.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_qualifiers(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        function: &str,
    ) -> CallResult<Vec<lambda::QualifierChoice>> {
        call!(self, policy, list_qualifiers(connection, function))
    }

    /// Checks the connection step by step, and reports what works and what does not. It calls STS,
    /// so the policy needs [`Policy::and_sts`].
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn test_connection(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        function: Option<&str>,
        qualifier: Option<&str>,
    ) -> CallResult<Vec<lambda::Check>> {
        call!(
            self,
            policy,
            test_connection(connection, function, qualifier)
        )
    }

    /// Obtains temporary keys for a connection: those of the role that it leads to, or keys with the
    /// permissions of the request's scope. The policy must allow STS. A
    /// [`Caller`](crate::caller::Caller) caches these keys.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn open_session(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &sessions::SessionRequest,
    ) -> CallResult<sessions::Session> {
        call!(self, policy, open(connection, request))
    }

    /// Obtains temporary keys as [`Self::open_session`] does, with limits on its requests to STS.
    ///
    /// # Errors
    /// As for [`Self::invoke`]. The inner error is a [`TransportError`] if the attempts are spent.
    pub async fn open_session_within(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &sessions::SessionRequest,
        limits: RequestLimits,
    ) -> CallResult<sessions::Session> {
        let opened = self
            .sandbox
            .call_within(policy, limits, async |instance, store| {
                let arguments = (connection, request);
                exports::call(instance, store, &self.exports.open, arguments).await
            });
        match opened.await {
            Err(HostError::AttemptsSpent { attempts, last }) => {
                Ok(Err(Error::Transport(attempts_spent(attempts, &last))))
            }
            opened => opened,
        }
    }

    /// Reads a durable execution, with its input and its result or failure if `with_data` is set.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn execution(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        arn: &str,
        with_data: bool,
    ) -> CallResult<executions::Execution> {
        call!(self, policy, get(connection, arn, with_data))
    }

    /// Polls a durable execution until it has ended or `timeout_ms` has passed, and returns it with
    /// its data. The call lasts for [`Options::call_timeout`] at most.
    ///
    /// # Errors
    /// As for [`Self::invoke`]. The execution continues in any case.
    pub async fn wait_for_execution(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        arn: &str,
        timeout_ms: u32,
    ) -> CallResult<executions::Execution> {
        call!(self, policy, wait(connection, arn, timeout_ms))
    }

    /// Lists one page of a function's durable executions.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_executions(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        query: &executions::ExecutionQuery,
    ) -> CallResult<executions::ExecutionPage> {
        call!(self, policy, list_executions(connection, query))
    }

    /// Lists one page of what happened in a durable execution.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn execution_history(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        query: &executions::HistoryQuery,
    ) -> CallResult<executions::HistoryPage> {
        call!(self, policy, history(connection, query))
    }

    /// Stops a durable execution. Returns the time at which it stopped, in milliseconds since
    /// 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn stop_execution(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        arn: &str,
        failure: Option<&executions::ExecutionFailure>,
    ) -> CallResult<u64> {
        call!(self, policy, stop(connection, arn, failure))
    }

    /// Answers a callback that a durable execution waits for.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn complete_callback(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        callback_id: &str,
        outcome: &executions::CallbackResult,
    ) -> CallResult<()> {
        call!(
            self,
            policy,
            complete_callback(connection, callback_id, outcome)
        )
    }

    /// Describes the connector's cards: their fields and outputs. It sends no request.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    ///
    /// ```
    /// use std::path::Path;
    /// use std::sync::Arc;
    ///
    /// use aws_lambda_connector_host::host::Host;
    /// use aws_lambda_connector_host::policy::Policy;
    /// use aws_lambda_connector_host::sandbox::Options;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let options = Options { keep_compiled: true, ..Options::default() };
    /// let host = Host::new(Path::new(built_component::P2), options)?;
    /// let manifest = host.describe(&Arc::new(Policy::deny_all())).await??;
    /// assert!(manifest.cards.iter().any(|card| card.id == "invoke"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn describe(&self, policy: &Arc<Policy>) -> CallResult<cards::Manifest> {
        call!(self, policy, describe())
    }

    /// Lists one page of the choices of a dynamic dropdown. `connection` and `values` are JSON
    /// objects by field key.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    #[allow(clippy::too_many_arguments)] // The contract defines these parameters.
    pub async fn choices(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        field: &str,
        values: &str,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> CallResult<cards::ChoicePage> {
        call!(
            self,
            policy,
            choices(connection, card, field, values, search, cursor)
        )
    }

    /// Tests the connection, and the function that a card's `values` name, if any. `connection` and
    /// `values` are JSON objects by field key. It calls STS, so the policy needs [`Policy::and_sts`].
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn test(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        values: &str,
    ) -> CallResult<Vec<lambda::Check>> {
        call!(self, policy, test(connection, card, values))
    }

    /// Runs a card. `connection` and `values` are JSON objects by field key, and so is the result.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn run(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        values: &str,
    ) -> CallResult<String> {
        call!(self, policy, run(connection, card, values))
    }

    /// Runs a card as [`Self::run`] does, and shows the responses that it receives to `watcher`.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn run_watched(
        &self,
        policy: &Arc<Policy>,
        watcher: Arc<dyn ResponseWatcher>,
        connection: &str,
        card: &str,
        values: &str,
    ) -> CallResult<String> {
        let ran = self
            .sandbox
            .call_watched(policy, watcher, async |instance, store| {
                let arguments = (connection, card, values);
                exports::call(instance, store, &self.exports.run, arguments).await
            });
        ran.await
    }
}

fn attempts_spent(attempts: u8, last: &LastAttempt) -> TransportError {
    let (kind, ended) = match last {
        LastAttempt::TimedOut => (TransportKind::Timeout, "timed out".to_owned()),
        LastAttempt::NotConnected => (TransportKind::Connect, "did not connect".to_owned()),
        LastAttempt::Broken => (TransportKind::CutOff, "got no whole response".to_owned()),
        LastAttempt::Status(status) => (TransportKind::Other, format!("got status {status}")),
    };
    TransportError {
        kind,
        message: format!(
            "STS did not issue temporary keys in {attempts} attempt{}: the last one {ended}; try \
             again, or raise `max-attempts` or the timeouts of `delivery`",
            if attempts == 1 { "" } else { "s" }
        ),
        executed: Executed::No,
        attempts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_between_threads<T: Send>(_: T) {}

    /// Hosts spawn calls as tasks, so their futures must be `Send`.
    #[allow(dead_code)]
    fn calls_are_send(
        host: &Host,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &lambda::InvokeRequest,
    ) {
        sent_between_threads(host.invoke(policy, connection, request));
        sent_between_threads(host.invoke_with_response_stream(policy, connection, request));
        sent_between_threads(host.run(policy, "", "", ""));
        sent_between_threads(host.test(policy, "", "", ""));
    }

    #[test]
    fn host_loads_the_built_component() {
        let component = Path::new(built_component::P2);
        assert!(Host::new(component, Options::default()).is_ok());
    }

    #[test]
    fn component_in_memory_without_the_functions_is_rejected_with_the_missing_one() {
        let empty = b"\0asm\x0d\0\x01\0";
        let error = Host::from_bytes(empty, Options::default()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the component cannot be loaded: it is not the connector: it does not export `invoke` of \
             connectors:aws-lambda/lambda@0.2.0"
        );
    }
}
