//! Checks of access keys, from the caller or from STS.

use core::fmt;

use crate::aws::credentials::{AccessKey, Secret};
use crate::call::error::Error;
use crate::call::text;

/// Checks an access key. `prefix` precedes the names of its fields in errors.
///
/// # Errors
/// `invalid-input`, which names the field.
pub fn check_key(prefix: fmt::Arguments<'_>, key: AccessKey) -> Result<AccessKey, Error> {
    check_key_id(format_args!("{prefix}access-key-id"), &key.access_key_id)?;
    text::check(
        format_args!("{prefix}secret-access-key"),
        key.secret_access_key.reveal(),
        1,
        1_024,
        |byte| byte.is_ascii_graphic(),
        "a secret access key consists of visible ASCII characters without spaces",
    )?;
    Ok(AccessKey {
        session_token: check_token(format_args!("{prefix}session-token"), key.session_token)?,
        ..key
    })
}

pub(super) fn check_key_id(field: fmt::Arguments<'_>, id: &str) -> Result<(), Error> {
    text::check(
        field,
        id,
        1,
        128,
        |byte| byte.is_ascii_alphanumeric() || byte == b'_',
        "an access key ID consists of up to 128 letters, digits and underscores, for example AKIAIOSFODNN7EXAMPLE",
    )
}

pub(super) fn check_token(
    field: fmt::Arguments<'_>,
    token: Option<Secret>,
) -> Result<Option<Secret>, Error> {
    // Forms send an empty text for a blank field.
    let token = token.filter(|token| !token.reveal().is_empty());
    if let Some(token) = &token {
        text::check(
            field,
            token.reveal(),
            1,
            65_536,
            |byte| byte.is_ascii_graphic(),
            "a session token consists of visible ASCII characters without spaces",
        )?;
    }
    Ok(token)
}
