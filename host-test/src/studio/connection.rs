//! The connection of the page: its initial values, the secrets that stay on the server, and the
//! destinations that the component may reach.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use aws_lambda_connector_host::policy::{InvalidDestination, Policy};
use local_lambda::LocalLambda;

/// The initial values of the connection form. Secrets are never sent to the page. It receives a
/// token for each secret and sends the token back, and the server replaces the token with the
/// secret.
#[derive(Default)]
pub struct Defaults {
    note: String,
    values: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    /// A destination that the component may reach with every connection.
    pub(super) reachable: Option<String>,
}

struct Secret {
    token: String,
    value: String,
}

impl Defaults {
    /// Returns the connection to a local Lambda.
    pub fn of_local_lambda(lambda: &LocalLambda, region: &str) -> Self {
        let key = lambda.key();
        let mut defaults = Self {
            note: "Filled in for the local service that was started with this page.".to_owned(),
            reachable: Some(lambda.addr().to_string()),
            ..Self::default()
        };
        defaults.value("region", region);
        defaults.value("accessKeyId", &key.access_key_id);
        defaults.value("endpoint", &lambda.url());
        defaults.secret("secretAccessKey", &key.secret_access_key);
        if let Some(token) = &key.session_token {
            defaults.secret("sessionToken", token);
        }
        defaults
    }

    fn value(&mut self, key: &str, value: &str) {
        self.values.insert(key.to_owned(), value.to_owned());
    }

    fn secret(&mut self, key: &str, value: &str) {
        let secret = Secret {
            token: format!("kept-{}", Uuid::new_v4()),
            value: value.to_owned(),
        };
        self.secrets.insert(key.to_owned(), secret);
    }

    /// Converts the defaults to JSON for the page: a note for the user, values by field key, and
    /// tokens by field key.
    pub(super) fn to_json(&self) -> Value {
        let kept: BTreeMap<&str, &str> = self
            .secrets
            .iter()
            .map(|(key, secret)| (key.as_str(), secret.token.as_str()))
            .collect();
        json!({ "note": self.note, "values": self.values, "kept": kept })
    }
}

impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Defaults")
            .field("values", &self.values)
            .field("secrets", &self.secrets.keys())
            .finish_non_exhaustive()
    }
}

/// A connection for the component, and the policy for its destinations.
pub(super) struct Ready {
    pub json: String,
    pub policy: Arc<Policy>,
    /// As `policy`, for a call with a key that needs no exchange at STS.
    pub without_sts: Arc<Policy>,
}

/// Replaces tokens with secrets and derives the policy from the connection. Text that is not an
/// object by field key is passed on unchanged, and the component reports the error.
pub(super) fn prepare(
    json: &RawValue,
    defaults: &Defaults,
    allow: &[String],
) -> Result<Ready, InvalidDestination> {
    let leads_to_a_role = |kind: &str| matches!(kind, "assumeRole" | "webIdentity");
    prepare_for(json, defaults, allow, leads_to_a_role)
}

/// As [`prepare`], for a test of the connection, which asks STS who the caller is.
pub(super) fn prepare_test(
    json: &RawValue,
    defaults: &Defaults,
    allow: &[String],
) -> Result<Ready, InvalidDestination> {
    prepare_for(json, defaults, allow, |_| true)
}

/// `needs_sts` decides by the credential type.
fn prepare_for(
    json: &RawValue,
    defaults: &Defaults,
    allow: &[String],
    needs_sts: impl FnOnce(&str) -> bool,
) -> Result<Ready, InvalidDestination> {
    // Only the parsed fields are passed on. Otherwise, the component might read a different
    // connection than the one that the policy was made for.
    let Ok(mut fields) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(json.get()) else {
        return Ok(Ready {
            json: json.get().to_owned(),
            policy: Arc::new(Policy::deny_all()),
            without_sts: Arc::new(Policy::deny_all()),
        });
    };
    let text = |key: &str| fields.get(key).and_then(|value| text_of(value));
    let region = text("region");
    // A URL that the user typed is allowed. The component rejects text that is not a URL.
    let url =
        text("endpoint").filter(|url| url.contains("://") && Policy::deny_all().allow(url).is_ok());
    let reach = |sts: bool| {
        let mut policy = match &region {
            Some(region) if sts => Policy::for_region(region).and_sts(region),
            Some(region) => Policy::for_region(region),
            None => Policy::deny_all(),
        };
        for destination in url.iter().chain(&defaults.reachable).chain(allow) {
            policy = policy.allow(destination)?;
        }
        Ok(Arc::new(policy))
    };
    let policy = reach(needs_sts(&text("credentialType").unwrap_or_default()))?;
    let without_sts = reach(false)?;
    // A token is replaced in its own field only. In another field, the secret could appear in an
    // error or on the wire.
    for (key, secret) in &defaults.secrets {
        if fields.get(key).and_then(|value| text_of(value)).as_ref() == Some(&secret.token)
            && let Ok(value) = serde_json::value::to_raw_value(&secret.value)
        {
            fields.insert(key.clone(), value);
        }
    }
    let json = serde_json::to_string(&fields).unwrap_or_else(|_| json.get().to_owned());
    Ok(Ready {
        json,
        policy,
        without_sts,
    })
}

pub(super) fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        let mut defaults = Defaults {
            reachable: Some("127.0.0.1:9001".to_owned()),
            ..Defaults::default()
        };
        defaults.value("region", "us-east-1");
        defaults.secret("secretAccessKey", "the-secret");
        defaults
    }

    fn ready(connection: &Value, defaults: &Defaults) -> Ready {
        let raw = RawValue::from_string(connection.to_string()).unwrap();
        prepare(&raw, defaults, &[]).unwrap()
    }

    fn reaches(policy: &Policy, uri: &str) -> bool {
        policy.check(&uri.parse().unwrap()).is_ok()
    }

    #[test]
    fn secret_replaces_its_token_only_in_its_own_field() {
        let defaults = defaults();
        let page = defaults.to_json();
        assert!(!page.to_string().contains("the-secret"), "{page}");
        assert!(!format!("{defaults:?}").contains("the-secret"));
        let token = page["kept"]["secretAccessKey"].as_str().unwrap();
        let connection =
            json!({ "region": token, "secretAccessKey": token, "sessionToken": token });
        let seen: Value = serde_json::from_str(&ready(&connection, &defaults).json).unwrap();
        assert_eq!(
            seen,
            json!({ "region": token, "secretAccessKey": "the-secret", "sessionToken": token })
        );
    }

    #[test]
    fn typed_secret_and_unknown_fields_are_passed_through_unchanged() {
        let text = r#"{"n":12345678901234567890123,"secretAccessKey":"typed"}"#;
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(prepare(&raw, &defaults(), &[]).unwrap().json, text);
    }

    #[test]
    fn policy_allows_the_region_the_typed_url_and_the_local_service() {
        let connection = json!({ "region": "eu-west-1", "endpoint": "http://10.0.0.1:9/x" });
        let policy = ready(&connection, &defaults()).policy;
        for uri in [
            "https://lambda.eu-west-1.amazonaws.com/",
            "http://10.0.0.1:9/x/functions",
            "http://127.0.0.1:9001/",
        ] {
            assert!(reaches(&policy, uri), "{uri}");
        }
        for uri in [
            "https://lambda.us-east-1.amazonaws.com/",
            "http://10.0.0.1:10/",
            "http://127.0.0.1:9002/",
        ] {
            assert!(!reaches(&policy, uri), "{uri}");
        }
    }

    #[test]
    fn sts_is_allowed_only_for_credentials_with_a_role() {
        for (kind, reached) in [
            ("assumeRole", true),
            ("webIdentity", true),
            ("accessKeys", false),
            ("signingKey", false),
            ("hostSigned", false),
        ] {
            let connection = json!({ "region": "eu-west-1", "credentialType": kind });
            let policy = ready(&connection, &defaults()).policy;
            assert_eq!(
                reaches(&policy, "https://sts.eu-west-1.amazonaws.com/"),
                reached,
                "{kind}"
            );
            assert!(reaches(&policy, "https://lambda.eu-west-1.amazonaws.com/"));
        }
    }

    #[test]
    fn test_of_any_connection_reaches_sts_in_its_region() {
        for kind in ["assumeRole", "accessKeys", "hostSigned", ""] {
            let connection = json!({ "region": "eu-west-1", "credentialType": kind });
            let raw = RawValue::from_string(connection.to_string()).unwrap();
            let policy = prepare_test(&raw, &defaults(), &[]).unwrap().policy;
            for (uri, reached) in [
                ("https://sts.eu-west-1.amazonaws.com/", true),
                ("https://lambda.eu-west-1.amazonaws.com/", true),
                ("https://sts.us-east-1.amazonaws.com/", false),
            ] {
                assert_eq!(reaches(&policy, uri), reached, "{kind} {uri}");
            }
        }
    }

    #[test]
    fn endpoint_that_is_not_a_url_allows_nothing_more() {
        for endpoint in ["fips", "ftp://10.0.0.1/", "://", "http://u@10.0.0.1/"] {
            let connection = json!({ "region": "eu-west-1", "endpoint": endpoint });
            let policy = ready(&connection, &defaults()).policy;
            assert!(!reaches(&policy, "http://10.0.0.1/"), "{endpoint}");
            assert!(reaches(&policy, "https://lambda.eu-west-1.amazonaws.com/"));
        }
    }

    #[test]
    fn connection_that_is_not_an_object_allows_nothing() {
        let policy = ready(&json!(["region"]), &defaults()).policy;
        assert!(!reaches(&policy, "http://127.0.0.1:9001/"));
    }
}
