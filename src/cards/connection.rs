//! The form of a connection, and the [`Connection`] that its values describe.
//!
//! Only the fields of the chosen credential type are read, because platforms keep the values of
//! fields that they hide.

use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::EndpointChoice;
use crate::aws::hex;
use crate::call::connection::{Connection, Credentials};
use crate::call::error::Error;
use crate::call::roles::RoleOptions;
use crate::cards::field::{Choice, FIELD, Field, Kind, Values, form, untyped};
use crate::cards::values;
use crate::test_connection::{Check, test_connection};
use crate::transport::Transport;

/// The form.
pub const FIELDS: &[&Field] = Input::FIELDS;

form! {
    enum Input {
        Region = Field {
            key: "region",
            label: "Region",
            definition: "The AWS region of the functions, for example eu-central-1.",
            required: true,
            paths: &["connection.region"],
            ..FIELD
        },
        CredentialType = CREDENTIAL_TYPE,
        AccessKeyId = Field {
            key: "accessKeyId",
            label: "Access Key ID",
            definition: "The public part of the key, for example AKIAIOSFODNN7EXAMPLE. Its user or role needs the permission lambda:InvokeFunction, and lambda:ListFunctions to choose functions from a list. To assume an IAM role, it needs only sts:AssumeRole on that role.",
            required: true,
            visible_when: CREDENTIAL_TYPE.is(&[ACCESS_KEYS, ASSUME_ROLE, SIGNING_KEY]),
            paths: &["connection.credentials.access-key.access-key-id", "connection.credentials.assume-role.source.access-key-id", "connection.credentials.signing-key.access-key-id"],
            ..FIELD
        },
        SecretAccessKey = Field {
            key: "secretAccessKey",
            label: "Secret Access Key",
            definition: "The secret part of the key. It signs requests inside the sandbox and is never sent.",
            required: true,
            secret: true,
            visible_when: CREDENTIAL_TYPE.is(&[ACCESS_KEYS, ASSUME_ROLE]),
            paths: &["connection.credentials.access-key.secret-access-key", "connection.credentials.assume-role.source.secret-access-key"],
            ..FIELD
        },
        SigningKeyDate = Field {
            key: "signingKeyDate",
            label: "Signing Key Date",
            definition: "The UTC day that the signing key was derived for, as YYYYMMDD. AWS accepts the key on that day only.",
            required: true,
            visible_when: CREDENTIAL_TYPE.is(&[SIGNING_KEY]),
            paths: &["connection.credentials.signing-key.date"],
            ..FIELD
        },
        SigningKey = Field {
            key: "signingKey",
            label: "Signing Key",
            definition: "The result of the SigV4 key derivation for that day, this region and the service lambda, as 64 hexadecimal digits. It is never sent.",
            required: true,
            secret: true,
            visible_when: CREDENTIAL_TYPE.is(&[SIGNING_KEY]),
            paths: &["connection.credentials.signing-key.key"],
            ..FIELD
        },
        SessionToken = Field {
            key: "sessionToken",
            label: "Session Token",
            definition: "The token that was issued with temporary keys, which begin with ASIA. Leave it empty for other keys.",
            secret: true,
            visible_when: CREDENTIAL_TYPE.is(&[ACCESS_KEYS, ASSUME_ROLE, SIGNING_KEY]),
            paths: &["connection.credentials.access-key.session-token", "connection.credentials.assume-role.source.session-token", "connection.credentials.signing-key.session-token"],
            ..FIELD
        },
        RoleArn = Field {
            key: "roleArn",
            label: "Role ARN",
            definition: "The role to assume, for example arn:aws:iam::123456789012:role/name. Its trust policy must allow sts:AssumeRole to the owner of the access key, or sts:AssumeRoleWithWebIdentity to the issuer of the OIDC token. The role needs the permission lambda:InvokeFunction, and lambda:ListFunctions to choose functions from a list.",
            required: true,
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE, WEB_IDENTITY]),
            paths: &["connection.credentials.assume-role.roles[0].arn", "connection.credentials.web-identity.role.arn"],
            ..FIELD
        },
        ExternalId = Field {
            key: "externalId",
            label: "External ID",
            definition: "The value that the role's trust policy requires as sts:ExternalId. For a role in another account, ask its owner. Leave it empty if the policy does not require one.",
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE]),
            paths: &["connection.credentials.assume-role.roles[0].external-id"],
            ..FIELD
        },
        WebIdentityToken = Field {
            key: "webIdentityToken",
            label: "OIDC Token",
            definition: "The token that the identity provider issued, for example a JWT. IAM must trust the provider and the token's audience, and the token must not have expired when a step runs. It is sent to STS only.",
            required: true,
            secret: true,
            visible_when: CREDENTIAL_TYPE.is(&[WEB_IDENTITY]),
            paths: &["connection.credentials.web-identity.token"],
            ..FIELD
        },
        Endpoint = Field {
            key: "endpoint",
            label: "Endpoint",
            definition: "Leave it empty for the region's standard endpoint. Otherwise fips, dual-stack or fips-dual-stack, or the URL of a VPC endpoint, a proxy or a local emulator. STS is called at the URL of an emulator, and at a URL that begins with http:// or has an IP address; otherwise at the region's endpoint.",
            group: ADVANCED,
            paths: &["connection.endpoint.url", "connection.endpoint.emulator"],
            ..FIELD
        },
        Emulator = Field {
            key: "emulator",
            label: "Emulator",
            definition: "Whether the URL in Endpoint is that of a local emulator, which omits headers that Lambda always sends. The connector then accepts responses without Lambda's request ID. Never set it for a URL that leads to AWS: a proxy's response could pass for the function's.",
            kind: Kind::Boolean,
            default: Some("false"),
            group: ADVANCED,
            ..FIELD
        },
        RoleSessionName = Field {
            key: "roleSessionName",
            label: "Role Session Name",
            definition: "The name of the session in CloudTrail: 2 to 64 letters, digits and _+=,.@-. Leave it empty for aws-lambda-connector.",
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE, WEB_IDENTITY]),
            group: ADVANCED,
            paths: &["connection.credentials.assume-role.roles[0].session-name", "connection.credentials.assume-role.roles[1].session-name", "connection.credentials.web-identity.role.session-name"],
            ..FIELD
        },
        RoleDurationSeconds = Field {
            key: "roleDurationSeconds",
            label: "Role Duration (Seconds)",
            definition: "The lifetime of the keys that call Lambda: 900 to 43,200, and no more than the role allows. With a second role, at most 3,600. The keys are renewed as needed. Leave it empty for one hour.",
            kind: Kind::Number,
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE, WEB_IDENTITY]),
            group: ADVANCED,
            paths: &["connection.credentials.assume-role.roles[0].duration-seconds", "connection.credentials.assume-role.roles[1].duration-seconds", "connection.credentials.web-identity.role.duration-seconds"],
            ..FIELD
        },
        SecondRoleArn = Field {
            key: "secondRoleArn",
            label: "Second Role ARN",
            definition: "A role that the first role assumes, and that calls Lambda in its place. Its trust policy must allow sts:AssumeRole to the first role, which needs the permission sts:AssumeRole on it. Leave it empty if one role is enough.",
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE]),
            group: ADVANCED,
            paths: &["connection.credentials.assume-role.roles[1].arn"],
            ..FIELD
        },
        SecondExternalId = Field {
            key: "secondExternalId",
            label: "Second External ID",
            definition: "The value that the second role's trust policy requires as sts:ExternalId. Leave it empty if the policy does not require one.",
            visible_when: CREDENTIAL_TYPE.is(&[ASSUME_ROLE]),
            group: ADVANCED,
            paths: &["connection.credentials.assume-role.roles[1].external-id"],
            ..FIELD
        },
    }
}

const ADVANCED: Option<&str> = Some("Advanced");

#[derive(Clone, Copy)]
enum CredentialType {
    AccessKeys,
    AssumeRole,
    WebIdentity,
    SigningKey,
    HostSigned,
}

const ACCESS_KEYS: &str = "accessKeys";
const ASSUME_ROLE: &str = "assumeRole";
const WEB_IDENTITY: &str = "webIdentity";
const SIGNING_KEY: &str = "signingKey";

const CREDENTIAL_TYPES: &[Choice<CredentialType>] = &[
    Choice {
        means: CredentialType::AccessKeys,
        value: ACCESS_KEYS,
        label: "Access keys",
        description: "Long-term keys of an IAM user, or temporary keys with their session token.",
    },
    Choice {
        means: CredentialType::AssumeRole,
        value: ASSUME_ROLE,
        label: "IAM role",
        description: "Access keys that assume a role, in this or another account. The role calls Lambda with temporary keys.",
    },
    Choice {
        means: CredentialType::WebIdentity,
        value: WEB_IDENTITY,
        label: "OIDC token",
        description: "A token from an identity provider that IAM trusts, exchanged for a role's temporary keys. It does not require an AWS key.",
    },
    Choice {
        means: CredentialType::SigningKey,
        value: SIGNING_KEY,
        label: "Signing key",
        description: "A key that the platform derives from a secret access key for one day, so that the secret never enters the sandbox.",
    },
    Choice {
        means: CredentialType::HostSigned,
        value: "hostSigned",
        label: "Signed by the host",
        description: "Requests leave the sandbox unsigned, and the platform's proxy signs them. The form needs no credentials.",
    },
];

const CREDENTIAL_TYPE: Field = Field {
    key: "credentialType",
    label: "Credential Type",
    definition: "How the connector authenticates to AWS.",
    kind: Kind::Dropdown,
    required: true,
    default: Some("\"accessKeys\""),
    choices: &untyped::<_, { CREDENTIAL_TYPES.len() }>(CREDENTIAL_TYPES),
    ..FIELD
};

/// Reads the form.
///
/// # Errors
/// Returns `invalid-input` with the key of the field.
pub fn read(json: &str) -> Result<Connection, Error> {
    let values = &values::read("connection", json, FIELDS)?;
    Ok(Connection {
        region: Input::Region.text(values)?.unwrap_or_default(),
        credentials: credentials(values)?,
        endpoint: endpoint(values)?,
    })
}

fn endpoint(values: &Values<'_>) -> Result<EndpointChoice, Error> {
    let text = Input::Endpoint.text(values)?;
    let choice = match text.as_deref() {
        None => EndpointChoice::Standard,
        Some("fips") => EndpointChoice::Fips,
        Some("dual-stack") => EndpointChoice::DualStack,
        Some("fips-dual-stack") => EndpointChoice::FipsDualStack,
        Some(url) => EndpointChoice::Url(url.into()),
    };
    if !Input::Emulator.boolean(values)?.unwrap_or(false) {
        return Ok(choice);
    }
    match choice {
        EndpointChoice::Url(url) => Ok(EndpointChoice::Emulator(url)),
        _ => Err(Input::Endpoint.invalid(
            "it must be the URL of the emulator, for example http://127.0.0.1:9000, or Emulator must be false",
        )),
    }
}

fn credentials(values: &Values<'_>) -> Result<Credentials, Error> {
    let kind = Input::CredentialType.choice(values, CREDENTIAL_TYPES)?;
    Ok(match kind {
        CredentialType::AccessKeys => Credentials::AccessKey(access_key(values)?),
        CredentialType::AssumeRole => Credentials::AssumeRole {
            source: access_key(values)?,
            roles: roles(values)?,
        },
        CredentialType::WebIdentity => Credentials::WebIdentity {
            token: Secret::new(Input::WebIdentityToken.required_text(values)?),
            role: role(values)?,
        },
        CredentialType::SigningKey => Credentials::SigningKey {
            access_key_id: Input::AccessKeyId.required_text(values)?,
            date: Input::SigningKeyDate.required_text(values)?,
            key: signing_key(values)?,
            session_token: Input::SessionToken.text(values)?.map(Secret::new),
        },
        CredentialType::HostSigned => Credentials::HostSigned,
    })
}

fn access_key(values: &Values<'_>) -> Result<AccessKey, Error> {
    Ok(AccessKey {
        access_key_id: Input::AccessKeyId.required_text(values)?,
        secret_access_key: Secret::new(Input::SecretAccessKey.required_text(values)?),
        session_token: Input::SessionToken.text(values)?.map(Secret::new),
    })
}

/// The role, as both types use it. STS does not accept an external ID with a token.
fn role(values: &Values<'_>) -> Result<RoleOptions, Error> {
    Ok(RoleOptions {
        arn: Input::RoleArn.required_text(values)?,
        external_id: None,
        session_name: Input::RoleSessionName.text(values)?,
        duration_seconds: Input::RoleDurationSeconds.number(values)?,
    })
}

/// The role, followed by the second one if there is one.
fn roles(values: &Values<'_>) -> Result<Vec<RoleOptions>, Error> {
    let first = RoleOptions {
        external_id: Input::ExternalId.text(values)?.map(Secret::new),
        ..role(values)?
    };
    let external_id = Input::SecondExternalId.text(values)?.map(Secret::new);
    let Some(arn) = Input::SecondRoleArn.text(values)? else {
        return match external_id {
            None => Ok(vec![first]),
            // Ignoring it would call functions as another role than intended.
            Some(_) => Err(Input::SecondRoleArn
                .invalid("it is required with a second external ID: fill in both or neither")),
        };
    };
    let second = RoleOptions {
        arn,
        external_id,
        ..first.clone()
    };
    // The first role's keys are used immediately and only once, so their lifetime does not matter.
    let first = RoleOptions {
        duration_seconds: None,
        ..first
    };
    Ok(vec![first, second])
}

fn signing_key(values: &Values<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = Zeroizing::new(Input::SigningKey.required_text(values)?);
    hex::decode_32(&text).ok_or_else(|| {
        Input::SigningKey.invalid(
            "it must be 64 hexadecimal digits: the 32 bytes that SigV4's key derivation returns",
        )
    })
}

/// Tests the connection, for a card whose form names no function to invoke.
///
/// # Errors
/// Returns `invalid-input` with the path of the field.
pub async fn test(
    transport: &impl Transport,
    connection: &Connection,
    _: &Values<'_>,
) -> Result<Vec<Check>, Error> {
    test_connection(transport, connection, None, None).await
}

#[cfg(test)]
mod tests;
