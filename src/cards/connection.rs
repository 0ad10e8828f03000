//! The connection form's values, as a connection. What was filled in for another credential type is
//! not even read: platforms keep the values of fields that they hide.

use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::manifest;
use super::values::Values;
use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::Choice;
use crate::aws::hex;
use crate::call::connection::{Connection, Credentials};
use crate::call::error::Error;
use crate::call::roles::RoleOptions;

/// Reads the form.
///
/// # Errors
/// `invalid-input` that names the field.
pub fn read(json: &str) -> Result<Connection, Error> {
    let values = Values::read("connection", json)?;
    Ok(Connection {
        region: values.text("region")?.unwrap_or_default(),
        credentials: credentials(&values)?,
        endpoint: match values.text("endpoint")? {
            None => Choice::Standard,
            Some(text) => match text.as_str() {
                "fips" => Choice::Fips,
                "dual-stack" => Choice::DualStack,
                "fips-dual-stack" => Choice::FipsDualStack,
                _ => Choice::Url(text),
            },
        },
    })
}

fn credentials(values: &Values<'_>) -> Result<Credentials, Error> {
    let kind = manifest::CONNECTION
        .iter()
        .find(|field| field.key == "credentialType")
        .map_or(Ok(""), |field| values.choice(field))?;
    Ok(match kind {
        "assumeRole" => Credentials::AssumeRole {
            source: access_key(values)?,
            roles: roles(values)?,
        },
        "webIdentity" => Credentials::WebIdentity {
            token: Secret::new(values.required_text("webIdentityToken")?),
            role: role(values)?,
        },
        "signingKey" => Credentials::SigningKey {
            access_key_id: values.required_text("accessKeyId")?,
            date: values.required_text("signingKeyDate")?,
            key: signing_key(values)?,
            session_token: values.text("sessionToken")?.map(Secret::new),
        },
        "hostSigned" => Credentials::HostSigned,
        _ => Credentials::AccessKey(access_key(values)?),
    })
}

fn access_key(values: &Values<'_>) -> Result<AccessKey, Error> {
    Ok(AccessKey {
        access_key_id: values.required_text("accessKeyId")?,
        secret_access_key: Secret::new(values.required_text("secretAccessKey")?),
        session_token: values.text("sessionToken")?.map(Secret::new),
    })
}

/// The role as both types have it: STS takes no external ID with a token.
fn role(values: &Values<'_>) -> Result<RoleOptions, Error> {
    Ok(RoleOptions {
        arn: values.required_text("roleArn")?,
        external_id: None,
        session_name: values.text("roleSessionName")?,
        duration_seconds: values.number("roleDurationSeconds")?,
    })
}

/// The role, and the second one where there is one.
fn roles(values: &Values<'_>) -> Result<Vec<RoleOptions>, Error> {
    let first = RoleOptions {
        external_id: values.text("externalId")?,
        ..role(values)?
    };
    let external_id = values.text("secondExternalId")?;
    let Some(arn) = values.text("secondRoleArn")? else {
        return match external_id {
            None => Ok(vec![first]),
            // Not ignored: functions would be called by another role than was meant.
            Some(_) => Err(Error::invalid(
                "secondRoleArn",
                "it is required with a second external ID: fill in both, or neither",
            )),
        };
    };
    let second = RoleOptions {
        arn,
        external_id,
        ..first.clone()
    };
    // The first role's keys are used once, at once: how long they last is nobody's concern.
    let first = RoleOptions {
        duration_seconds: None,
        ..first
    };
    Ok(vec![first, second])
}

fn signing_key(values: &Values<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = Zeroizing::new(values.required_text("signingKey")?);
    hex::decode_32(&text).ok_or_else(|| {
        Error::invalid(
            "signingKey",
            "it must be 64 hexadecimal digits: the 32 bytes at the end of SigV4's key derivation",
        )
    })
}

#[cfg(test)]
mod tests;
