//! Where Lambda is and who is calling: the caller's connection, checked once for a call.

use alloc::format;
use alloc::string::String;

use super::SERVICE;
use super::function_name::FunctionName;
use super::outcome::Error;
use super::text;
use crate::aws::credentials::AccessKey;
use crate::aws::endpoint::{self, Choice, Endpoint};
use crate::aws::sts;

/// `types.connection` as the caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// May be empty where the function's name holds the region.
    pub region: String,
    /// Who is calling.
    pub credentials: Credentials,
    /// Which endpoint.
    pub endpoint: Choice,
}

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Long-term keys, or temporary ones with their session token.
    AccessKey(AccessKey),
    /// A kind that this version does not sign with, by its name in the interface.
    Unsupported(&'static str),
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
    /// The endpoint is AWS's own, not a URL that the caller named.
    pub standard: bool,
    /// Who signs them.
    pub key: AccessKey,
}

const KEY_FIELD: &str = "connection.credentials.access-key";

impl Target {
    /// Checks `connection`. A function's name, which stands at `function_field`, may name the
    /// region, and must not contradict the connection's.
    ///
    /// # Errors
    /// `invalid-input` that names the connection's field.
    pub fn new(
        connection: Connection,
        function: Option<(&str, &FunctionName)>,
    ) -> Result<Target, Error> {
        let region = region(connection.region, function)?;
        let standard = !matches!(connection.endpoint, Choice::Url(_));
        let endpoint = endpoint::resolve(SERVICE, &region, &connection.endpoint)
            .map_err(|problem| Error::invalid("connection.endpoint.url", problem))?;
        let key = match connection.credentials {
            Credentials::AccessKey(key) => check_key(key)?,
            Credentials::Unsupported(kind) => {
                return Err(Error::invalid(
                    format!("connection.credentials.{kind}"),
                    "this version of the connector signs with access keys only: use `access-key`, with a session token for temporary keys",
                ));
            }
        };
        Ok(Target {
            region,
            service: SERVICE,
            endpoint,
            standard,
            key,
        })
    }

    /// The same caller's way to STS, which tells who the caller is.
    ///
    /// # Errors
    /// As [`Target::new`].
    pub fn sts(
        connection: Connection,
        function: Option<(&str, &FunctionName)>,
    ) -> Result<Target, Error> {
        let choice = connection.endpoint.clone();
        let lambda = Target::new(connection, function)?;
        let endpoint = endpoint::resolve_sts(&lambda.region, &choice)
            .map_err(|problem| Error::invalid("connection.endpoint.url", problem))?;
        Ok(Target {
            service: sts::SERVICE,
            endpoint,
            ..lambda
        })
    }
}

fn region(of_connection: String, function: Option<(&str, &FunctionName)>) -> Result<String, Error> {
    let of_function = function.and_then(|(field, name)| Some((field, name.region()?)));
    if of_connection.is_empty() {
        return match of_function {
            Some((_, region)) => Ok(region.into()),
            None => Err(Error::invalid(
                "connection.region",
                "it is empty: give the AWS region, for example eu-central-1, or name the function by its full ARN",
            )),
        };
    }
    endpoint::check_region(&of_connection)
        .map_err(|problem| Error::invalid("connection.region", problem))?;
    match of_function {
        Some((field, region)) if region != of_connection => Err(Error::invalid(
            field,
            format!(
                "the ARN is of region {region}, the connection of {of_connection}: functions answer in their own region only"
            ),
        )),
        _ => Ok(of_connection),
    }
}

fn check_key(mut key: AccessKey) -> Result<AccessKey, Error> {
    text::check(
        &format!("{KEY_FIELD}.access-key-id"),
        &key.access_key_id,
        1,
        128,
        |byte| byte.is_ascii_alphanumeric() || byte == b'_',
        "an access key ID is up to 128 letters, digits and underscores, for example AKIAIOSFODNN7EXAMPLE",
    )?;
    text::check(
        &format!("{KEY_FIELD}.secret-access-key"),
        key.secret_access_key.reveal(),
        1,
        1_024,
        |byte| byte.is_ascii_graphic(),
        "a secret access key is visible ASCII characters without spaces",
    )?;
    // Forms send an empty text for a field that was left blank.
    key.session_token = key.session_token.filter(|token| !token.reveal().is_empty());
    if let Some(token) = &key.session_token {
        text::check(
            &format!("{KEY_FIELD}.session-token"),
            token.reveal(),
            1,
            65_536,
            |byte| byte.is_ascii_graphic(),
            "a session token is visible ASCII characters without spaces",
        )?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::credentials::Secret;

    fn connection(region: &str, id: &str, secret: &str, token: Option<&str>) -> Connection {
        Connection {
            region: region.into(),
            credentials: Credentials::AccessKey(AccessKey {
                access_key_id: id.into(),
                secret_access_key: Secret::new(secret.into()),
                session_token: token.map(|token| Secret::new(token.into())),
            }),
            endpoint: Choice::Standard,
        }
    }

    fn refused(connection: Connection, function: Option<&str>) -> (String, String) {
        let name = function.map(|text| FunctionName::parse("request.function", text).unwrap());
        let function = name.as_ref().map(|name| ("request.function", name));
        match Target::new(connection, function) {
            Err(Error::InvalidInput(input)) => (input.field, input.message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_region_comes_from_the_arn_where_the_connection_has_none() {
        let name = FunctionName::parse(
            "request.function",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f",
        )
        .unwrap();
        let target = Target::new(
            connection("", "AKID", "s", None),
            Some(("request.function", &name)),
        )
        .unwrap();
        assert_eq!(target.region, "cn-north-1");
        assert_eq!(
            target.endpoint.authority,
            "lambda.cn-north-1.amazonaws.com.cn"
        );
    }

    #[test]
    fn regions_that_are_missing_wrong_or_contradict_the_arn() {
        let valid = |region| connection(region, "AKID", "s", None);
        assert_eq!(refused(valid(""), Some("f")).0, "connection.region");
        assert_eq!(refused(valid("us east"), Some("f")).0, "connection.region");
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
        let (field, message) = refused(valid("us-east-1"), Some(arn));
        assert_eq!(field, "request.function");
        assert!(
            message.contains("us-west-2") && message.contains("us-east-1"),
            "{message}"
        );
    }

    #[test]
    fn keys_are_checked_and_never_repeated() {
        let key = |id: &str, secret: &str, token: Option<&str>| {
            refused(connection("us-east-1", id, secret, token), None)
        };
        let path = "connection.credentials.access-key";
        for (refused, field) in [
            (key("", "s", None), "access-key-id"),
            (key("AK ID", "s", None), "access-key-id"),
            (key("AK/ID", "s", None), "access-key-id"),
            (key("AKID", "", None), "secret-access-key"),
            (key("AKID", "marked-secret\n", None), "secret-access-key"),
            (key("AKID", " marked-secret", None), "secret-access-key"),
            (
                key("AKID", "s", Some("marked-secret\r\nx: y")),
                "session-token",
            ),
            (key("AKID", "s", Some("marked-secret é")), "session-token"),
        ] {
            assert_eq!(refused.0, format!("{path}.{field}"));
            assert!(!refused.1.contains("marked-secret"), "{}", refused.1);
        }
    }

    #[test]
    fn an_empty_session_token_is_none() {
        let target = Target::new(connection("us-east-1", "AKID", "s", Some("")), None).unwrap();
        assert_eq!(target.key.session_token, None);
    }

    #[test]
    fn a_kind_of_credentials_that_is_not_signed_with_is_refused() {
        let mut connection = connection("us-east-1", "AKID", "s", None);
        connection.credentials = Credentials::Unsupported("web-identity");
        assert_eq!(
            refused(connection, None).0,
            "connection.credentials.web-identity"
        );
    }
}
