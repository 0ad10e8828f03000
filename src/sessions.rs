//! `sessions.open`: exchanges the credentials of a connection for temporary keys, which may be limited
//! to a scope.

use crate::aws::clock_skew::ServiceClock;
use crate::aws::credentials::{AccessKey, Signer};
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::Error;
use crate::call::operation::Call;
use crate::call::target::{Caller, Target};
use crate::perform::{assume_roles, perform_with_clock};
use crate::sts::caller_identity::GetCallerIdentity;
use crate::sts::scope_down::ScopeDown;
use crate::sts::session::Session;
use crate::sts::session_policy::{Scope, SessionPolicy};
use crate::transport::Transport;

/// The interface's `sessions.session-request`, unchecked. The interface documents its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SessionRequest {
    pub scope: Option<Scope>,
    pub duration_seconds: Option<u32>,
    pub delivery: Option<delivery::Options>,
}

const DURATION: &str = "request.duration-seconds";
const SCOPE: &str = "request.scope";

/// The lifetime of a session for long-term keys unless the request names another one. The default of
/// STS is 12 hours.
const SESSION_TOKEN_S: u32 = 3_600;

/// Opens a session. It neither comes from the cache nor is stored there, because the caller wants keys
/// with their full lifetime and keeps them itself.
///
/// # Errors
/// `invalid-input` for credentials that STS does not accept, and for an access key without a scope. The
/// same for a scope or a lifetime that STS does not allow. Otherwise the error from STS.
pub async fn open(
    transport: &impl Transport,
    connection: Connection,
    request: SessionRequest,
) -> Result<Session, Error> {
    let delivery = Delivery::new("request.delivery", request.delivery.as_ref(), false)?;
    let scope = request.scope.as_ref().map(SessionPolicy::new).transpose()?;
    let has_region = !connection.region.is_empty();
    let hint = scope.as_ref().filter(|_| !has_region);
    let target = Target::sts(connection, hint.and_then(SessionPolicy::region_hint))?;
    let mut clock = ServiceClock::default();
    match &target.caller {
        Caller::Roles(chain) => {
            let mut chain = chain.clone();
            let policy = scope.map(|scope| scope.json(&target.region, chain.account()));
            chain.limit(policy.transpose()?, DURATION, request.duration_seconds)?;
            assume_roles(transport, &chain, delivery, &mut clock).await
        }
        Caller::Signer(Signer::AccessKey(key)) => {
            let scope = scope.ok_or_else(|| {
                Error::invalid(
                    SCOPE,
                    "an access key can only be exchanged for keys with fewer permissions: name the functions that they may invoke",
                )
            })?;
            let keys = Keys {
                key,
                target: &target,
                delivery,
            };
            keys.scope_down(transport, &scope, request.duration_seconds, &mut clock)
                .await
        }
        Caller::Signer(Signer::SigningKey(_) | Signer::Unsigned) => Err(Error::invalid(
            "connection.credentials",
            "STS accepts access keys, roles and web identities only",
        )),
    }
}

/// An access key, and how STS is called with it.
struct Keys<'a> {
    key: &'a AccessKey,
    target: &'a Target,
    delivery: Delivery,
}

impl Keys<'_> {
    fn call(&self, key: &AccessKey) -> Call {
        Call {
            target: Target {
                caller: Caller::Signer(Signer::AccessKey(key.clone())),
                ..self.target.clone()
            },
            delivery: self.delivery,
        }
    }

    async fn scope_down(
        &self,
        transport: &impl Transport,
        scope: &SessionPolicy,
        seconds: Option<u32>,
        clock: &mut ServiceClock,
    ) -> Result<Session, Error> {
        let is_temporary = self.key.session_token.is_some();
        check_seconds(seconds, is_temporary)?;
        let region = &self.target.region;
        // Every account ID has 12 digits, so that the policy's length is known before a request.
        let mut policy = scope.json(region, "000000000000")?;
        if scope.needs_account() {
            let mut identity = GetCallerIdentity::by(self.call(self.key));
            let identity = perform_with_clock(transport, &mut identity, clock).await?;
            policy = scope.json(region, &identity.account)?;
        }
        let (key, seconds) = if is_temporary {
            (self.key.clone(), seconds)
        } else {
            // STS scopes down only temporary keys. The scoped ones then end with these.
            let seconds = seconds.unwrap_or(SESSION_TOKEN_S);
            let mut step = ScopeDown::session_token(self.call(self.key), seconds);
            let session = perform_with_clock(transport, &mut step, clock).await?;
            (session.keys, None)
        };
        let description = scope.description();
        let mut step =
            ScopeDown::scoped_credentials(self.call(&key), &policy, seconds, &description);
        perform_with_clock(transport, &mut step, clock).await
    }
}

fn check_seconds(seconds: Option<u32>, is_temporary: bool) -> Result<(), Error> {
    let (least, rule) = if is_temporary {
        (
            1,
            "it must be 1 to 129,600 seconds, and at most the rest of the keys' own lifetime",
        )
    } else {
        (
            900,
            "it must be 900 to 129,600 seconds for a long-term access key",
        )
    };
    match seconds {
        Some(seconds) if !(least..=129_600).contains(&seconds) => {
            Err(Error::invalid(DURATION, rule))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
