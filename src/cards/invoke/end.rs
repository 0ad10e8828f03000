//! Waits for the end of the durable execution that an event has started.

use alloc::boxed::Box;
use alloc::format;

use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::call::invocation::{FailedInvocation, Invocation, Payload};
use crate::cards::executions::failure;
use crate::executions::wait;
use crate::lambda::executions::execution::Execution;
use crate::transport::Transport;

/// Waits up to `timeout_ms` for the end of the execution that `accepted` started. Returns the
/// invocation with the execution's result, or its failure, and the execution without its data.
///
/// No error permits another invocation: Lambda has accepted the event.
pub async fn end(
    transport: &impl Transport,
    connection: Connection,
    accepted: Invocation,
    timeout_ms: u32,
) -> (Result<Invocation, Error>, Option<Execution>) {
    let malformed = |message| Error::malformed(message, Executed::Unknown, accepted.attempts);
    let error = match &accepted.durable_execution_arn {
        None => malformed(
            "Lambda accepted the event, but started no durable execution that could be waited for: leave Wait For Result (Seconds) empty, unless the function is durable",
        ),
        Some(arn) => match wait(transport, connection, arn, timeout_ms).await {
            Ok(mut execution) => return (ended(accepted, &mut execution), Some(execution)),
            Err(Error::InvalidInput(_)) => malformed(
                "the response's durable execution ARN is not one of the connection's region: check the endpoint and any proxy on the way",
            ),
            Err(mut error) => {
                error.add_note(&format!(
                    "Lambda accepted the event and runs the function: read the durable execution {arn} with Get Execution instead of invoking the function again"
                ));
                error
            }
        },
    };
    (Err(keep_unknown(error, &accepted)), None)
}

/// Moves the result of an execution into its invocation.
fn ended(mut accepted: Invocation, execution: &mut Execution) -> Result<Invocation, Error> {
    execution.input = None;
    if let Some((failure, error)) = failure(execution) {
        accepted.output = error.map(Payload::Text);
        return Err(Error::FunctionFailed(Box::new(FailedInvocation {
            invocation: accepted,
            failure,
        })));
    }
    accepted.output = execution.output.take().map(Payload::Text);
    Ok(accepted)
}

/// Makes the error of a read one of the whole step, whose function may have run.
fn keep_unknown(mut error: Error, accepted: &Invocation) -> Error {
    match &mut error {
        Error::Service(error) | Error::Unauthenticated(error) => {
            error.executed = Executed::Unknown;
            error.retryable = false;
            error.attempts = accepted.attempts;
            error.request_id.clone_from(&accepted.request_id);
        }
        Error::Transport(error) => {
            error.executed = Executed::Unknown;
            error.transient = false;
            error.attempts = accepted.attempts;
            error.request_id.clone_from(&accepted.request_id);
        }
        Error::InvalidInput(_) | Error::FunctionFailed(_) => {}
    }
    error
}
