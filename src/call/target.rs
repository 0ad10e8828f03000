//! The connection of one call, checked: where its requests go, and who signs them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::credentials::{Day, Signer, SigningKey};
use crate::aws::endpoint::{self, Endpoint, EndpointChoice, LAMBDA, STS};
use crate::call::connection::{Connection, Credentials};
use crate::call::error::Error;
use crate::call::keys::{check_key, check_key_id, check_token};
use crate::call::roles::RoleChain;

/// Who is calling, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Can sign as it is.
    Signer(Signer),
    /// Has to ask STS for keys first.
    Roles(RoleChain),
}

impl Caller {
    /// Every text of it that no output may hold.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Caller::Signer(signer) => signer.secrets().collect(),
            Caller::Roles(chain) => chain.secrets().collect(),
        }
    }
}

/// The region in a function's ARN, and the field that holds the ARN.
#[derive(Clone, Copy, Debug)]
pub struct RegionHint<'a> {
    /// For an error, when the connection names another region.
    pub field: &'a str,
    /// The ARN's region.
    pub region: &'a str,
}

/// The connection of one call, checked and resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Part of the credential scope.
    pub region: String,
    /// Part of the credential scope: `lambda` or `sts`.
    pub service: &'static str,
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Who signs them.
    pub caller: Caller,
}

impl Target {
    /// Checks `connection`. A function's ARN may name the region, and must not contradict the
    /// connection's.
    ///
    /// # Errors
    /// `invalid-input` that names the connection's field.
    pub fn new(
        connection: Connection,
        of_function: Option<RegionHint<'_>>,
    ) -> Result<Target, Error> {
        let region = region(connection.region, of_function)?;
        let choice = &connection.endpoint;
        let endpoint = endpoint::resolve(LAMBDA, &region, choice).map_err(bad_url)?;
        let caller = caller(connection.credentials, &region, choice)?;
        Ok(Target {
            region,
            service: LAMBDA,
            endpoint,
            caller,
        })
    }

    /// The same caller's way to STS, which tells who the caller is.
    ///
    /// # Errors
    /// As [`Target::new`]; and a caller that is good for Lambda only ([`lambda_only`]).
    pub fn sts(
        connection: Connection,
        of_function: Option<RegionHint<'_>>,
    ) -> Result<Target, Error> {
        if let Some(why) = lambda_only(&connection.credentials) {
            let kind = connection.credentials.kind();
            return Err(Error::invalid(
                format!("connection.credentials.{kind}"),
                why,
            ));
        }
        let choice = connection.endpoint.clone();
        let lambda = Target::new(connection, of_function)?;
        let endpoint = sts_endpoint(&lambda.region, &choice)?;
        Ok(Target {
            service: STS,
            endpoint,
            ..lambda
        })
    }
}

/// Why STS cannot be asked with these credentials, if it cannot.
pub fn lambda_only(credentials: &Credentials) -> Option<&'static str> {
    match credentials {
        Credentials::SigningKey { .. } => Some(
            "a signing key is derived for the service lambda: STS, which must be asked here, would refuse its signatures",
        ),
        Credentials::HostSigned => Some(
            "the host's proxy signs for Lambda: STS, which must be asked here, would refuse its signatures",
        ),
        Credentials::AccessKey(_)
        | Credentials::AssumeRole { .. }
        | Credentials::WebIdentity { .. } => None,
    }
}

/// Checks the keys and roles of a connection whose region was checked.
fn caller(
    credentials: Credentials,
    region: &str,
    choice: &EndpointChoice,
) -> Result<Caller, Error> {
    let field = format_args!("connection.credentials.{}", credentials.kind());
    Ok(match credentials {
        Credentials::AccessKey(key) => {
            Caller::Signer(Signer::AccessKey(check_key(format_args!("{field}."), key)?))
        }
        Credentials::SigningKey {
            access_key_id,
            date,
            key,
            session_token,
        } => {
            check_key_id(format_args!("{field}.access-key-id"), &access_key_id)?;
            let day = Day::parse(&date).ok_or_else(|| {
                Error::invalid(
                    format!("{field}.date"),
                    "it must be the UTC day that the key was derived for, as YYYYMMDD",
                )
            })?;
            if key.len() != 32 {
                return Err(Error::invalid(
                    format!("{field}.key"),
                    "it must be the 32 bytes at the end of SigV4's key derivation",
                ));
            }
            Caller::Signer(Signer::SigningKey(SigningKey {
                access_key_id,
                day,
                key,
                session_token: check_token(format_args!("{field}.session-token"), session_token)?,
            }))
        }
        Credentials::AssumeRole { source, roles } => {
            let source = check_key(format_args!("{field}.source."), source)?;
            let sts = sts_endpoint(region, choice)?;
            Caller::Roles(RoleChain::assumed_by(source, roles, region.into(), sts)?)
        }
        Credentials::WebIdentity { token, role } => {
            let sts = sts_endpoint(region, choice)?;
            Caller::Roles(RoleChain::from_web_identity(
                token,
                role,
                region.into(),
                sts,
            )?)
        }
        Credentials::HostSigned => Caller::Signer(Signer::Unsigned),
    })
}

fn sts_endpoint(region: &str, choice: &EndpointChoice) -> Result<Endpoint, Error> {
    endpoint::resolve_sts(region, choice).map_err(bad_url)
}

fn bad_url(problem: String) -> Error {
    Error::invalid("connection.endpoint.url", problem)
}

fn region(of_connection: String, of_function: Option<RegionHint<'_>>) -> Result<String, Error> {
    if of_connection.is_empty() {
        return match of_function {
            Some(hint) => Ok(hint.region.into()),
            None => Err(Error::invalid(
                "connection.region",
                "it is empty: give the AWS region, for example eu-central-1, or name the function by its full ARN",
            )),
        };
    }
    endpoint::check_region(&of_connection)
        .map_err(|problem| Error::invalid("connection.region", problem))?;
    match of_function {
        Some(RegionHint { field, region }) if region != of_connection => Err(Error::invalid(
            field,
            format!(
                "the ARN is of region {region}, the connection of {of_connection}: functions answer in their own region only"
            ),
        )),
        _ => Ok(of_connection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::credentials::{AccessKey, Secret};
    use crate::call::error::InvalidInput;
    use crate::lambda::function_name::FunctionName;
    use crate::testing::{assert_contains, connection_with};

    fn connection(region: &str, id: &str, secret: &str, token: Option<&str>) -> Connection {
        let credentials = Credentials::AccessKey(AccessKey {
            access_key_id: id.into(),
            secret_access_key: Secret::new(secret.into()),
            session_token: token.map(|token| Secret::new(token.into())),
        });
        Connection {
            region: region.into(),
            ..connection_with(credentials)
        }
    }

    fn target(connection: Connection, function: Option<&str>) -> Result<Target, Error> {
        let name = function.map(|text| FunctionName::parse("request.function", text).unwrap());
        let name = name.as_ref();
        Target::new(
            connection,
            name.and_then(|name| name.region_hint("request.function")),
        )
    }

    fn refused(connection: Connection, function: Option<&str>) -> InvalidInput {
        crate::testing::refused(target(connection, function))
    }

    #[test]
    fn the_region_comes_from_the_arn_where_the_connection_has_none() {
        let arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:f";
        let target = target(connection("", "AKID", "s", None), Some(arn)).unwrap();
        assert_eq!(target.region, "cn-north-1");
        assert_eq!(
            target.endpoint.authority,
            "lambda.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn regions_that_are_missing_wrong_or_contradict_the_arn() {
        let valid = |region| connection(region, "AKID", "s", None);
        for region in ["", "us east"] {
            let field = refused(valid(region), Some("f")).field;
            assert_eq!(field, "connection.region");
        }
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
        let input = refused(valid("us-east-1"), Some(arn));
        assert_eq!(input.field, "request.function");
        assert_contains(&input.message, ["us-west-2", "us-east-1"]);
    }

    #[test]
    fn keys_are_checked_and_never_repeated() {
        let path = "connection.credentials.access-key";
        for (id, secret, token, field) in [
            ("", "s", None, "access-key-id"),
            ("AK ID", "s", None, "access-key-id"),
            ("AK/ID", "s", None, "access-key-id"),
            ("AKID", "", None, "secret-access-key"),
            ("AKID", "marked-secret\n", None, "secret-access-key"),
            ("AKID", " marked-secret", None, "secret-access-key"),
            ("AKID", "s", Some("marked-secret\r\nx: y"), "session-token"),
            ("AKID", "s", Some("marked-secret é"), "session-token"),
        ] {
            let input = refused(connection("us-east-1", id, secret, token), None);
            assert_eq!(input.field, format!("{path}.{field}"));
            assert!(!input.message.contains("marked-secret"), "{input:?}");
        }
    }

    #[test]
    fn an_empty_session_token_is_none() {
        let target = Target::new(connection("us-east-1", "AKID", "s", Some("")), None).unwrap();
        let Caller::Signer(Signer::AccessKey(key)) = target.caller else {
            panic!("{:?}", target.caller);
        };
        assert_eq!(key.session_token, None);
    }
}
