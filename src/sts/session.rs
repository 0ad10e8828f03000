//! Temporary keys, and how responses of STS contain them.

use alloc::format;
use alloc::string::String;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::message::Response;
use crate::aws::time;
use crate::call::error::{Error, Executed, TransportKind};
use crate::call::keys::check_key;
use crate::sts::query;

/// Temporary keys and their owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The keys, always with a session token.
    pub keys: AccessKey,
    /// When the keys expire, in seconds since 1970-01-01 00:00 UTC.
    pub expires: u64,
    /// The ARN of the principal that the keys belong to.
    pub principal: String,
}

/// Reads the session in the response to `action`, which has the principal's ARN at the path
/// `principal`. `describe` adds to a message what the request was for.
///
/// # Errors
/// `malformed` for any other document, and for keys that cannot sign.
pub fn read(
    action: &str,
    principal: &str,
    response: &Response,
    attempts: u8,
    describe: impl Fn(&str) -> String,
) -> Result<Session, Error> {
    session(action, principal, &response.body).ok_or_else(|| {
        Error::malformed(
            describe("the response is not the XML in which STS returns keys: check the endpoint and any proxy on the way"),
            Executed::No,
            attempts,
        )
    })
}

/// Adds to a transport error what the request was for, because the caller asked for another one. The
/// error of [`read`] has it already.
pub fn describe_transport_error(error: &mut Error, describe: impl Fn(&str) -> String) {
    if let Error::Transport(error) = error
        && error.kind != TransportKind::Malformed
    {
        error.message = describe(&error.message);
    }
}

fn session(action: &str, principal: &str, body: &[u8]) -> Option<Session> {
    let path = |path: &str| format!("{action}Result/{path}");
    let paths = [
        path("Credentials/AccessKeyId"),
        path("Credentials/SecretAccessKey"),
        path("Credentials/SessionToken"),
        path("Credentials/Expiration"),
        path(principal),
    ];
    let [id, secret, token, expiration, principal] =
        query::texts(body, paths.each_ref().map(|path| &**path))?;
    // Wrapped before anything can fail, so that they are zeroized in any case.
    let (secret, token) = (secret.map(Secret::new)?, token.map(Secret::new)?);
    let keys = AccessKey {
        access_key_id: id?,
        secret_access_key: secret,
        session_token: Some(token),
    };
    let keys = check_key(format_args!(""), keys).ok()?;
    // `check_key` accepts keys without a session token, which a session's keys always have.
    keys.session_token.as_ref()?;
    Some(Session {
        keys,
        expires: time::parse_iso8601(&expiration?)?,
        principal: principal?,
    })
}
