//! The key that a card receives. The connection's own secrets stay in this process: the card gets a
//! signing key that may do what the card is run for.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lambda_connector::aws::credentials::{self, Secret};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::hex;
use aws_lambda_connector::call::connection as guest;
use aws_lambda_connector::call::error as guest_error;
use aws_lambda_connector::call::roles::RoleOptions;
use aws_lambda_connector::cards::connection as form;
use aws_lambda_connector::sts::session_policy::{self, SessionPolicy};
use aws_lambda_connector_host::bindings::sessions::Scope;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Error, InvalidInput, Role,
    SigningKey, WebIdentity,
};
use aws_lambda_connector_host::caller::{Caller, Grant, ScopeMode};
use aws_lambda_connector_host::policy::{Policy, Refusal};
use aws_lambda_connector_host::sandbox::HostError;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::connection::{Ready, text_of};
use super::state::State;

/// What the component needs a key for.
pub(super) enum Purpose<'a> {
    Choices,
    Run { card: &'a str, values: &'a RawValue },
}

/// A connection for the component, the policy for its destinations, and a description of its key.
pub(super) struct Granted {
    pub json: String,
    pub policy: Arc<Policy>,
    pub received: String,
}

/// Why there is no key for the component. It is not called then.
pub(super) enum Ungranted {
    Host(HostError),
    Call {
        error: Box<Error>,
        /// The destinations that the policy denied.
        refusals: Vec<Refusal>,
    },
}

/// Replaces the credentials of the connection by a key that may do what the purpose needs.
pub(super) async fn grant(
    state: &State,
    ready: Ready,
    purpose: Purpose<'_>,
) -> Result<Granted, Ungranted> {
    if state.scope == ScopeMode::Off {
        return Ok(Granted {
            json: ready.json,
            policy: ready.policy,
            received: "the connection as it is filled in, because this program was started with --scope off".to_owned(),
        });
    }
    // The component would report the same error, but it must not receive the secrets for that.
    let connection = form::read(&ready.json).map_err(|error| Ungranted::Call {
        error: Box::new(invalid(error)),
        refusals: Vec::new(),
    })?;
    let connection = typed(connection);
    let granted = |connection: &Connection, received: String| Granted {
        json: narrowed(&ready.json, connection),
        policy: Arc::clone(&ready.without_sts),
        received,
    };
    let scope = scope(&purpose);
    let region = scope.as_ref().and_then(|scope| region(scope, &connection));
    let caller = region.and_then(|region| {
        let reachable = state.allow.iter().chain(&state.defaults.reachable);
        let allow: Vec<String> = reachable.cloned().collect();
        let (host, sessions) = (state.host.clone(), state.sessions.clone());
        Caller::new(host, connection.clone(), &region, &allow, sessions).ok()
    });
    let (Some(scope), Some(caller)) = (scope, caller) else {
        // The component reports what is wrong with the form.
        let keyless = Connection {
            credentials: Credentials::HostSigned,
            ..connection
        };
        let received = "no key, because the form does not determine what the key must allow";
        return Ok(granted(&keyless, received.to_owned()));
    };
    let caller = caller.with_scope(state.scope);
    match caller.grant(Some(&scope), None).await {
        Ok(Ok(Grant {
            connection,
            received,
        })) => Ok(granted(&connection, received.to_string())),
        Ok(Err(error)) => Err(Ungranted::Call {
            error: Box::new(at_form_field(error)),
            refusals: caller.refusals(),
        }),
        Err(error) => Err(Ungranted::Host(error)),
    }
}

/// Names the form's field in an error of the typed interface.
fn at_form_field(error: Error) -> Error {
    let Error::InvalidInput(mut input) = error else {
        return error;
    };
    let mut fields = form::FIELDS.iter();
    if let Some(field) = fields.find(|field| field.paths.contains(&&*input.field)) {
        input.field = field.key.to_owned();
    }
    Error::InvalidInput(input)
}

/// What the key must allow. `None` if the form names no function, or for a card that this program does
/// not know.
fn scope(purpose: &Purpose<'_>) -> Option<Scope> {
    let listing = Scope {
        functions: Vec::new(),
        list_functions: true,
        executions: false,
    };
    match purpose {
        Purpose::Choices
        | Purpose::Run {
            card: "list-functions",
            ..
        } => Some(listing),
        Purpose::Run {
            card: "invoke",
            values,
        } => {
            // As raw text, because a payload may contain numbers that no Rust type holds.
            let fields: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(values.get()).ok()?;
            let text = |key: &str| text_of(fields.get(key)?);
            let typed = text("useFunctionName").as_deref() == Some("Yes");
            let key = if typed {
                "functionName"
            } else {
                "yourFunctions"
            };
            let name = text(key)?.trim().to_owned();
            Some(Scope {
                functions: vec![name],
                // The card looks for a typed name among all functions if there is none of this name.
                list_functions: typed,
                ..listing
            })
        }
        Purpose::Run { .. } => None,
    }
}

/// Returns the region of the call. `None` if the component rejects the scope's function, or neither
/// the connection nor the function has a region.
fn region(scope: &Scope, connection: &Connection) -> Option<String> {
    let policy = SessionPolicy::new(&session_policy::Scope {
        functions: scope.functions.clone(),
        list_functions: scope.list_functions,
        executions: scope.executions,
    });
    let policy = policy.ok()?;
    let own = Some(&*connection.region).filter(|region| !region.is_empty());
    let hint = policy.region_hint().map(|hint| hint.region);
    own.or(hint).map(str::to_owned)
}

fn invalid(error: guest_error::Error) -> Error {
    let (field, message) = match error {
        guest_error::Error::InvalidInput(input) => (input.field, input.message),
        _ => ("connection".to_owned(), "it cannot be read".to_owned()),
    };
    Error::InvalidInput(InvalidInput { field, message })
}

/// Writes the form of a connection whose credentials need no exchange. The other fields stay as they
/// are.
fn narrowed(form: &str, connection: &Connection) -> String {
    let own: BTreeMap<String, Box<RawValue>> = serde_json::from_str(form).unwrap_or_default();
    let mut fields = Map::new();
    for key in ["region", "endpoint", "emulator"] {
        if let Some(value) = own
            .get(key)
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
        {
            fields.insert(key.to_owned(), value);
        }
    }
    let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    match &connection.credentials {
        Credentials::SigningKey(SigningKey {
            access_key_id,
            date,
            key,
            session_token,
        }) => {
            set("credentialType", json!("signingKey"));
            set("accessKeyId", json!(access_key_id));
            set("signingKeyDate", json!(date));
            set("signingKey", json!(hex::encode(key)));
            set("sessionToken", json!(session_token));
        }
        _ => {
            set("credentialType", json!("hostSigned"));
        }
    }
    Value::Object(fields).to_string()
}

/// Converts the connection that the form describes.
fn typed(connection: guest::Connection) -> Connection {
    Connection {
        region: connection.region,
        credentials: match connection.credentials {
            guest::Credentials::AccessKey(key) => Credentials::AccessKey(access_key(&key)),
            guest::Credentials::SigningKey {
                access_key_id,
                date,
                key,
                session_token,
            } => Credentials::SigningKey(SigningKey {
                access_key_id,
                date,
                key: key.to_vec(),
                session_token: session_token.as_ref().map(revealed),
            }),
            guest::Credentials::AssumeRole { source, roles } => {
                Credentials::AssumeRole(AssumeRole {
                    source: access_key(&source),
                    roles: roles.into_iter().map(role).collect(),
                })
            }
            guest::Credentials::WebIdentity {
                token,
                role: options,
            } => Credentials::WebIdentity(WebIdentity {
                token: revealed(&token),
                role: role(options),
            }),
            guest::Credentials::HostSigned => Credentials::HostSigned,
        },
        endpoint: match connection.endpoint {
            EndpointChoice::Standard => None,
            EndpointChoice::Fips => Some(Endpoint::Fips),
            EndpointChoice::DualStack => Some(Endpoint::DualStack),
            EndpointChoice::FipsDualStack => Some(Endpoint::FipsDualStack),
            EndpointChoice::Url(url) => Some(Endpoint::Url(url)),
            EndpointChoice::Emulator(url) => Some(Endpoint::Emulator(url)),
        },
    }
}

fn access_key(key: &credentials::AccessKey) -> AccessKey {
    AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: revealed(&key.secret_access_key),
        session_token: key.session_token.as_ref().map(revealed),
    }
}

fn role(options: RoleOptions) -> Role {
    Role {
        arn: options.arn,
        external_id: options.external_id.as_ref().map(revealed),
        session_name: options.session_name,
        duration_seconds: options.duration_seconds,
    }
}

fn revealed(secret: &Secret) -> String {
    secret.reveal().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope_of(card: &str, values: &str) -> Option<(Vec<String>, bool)> {
        let values = &RawValue::from_string(values.to_owned()).unwrap();
        let scope = scope(&Purpose::Run { card, values })?;
        assert!(!scope.executions);
        Some((scope.functions, scope.list_functions))
    }

    #[test]
    fn scope_is_the_function_that_the_form_names() {
        let named = |function: &str, list| Some((vec![function.to_owned()], list));
        for (card, values, expected) in [
            ("list-functions", "{}", Some((vec![], true))),
            (
                "invoke",
                r#"{"yourFunctions":"orders"}"#,
                named("orders", false),
            ),
            (
                "invoke",
                r#"{"useFunctionName":"No","yourFunctions":"orders","functionName":"other"}"#,
                named("orders", false),
            ),
            (
                "invoke",
                r#"{"useFunctionName":"Yes","yourFunctions":"orders","functionName":" other "}"#,
                named("other", true),
            ),
            (
                "invoke",
                r#"{"yourFunctions":"orders","payload":1e400}"#,
                named("orders", false),
            ),
            ("invoke", r#"{"useFunctionName":"Yes"}"#, None),
            ("invoke", "{}", None),
            ("invoke", "[]", None),
            ("another", r#"{"yourFunctions":"orders"}"#, None),
        ] {
            assert_eq!(scope_of(card, values), expected, "{card} {values}");
        }
    }

    #[test]
    fn connection_of_a_card_has_the_key_and_no_other_secret() {
        let form = json!({
            "region": "eu-west-1", "endpoint": "http://127.0.0.1:9", "emulator": true,
            "credentialType": "assumeRole", "accessKeyId": "AKID", "secretAccessKey": "the-secret",
            "sessionToken": "the-token", "roleArn": "arn:aws:iam::123456789012:role/caller",
            "externalId": "the-id",
        })
        .to_string();
        let connection = typed(form::read(&form).unwrap());
        let key = Connection {
            credentials: Credentials::SigningKey(SigningKey {
                access_key_id: "ASIA".to_owned(),
                date: "20261128".to_owned(),
                key: vec![7; 32],
                session_token: Some("session".to_owned()),
            }),
            ..connection.clone()
        };
        let json: Value = serde_json::from_str(&narrowed(&form, &key)).unwrap();
        assert_eq!(
            json,
            json!({
                "region": "eu-west-1", "endpoint": "http://127.0.0.1:9", "emulator": true,
                "credentialType": "signingKey", "accessKeyId": "ASIA", "signingKeyDate": "20261128",
                "signingKey": "07".repeat(32), "sessionToken": "session",
            })
        );
        // The component reads it as this program wrote it.
        let read = typed(form::read(&json.to_string()).unwrap());
        assert!(matches!(
            read.credentials,
            Credentials::SigningKey(SigningKey { key, .. }) if key == [7; 32]
        ));
        let keyless = Connection {
            credentials: Credentials::HostSigned,
            ..connection
        };
        let json = narrowed(&form, &keyless);
        assert!(!json.contains("the-"), "{json}");
    }
}
