//! Temporary keys: asks STS for them, one role after the other, and keeps them while they last.
//!
//! They are kept under a name that covers everything that led to them, so that no other connection
//! is served with them, and never outlive the instance.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use spin::Mutex;

use crate::aws::clock_skew::ServiceClock;
use crate::aws::credentials::Signer;
use crate::lambda::assume_role::{AssumeRole, Session};
use crate::lambda::connection::{Caller, Connection, Target};
use crate::lambda::delivery::Delivery;
use crate::lambda::outcome::Error;
use crate::lambda::roles::{ChainId, RoleChain};
use crate::perform::{Transport, perform_by, redact};

/// Keys are renewed so long before they end: a request that is signed with them may be on its way
/// for a while, and clocks differ.
pub const RENEW_BEFORE_S: u64 = 300;

/// Connections whose keys are kept; beyond them, those that end first go.
const MOST_KEPT: usize = 16;

/// The keys that an instance keeps between calls.
#[derive(Default)]
pub struct SessionCache(Mutex<Vec<(ChainId, Session)>>);

impl SessionCache {
    /// Without any.
    pub const fn new() -> SessionCache {
        SessionCache(Mutex::new(Vec::new()))
    }

    /// The keys of this name, unless they are to be renewed at `now` (seconds since 1970).
    fn get(&self, id: &ChainId, now: u64) -> Option<Session> {
        let mut kept = self.0.lock();
        kept.retain(|(_, session)| session.expires > now.saturating_add(RENEW_BEFORE_S));
        let (_, session) = kept.iter().find(|(known, _)| known == id)?;
        Some(session.clone())
    }

    fn keep(&self, id: ChainId, session: Session) {
        let mut kept = self.0.lock();
        kept.retain(|(known, _)| *known != id);
        if kept.len() >= MOST_KEPT {
            let first = kept.iter().map(|(_, session)| session.expires).min();
            kept.retain(|(_, session)| Some(session.expires) != first);
        }
        kept.push((id, session));
    }

    /// Forgets keys that turned out not to work.
    pub fn forget(&self, id: &ChainId) {
        self.0.lock().retain(|(known, _)| known != id);
    }
}

/// Exchanges a connection that leads to a role for the role's keys. Never served from the cache:
/// who asks wants keys that last as long as they can.
///
/// # Errors
/// `invalid-input` for a connection without a role, or what STS says.
pub async fn open(transport: &impl Transport, connection: Connection) -> Result<Session, Error> {
    let kind = connection.credentials.kind();
    let target = Target::new(connection, None)?;
    let Caller::Roles(chain) = &target.caller else {
        return Err(Error::invalid(
            "connection.credentials",
            format!(
                "{kind} leads to no role: only assume-role and web-identity are exchanged for temporary keys"
            ),
        ));
    };
    let delivery = Delivery::new("delivery", None, false)?;
    exchange(transport, chain, delivery, &mut ServiceClock::default()).await
}

/// Who signs for `target` now: the caller, or the role that it assumes.
///
/// # Errors
/// What STS says.
pub async fn signer(
    transport: &impl Transport,
    target: &Target,
    delivery: &Delivery,
    clock: &mut ServiceClock,
) -> Result<Signer, Error> {
    let chain = match &target.caller {
        Caller::Signer(signer) => return Ok(signer.clone()),
        Caller::Roles(chain) => chain,
    };
    let now = clock.signing_time(transport.now_s());
    let session = match transport.sessions().get(&chain.id(), now) {
        Some(session) => session,
        None => exchange(transport, chain, delivery.of_sts(), clock).await?,
    };
    Ok(Signer::AccessKey(session.keys))
}

async fn exchange(
    transport: &impl Transport,
    chain: &RoleChain,
    delivery: Delivery,
    clock: &mut ServiceClock,
) -> Result<Session, Error> {
    let assume = async |step, before: Option<&Session>, clock: &mut ServiceClock| {
        let mut operation = AssumeRole::new(chain, step, before, delivery);
        // Boxed: whatever is performed asks for a signer first.
        let assumed = Box::pin(perform_by(transport, &mut operation, clock)).await;
        assumed.map_err(|mut error| {
            // A token stands in the form, where the request's signer does not know of it.
            redact(&mut error, chain.secrets());
            error
        })
    };
    let mut session = assume((1, &chain.first), None, clock).await?;
    for step in (2..).zip(&chain.rest) {
        session = assume(step, Some(&session), clock).await?;
    }
    transport.sessions().keep(chain.id(), session.clone());
    Ok(session)
}

#[cfg(test)]
mod tests;
