//! The checked connection of one call: where its requests go, and who signs them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::credentials::{Day, Signer, SigningKey};
use crate::aws::endpoint::{self, Endpoint, EndpointChoice, EndpointKind, LAMBDA, STS};
use crate::call::connection::{Connection, Credentials};
use crate::call::error::Error;
use crate::call::keys::{check_key, check_key_id, check_token};
use crate::call::roles::RoleChain;

const REGION: &str = "connection.region";

/// The checked credentials of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The credentials sign requests directly.
    Signer(Signer),
    /// The call must first get temporary keys from STS.
    Roles(RoleChain),
}

impl Caller {
    /// Returns every secret text, none of which may appear in an output.
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
    /// The field to report when the connection names another region.
    pub field: &'a str,
    /// The ARN's region.
    pub region: &'a str,
}

/// The connection of one call, checked and resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The region in the credential scope.
    pub region: String,
    /// The service in the credential scope, `lambda` or `sts`.
    pub service: &'static str,
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Who signs requests.
    pub caller: Caller,
}

impl Target {
    /// Checks `connection`. If a function's ARN names the region, the connection may leave it out,
    /// but must not contradict it.
    ///
    /// # Errors
    /// `invalid-input`, which names the connection's field.
    pub fn new(
        connection: Connection,
        region_hint: Option<RegionHint<'_>>,
    ) -> Result<Target, Error> {
        let field = match region_hint {
            Some(hint) if connection.region.is_empty() => hint.field,
            _ => REGION,
        };
        let region = region(connection.region, region_hint)?;
        let choice = &connection.endpoint;
        let endpoint = endpoint::resolve(LAMBDA, &region, choice).map_err(bad_url)?;
        check_host(&endpoint, &region, field)?;
        let caller = caller(connection.credentials, &region, choice)?;
        Ok(Target {
            region,
            service: LAMBDA,
            endpoint,
            caller,
        })
    }

    /// Checks `connection` for requests to STS by the same caller.
    ///
    /// # Errors
    /// As for [`Target::new`], and for credentials that are valid only for Lambda
    /// ([`lambda_only`]).
    pub fn sts(
        connection: Connection,
        region_hint: Option<RegionHint<'_>>,
    ) -> Result<Target, Error> {
        if let Some(why) = lambda_only(&connection.credentials) {
            let kind = connection.credentials.kind();
            return Err(Error::invalid(
                format!("connection.credentials.{kind}"),
                why,
            ));
        }
        let choice = connection.endpoint.clone();
        let lambda = Target::new(connection, region_hint)?;
        let endpoint = sts_endpoint(&lambda.region, &choice)?;
        Ok(Target {
            service: STS,
            endpoint,
            ..lambda
        })
    }
}

/// Returns why STS would reject these credentials, if they are valid only for Lambda.
pub fn lambda_only(credentials: &Credentials) -> Option<&'static str> {
    match credentials {
        Credentials::SigningKey { .. } => Some(
            "a signing key is derived for the service lambda: STS, which must be called here, would reject its signatures",
        ),
        Credentials::HostSigned => Some(
            "the host's proxy signs for Lambda: STS, which must be called here, would reject its signatures",
        ),
        Credentials::AccessKey(_)
        | Credentials::AssumeRole { .. }
        | Credentials::WebIdentity { .. } => None,
    }
}

/// Checks the keys and roles of a connection. The region is already checked.
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
                    "it must be the UTC day for which the key was derived, as YYYYMMDD",
                )
            })?;
            if key.len() != 32 {
                return Err(Error::invalid(
                    format!("{field}.key"),
                    "it must be the 32 bytes that SigV4's key derivation ends with",
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
    let endpoint = endpoint::resolve_sts(region, choice).map_err(bad_url)?;
    check_host(&endpoint, region, REGION)?;
    Ok(endpoint)
}

/// Checks a region that becomes part of an AWS host name. `field` contains the region.
fn check_host(endpoint: &Endpoint, region: &str, field: &str) -> Result<(), Error> {
    match endpoint.kind {
        EndpointKind::Aws => {
            endpoint::check_aws_region(region).map_err(|problem| Error::invalid(field, problem))
        }
        EndpointKind::Url | EndpointKind::Emulator => Ok(()),
    }
}

fn bad_url(problem: String) -> Error {
    Error::invalid("connection.endpoint.url", problem)
}

fn region(connection_region: String, region_hint: Option<RegionHint<'_>>) -> Result<String, Error> {
    if connection_region.is_empty() {
        return match region_hint {
            Some(hint) => Ok(hint.region.into()),
            None => Err(Error::invalid(
                REGION,
                "it is empty: give the AWS region, for example eu-central-1, or name the function by its full ARN",
            )),
        };
    }
    endpoint::check_region(&connection_region)
        .map_err(|problem| Error::invalid(REGION, problem))?;
    match region_hint {
        Some(RegionHint { field, region }) if region != connection_region => Err(Error::invalid(
            field,
            format!(
                "the ARN's region is {region}, the connection's is {connection_region}: a function can be called only in its own region"
            ),
        )),
        _ => Ok(connection_region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::credentials::{AccessKey, Secret};
    use crate::call::error::InvalidInput;
    use crate::lambda::function_name::FunctionName;
    use crate::testing::{assert_contains, assuming, connection_with, role};

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
    fn the_region_is_the_arns_if_the_connection_has_none() {
        let arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:f";
        let target = target(connection("", "AKID", "s", None), Some(arn)).unwrap();
        assert_eq!(target.region, "cn-north-1");
        assert_eq!(
            target.endpoint.authority,
            "lambda.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn a_region_that_is_missing_or_invalid_or_contradicts_the_arn_is_rejected() {
        let valid = |region| connection(region, "AKID", "s", None);
        for region in ["", "us east"] {
            let field = refused(valid(region), Some("f")).field;
            assert_eq!(field, "connection.region");
        }
        for (choice, region) in [
            (EndpointChoice::Standard, "local"),
            (EndpointChoice::Fips, "s3"),
            (EndpointChoice::DualStack, "us-east-1a"),
        ] {
            let connection = Connection {
                endpoint: choice,
                ..valid(region)
            };
            let input = refused(connection, Some("f"));
            assert_eq!(input.field, "connection.region");
            assert_contains(&input.message, ["not the name of an AWS region"]);
        }
        let arn = "arn:aws:lambda:local:123456789012:function:f";
        assert_eq!(refused(valid(""), Some(arn)).field, "request.function");
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
        let input = refused(valid("us-east-1"), Some(arn));
        assert_eq!(input.field, "request.function");
        assert_contains(&input.message, ["us-west-2", "us-east-1"]);
    }

    #[test]
    fn region_of_a_custom_endpoint_may_have_any_name() {
        let url = || "http://127.0.0.1:4566".into();
        for endpoint in [EndpointChoice::Url(url()), EndpointChoice::Emulator(url())] {
            let connection = Connection {
                endpoint,
                ..connection("local", "AKID", "s", None)
            };
            assert_eq!(target(connection, None).unwrap().region, "local");
        }
    }

    /// STS is then called at its own host, whose name contains the region.
    #[test]
    fn region_of_a_role_must_be_one_of_aws_unless_sts_is_at_the_custom_endpoint() {
        let with = |url: &str| {
            let role = role("arn:aws:iam::123456789012:role/x");
            let connection = Connection {
                region: "local".into(),
                endpoint: EndpointChoice::Url(url.into()),
                ..assuming(vec![role])
            };
            Target::new(connection, None)
        };
        let rejected = crate::testing::refused(with("https://lambda.corp.example"));
        assert_eq!(rejected.field, "connection.region");
        let Caller::Roles(chain) = with("http://127.0.0.1:4566").unwrap().caller else {
            panic!("no roles");
        };
        assert_eq!(chain.endpoint.authority, "127.0.0.1:4566");
    }

    #[test]
    fn an_invalid_key_is_rejected_and_never_repeated() {
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
    fn sts_signs_for_sts_and_rejects_credentials_of_lambda_alone() {
        let target = Target::sts(connection("us-east-1", "AKID", "s", None), None).unwrap();
        assert_eq!(target.service, "sts");
        assert_eq!(target.endpoint.authority, "sts.us-east-1.amazonaws.com");
        let key = Credentials::SigningKey {
            access_key_id: "AKID".into(),
            date: "20261122".into(),
            key: alloc::vec![0; 32].into(),
            session_token: None,
        };
        for credentials in [key, Credentials::HostSigned] {
            let kind = credentials.kind();
            assert_eq!(format!("{credentials:?}"), kind);
            let input = crate::testing::refused(Target::sts(connection_with(credentials), None));
            assert_eq!(input.field, format!("connection.credentials.{kind}"));
        }
    }

    #[test]
    fn secrets_of_a_caller_are_those_of_its_keys_or_of_its_roles() {
        let secrets = |connection| {
            let caller = Target::new(connection, None).unwrap().caller;
            let secrets: Vec<String> = caller.secrets().into_iter().map(Into::into).collect();
            secrets
        };
        let key = connection("us-east-1", "AKID", "the-key", Some("the-token"));
        assert_eq!(secrets(key), ["the-key", "the-token"]);
        let role = || role("arn:aws:iam::123456789012:role/x");
        assert_eq!(secrets(assuming(vec![role()])), ["secret"]);
        let token = crate::testing::bearing("the-oidc-token", role());
        assert_eq!(secrets(token), ["the-oidc-token"]);
    }

    #[test]
    fn an_empty_session_token_counts_as_absent() {
        let target = Target::new(connection("us-east-1", "AKID", "s", Some("")), None).unwrap();
        let Caller::Signer(Signer::AccessKey(key)) = target.caller else {
            panic!("{:?}", target.caller);
        };
        assert_eq!(key.session_token, None);
    }
}
