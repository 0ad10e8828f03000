//! Calls Lambda over one connection, with the least credentials in the sandbox and the fewest
//! requests to STS.
//!
//! Every call runs in a fresh instance, so the host caches temporary keys. One instance, which may
//! reach only STS, obtains the keys of a session that may make this call only. Another, which may
//! reach only Lambda, makes the call with a signing key that is valid for one UTC day.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::bindings::sessions::{Scope, Session, SessionRequest};
use crate::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Delivery, Endpoint, Error, InvalidInput,
    Invocation, Role, SigningKey, WebIdentity,
};
use crate::bindings::{executions, lambda};
use crate::credentials::signing_key;
use crate::host::{CallResult, Host, ResponseStream};
use crate::policy::{InvalidDestination, Policy, Refusal};

mod rounds;
mod scope;
mod sessions;

pub use scope::{
    Fallback, Grant, Received, ReceivedKey, ScopeMode, executions as scope_of_executions,
    of_execution as scope_of_execution,
};
pub use sessions::SessionCache;

use rounds::{Next, Rounds};
use sessions::{Patience, is_expired, lock};

/// The lifetime of a session for access keys, in seconds. It is short, because a key that leaks from
/// an instance is of use until the session ends. It is long enough that calls seldom wait for STS. A
/// role's session has the lifetime that the connection gives it.
const SESSION_S: u32 = 3_600;

/// The requests to STS for a session for access keys: `GetCallerIdentity`, `GetSessionToken` and
/// `GetScopedCredentials`.
const KEY_STEPS: usize = 3;

/// Bounds the fallbacks that are kept.
const MAX_FALLBACKS: usize = 16;

/// A connection, the [`Host`] that makes its calls, and the destinations that they may reach.
///
/// The instance that calls Lambda never receives a secret access key. It receives a signing key for
/// Lambda in one region on one UTC day. By default, the key belongs to a session that may make this
/// call only, which is to invoke the function, to use its durable executions, or to list functions.
/// [`ScopeMode`] changes that.
///
/// To open a session, another instance receives the connection's own credentials. It may reach STS,
/// and not Lambda. With [`ScopeMode::Off`], access keys enter no instance.
///
/// The sessions are cached in [`SessionCache`], by connection and function, and renewed five minutes
/// before they expire. If Lambda still reports one as expired, it is renewed and the call is made
/// again: the function did not run.
///
/// A call waits for keys no longer than its `delivery` options allow: the timeouts of one attempt,
/// times the attempts, times the requests to STS. A response of STS has 30 seconds at most. Concurrent
/// calls wait for one renewal and share its result, and calls of other connections do not wait for it.
/// If the call can be made without the session ([`ScopeMode::Prefer`] with access keys), it waits for
/// 15 seconds at most.
///
/// Clones share the cached keys.
///
/// # Examples
///
/// An access key. This example runs against the local Lambda service of this repository:
///
/// ```
/// use std::path::Path;
///
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::{
///     AccessKey, Connection, Credentials, Endpoint, Payload,
/// };
/// use aws_lambda_connector_host::caller::{Caller, SessionCache};
/// use aws_lambda_connector_host::host::Host;
/// use aws_lambda_connector_host::sandbox::Options;
/// use local_lambda::{Config, LocalLambda};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let options = Options { keep_compiled: true, ..Options::default() };
/// let lambda = LocalLambda::start(Config::default()).await?;
/// let host = Host::new(Path::new(built_component::P2), options)?;
/// let connection = Connection {
///     region: "us-east-1".to_owned(),
///     credentials: Credentials::AccessKey(AccessKey {
///         access_key_id: lambda.key().access_key_id.clone(),
///         secret_access_key: lambda.key().secret_access_key.clone(),
///         session_token: None,
///     }),
///     endpoint: Some(Endpoint::Url(lambda.url())),
/// };
/// let caller = Caller::new(host, connection, "us-east-1", &[], SessionCache::default())?;
///
/// let request = InvokeRequest {
///     payload: Some("7".to_owned()),
///     ..InvokeRequest::new("echo")
/// };
/// let invocation = caller.invoke(&request).await??;
/// assert!(matches!(invocation.output, Some(Payload::Text(text)) if text == "7"));
/// # Ok(())
/// # }
/// ```
///
/// A role. The two calls share one request to STS:
///
/// ```no_run
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::{
///     AccessKey, AssumeRole, Connection, Credentials, Role,
/// };
/// use aws_lambda_connector_host::caller::{Caller, SessionCache};
/// use aws_lambda_connector_host::host::Host;
///
/// # async fn example(host: Host, key: AccessKey) -> Result<(), Box<dyn std::error::Error>> {
/// let connection = Connection {
///     region: "eu-central-1".to_owned(),
///     credentials: Credentials::AssumeRole(AssumeRole {
///         source: key,
///         roles: vec![Role {
///             arn: "arn:aws:iam::123456789012:role/caller".to_owned(),
///             external_id: None,
///             session_name: None,
///             duration_seconds: None,
///         }],
///     }),
///     endpoint: None,
/// };
/// let caller = Caller::new(host, connection, "eu-central-1", &[], SessionCache::default())?;
/// for payload in ["1", "2"] {
///     let request = InvokeRequest {
///         payload: Some(payload.to_owned()),
///         ..InvokeRequest::new("my-function")
///     };
///     println!("{:?}", caller.invoke(&request).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Caller {
    host: Host,
    connection: Connection,
    /// The region that signatures are valid for.
    region: String,
    lambda: Arc<Policy>,
    sts: Arc<Policy>,
    sessions: SessionCache,
    mode: ScopeMode,
    fallbacks: Arc<Mutex<BTreeSet<Fallback>>>,
}

/// Makes a call with narrowed credentials. `$field` is the field that names the function. If Lambda
/// reports that a session's keys have expired, the function did not run: the keys are renewed and the
/// call is made again.
macro_rules! call {
    ($self:ident, $scope:expr, $field:expr, $delivery:expr, $connection:ident => $call:expr) => {{
        let mut rejected = None;
        loop {
            let narrowed = $self.narrowed($scope, $delivery, rejected.as_ref()).await?;
            let (
                Grant {
                    connection: $connection,
                    ..
                },
                session,
            ) = match narrowed {
                Ok(narrowed) => narrowed,
                Err(error) => return Ok(Err(at_field(error, $field))),
            };
            match $call.await? {
                Err(error) if rejected.is_none() && session.is_some() && is_expired(&error) => {
                    rejected = session;
                }
                result => return Ok(result),
            }
        }
    }};
}

/// Makes a call about the execution that an ARN in `$field` names.
macro_rules! call_of_execution {
    ($self:ident, $arn:expr, $field:expr, $delivery:expr, $connection:ident => $call:expr) => {{
        let scope = scope::of_execution($arn);
        if scope.is_none() && !$self.is_emulator() {
            let $connection = $self.without_key();
            return $call.await;
        }
        call!($self, scope.as_ref(), $field, $delivery, $connection => $call)
    }};
}

impl Caller {
    /// Creates a caller for `connection`.
    ///
    /// `region` is the connection's region. If the connection does not set one, it is the region in
    /// the function's ARN. The caller may reach AWS's endpoints in this region, the connection's
    /// URL, and the destinations in `allow`, whose forms are those of [`Policy::allow`].
    ///
    /// # Errors
    /// The connection's URL or an entry of `allow` does not name a destination.
    pub fn new(
        host: Host,
        connection: Connection,
        region: &str,
        allow: &[String],
        sessions: SessionCache,
    ) -> Result<Self, InvalidDestination> {
        let reach = |aws: Policy| {
            let url = match &connection.endpoint {
                // A URL in the connection is also permission to reach it.
                Some(Endpoint::Url(url) | Endpoint::Emulator(url)) => Some(url),
                _ => None,
            };
            let mut policy = aws;
            for destination in url.into_iter().chain(allow) {
                policy = policy.allow(destination)?;
            }
            Ok(Arc::new(policy))
        };
        Ok(Self {
            lambda: reach(Policy::for_region(region))?,
            sts: reach(Policy::deny_all().and_sts(region))?,
            region: region.to_owned(),
            host,
            connection,
            sessions,
            mode: ScopeMode::default(),
            fallbacks: Arc::default(),
        })
    }

    /// Changes whether the sandbox receives keys that may make its call only. Default:
    /// [`ScopeMode::Prefer`].
    pub fn with_scope(self, mode: ScopeMode) -> Self {
        Self { mode, ..self }
    }

    /// Returns why calls so far got keys with more permissions than they need: at most 16 reasons, for
    /// the person who can change that. It is empty unless the mode is [`ScopeMode::Prefer`].
    pub fn fallbacks(&self) -> Vec<Fallback> {
        lock(&self.fallbacks).iter().cloned().collect()
    }

    /// Returns the policy of calls to Lambda, and that of the requests to STS for temporary keys.
    pub fn policies(&self) -> (&Policy, &Policy) {
        (&self.lambda, &self.sts)
    }

    /// Returns every destination refused so far, for the person who can allow it.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals = self.sts.refusals();
        refusals.extend(self.lambda.refusals());
        refusals
    }

    /// Invokes a function, as [`Host::invoke`] does.
    ///
    /// # Errors
    /// As for [`Host::invoke`]. The inner error may also come from the request to STS.
    pub async fn invoke(&self, request: &lambda::InvokeRequest) -> CallResult<Invocation> {
        let delivery = request.delivery.as_ref();
        let scope = scope::invoking(&request.function);
        call!(self, Some(&scope), FUNCTION, delivery, connection => self.host.invoke(&self.lambda, &connection, request))
    }

    /// Invokes a function, and returns its response while it arrives, as
    /// [`Host::invoke_with_response_stream`] does.
    ///
    /// # Errors
    /// As for [`Host::invoke_with_response_stream`]. The inner error may also come from the request to
    /// STS.
    pub async fn invoke_with_response_stream(
        &self,
        request: &lambda::InvokeRequest,
    ) -> CallResult<ResponseStream> {
        let delivery = request.delivery.as_ref();
        let scope = scope::invoking(&request.function);
        call!(self, Some(&scope), FUNCTION, delivery, connection => self.host.invoke_with_response_stream(&self.lambda, &connection, request))
    }

    /// Lists one page of the account's functions in the connection's region.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_functions(
        &self,
        query: &lambda::FunctionQuery,
    ) -> CallResult<lambda::FunctionPage> {
        let delivery = query.delivery.as_ref();
        let scope = scope::listing();
        call!(self, Some(&scope), FUNCTION, delivery, connection => self.host.list_functions(&self.lambda, &connection, query))
    }

    /// Lists the aliases and versions of a function.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_qualifiers(
        &self,
        function: &str,
    ) -> CallResult<Vec<lambda::QualifierChoice>> {
        let scope = scope::listing();
        call!(self, Some(&scope), FUNCTION, None, connection => self.host.list_qualifiers(&self.lambda, &connection, function))
    }

    /// Reads a durable execution, as [`Host::execution`] does. The key may use the executions of its
    /// function only.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn execution(&self, arn: &str, with_data: bool) -> CallResult<executions::Execution> {
        call_of_execution!(self, arn, "arn", None, connection => self.host.execution(&self.lambda, &connection, arn, with_data))
    }

    /// Polls a durable execution until it has ended or `timeout` has passed, and returns it with its
    /// data. Its status shows which of the two it was. Without a timeout, only the end of the execution
    /// ends the wait, which may take months. Dropping the future ends the wait; the execution continues.
    ///
    /// No key lasts for such a wait, and neither does a call. The wait therefore consists of calls of
    /// [`Host::wait_for_execution`], of which the first takes 5 seconds and the longest 10 minutes. Each
    /// of them ends before its key does, and the next one gets the key of its day and session. After
    /// each of them, `progress` receives the execution, which has not ended yet.
    ///
    /// The wait ends with an error if the connection's own [`SigningKey`] expires, because it cannot be
    /// renewed.
    ///
    /// # Errors
    /// As for [`Self::invoke`]. The execution continues.
    pub async fn wait_for_execution(
        &self,
        arn: &str,
        timeout: Option<Duration>,
        mut progress: impl FnMut(&executions::Execution) + Send,
    ) -> CallResult<executions::Execution> {
        let scope = scope::of_execution(arn);
        if scope.is_none() && !self.is_emulator() {
            let connection = self.without_key();
            let waited = self
                .host
                .wait_for_execution(&self.lambda, &connection, arn, 0);
            return waited.await;
        }
        let mut rounds = Rounds::new(timeout, self.host.call_timeout());
        let mut rejected = None;
        loop {
            let narrowed = self.narrowed(scope.as_ref(), None, rejected.as_ref());
            let (grant, session) = match narrowed.await? {
                Ok(narrowed) => narrowed,
                Err(error) => return Ok(Err(at_field(error, "arn"))),
            };
            let lasts = grant.received.lasts(SystemTime::now());
            let timeout_ms = rounds.begin(lasts);
            let connection = &grant.connection;
            let waited = self
                .host
                .wait_for_execution(&self.lambda, connection, arn, timeout_ms);
            match rounds.next(waited.await?, self.has_renewable_keys()) {
                Next::Ended(waited) => return Ok(waited),
                Next::Round(running) => {
                    rejected = None;
                    if let Some(execution) = running {
                        progress(&execution);
                    }
                }
                Next::Renewal => rejected = session,
            }
        }
    }

    /// Lists one page of a function's durable executions.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_executions(
        &self,
        query: &executions::ExecutionQuery,
    ) -> CallResult<executions::ExecutionPage> {
        let delivery = query.delivery.as_ref();
        let scope = scope::executions(&query.function);
        call!(self, Some(&scope), "query.function", delivery, connection => self.host.list_executions(&self.lambda, &connection, query))
    }

    /// Lists one page of what happened in a durable execution.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn execution_history(
        &self,
        query: &executions::HistoryQuery,
    ) -> CallResult<executions::HistoryPage> {
        let delivery = query.delivery.as_ref();
        call_of_execution!(self, &query.arn, "query.arn", delivery, connection => self.host.execution_history(&self.lambda, &connection, query))
    }

    /// Stops a durable execution. Returns the time at which it stopped, in milliseconds since
    /// 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn stop_execution(
        &self,
        arn: &str,
        failure: Option<&executions::ExecutionFailure>,
    ) -> CallResult<u64> {
        call_of_execution!(self, arn, "arn", None, connection => self.host.stop_execution(&self.lambda, &connection, arn, failure))
    }

    /// Answers a callback that a durable execution waits for.
    ///
    /// A callback ID does not name a function. The key is limited to the executions of `function`, if it
    /// is set, and has all permissions of the connection otherwise.
    ///
    /// # Errors
    /// As for [`Self::invoke`]. With [`ScopeMode::Require`], `function` must be set unless the
    /// connection's credentials [are passed on](ScopeMode).
    pub async fn complete_callback(
        &self,
        function: Option<&str>,
        callback_id: &str,
        outcome: &executions::CallbackResult,
    ) -> CallResult<()> {
        let scope = function.map(scope::executions);
        if scope.is_none() && self.mode == ScopeMode::Require && self.has_renewable_keys() {
            return Ok(Err(Error::InvalidInput(InvalidInput {
                field: "function".to_owned(),
                message: "it is missing, but the key must be limited to one function, which the \
                          callback ID does not name: pass the function that created the callback"
                    .to_owned(),
            })));
        }
        call!(self, scope.as_ref(), "function", None, connection => self.host.complete_callback(&self.lambda, &connection, callback_id, outcome))
    }

    /// Returns the connection for one instance, with a key that may do what `scope` allows, and a
    /// description of the key. Without a scope, the key has all permissions of the connection. A
    /// platform that runs [cards](crate::bindings::cards) passes this connection to them.
    ///
    /// # Errors
    /// The inner error comes from the request to STS. Nothing was sent to Lambda.
    pub async fn grant(
        &self,
        scope: Option<&Scope>,
        delivery: Option<&Delivery>,
    ) -> CallResult<Grant> {
        let narrowed = self.narrowed(scope, delivery, None).await?;
        let granted = narrowed.map(|(grant, _)| grant);
        Ok(granted.map_err(|error| at_field(error, FUNCTION)))
    }

    /// Whether this caller obtains keys, so that it can obtain others. Signing keys and unsigned
    /// requests are passed on.
    fn has_renewable_keys(&self) -> bool {
        !matches!(
            self.connection.credentials,
            Credentials::SigningKey(_) | Credentials::HostSigned
        )
    }

    /// Whether the endpoint may identify executions by text that does not name their function.
    fn is_emulator(&self) -> bool {
        matches!(self.connection.endpoint, Some(Endpoint::Emulator(_)))
    }

    /// Returns a connection without a key, for a call that the component rejects before it sends a
    /// request.
    fn without_key(&self) -> Connection {
        Connection {
            credentials: Credentials::HostSigned,
            ..self.connection.clone()
        }
    }

    /// Returns the connection for one instance, and the session that its key belongs to, if any.
    /// `rejected` is a session that Lambda no longer accepts.
    async fn narrowed(
        &self,
        scope: Option<&Scope>,
        delivery: Option<&Delivery>,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<(Grant, Option<Arc<Session>>)> {
        let scope = scope.filter(|_| self.mode != ScopeMode::Off);
        let obtained = match &self.connection.credentials {
            Credentials::AccessKey(key) => match scope {
                Some(scope) => self.limited_key(key, scope, delivery, rejected).await?,
                None => Ok(self.of_key(key, None)),
            },
            Credentials::AssumeRole(_) | Credentials::WebIdentity(_) => {
                self.role_key(scope, delivery, rejected).await?
            }
            Credentials::SigningKey(key) => Ok(Obtained {
                key: key.clone(),
                session: None,
                scope: None,
                fallback: None,
            }),
            Credentials::HostSigned => {
                let grant = Grant {
                    connection: self.connection.clone(),
                    received: Received::Nothing,
                };
                return Ok(Ok((grant, None)));
            }
        };
        Ok(obtained.map(|obtained| self.grant_of(obtained)))
    }

    /// Returns a key for a session that STS limits to `scope`. In [`ScopeMode::Prefer`], the key is
    /// derived from the connection's own if STS issues none.
    async fn limited_key(
        &self,
        key: &AccessKey,
        scope: &Scope,
        delivery: Option<&Delivery>,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<Obtained> {
        let is_optional = self.mode == ScopeMode::Prefer;
        let connection = id(&self.connection, &self.region, None);
        let known = self.sessions.fallback(connection);
        if let Some(fallback) = known.filter(|_| is_optional) {
            return Ok(Ok(self.of_key(key, Some(fallback))));
        }
        let mut patience = Patience::of(delivery, KEY_STEPS);
        if is_optional {
            patience = patience.optional();
        }
        let opened = self.session(Some(scope), Some(SESSION_S), patience, rejected);
        Ok(match opened.await? {
            Ok(session) => Ok(self.of_session(session, Some(scope), None)),
            Err(error) => match Fallback::of_keys(&error).filter(|_| is_optional) {
                Some(fallback) => {
                    let lasts = Fallback::lasts(&error);
                    self.sessions.remember(connection, fallback.clone(), lasts);
                    Ok(self.of_key(key, Some(fallback)))
                }
                None => Err(error),
            },
        })
    }

    /// Returns a key for a session of the role. In [`ScopeMode::Prefer`], the session has all
    /// permissions of the role if STS rejects the policy.
    async fn role_key(
        &self,
        scope: Option<&Scope>,
        delivery: Option<&Delivery>,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<Obtained> {
        let roles = match &self.connection.credentials {
            Credentials::AssumeRole(chain) => chain.roles.len(),
            _ => 1,
        };
        let patience = Patience::of(delivery, roles);
        let opened = self.session(scope, None, patience, rejected).await?;
        let error = match opened {
            Ok(session) => return Ok(Ok(self.of_session(session, scope, None))),
            Err(error) => error,
        };
        let is_optional = self.mode == ScopeMode::Prefer;
        let Some(fallback) = Fallback::of_role(&error).filter(|_| is_optional) else {
            return Ok(Err(error));
        };
        let opened = self.session(None, None, patience, rejected).await?;
        Ok(opened.map(|session| self.of_session(session, None, Some(fallback))))
    }

    /// Returns a cached session, or opens one.
    async fn session(
        &self,
        scope: Option<&Scope>,
        duration_seconds: Option<u32>,
        patience: Patience,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<Arc<Session>> {
        let open = || {
            let (host, policy) = (self.host.clone(), Arc::clone(&self.sts));
            let connection = Connection {
                region: self.region.clone(),
                ..self.connection.clone()
            };
            let request = SessionRequest {
                scope: scope.cloned(),
                duration_seconds,
                delivery: None,
            };
            async move {
                let limits = patience.requests;
                let opened = host.open_session_within(&policy, &connection, &request, limits);
                match opened.await? {
                    // The connection's own keys end sooner, and the session with them.
                    Err(Error::Service(error))
                        if scope::is(&error, "InsufficientSessionLifetime") =>
                    {
                        let request = SessionRequest {
                            duration_seconds: None,
                            ..request
                        };
                        host.open_session_within(&policy, &connection, &request, limits)
                            .await
                    }
                    opened => Ok(opened),
                }
            }
        };
        let id = id(&self.connection, &self.region, scope);
        self.sessions.session(id, rejected, patience, open).await
    }

    /// A key with all permissions of the connection's own.
    fn of_key(&self, key: &AccessKey, fallback: Option<Fallback>) -> Obtained {
        Obtained {
            key: signing_key(key, &self.region, SystemTime::now()),
            session: None,
            scope: None,
            fallback,
        }
    }

    fn of_session(
        &self,
        session: Arc<Session>,
        scope: Option<&Scope>,
        fallback: Option<Fallback>,
    ) -> Obtained {
        Obtained {
            key: signing_key(&session.keys, &self.region, SystemTime::now()),
            session: Some(session),
            scope: scope.cloned(),
            fallback,
        }
    }

    fn grant_of(&self, obtained: Obtained) -> (Grant, Option<Arc<Session>>) {
        let Obtained {
            key,
            session,
            scope,
            fallback,
        } = obtained;
        if let Some(fallback) = &fallback {
            let mut fallbacks = lock(&self.fallbacks);
            if fallbacks.len() < MAX_FALLBACKS {
                fallbacks.insert(fallback.clone());
            }
        }
        let received = Received::SigningKey(ReceivedKey {
            date: key.date.clone(),
            region: self.region.clone(),
            scope,
            session_ends: session.as_ref().map(|session| session.expires),
            fallback,
        });
        let connection = Connection {
            credentials: Credentials::SigningKey(key),
            ..self.connection.clone()
        };
        let grant = Grant {
            connection,
            received,
        };
        (grant, session)
    }
}

/// A signing key, and where it comes from.
struct Obtained {
    key: SigningKey,
    session: Option<Arc<Session>>,
    /// What the key may do. `None` for all permissions of the connection.
    scope: Option<Scope>,
    fallback: Option<Fallback>,
}

/// The field of an invocation that names the function.
const FUNCTION: &str = "request.function";

/// The scope's only function is the one that `field` of the call names.
fn at_field(error: Error, field: &str) -> Error {
    match error {
        Error::InvalidInput(input) if input.field.starts_with("request.scope.functions") => {
            Error::InvalidInput(InvalidInput {
                field: field.to_owned(),
                ..input
            })
        }
        other => other,
    }
}

/// Hashes everything that may lead to different keys. A scope limits them; `None` does not.
fn id(connection: &Connection, region: &str, scope: Option<&Scope>) -> [u8; 32] {
    let mut hash = Fingerprint::default();
    let Connection {
        region: own,
        credentials,
        endpoint,
    } = connection;
    hash.texts([region, own]);
    match credentials {
        Credentials::AccessKey(key) => {
            hash.texts(["access-key"]);
            hash.key(key);
        }
        Credentials::SigningKey(SigningKey {
            access_key_id,
            date,
            key,
            session_token,
        }) => {
            hash.texts(["signing-key", access_key_id, date]);
            hash.part(Some(key));
            hash.text(session_token.as_deref());
        }
        Credentials::AssumeRole(AssumeRole { source, roles }) => {
            hash.texts(["assume-role"]);
            hash.key(source);
            for role in roles {
                hash.role(role);
            }
        }
        Credentials::WebIdentity(WebIdentity { token, role }) => {
            hash.texts(["web-identity", token]);
            hash.role(role);
        }
        Credentials::HostSigned => hash.texts(["host-signed"]),
    }
    match endpoint {
        None => hash.texts(["standard"]),
        Some(Endpoint::Fips) => hash.texts(["fips"]),
        Some(Endpoint::DualStack) => hash.texts(["dual-stack"]),
        Some(Endpoint::FipsDualStack) => hash.texts(["fips-dual-stack"]),
        Some(Endpoint::Url(url)) => hash.texts(["url", url]),
        Some(Endpoint::Emulator(url)) => hash.texts(["emulator", url]),
    }
    match scope {
        None => hash.texts(["unlimited"]),
        Some(Scope {
            functions,
            list_functions,
            executions,
        }) => {
            hash.texts(["limited"]);
            hash.part(Some(&[u8::from(*list_functions), u8::from(*executions)]));
            for function in functions {
                hash.texts([function]);
            }
        }
    }
    hash.0.finalize().into()
}

/// A hash of values with their lengths, so that no two sequences of them are alike.
#[derive(Default)]
struct Fingerprint(Sha256);

impl Fingerprint {
    fn part(&mut self, value: Option<&[u8]>) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(value) = value {
            self.0.update((value.len() as u64).to_be_bytes());
            self.0.update(value);
        }
    }

    fn text(&mut self, text: Option<&str>) {
        self.part(text.map(str::as_bytes));
    }

    fn texts<const N: usize>(&mut self, texts: [&str; N]) {
        for text in texts {
            self.text(Some(text));
        }
    }

    fn key(&mut self, key: &AccessKey) {
        let AccessKey {
            access_key_id,
            secret_access_key,
            session_token,
        } = key;
        self.texts([access_key_id, secret_access_key]);
        self.text(session_token.as_deref());
    }

    fn role(&mut self, role: &Role) {
        let Role {
            arn,
            external_id,
            session_name,
            duration_seconds,
        } = role;
        self.text(Some(arn));
        self.text(external_id.as_deref());
        self.text(session_name.as_deref());
        let duration = duration_seconds.map(u32::to_be_bytes);
        self.part(duration.as_ref().map(<[u8; 4]>::as_slice));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn sent_between_threads<T: Send>(_: T) {}

    /// Hosts spawn calls as tasks, so their futures must be `Send`.
    #[allow(dead_code)]
    fn calls_are_send(caller: &Caller) {
        sent_between_threads(caller.execution("", false));
        sent_between_threads(caller.wait_for_execution("", None, |_| ()));
    }

    fn key() -> AccessKey {
        AccessKey {
            access_key_id: "AKID".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        }
    }

    fn role() -> Role {
        Role {
            arn: "arn".to_owned(),
            external_id: None,
            session_name: None,
            duration_seconds: None,
        }
    }

    /// A field that the hash leaves out would let one connection use the keys of another.
    #[test]
    fn every_field_of_a_connection_changes_its_fingerprint() {
        let text = || "x".to_owned();
        let changed = |change: fn(&mut AccessKey)| {
            let mut key = key();
            change(&mut key);
            key
        };
        let keys = [
            key(),
            changed(|key| key.access_key_id.push('x')),
            changed(|key| key.secret_access_key.push('x')),
            changed(|key| key.session_token = Some(String::new())),
        ];
        let changed = |change: fn(&mut Role)| {
            let mut role = role();
            change(&mut role);
            role
        };
        let roles = [
            role(),
            changed(|role| role.arn.push('x')),
            changed(|role| role.external_id = Some("x".to_owned())),
            changed(|role| role.session_name = Some("x".to_owned())),
            changed(|role| role.duration_seconds = Some(900)),
        ];
        let mut credentials = vec![Credentials::HostSigned];
        for key in &keys {
            credentials.push(Credentials::AccessKey(key.clone()));
            credentials.push(Credentials::AssumeRole(AssumeRole {
                source: key.clone(),
                roles: vec![role()],
            }));
        }
        for role in &roles[1..] {
            for roles in [vec![role.clone()], vec![role.clone(), role.clone()]] {
                let source = key();
                credentials.push(Credentials::AssumeRole(AssumeRole { source, roles }));
            }
        }
        for role in &roles {
            for token in ["", "x"] {
                credentials.push(Credentials::WebIdentity(WebIdentity {
                    token: token.to_owned(),
                    role: role.clone(),
                }));
            }
        }
        for (date, key, session_token) in [
            ("d", vec![1], None),
            ("e", vec![1], None),
            ("d", vec![2], None),
            ("d", vec![1], Some(text())),
        ] {
            credentials.push(Credentials::SigningKey(SigningKey {
                access_key_id: "AKID".to_owned(),
                date: date.to_owned(),
                key,
                session_token,
            }));
        }
        let endpoints = [
            None,
            Some(Endpoint::Fips),
            Some(Endpoint::DualStack),
            Some(Endpoint::FipsDualStack),
            Some(Endpoint::Url(text())),
            Some(Endpoint::Url("y".to_owned())),
            Some(Endpoint::Emulator(text())),
        ];
        let scope = |functions: &[&str], list_functions, executions| {
            let functions = functions.iter().map(|name| (*name).to_owned()).collect();
            Some(Scope {
                functions,
                list_functions,
                executions,
            })
        };
        let scopes = [
            None,
            scope(&[], true, false),
            scope(&["f"], false, false),
            scope(&["f"], true, false),
            scope(&["f"], false, true),
            scope(&["g"], false, false),
            scope(&["f", "g"], false, false),
            scope(&["fg"], false, false),
        ];
        let mut seen = HashSet::new();
        let mut all = 0;
        for credentials in &credentials {
            for endpoint in &endpoints {
                for (own, region) in [("a", "b"), ("b", "a"), ("ab", ""), ("", "ab")] {
                    let connection = Connection {
                        region: own.to_owned(),
                        credentials: credentials.clone(),
                        endpoint: endpoint.clone(),
                    };
                    for scope in &scopes {
                        all += 1;
                        seen.insert(id(&connection, region, scope.as_ref()));
                    }
                }
            }
        }
        assert_eq!(seen.len(), all);
    }
}
