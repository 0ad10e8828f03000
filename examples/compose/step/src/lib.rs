//! A workflow step: calls the connector for each name and keeps the one field that it is after.

use connectors::aws_lambda::lambda::{InvokeRequest, invoke};
use connectors::aws_lambda::types::{Connection, Error, InvalidInput, Payload};
use exports::example::step::greetings::Guest;

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "example:step/step",
    generate_all,
});

struct Step;

impl Guest for Step {
    fn greet_all(connection: Connection, names: Vec<String>) -> Result<Vec<String>, Error> {
        names.iter().map(|name| greet(&connection, name)).collect()
    }
}

fn greet(connection: &Connection, name: &str) -> Result<String, Error> {
    let invocation = invoke(
        connection,
        &InvokeRequest {
            function: "greet".to_owned(),
            qualifier: None,
            invocation_type: None,
            log_type: None,
            client_context: None,
            payload: Some(serde_json::json!({ "name": name }).to_string()),
            tenant_id: None,
            durable_execution_name: None,
            trace_id: None,
            delivery: None,
        },
    )?;
    let Some(Payload::Text(text)) = invocation.output else {
        return Err(no_message("the function returned no text"));
    };
    let answer: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| no_message(&error.to_string()))?;
    match answer["message"].as_str() {
        Some(message) => Ok(message.to_owned()),
        None => Err(no_message("the function's answer has no `message`")),
    }
}

fn no_message(why: &str) -> Error {
    Error::InvalidInput(InvalidInput {
        field: "message".to_owned(),
        message: why.to_owned(),
    })
}

export!(Step);
