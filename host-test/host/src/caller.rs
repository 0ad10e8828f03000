//! Calls Lambda for a connection so that the sandbox sees as little as it needs, and STS is asked
//! no more often than it needs.
//!
//! Every call gets a fresh instance, so temporary keys have to be kept here. A role's keys are
//! fetched by an instance that may reach STS only; the call itself gets the day's signing key and
//! may reach Lambda only.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::bindings::lambda;
use crate::bindings::sessions::Session;
use crate::bindings::types::{AccessKey, Connection, Credentials, Endpoint, Error, Invocation};
use crate::credentials::{needs_sts, signing_key};
use crate::host::{Answer, Host};
use crate::policy::{InvalidDestination, Policy, Refusal};

/// Temporary keys are renewed so long before they end: a call may take a while to leave, and
/// clocks differ.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// A connection, the host that calls with it, and what it may reach. Clones share the temporary
/// keys.
///
/// ```no_run
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::{
///     AccessKey, AssumeRole, Connection, Credentials, Role,
/// };
/// use aws_lambda_connector_host::caller::{Caller, Sessions};
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
/// let caller = Caller::new(host, connection, "eu-central-1", &[], Sessions::default())?;
/// // STS is asked once for both.
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
    /// Where its signatures are good.
    region: String,
    lambda: Arc<Policy>,
    sts: Arc<Policy>,
    sessions: Sessions,
}

/// Temporary keys by what led to them. Clones share them.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<HashMap<[u8; 32], Session>>>);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(…)")
    }
}

/// Calls with the least that will do. Where Lambda says that a role's keys have ended, they are
/// renewed and the call is made once more: the function did not run.
macro_rules! call {
    ($self:ident, $connection:ident => $call:expr) => {{
        let mut renewed = false;
        loop {
            let $connection = match $self.narrowed(renewed).await? {
                Ok(connection) => connection,
                Err(error) => return Ok(Err(error)),
            };
            match $call.await? {
                Err(error) if !renewed && $self.leads_to_a_role() && is_expired(&error) => {
                    renewed = true;
                }
                answer => return Ok(answer),
            }
        }
    }};
}

impl Caller {
    /// A caller for `connection`. `region` is the connection's own, or the one that the function's
    /// ARN names where the connection has none. `allow` names destinations beside AWS's own and
    /// the connection's URL.
    ///
    /// # Errors
    /// The connection's URL, or one of `allow`, is no destination.
    pub fn new(
        host: Host,
        connection: Connection,
        region: &str,
        allow: &[String],
        sessions: Sessions,
    ) -> Result<Self, InvalidDestination> {
        let reach = |aws: Policy| {
            let url = match &connection.endpoint {
                // Whoever named the URL wants it reached.
                Some(Endpoint::Url(url)) => Some(url),
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

    /// What a call may reach, and what an exchange for a role's keys may.
    pub fn policies(&self) -> (&Policy, &Policy) {
        (&self.lambda, &self.sts)
    }

    /// What was refused so far, for the person who can allow it.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals = self.sts.refusals();
        refusals.extend(self.lambda.refusals());
        refusals
    }

    /// Invokes a function.
    ///
    /// # Errors
    /// The host's own; the component's are in the answer. The same holds for all calls.
    pub async fn invoke(&self, request: &lambda::InvokeRequest) -> Answer<Invocation> {
        call!(self, connection => self.host.invoke(&self.lambda, &connection, request))
    }

    /// One page of the account's functions.
    pub async fn list_functions(
        &self,
        query: &lambda::FunctionQuery,
    ) -> Answer<lambda::FunctionPage> {
        call!(self, connection => self.host.list_functions(&self.lambda, &connection, query))
    }

    /// The aliases and versions of a function.
    pub async fn list_qualifiers(&self, function: &str) -> Answer<Vec<lambda::QualifierChoice>> {
        call!(self, connection => self.host.list_qualifiers(&self.lambda, &connection, function))
    }

    fn leads_to_a_role(&self) -> bool {
        needs_sts(&self.connection.credentials)
    }

    /// The connection with the least that Lambda can be called with.
    async fn narrowed(&self, renew: bool) -> Answer<Connection> {
        let now = SystemTime::now();
        let credentials = match &self.connection.credentials {
            Credentials::AccessKey(key) => self.signing_key(key, now),
            Credentials::AssumeRole(_) | Credentials::WebIdentity(_) => {
                match self.session(now, renew).await? {
                    Ok(session) => self.signing_key(&session.keys, now),
                    Err(error) => return Ok(Err(error)),
                }
            }
            Credentials::SigningKey(key) => Credentials::SigningKey(key.clone()),
            Credentials::HostSigned => Credentials::HostSigned,
        };
        Ok(Ok(Connection {
            credentials,
            ..self.connection.clone()
        }))
    }

    fn signing_key(&self, key: &AccessKey, now: SystemTime) -> Credentials {
        Credentials::SigningKey(signing_key(key, &self.region, now))
    }

    async fn session(&self, now: SystemTime, renew: bool) -> Answer<Session> {
        let id = id(&self.connection, &self.region);
        // Held while STS is asked: calls that come meanwhile wait for the same keys.
        let mut kept = self.sessions.0.lock().await;
        kept.retain(|_, session| lasts(session, now));
        if renew {
            kept.remove(&id);
        }
        if let Some(session) = kept.get(&id) {
            return Ok(Ok(session.clone()));
        }
        let connection = Connection {
            region: self.region.clone(),
            ..self.connection.clone()
        };
        let opened = self.host.open_session(&self.sts, &connection).await?;
        if let Ok(session) = &opened {
            kept.insert(id, session.clone());
        }
        Ok(opened)
    }
}

fn lasts(session: &Session, now: SystemTime) -> bool {
    UNIX_EPOCH + Duration::from_secs(session.expires) > now + RENEW_BEFORE
}

fn is_expired(error: &Error) -> bool {
    matches!(error, Error::Unauthenticated(error) if error.code == "ExpiredTokenException")
}

/// Differs wherever anything differs that may lead to other keys: the generated types show all
/// their fields.
fn id(connection: &Connection, region: &str) -> [u8; 32] {
    Sha256::digest(format!("{region} {connection:?}")).into()
}
