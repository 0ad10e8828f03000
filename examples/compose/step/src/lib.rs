//! A workflow step that calls the connector for each name and extracts one field of each response.

use connectors::aws_lambda::lambda::{InvokeRequest, invoke};
use connectors::aws_lambda::types::{
    AccessKey, Connection, Credentials, Endpoint, Error, Executed, Payload,
};
use exports::example::step::greetings::{Account, Failure, Guest};

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "example:step/step",
    generate_all,
});

struct Step;

impl Guest for Step {
    fn greet_all(account: Account, names: Vec<String>) -> Result<Vec<String>, Failure> {
        let connection = Connection {
            region: account.region,
            credentials: Credentials::AccessKey(AccessKey {
                access_key_id: account.access_key_id,
                secret_access_key: account.secret_access_key,
                session_token: account.session_token,
            }),
            endpoint: account.endpoint.map(Endpoint::Url),
        };
        names.iter().map(|name| greet(&connection, name)).collect()
    }
}

fn greet(connection: &Connection, name: &str) -> Result<String, Failure> {
    let request = InvokeRequest {
        function: "greet".to_owned(),
        qualifier: None,
        invocation_type: None,
        log_type: None,
        client_context: None,
        payload: Some(serde_json::json!({ "name": name }).to_string()),
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: None,
        durable_execution_name: None,
        trace_id: None,
        request_id: None,
        response_mode: None,
        max_response_bytes: None,
        delivery: None,
    };
    let invocation = invoke(connection, &request).map_err(|error| failure(&error))?;
    let Some(Payload::Text(text)) = invocation.output else {
        return Err(Failure::Ran("the function returned no text".to_owned()));
    };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(answer) if answer["message"].is_string() => {
            Ok(answer["message"].as_str().unwrap_or_default().to_owned())
        }
        _ => Err(Failure::Ran(format!(
            "the response has no `message`: {text}"
        ))),
    }
}

fn failure(error: &Error) -> Failure {
    let (executed, message) = match error {
        Error::InvalidInput(error) => (Executed::No, error.message.clone()),
        Error::Unauthenticated(error) | Error::Service(error) => {
            (error.executed, error.message.clone())
        }
        Error::Transport(error) => (error.executed, error.message.clone()),
        Error::FunctionFailed(failed) => {
            let message = failed.failure.error_message.clone();
            (Executed::Yes, message.unwrap_or_default())
        }
        Error::ExecutionFailed => (Executed::Unknown, "the sandbox failed".to_owned()),
    };
    match executed {
        Executed::No => Failure::NotRun(message),
        Executed::Yes => Failure::Ran(message),
        Executed::Unknown => Failure::Unknown(message),
    }
}

export!(Step);
