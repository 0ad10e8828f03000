//! `sessions.open`: exchanges the credentials of a connection for a role's temporary keys.

use alloc::format;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::Error;
use crate::call::target::{Caller, Target};
use crate::perform::assume_roles;
use crate::sts::assume_role::Session;
use crate::transport::Transport;

/// Opens a session. It never comes from the cache, because the caller wants keys with their full
/// lifetime.
///
/// # Errors
/// Returns `invalid-input` for a connection without a role, or the error from STS.
pub async fn open(transport: &impl Transport, connection: Connection) -> Result<Session, Error> {
    let kind = connection.credentials.kind();
    let target = Target::new(connection, None)?;
    let Caller::Roles(chain) = &target.caller else {
        return Err(Error::invalid(
            "connection.credentials",
            format!(
                "{kind} does not name a role: only assume-role and web-identity can be exchanged for temporary keys"
            ),
        ));
    };
    let delivery = Delivery::new("delivery", None, false)?;
    assume_roles(transport, chain, delivery, &mut ServiceClock::default()).await
}

#[cfg(test)]
mod tests;
