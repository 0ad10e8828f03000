//! The card that reads a durable execution, or waits for its end.

use alloc::string::String;

use crate::aws::json;
use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::call::failure::FunctionFailure;
use crate::cards::executions::{EXECUTION_ARN, FUNCTION_NAME, STATUS, failure, offered};
use crate::cards::field::{FIELD, Field, Kind, Source, Values, form};
use crate::cards::manifest::Description;
use crate::cards::outputs::Value::{Object, Text};
use crate::cards::outputs::{self, Output, cut, lines};
use crate::executions::wait;
use crate::lambda::executions::execution::Execution;
use crate::lambda::executions::get::GetDurableExecution;
use crate::lambda::executions::timestamp;
use crate::perform::perform;
use crate::transport::Transport;

pub use crate::cards::connection::test;

pub const CARD: Description = Description {
    id: "get-execution",
    title: "Get Execution",
    description: "Reads a durable execution: its status, and its result or error once it has ended.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        FunctionName = FUNCTION_NAME,
        Status = STATUS,
        ExecutionArn = Field {
            source: Some(Source::Executions(|values| {
                offered(&Input::FunctionName, &Input::Status, values)
            })),
            ..EXECUTION_ARN
        },
        WaitSeconds = Field {
            key: "waitSeconds",
            label: "Wait (Seconds)",
            definition: "How long to wait for the end of the execution. Leave it empty to read the execution as it is. If the time is over first, Execution Status is still RUNNING or PAUSED.",
            kind: Kind::Number,
            ..FIELD
        },
    }
}

const OUTPUTS: &[Output<Outcome>] = &[
    Output {
        key: "executionStatus",
        label: "Execution Status",
        definition: "RUNNING, PAUSING, PAUSED, SUCCEEDED, FAILED, TIMED_OUT, STOPPED or DELETING, or a status that Lambda has added. The execution has a result only if it is SUCCEEDED.",
        value: Text(|read| Some(read.execution.status.as_str())),
    },
    Output {
        key: "output",
        label: "Output",
        definition: "The result of an execution that succeeded, as JSON text. The error of one that did not, as Lambda's JSON.",
        value: Text(|read| read.output.as_deref()),
    },
    Output {
        key: "outputJson",
        label: "Output JSON",
        definition: "The output as a JSON value, if it is JSON.",
        value: Object(|read, out| {
            let output = read.output.as_deref().filter(|_| read.is_json);
            out.push_str(output.map_or("null", str::trim));
        }),
    },
    Output {
        key: "input",
        label: "Input",
        definition: "The event that started the execution, as JSON text.",
        value: Text(|read| read.execution.input.as_deref()),
    },
    Output {
        key: "errorType",
        label: "Error Type",
        definition: "The error type of an execution that did not succeed, if it has one.",
        value: Text(|read| read.error_type.as_deref()),
    },
    Output {
        key: "errorMessage",
        label: "Error Message",
        definition: "The error message of an execution that did not succeed, if it has one. It is cut at 64 KiB, and Output has all of it.",
        value: Text(|read| read.error_message.as_deref()),
    },
    Output {
        key: "stackTrace",
        label: "Stack Trace",
        definition: "The stack trace of an execution that failed, one frame a line. It is cut at 64 KiB, and Output has all of it.",
        value: Text(|read| read.stack_trace.as_deref()),
    },
    Output {
        key: "startedAt",
        label: "Started At",
        definition: "When the execution started, for example 2026-11-28T12:00:00.000Z.",
        value: Text(|read| Some(&read.started_at)),
    },
    Output {
        key: "endedAt",
        label: "Ended At",
        definition: "When the execution ended. Empty if it has not ended.",
        value: Text(|read| read.ended_at.as_deref()),
    },
    Output {
        key: "executionName",
        label: "Execution Name",
        definition: "The name of the execution: the one of its invocation, or one that Lambda made.",
        value: Text(|read| Some(&read.execution.name)),
    },
    Output {
        key: "durableExecutionArn",
        label: "Durable Execution ARN",
        definition: "The ARN of the execution.",
        value: Text(|read| Some(&read.execution.arn)),
    },
    Output {
        key: "functionArn",
        label: "Function ARN",
        definition: "The ARN of the function that was invoked.",
        value: Text(|read| Some(&read.execution.function_arn)),
    },
    Output {
        key: "executedVersion",
        label: "Executed Version",
        definition: "The function's version that runs the execution.",
        value: Text(|read| read.execution.version.as_deref()),
    },
    Output {
        key: "traceId",
        label: "Trace ID",
        definition: "The X-Ray trace of the execution.",
        value: Text(|read| read.execution.trace_id.as_deref()),
    },
];

/// The result of the step.
struct Outcome {
    execution: Execution,
    /// The result, or the error as JSON.
    output: Option<String>,
    is_json: bool,
    error_type: Option<String>,
    error_message: Option<String>,
    stack_trace: Option<String>,
    started_at: String,
    ended_at: Option<String>,
}

impl Outcome {
    fn new(mut execution: Execution) -> Outcome {
        let (failure, error) = failure(&mut execution).unzip();
        let output = error.flatten().or_else(|| execution.output.take());
        let failure = failure.map(|failure| {
            let FunctionFailure {
                error_type,
                error_message,
                stack_trace,
                ..
            } = failure;
            (error_type, error_message, stack_trace)
        });
        let (error_type, error_message, stack_trace) = failure.unwrap_or_default();
        Outcome {
            is_json: output
                .as_ref()
                .is_some_and(|output| json::check(output).is_ok()),
            output,
            error_type,
            error_message: error_message.map(cut),
            stack_trace: lines(stack_trace),
            started_at: timestamp::rfc3339(execution.started_at_ms),
            ended_at: execution.ended_at_ms.map(timestamp::rfc3339),
            execution,
        }
    }
}

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let arn = Input::ExecutionArn.required_text(values)?;
    let execution = match Input::WaitSeconds.milliseconds(values)? {
        Some(timeout_ms) => wait(transport, connection, &arn, timeout_ms).await?,
        None => perform(transport, GetDurableExecution::new(connection, &arn, true)?).await?,
    };
    let outcome = Outcome::new(execution);
    outputs::write(OUTPUTS, &outcome).ok_or_else(|| outputs::too_large(Executed::No, 1))
}
