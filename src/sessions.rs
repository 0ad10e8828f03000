//! `sessions.open`: exchanges a connection that leads to a role for the role's temporary keys.

use alloc::format;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::Error;
use crate::call::target::{Caller, Target};
use crate::perform::assume_roles;
use crate::sts::assume_role::Session;
use crate::transport::Transport;

/// Opens a session. It is never served from the cache: its caller wants keys that last as long as
/// they can.
///
/// # Errors
/// `invalid-input` for a connection without a role, or what STS answers.
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
    assume_roles(transport, chain, delivery, &mut ServiceClock::default()).await
}

#[cfg(test)]
mod tests;
