//! The card that stops a durable execution.

use alloc::string::String;

use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::cards::executions::{EXECUTION_ARN, FUNCTION_NAME, STATUS, error, offered};
use crate::cards::field::{FIELD, Field, Source, Values, form};
use crate::cards::manifest::Description;
use crate::cards::outputs::Value::Text;
use crate::cards::outputs::{self, Output};
use crate::lambda::executions::stop::StopDurableExecution;
use crate::lambda::executions::timestamp;
use crate::perform::perform;
use crate::transport::Transport;

pub use crate::cards::connection::test;

pub const CARD: Description = Description {
    id: "stop-execution",
    title: "Stop Execution",
    description: "Stops a durable execution for good. A stopped execution cannot be resumed.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        FunctionName = FUNCTION_NAME,
        Status = Field {
            default: Some("\"RUNNING\""),
            ..STATUS
        },
        ExecutionArn = Field {
            source: Some(Source::Executions(|values| {
                offered(&Input::FunctionName, &Input::Status, values)
            })),
            ..EXECUTION_ARN
        },
        ErrorType = Field {
            key: "errorType",
            label: "Error Type",
            definition: "The error type that the execution ends with, for example Cancelled.",
            paths: &["failure"],
            ..FIELD
        },
        ErrorMessage = Field {
            key: "errorMessage",
            label: "Error Message",
            definition: "Why the execution is stopped. Its history records this text.",
            paths: &["failure"],
            ..FIELD
        },
    }
}

const OUTPUTS: &[Output<Stopped>] = &[
    Output {
        key: "executionStatus",
        label: "Execution Status",
        definition: "STOPPED.",
        value: Text(|_| Some("STOPPED")),
    },
    Output {
        key: "endedAt",
        label: "Ended At",
        definition: "When the execution stopped, for example 2026-11-28T12:00:00.000Z.",
        value: Text(|stopped| Some(&stopped.ended_at)),
    },
    Output {
        key: "durableExecutionArn",
        label: "Durable Execution ARN",
        definition: "The ARN of the execution.",
        value: Text(|stopped| Some(&stopped.arn)),
    },
];

struct Stopped {
    arn: String,
    ended_at: String,
}

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let arn = Input::ExecutionArn.required_text(values)?;
    let failure = error(&Input::ErrorType, &Input::ErrorMessage, values)?;
    let stop = StopDurableExecution::new(connection, &arn, failure.as_ref())?;
    let ended_at = timestamp::rfc3339(perform(transport, stop).await?);
    let stopped = Stopped { arn, ended_at };
    outputs::write(OUTPUTS, &stopped).ok_or_else(|| outputs::too_large(Executed::Yes, 1))
}
