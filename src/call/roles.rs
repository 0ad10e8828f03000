//! The roles that a call assumes before it invokes Lambda, one or a chain of them, unchecked and
//! checked.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::{self, Endpoint};
use crate::call::error::Error;
use crate::call::text;

/// The interface's `types.role`, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleOptions {
    /// The role's ARN: `arn:{partition}:iam::{account}:role/{path and name}`.
    pub arn: String,
    /// The external ID, which a trust policy may require from a caller of another account.
    pub external_id: Option<Secret>,
    /// The session's name in CloudTrail. The default is [`SESSION_NAME`].
    pub session_name: Option<String>,
    /// The lifetime of the keys in seconds. The default of STS is an hour.
    pub duration_seconds: Option<u32>,
}

/// A checked role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are those of `RoleOptions`.
pub struct Role {
    pub arn: String,
    pub external_id: Option<Secret>,
    pub session_name: String,
    pub duration_seconds: Option<u32>,
    /// The session policy, as JSON, which limits the role's own permissions.
    pub policy: Option<String>,
}

/// The credentials that assume the first role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An access key, which signs the request.
    AccessKey(AccessKey),
    /// An OIDC token, sent in an unsigned request.
    Token(Secret),
}

/// Everything that leads to a role's temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChain {
    /// The credentials that assume the first role.
    pub source: Source,
    /// The first role.
    pub first: Role,
    /// The roles that follow, each assumed by the one before.
    pub rest: Vec<Role>,
    /// The region of STS, which is part of the credential scope.
    pub region: String,
    /// The endpoint of STS.
    pub endpoint: Endpoint,
}

/// A hash that identifies a [`RoleChain`] without containing its secrets.
pub type ChainId = [u8; 32];

/// The default name of a session.
pub const SESSION_NAME: &str = "aws-lambda-connector";

/// Enough for any organization, while it bounds the requests of a call.
const MAX_ROLES: usize = 10;
const MIN_SECONDS: u32 = 900;
const MAX_SECONDS: u32 = 43_200;
/// AWS's limit for a role that another role assumes.
const MAX_CHAINED_SECONDS: u32 = 3_600;

const ASSUME_ROLE: &str = "connection.credentials.assume-role";
const WEB_IDENTITY: &str = "connection.credentials.web-identity";

impl RoleChain {
    /// Checks the roles that `source` assumes, one after the other.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn assumed_by(
        source: AccessKey,
        roles: Vec<RoleOptions>,
        region: String,
        endpoint: Endpoint,
    ) -> Result<RoleChain, Error> {
        let field = format!("{ASSUME_ROLE}.roles");
        if roles.len() > MAX_ROLES {
            return Err(Error::invalid(
                field,
                format!("a chain must have at most {MAX_ROLES} roles"),
            ));
        }
        let mut checked = Vec::with_capacity(roles.len());
        for (index, role) in roles.into_iter().enumerate() {
            let field = format!("{field}[{index}]");
            checked.push(Role::check(&field, role, &region, max_seconds(index > 0))?);
        }
        let mut checked = checked.into_iter();
        match checked.next() {
            Some(first) => Ok(RoleChain {
                source: Source::AccessKey(source),
                first,
                rest: checked.collect(),
                region,
                endpoint,
            }),
            None => Err(Error::invalid(
                field,
                "it is empty: name at least one role, or use `access-key` to call Lambda with the keys themselves",
            )),
        }
    }

    /// Checks the role that the OIDC token assumes.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn from_web_identity(
        token: Secret,
        role: RoleOptions,
        region: String,
        endpoint: Endpoint,
    ) -> Result<RoleChain, Error> {
        text::check(
            format_args!("{WEB_IDENTITY}.token"),
            token.reveal(),
            4,
            20_000,
            |byte| byte.is_ascii_graphic(),
            "an OIDC token has 4 to 20,000 visible ASCII characters without spaces",
        )?;
        let field = format!("{WEB_IDENTITY}.role");
        let first = Role::check(&field, role, &region, MAX_SECONDS)?;
        if first.external_id.is_some() {
            return Err(Error::invalid(
                format!("{field}.external-id"),
                "STS does not accept an external ID with a web identity: leave it out",
            ));
        }
        Ok(RoleChain {
            source: Source::Token(token),
            first,
            rest: Vec::new(),
            region,
            endpoint,
        })
    }

    /// Returns the account of the last role, which calls Lambda.
    pub fn account(&self) -> &str {
        let last = self.rest.last().unwrap_or(&self.first);
        last.arn.split(':').nth(4).unwrap_or_default()
    }

    /// Limits the keys of the last role, which calls Lambda: to what `policy` allows, and to `seconds`,
    /// which the caller passed in `field`. `None` leaves the role's own.
    ///
    /// # Errors
    /// `invalid-input` for a lifetime that STS does not allow.
    pub fn limit(
        &mut self,
        policy: Option<String>,
        field: &str,
        seconds: Option<u32>,
    ) -> Result<(), Error> {
        check_seconds(field, seconds, max_seconds(!self.rest.is_empty()))?;
        let last = self.rest.last_mut().unwrap_or(&mut self.first);
        last.policy = policy;
        last.duration_seconds = seconds.or(last.duration_seconds);
        Ok(())
    }

    /// Iterates over the roles in the order in which they are assumed.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        core::iter::once(&self.first).chain(&self.rest)
    }

    /// Returns an ID that covers everything that can lead to different keys.
    pub fn id(&self) -> ChainId {
        let mut hash = Sha256::new();
        let mut add = |part: Option<&str>| {
            // The length separates adjacent parts. The tag distinguishes a missing part from an
            // empty one.
            let text = part.unwrap_or_default();
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            hash.update([u8::from(part.is_some())]);
            hash.update(length.to_le_bytes());
            hash.update(text.as_bytes());
        };
        add(Some(match self.endpoint.scheme {
            endpoint::Scheme::Http => "http",
            endpoint::Scheme::Https => "https",
        }));
        add(Some(&self.endpoint.authority));
        add(Some(&self.endpoint.base_path));
        add(Some(&self.region));
        match &self.source {
            Source::AccessKey(key) => {
                add(Some(&key.access_key_id));
                add(Some(key.secret_access_key.reveal()));
                add(key.session_token.as_ref().map(Secret::reveal));
            }
            Source::Token(token) => add(Some(token.reveal())),
        }
        for role in self.roles() {
            add(Some(&role.arn));
            add(role.external_id.as_ref().map(Secret::reveal));
            add(Some(&role.session_name));
            let seconds = role.duration_seconds.map(|seconds| format!("{seconds}"));
            add(seconds.as_deref());
            add(role.policy.as_deref());
        }
        hash.finalize().into()
    }

    /// Returns every secret text, none of which may appear in an output.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let (secret, token) = match &self.source {
            Source::AccessKey(key) => (Some(&key.secret_access_key), key.session_token.as_ref()),
            Source::Token(token) => (Some(token), None),
        };
        secret.into_iter().chain(token).map(Secret::reveal)
    }
}

impl Role {
    fn check(
        field: &str,
        role: RoleOptions,
        region: &str,
        max_seconds: u32,
    ) -> Result<Role, Error> {
        check_arn(&format!("{field}.arn"), &role.arn, region)?;
        // Forms send an empty text for a blank field.
        let external_id = role.external_id.filter(|id| !id.reveal().is_empty());
        if let Some(id) = &external_id {
            text::check(
                format_args!("{field}.external-id"),
                id.reveal(),
                2,
                1_224,
                |byte| is_name(byte) || matches!(byte, b':' | b'/'),
                "an external ID has 2 to 1,224 letters, digits and _+=,.@:/-",
            )?;
        }
        let session_name = role
            .session_name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| SESSION_NAME.into());
        text::check(
            format_args!("{field}.session-name"),
            &session_name,
            2,
            64,
            is_name,
            "a session name has 2 to 64 letters, digits and _+=,.@-",
        )?;
        let seconds = format!("{field}.duration-seconds");
        check_seconds(&seconds, role.duration_seconds, max_seconds)?;
        Ok(Role {
            arn: role.arn,
            external_id,
            session_name,
            duration_seconds: role.duration_seconds,
            policy: None,
        })
    }
}

fn max_seconds(is_chained: bool) -> u32 {
    if is_chained {
        MAX_CHAINED_SECONDS
    } else {
        MAX_SECONDS
    }
}

fn check_seconds(field: &str, seconds: Option<u32>, most: u32) -> Result<(), Error> {
    match seconds {
        Some(seconds) if !(MIN_SECONDS..=most).contains(&seconds) => {
            let rule = if most == MAX_CHAINED_SECONDS {
                "it must be 900 to 3,600 seconds for a role that another role assumes"
            } else {
                "it must be 900 to 43,200 seconds, and at most the role's own maximum"
            };
            Err(Error::invalid(field, rule))
        }
        _ => Ok(()),
    }
}

/// The characters that STS allows in names: `[\w+=,.@-]`.
fn is_name(byte: u8) -> bool {
    text::is_word(byte) || matches!(byte, b'+' | b'=' | b',' | b'.' | b'@')
}

fn check_arn(field: &str, arn: &str, region: &str) -> Result<(), Error> {
    const FORM: &str =
        "a role's ARN looks like arn:aws:iam::123456789012:role/name, 20 to 2,048 characters";
    text::check(
        format_args!("{field}"),
        arn,
        20,
        2_048,
        |byte| byte.is_ascii_graphic(),
        FORM,
    )?;
    let mut parts = arn.splitn(6, ':');
    let (prefix, partition, service, no_region, account, resource) = (
        parts.next(),
        parts.next().unwrap_or_default(),
        parts.next(),
        parts.next(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let fits = prefix == Some("arn")
        && service == Some("iam")
        && no_region == Some("")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource
            .strip_prefix("role/")
            .is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
    if !fits {
        return Err(Error::invalid(
            field,
            format!("it is not the ARN of a role: {FORM}"),
        ));
    }
    let wanted = endpoint::partition_id(region);
    if partition != wanted {
        return Err(Error::invalid(
            field,
            format!(
                "the role is not in {wanted}, the partition of region {region}: credentials are valid only within their own partition"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
