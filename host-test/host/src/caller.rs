//! Calls Lambda over one connection, with the least credentials in the sandbox and the fewest
//! requests to STS.
//!
//! Every call runs in a fresh instance, so the host caches temporary keys. One instance, which may
//! reach only STS, obtains a role's keys. Another, which may reach only Lambda, makes the call with
//! a signing key that is valid for one UTC day.

use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::bindings::lambda;
use crate::bindings::sessions::{Session, SessionRequest};
use crate::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Delivery, Endpoint, Error, Invocation, Role,
    SigningKey, WebIdentity,
};
use crate::credentials::signing_key;
use crate::host::{CallResult, Host};
use crate::policy::{InvalidDestination, Policy, Refusal};

mod sessions;

pub use sessions::SessionCache;

use sessions::Patience;

/// A connection, the [`Host`] that makes its calls, and the destinations that they may reach.
///
/// Secret access keys stay on the host: an instance receives a signing key for Lambda in one region
/// on one UTC day. A role's temporary keys are cached in [`SessionCache`] and renewed five minutes
/// before they expire. If Lambda still reports them as expired, they are renewed and the call is
/// made again: the function did not run.
///
/// A call waits for keys no longer than its `delivery` options allow: the timeouts of one attempt,
/// times the attempts, times the roles. A response of STS has 30 seconds at most. Concurrent calls
/// wait for one renewal and share its result, and calls of other connections do not wait for it.
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
}

/// Makes a call with narrowed credentials. If Lambda reports that a role's keys have expired, the
/// function did not run: the keys are renewed and the call is made again.
macro_rules! call {
    ($self:ident, $delivery:expr, $connection:ident => $call:expr) => {{
        let mut rejected = None;
        loop {
            let narrowed = $self.narrowed($delivery, rejected.as_ref()).await?;
            let ($connection, session) = match narrowed {
                Ok(narrowed) => narrowed,
                Err(error) => return Ok(Err(error)),
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
        })
    }

    /// Returns the policy of calls to Lambda, and that of the requests to STS for a role's keys.
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
        call!(self, delivery, connection => self.host.invoke(&self.lambda, &connection, request))
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
        call!(self, delivery, connection => self.host.list_functions(&self.lambda, &connection, query))
    }

    /// Lists the aliases and versions of a function.
    ///
    /// # Errors
    /// As for [`Self::invoke`].
    pub async fn list_qualifiers(
        &self,
        function: &str,
    ) -> CallResult<Vec<lambda::QualifierChoice>> {
        call!(self, None, connection => self.host.list_qualifiers(&self.lambda, &connection, function))
    }

    /// Returns the connection with the narrowest credentials that Lambda accepts, and the session
    /// that they come from, if any. `rejected` is a session that Lambda no longer accepts.
    async fn narrowed(
        &self,
        delivery: Option<&Delivery>,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<(Connection, Option<Arc<Session>>)> {
        let mut session = None;
        let credentials = match &self.connection.credentials {
            Credentials::AccessKey(key) => self.signing_key(key),
            Credentials::AssumeRole(_) | Credentials::WebIdentity(_) => {
                match self.session(delivery, rejected).await? {
                    Ok(opened) => self.signing_key(&session.insert(opened).keys),
                    Err(error) => return Ok(Err(error)),
                }
            }
            Credentials::SigningKey(key) => Credentials::SigningKey(key.clone()),
            Credentials::HostSigned => Credentials::HostSigned,
        };
        let connection = Connection {
            credentials,
            ..self.connection.clone()
        };
        Ok(Ok((connection, session)))
    }

    fn signing_key(&self, key: &AccessKey) -> Credentials {
        Credentials::SigningKey(signing_key(key, &self.region, SystemTime::now()))
    }

    async fn session(
        &self,
        delivery: Option<&Delivery>,
        rejected: Option<&Arc<Session>>,
    ) -> CallResult<Arc<Session>> {
        let roles = match &self.connection.credentials {
            Credentials::AssumeRole(chain) => chain.roles.len(),
            _ => 1,
        };
        let patience = Patience::of(delivery, roles);
        let open = || {
            let (host, policy) = (self.host.clone(), Arc::clone(&self.sts));
            let connection = Connection {
                region: self.region.clone(),
                ..self.connection.clone()
            };
            async move {
                let limits = patience.requests;
                let request = SessionRequest::unscoped();
                host.open_session_within(&policy, &connection, &request, limits)
                    .await
            }
        };
        let id = id(&self.connection, &self.region);
        self.sessions.session(id, rejected, patience, open).await
    }
}

fn is_expired(error: &Error) -> bool {
    matches!(error, Error::Unauthenticated(error) if error.code == "ExpiredTokenException")
}

/// Hashes everything that may lead to different keys.
fn id(connection: &Connection, region: &str) -> [u8; 32] {
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
                    all += 1;
                    seen.insert(id(&connection, region));
                }
            }
        }
        assert_eq!(seen.len(), all);
    }
}
