//! Workflows for Obelisk. `steps` invokes functions in sequence, and `durable` starts a durable execution
//! and returns its result. The engine never repeats an invocation, so a workflow decides whether to
//! repeat one whose outcome is unknown.

mod durable;
mod steps;

use connectors::aws_lambda::lambda::InvokeRequest;
use connectors::aws_lambda::types::{Delivery, Error, Executed, TransportError};

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "example:workflow/workflow",
    generate_all,
});

/// The total number of attempts for an invocation that may safely run twice.
const ATTEMPTS: u32 = 5;

struct Workflow;

/// The engine reports `execution-failed` if the server died during the call or the call timed out.
fn is_unknown(error: &Error) -> bool {
    match error {
        Error::ExecutionFailed => true,
        Error::Transport(TransportError { executed, .. }) => *executed == Executed::Unknown,
        Error::Service(error) => error.executed == Executed::Unknown,
        Error::InvalidInput(_) | Error::Unauthenticated(_) | Error::FunctionFailed(_) => false,
    }
}

fn request(function: &str, payload: Option<String>, idempotent: bool) -> InvokeRequest {
    InvokeRequest {
        function: function.to_owned(),
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
            idempotent: Some(idempotent),
        }),
    }
}

export!(Workflow);
