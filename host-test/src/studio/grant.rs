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
use aws_lambda_connector_host::caller::{
    Caller, Grant, ScopeMode, scope_of_execution, scope_of_executions,
};
use aws_lambda_connector_host::policy::{InvalidDestination, Policy, Refusal};
use aws_lambda_connector_host::sandbox::HostError;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::connection::{Ready, text_of};
use super::state::State;

/// What the component needs a key for.
pub(super) enum Purpose<'a> {
    Choices {
        field: &'a str,
        values: &'a RawValue,
    },
    Run {
        card: &'a str,
        values: &'a RawValue,
    },
}

/// What a key must allow.
#[derive(Debug)]
enum Need {
    Scope(Scope),
    /// Everything, because the form does not name the function.
    All,
    /// The form determines nothing. The component reports what is wrong with it.
    Nothing,
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
    let connection = typed_connection(&ready)?;
    let granted = |connection: &Connection, received: String| Granted {
        json: narrowed(&ready.json, connection),
        policy: Arc::clone(&ready.without_sts),
        received,
    };
    let need = need(&purpose);
    let (scope, region) = match &need {
        Need::Scope(scope) => (Some(scope), region(scope, &connection)),
        Need::All => (None, own_region(&connection)),
        Need::Nothing => (None, None),
    };
    if matches!(need, Need::All) && state.scope == ScopeMode::Require {
        return Err(rejected(
            "executionArn",
            "it is required, because this program was started with --scope require: the callback ID does not name the function that the key must be limited to",
        ));
    }
    let caller = region.and_then(|region| caller(state, &connection, &region).ok());
    let Some(caller) = caller else {
        // The component reports what is wrong with the form.
        let keyless = Connection {
            credentials: Credentials::HostSigned,
            ..connection
        };
        let received = "no key, because the form does not determine what the key must allow";
        return Ok(granted(&keyless, received.to_owned()));
    };
    match caller.grant(scope, None).await {
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

/// Reads the typed connection.
pub(super) fn typed_connection(ready: &Ready) -> Result<Connection, Ungranted> {
    let read = form::read(&ready.json);
    read.map(typed).map_err(|error| Ungranted::Call {
        error: Box::new(invalid(error)),
        refusals: Vec::new(),
    })
}

/// Returns a caller over the connection.
///
/// # Errors
/// The connection's endpoint is not a destination.
pub(super) fn caller(
    state: &State,
    connection: &Connection,
    region: &str,
) -> Result<Caller, InvalidDestination> {
    let reachable = state.allow.iter().chain(&state.defaults.reachable);
    let allow: Vec<String> = reachable.cloned().collect();
    let (host, sessions) = (state.host.clone(), state.sessions.clone());
    let caller = Caller::new(host, connection.clone(), region, &allow, sessions)?;
    Ok(caller.with_scope(state.scope))
}

fn rejected(field: &str, message: &str) -> Ungranted {
    Ungranted::Call {
        error: Box::new(Error::InvalidInput(InvalidInput {
            field: field.to_owned(),
            message: message.to_owned(),
        })),
        refusals: Vec::new(),
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

/// What the key of a card must allow. A card that this program does not know gets no key.
fn need(purpose: &Purpose<'_>) -> Need {
    let (Purpose::Choices { values, .. } | Purpose::Run { values, .. }) = purpose;
    // As raw text, because a payload may contain numbers that no Rust type holds.
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(values.get()).unwrap_or_default();
    let text = |key: &str| {
        let text = text_of(fields.get(key)?)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let of_function = || Some(scope_of_executions(&text("functionName")?));
    let of_execution = || scope_of_execution(&text("executionArn")?);
    let scope = match purpose {
        Purpose::Choices {
            field: "executionArn",
            ..
        }
        | Purpose::Run {
            card: "list-executions",
            ..
        } => of_function(),
        Purpose::Choices {
            field: "callbackId",
            ..
        }
        | Purpose::Run {
            card: "get-execution" | "stop-execution",
            ..
        } => of_execution(),
        Purpose::Run {
            card: "complete-callback",
            ..
        } => match of_execution().or_else(of_function) {
            Some(scope) => Some(scope),
            None => return Need::All,
        },
        Purpose::Choices { .. }
        | Purpose::Run {
            card: "list-functions",
            ..
        } => Some(Scope {
            functions: Vec::new(),
            list_functions: true,
            executions: false,
        }),
        Purpose::Run { card: "invoke", .. } => {
            let typed = text("useFunctionName").as_deref() == Some("Yes");
            let name = text(if typed {
                "functionName"
            } else {
                "yourFunctions"
            });
            let wait = fields.get("waitForResultSeconds").map(|raw| raw.get());
            let waits = wait.is_some_and(|json| !matches!(json, "null" | "\"\""));
            let is_event = text("invocationType").as_deref() == Some("Event");
            name.map(|name| Scope {
                functions: vec![name],
                // The card looks for a typed name among all functions if there is none of this name.
                list_functions: typed,
                executions: is_event && waits,
            })
        }
        Purpose::Run { .. } => None,
    };
    scope.map_or(Need::Nothing, Need::Scope)
}

/// Returns the region of the call. `None` if the component rejects the scope's function, or neither
/// the connection nor the function has a region.
pub(super) fn region(scope: &Scope, connection: &Connection) -> Option<String> {
    let policy = SessionPolicy::new(&session_policy::Scope {
        functions: scope.functions.clone(),
        list_functions: scope.list_functions,
        executions: scope.executions,
    });
    let policy = policy.ok()?;
    let hint = policy.region_hint().map(|hint| hint.region.to_owned());
    own_region(connection).or(hint)
}

fn own_region(connection: &Connection) -> Option<String> {
    Some(connection.region.clone()).filter(|region| !region.is_empty())
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

    const ARN: &str =
        "arn:aws:lambda:us-east-1:123456789012:function:orders:1/durable-execution/n/i";

    fn key(functions: &[&str], list_functions: bool, executions: bool) -> Need {
        Need::Scope(Scope {
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
            list_functions,
            executions,
        })
    }

    fn raw(values: &str) -> Box<RawValue> {
        RawValue::from_string(values.replace("ARN", ARN)).unwrap()
    }

    #[test]
    fn key_of_a_run_allows_what_the_form_names() {
        let of_arn = "arn:aws:lambda:us-east-1:123456789012:function:orders";
        for (card, values, expected) in [
            ("list-functions", "{}", key(&[], true, false)),
            (
                "invoke",
                r#"{"yourFunctions":"orders"}"#,
                key(&["orders"], false, false),
            ),
            (
                "invoke",
                r#"{"useFunctionName":"No","yourFunctions":"orders","functionName":"other"}"#,
                key(&["orders"], false, false),
            ),
            (
                "invoke",
                r#"{"useFunctionName":"Yes","yourFunctions":"orders","functionName":" other "}"#,
                key(&["other"], true, false),
            ),
            (
                "invoke",
                r#"{"yourFunctions":"orders","payload":1e400}"#,
                key(&["orders"], false, false),
            ),
            (
                "invoke",
                r#"{"yourFunctions":"orders","invocationType":"Event","waitForResultSeconds":5}"#,
                key(&["orders"], false, true),
            ),
            (
                "invoke",
                r#"{"yourFunctions":"orders","invocationType":"Event","waitForResultSeconds":null}"#,
                key(&["orders"], false, false),
            ),
            (
                "invoke",
                r#"{"yourFunctions":"orders","waitForResultSeconds":5}"#,
                key(&["orders"], false, false),
            ),
            ("invoke", r#"{"useFunctionName":"Yes"}"#, Need::Nothing),
            ("invoke", "{}", Need::Nothing),
            ("invoke", "[]", Need::Nothing),
            (
                "get-execution",
                r#"{"executionArn":"ARN","functionName":"other"}"#,
                key(&[of_arn], false, true),
            ),
            (
                "stop-execution",
                r#"{"executionArn":"ARN"}"#,
                key(&[of_arn], false, true),
            ),
            ("get-execution", r#"{"executionArn":"x"}"#, Need::Nothing),
            (
                "list-executions",
                r#"{"functionName":"orders"}"#,
                key(&["orders"], false, true),
            ),
            ("list-executions", "{}", Need::Nothing),
            (
                "complete-callback",
                r#"{"callbackId":"Y2I=","executionArn":"ARN","functionName":"other"}"#,
                key(&[of_arn], false, true),
            ),
            (
                "complete-callback",
                r#"{"callbackId":"Y2I=","functionName":"orders"}"#,
                key(&["orders"], false, true),
            ),
            ("complete-callback", r#"{"callbackId":"Y2I="}"#, Need::All),
            ("another", r#"{"yourFunctions":"orders"}"#, Need::Nothing),
        ] {
            let values = &raw(values);
            let needed = need(&Purpose::Run { card, values });
            assert_eq!(
                format!("{needed:?}"),
                format!("{expected:?}"),
                "{card} {values}"
            );
        }
    }

    #[test]
    fn key_of_a_dropdown_allows_listing_what_it_offers() {
        let of_arn = "arn:aws:lambda:us-east-1:123456789012:function:orders";
        for (field, values, expected) in [
            ("yourFunctions", "{}", key(&[], true, false)),
            ("qualifier", "{}", key(&[], true, false)),
            (
                "executionArn",
                r#"{"functionName":"orders"}"#,
                key(&["orders"], false, true),
            ),
            ("executionArn", "{}", Need::Nothing),
            (
                "callbackId",
                r#"{"executionArn":"ARN"}"#,
                key(&[of_arn], false, true),
            ),
            ("callbackId", r#"{"functionName":"orders"}"#, Need::Nothing),
        ] {
            let values = &raw(values);
            let needed = need(&Purpose::Choices { field, values });
            assert_eq!(
                format!("{needed:?}"),
                format!("{expected:?}"),
                "{field} {values}"
            );
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
