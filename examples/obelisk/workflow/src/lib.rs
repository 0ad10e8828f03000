//! A workflow for Obelisk that invokes functions in sequence. The engine never repeats an invocation.
//! This workflow decides whether to repeat one whose outcome is unknown.

use connectors::aws_lambda::lambda::{InvokeRequest, invoke};
use connectors::aws_lambda::types::{
    Connection, Delivery, Error, Executed, Invocation, Payload, TransportError,
};
use exports::example::workflow::steps::{Failure, Guest, Step};
use obelisk::types::time::{Duration, ScheduleAt};
use obelisk::workflow::workflow_support::sleep;

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "example:workflow/workflow",
    generate_all,
});

/// The total number of attempts for an idempotent step.
const ATTEMPTS: u32 = 5;

struct Workflow;

impl Guest for Workflow {
    fn run(connection: Connection, steps: Vec<Step>) -> Result<Vec<String>, Failure> {
        let mut outputs: Vec<String> = Vec::new();
        for (number, step) in (0..).zip(&steps) {
            if step.after_ms > 0 {
                let time = ScheduleAt::In(Duration::Milliseconds(step.after_ms));
                sleep(time).map_err(|()| Failure::ExecutionFailed)?;
            }
            let payload = step.payload.as_ref().or(outputs.last()).cloned();
            outputs.push(run_step(&connection, number, step, payload)?);
        }
        Ok(outputs)
    }
}

fn run_step(
    connection: &Connection,
    number: u32,
    step: &Step,
    payload: Option<String>,
) -> Result<String, Failure> {
    let request = request(step, payload);
    let mut attempt = 1;
    loop {
        match invoke(connection, &request) {
            Ok(invocation) => return Ok(output(invocation)),
            Err(error) if !is_unknown(&error) => return Err(Failure::Failed(format!("{error:?}"))),
            Err(_) if step.idempotent && attempt < ATTEMPTS => attempt += 1,
            Err(_) => return Err(Failure::OutcomeUnknown(number)),
        }
    }
}

/// The engine reports `execution-failed` if the server died during the call or the call timed out.
fn is_unknown(error: &Error) -> bool {
    match error {
        Error::ExecutionFailed => true,
        Error::Transport(TransportError { executed, .. }) => *executed == Executed::Unknown,
        Error::Service(error) => error.executed == Executed::Unknown,
        Error::InvalidInput(_) | Error::Unauthenticated(_) | Error::FunctionFailed(_) => false,
    }
}

fn request(step: &Step, payload: Option<String>) -> InvokeRequest {
    InvokeRequest {
        function: step.function.clone(),
        qualifier: None,
        invocation_type: None,
        log_type: None,
        client_context: None,
        payload,
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: None,
        durable_execution_name: None,
        trace_id: None,
        request_id: None,
        response_mode: None,
        max_response_bytes: None,
        delivery: Some(Delivery {
            max_attempts: None,
            connect_timeout_ms: None,
            response_timeout_ms: None,
            idempotent: Some(step.idempotent),
        }),
    }
}

fn output(invocation: Invocation) -> String {
    match invocation.output {
        Some(Payload::Text(text)) => text,
        Some(Payload::Binary(bytes)) => format!("{} bytes of binary output", bytes.len()),
        None => String::new(),
    }
}

export!(Workflow);
