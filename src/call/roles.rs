//! Roles that are assumed on the way to Lambda: one, or a chain of them, as the caller gave them
//! and checked.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::{self, Endpoint};
use crate::call::error::Error;
use crate::call::text;

/// `types.role` as the caller gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleOptions {
    /// `arn:{partition}:iam::{account}:role/{path and name}`
    pub arn: String,
    /// What the role's trust policy may demand of a caller from another account.
    pub external_id: Option<String>,
    /// How the session is called in CloudTrail. None: [`SESSION_NAME`].
    pub session_name: Option<String>,
    /// How long the keys last, seconds. None: STS's default, an hour.
    pub duration_seconds: Option<u32>,
}

/// A role, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // As in `RoleOptions`.
pub struct Role {
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: String,
    pub duration_seconds: Option<u32>,
}

/// Who asks for the first role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The owner of these keys.
    AccessKey(AccessKey),
    /// The bearer of this OIDC token.
    Token(Secret),
}

/// Everything that leads to a role's temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChain {
    /// Who asks for the first role.
    pub source: Source,
    /// The first role.
    pub first: Role,
    /// The roles that follow, each assumed by the one before.
    pub rest: Vec<Role>,
    /// Of STS: part of the credential scope.
    pub region: String,
    /// Of STS.
    pub endpoint: Endpoint,
}

/// Names what a set of temporary keys came from, without holding it.
pub type ChainId = [u8; 32];

/// The name of a session that the caller did not name.
pub const SESSION_NAME: &str = "aws-lambda-connector";

/// Enough for every organisation, and an end for every call.
const MAX_ROLES: usize = 10;
/// AWS's limit for a role that was assumed by a role.
const MAX_CHAINED_SECONDS: u32 = 3_600;

const ASSUME_ROLE: &str = "connection.credentials.assume-role";
const WEB_IDENTITY: &str = "connection.credentials.web-identity";

impl RoleChain {
    /// Checks the roles that the owner of `source` assumes, one after the other.
    ///
    /// # Errors
    /// `invalid-input` that names the field.
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
                format!("at most {MAX_ROLES} roles can follow each other"),
            ));
        }
        let mut checked = Vec::with_capacity(roles.len());
        for (index, role) in roles.into_iter().enumerate() {
            let field = format!("{field}[{index}]");
            let role = Role::check(&field, role, &region)?;
            if index > 0 && role.duration_seconds > Some(MAX_CHAINED_SECONDS) {
                return Err(Error::invalid(
                    format!("{field}.duration-seconds"),
                    "a role that is assumed by another role lasts 3,600 seconds at most",
                ));
            }
            checked.push(role);
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
                "name at least one role; to call Lambda with the keys themselves, use `access-key`",
            )),
        }
    }

    /// Checks the role that the bearer of `token` assumes.
    ///
    /// # Errors
    /// `invalid-input` that names the field.
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
        let first = Role::check(&field, role, &region)?;
        if first.external_id.is_some() {
            return Err(Error::invalid(
                format!("{field}.external-id"),
                "STS takes no external ID with a web identity: leave it out",
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

    /// The roles in the order in which they are assumed.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        core::iter::once(&self.first).chain(&self.rest)
    }

    /// Differs wherever anything differs that may lead to other keys.
    pub fn id(&self) -> ChainId {
        let mut hash = Sha256::new();
        let mut add = |part: Option<&str>| {
            // The length keeps two parts from running into each other, the tag a missing one
            // from being an empty one.
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
            add(role.external_id.as_deref());
            add(Some(&role.session_name));
            let seconds = role.duration_seconds.map(|seconds| format!("{seconds}"));
            add(seconds.as_deref());
        }
        hash.finalize().into()
    }

    /// Every text of it that no output may hold.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let (secret, token) = match &self.source {
            Source::AccessKey(key) => (Some(&key.secret_access_key), key.session_token.as_ref()),
            Source::Token(token) => (Some(token), None),
        };
        secret.into_iter().chain(token).map(Secret::reveal)
    }
}

impl Role {
    fn check(field: &str, role: RoleOptions, region: &str) -> Result<Role, Error> {
        check_arn(&format!("{field}.arn"), &role.arn, region)?;
        // Forms send an empty text for a field that was left blank.
        let external_id = role.external_id.filter(|id| !id.is_empty());
        if let Some(id) = &external_id {
            text::check(
                format_args!("{field}.external-id"),
                id,
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
        if let Some(seconds) = role.duration_seconds
            && !(900..=43_200).contains(&seconds)
        {
            return Err(Error::invalid(
                format!("{field}.duration-seconds"),
                "it must be 900 to 43,200 seconds, and no more than the role's own maximum",
            ));
        }
        Ok(Role {
            arn: role.arn,
            external_id,
            session_name,
            duration_seconds: role.duration_seconds,
        })
    }
}

/// The characters that STS takes in names: `[\w+=,.@-]`.
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
            format!("it is no role's ARN: {FORM}"),
        ));
    }
    let wanted = endpoint::partition_id(region);
    if partition != wanted {
        return Err(Error::invalid(
            field,
            format!(
                "the role is of another partition than region {region}, which is in {wanted}: credentials are good within their own partition only"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
