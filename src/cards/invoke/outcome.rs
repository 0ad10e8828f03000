//! The outputs of the card.

use alloc::string::{String, ToString};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::aws::json;
use crate::aws::number::milliseconds;
use crate::call::advice;
use crate::call::error::{Error, Executed, ServiceError, TransportError, TransportKind};
use crate::call::failure::{FailureCause, FunctionFailure};
use crate::call::invocation::{Invocation, Payload};
use crate::call::log_tail::{LogTail, RunReport};
use crate::cards::outputs::Value::{Boolean, Number, Object, Text};
use crate::cards::outputs::{self, Output, cut, lines};
use crate::lambda::executions::execution::{Execution, ExecutionStatus};
use crate::lambda::executions::timestamp;

pub const OUTPUTS: &[Output<Outcome>] = &[
    Output {
        key: "statusCode",
        label: "Status Code",
        definition: "200 for RequestResponse, 202 for Event, 204 for DryRun. If On Error is Continue, also the status of an error of AWS, for example 403, 404 or 429. Empty if Lambda did not respond.",
        value: Number(|run| Some(run.status_code?.to_string())),
    },
    Output {
        key: "output",
        label: "Output",
        definition: "The function's response, unchanged. In Base64 if it is not UTF-8 text. After Wait For Result (Seconds), the result of the execution, or its error as Lambda's JSON.",
        value: Text(|run| run.output.as_deref()),
    },
    Output {
        key: "logResult",
        label: "Log Result",
        definition: "The last 4 KB of the execution log, decoded. Only with the log type Tail.",
        value: Text(|run| Some(&run.log.as_ref()?.text)),
    },
    Output {
        key: "logTruncated",
        label: "Log Truncated",
        definition: "Whether the execution log was longer, so that Log Result lacks its beginning. Only with the log type Tail.",
        value: Boolean(|run| Some(run.log.as_ref()?.truncated)),
    },
    Output {
        key: "outputJson",
        label: "Output JSON",
        definition: "The function's response as a JSON value, if it is JSON.",
        value: Object(|run, out| out.push_str(run.json())),
    },
    Output {
        key: "outputIsBase64",
        label: "Output Is Base64",
        definition: "Whether the output is in Base64, because it is not UTF-8 text.",
        value: Boolean(|run| Some(run.is_base64)),
    },
    Output {
        key: "functionError",
        label: "Function Error",
        definition: "Lambda's marker of a failed function, usually Unhandled. After Wait For Result (Seconds), the status of an execution that did not succeed: FAILED, TIMED_OUT or STOPPED. Empty if the function succeeded, runs, or did not run.",
        value: Text(|run| run.function_error.as_deref()),
    },
    Output {
        key: "errorType",
        label: "Error Type",
        definition: "The failed function's error type, for example KeyError. If On Error is Continue, also AWS's error code, for example TooManyRequestsException, or why there is no response: dns, connect, tls, timeout, cut-off, denied, not-lambda, malformed or other. An invocation succeeded only if Function Error and Error Type are both empty, and a durable execution only if Execution Status is SUCCEEDED.",
        value: Text(|run| run.error_type.as_deref()),
    },
    Output {
        key: "errorMessage",
        label: "Error Message",
        definition: "The message of the error. That of a failed function is cut at 64 KiB, and Output has all of it.",
        value: Text(|run| run.error_message.as_deref()),
    },
    Output {
        key: "failureCause",
        label: "Failure Cause",
        definition: "Why the function failed: thrown, timed-out, out-of-memory, exited, failed-to-start, response-too-large or unknown. Empty if it succeeded.",
        value: Text(|run| run.failure_cause),
    },
    Output {
        key: "stackTrace",
        label: "Stack Trace",
        definition: "The failed function's stack trace, one frame a line. It is cut at 64 KiB, and Output has all of it.",
        value: Text(|run| run.stack_trace.as_deref()),
    },
    Output {
        key: "hint",
        label: "Hint",
        definition: "What to do about an error of AWS, for example which permission is missing. Only if On Error is Continue.",
        value: Text(|run| run.hint.as_deref()),
    },
    Output {
        key: "executed",
        label: "Executed",
        definition: "Whether the function ran: yes, no or unknown. It is unknown for an event, which runs later, and after an error that does not show it. Then a repetition may run the function twice.",
        value: Text(|run| Some(executed(run.executed))),
    },
    Output {
        key: "retryable",
        label: "Retryable",
        definition: "Whether the same invocation may succeed later. Only if On Error is Continue, for an error of AWS or the network. Executed shows whether a repetition is safe.",
        value: Boolean(|run| run.retryable),
    },
    Output {
        key: "functionName",
        label: "Function Name",
        definition: "The function that was invoked: the typed or chosen name, or the one that completes a partial name.",
        value: Text(|run| Some(&run.function)),
    },
    Output {
        key: "executedVersion",
        label: "Executed Version",
        definition: "The version that ran. For an alias, the version that it points to.",
        value: Text(|run| run.executed_version.as_deref()),
    },
    Output {
        key: "requestId",
        label: "Request ID",
        definition: "Lambda's ID of the invocation, which the function's log also contains.",
        value: Text(|run| run.request_id.as_deref()),
    },
    Output {
        key: "traceId",
        label: "Trace ID",
        definition: "The X-Ray trace of the invocation, as in the header X-Amzn-Trace-Id.",
        value: Text(|run| run.trace_id.as_deref()),
    },
    Output {
        key: "durableExecutionArn",
        label: "Durable Execution ARN",
        definition: "The durable execution that the invocation started or found. Only for durable functions.",
        value: Text(|run| run.durable_execution_arn.as_deref()),
    },
    Output {
        key: "executionStatus",
        label: "Execution Status",
        definition: "The status of the durable execution: RUNNING, PAUSING or PAUSED if it had not ended in time, otherwise SUCCEEDED, FAILED, TIMED_OUT, STOPPED or DELETING. Lambda may add others. Only with Wait For Result (Seconds).",
        value: Text(|run| Some(run.execution_status.as_ref()?.as_str())),
    },
    Output {
        key: "startedAt",
        label: "Started At",
        definition: "When the durable execution started, for example 2026-11-28T12:00:00.000Z. Only with Wait For Result (Seconds).",
        value: Text(|run| run.started_at.as_deref()),
    },
    Output {
        key: "endedAt",
        label: "Ended At",
        definition: "When the durable execution ended. Empty if it had not ended in time.",
        value: Text(|run| run.ended_at.as_deref()),
    },
    Output {
        key: "attempts",
        label: "Attempts",
        definition: "The number of attempts.",
        value: Number(|run| Some(run.attempts.to_string())),
    },
    Output {
        key: "durationMs",
        label: "Duration (ms)",
        definition: "How long the function ran. Only with the log type Tail.",
        value: Number(|run| Some(milliseconds(run.report()?.duration_ms))),
    },
    Output {
        key: "billedDurationMs",
        label: "Billed Duration (ms)",
        definition: "The duration that AWS bills. Only with the log type Tail.",
        value: Number(|run| Some(run.report()?.billed_duration_ms?.to_string())),
    },
    Output {
        key: "memorySizeMb",
        label: "Memory Size (MB)",
        definition: "The memory that the function is configured to have. Only with the log type Tail.",
        value: Number(|run| Some(run.report()?.memory_size_mb?.to_string())),
    },
    Output {
        key: "gbSeconds",
        label: "GB-Seconds",
        definition: "The unit of the price: the billed duration in seconds, multiplied by the memory size in GB. Only with the log type Tail.",
        value: Number(|run| gb_seconds(run.report()?)),
    },
    Output {
        key: "maxMemoryUsedMb",
        label: "Max Memory Used (MB)",
        definition: "The most memory that the function used. Only with the log type Tail.",
        value: Number(|run| Some(run.report()?.max_memory_used_mb?.to_string())),
    },
    Output {
        key: "initDurationMs",
        label: "Init Duration (ms)",
        definition: "How long the cold start took. Only with the log type Tail.",
        value: Number(|run| Some(milliseconds(run.report()?.init_duration_ms?))),
    },
];

/// The result of the step.
pub struct Outcome {
    function: String,
    status_code: Option<u16>,
    output: Option<String>,
    is_base64: bool,
    is_json: bool,
    log: Option<LogTail>,
    function_error: Option<String>,
    error_type: Option<String>,
    error_message: Option<String>,
    failure_cause: Option<&'static str>,
    stack_trace: Option<String>,
    hint: Option<String>,
    executed: Executed,
    retryable: Option<bool>,
    executed_version: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    durable_execution_arn: Option<String>,
    execution_status: Option<ExecutionStatus>,
    started_at: Option<String>,
    ended_at: Option<String>,
    attempts: u8,
}

impl Outcome {
    /// The outcome of an invocation of `function` that succeeded.
    pub fn new(function: String, invocation: Invocation) -> Outcome {
        let (output, is_base64) = match invocation.output {
            None => (None, false),
            Some(Payload::Text(text)) => (Some(text), false),
            Some(Payload::Binary(bytes)) => (Some(STANDARD.encode(bytes)), true),
        };
        let is_json = |text: &String| !is_base64 && json::check(text).is_ok();
        let executed = match invocation.status_code {
            // The event is queued.
            202 => Executed::Unknown,
            204 => Executed::No,
            _ => Executed::Yes,
        };
        Outcome {
            status_code: Some(invocation.status_code),
            is_json: output.as_ref().is_some_and(is_json),
            output,
            is_base64,
            log: invocation.log,
            executed_version: invocation.executed_version,
            request_id: invocation.request_id,
            trace_id: invocation.trace_id,
            durable_execution_arn: invocation.durable_execution_arn,
            ..Outcome::without_response(function, executed, invocation.attempts)
        }
    }

    /// The outcome of an invocation of `function` that failed.
    pub fn failed(function: String, invocation: Invocation, failure: FunctionFailure) -> Outcome {
        Outcome {
            function_error: Some(failure.marker),
            error_type: failure.error_type,
            error_message: failure.error_message.map(cut),
            failure_cause: Some(cause(failure.cause)),
            stack_trace: lines(failure.stack_trace),
            ..Outcome::new(function, invocation)
        }
    }

    /// The outcome of an invocation of `function` that AWS refused.
    pub fn refused(function: String, error: ServiceError) -> Outcome {
        Outcome {
            status_code: Some(error.status_code),
            error_type: Some(error.code),
            error_message: Some(cut(error.message)),
            hint: error.hint,
            retryable: Some(error.retryable),
            request_id: error.request_id,
            ..Outcome::without_response(function, error.executed, error.attempts)
        }
    }

    /// The outcome of an invocation of `function` to which Lambda did not respond completely.
    pub fn unanswered(function: String, error: TransportError) -> Outcome {
        Outcome {
            error_type: Some(kind(error.kind).into()),
            error_message: Some(cut(error.message)),
            retryable: Some(error.transient),
            request_id: error.request_id,
            ..Outcome::without_response(function, error.executed, error.attempts)
        }
    }

    fn without_response(function: String, executed: Executed, attempts: u8) -> Outcome {
        Outcome {
            function,
            status_code: None,
            output: None,
            is_base64: false,
            is_json: false,
            log: None,
            function_error: None,
            error_type: None,
            error_message: None,
            failure_cause: None,
            stack_trace: None,
            hint: None,
            executed,
            retryable: None,
            executed_version: None,
            request_id: None,
            trace_id: None,
            durable_execution_arn: None,
            execution_status: None,
            started_at: None,
            ended_at: None,
            attempts,
        }
    }

    /// Adds the durable execution that the event started. It shows whether the function ran.
    pub fn with_execution(self, arn: Option<String>, execution: Option<Execution>) -> Outcome {
        let outcome = Outcome {
            durable_execution_arn: arn.or(self.durable_execution_arn),
            ..self
        };
        let Some(execution) = execution else {
            return outcome;
        };
        Outcome {
            executed: match execution.status {
                ExecutionStatus::Succeeded | ExecutionStatus::Failed => Executed::Yes,
                _ => outcome.executed,
            },
            execution_status: Some(execution.status),
            started_at: Some(timestamp::rfc3339(execution.started_at_ms)),
            ended_at: execution.ended_at_ms.map(timestamp::rfc3339),
            ..outcome
        }
    }

    /// Writes the outputs.
    ///
    /// # Errors
    /// Returns an error if the host does not allow the memory.
    pub fn write(&self) -> Result<String, Error> {
        outputs::write(OUTPUTS, self).ok_or_else(|| {
            let mut error = outputs::too_large(self.executed, self.attempts);
            if let Some(id) = &self.request_id {
                error.add_note(&advice::by_request_id(id));
            }
            error
        })
    }

    fn json(&self) -> &str {
        let json = self.output.as_deref().filter(|_| self.is_json);
        json.map_or("null", str::trim)
    }

    fn report(&self) -> Option<&RunReport> {
        self.log.as_ref()?.report.as_ref()
    }
}

/// The name of a cause in the interface.
fn cause(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::Thrown => "thrown",
        FailureCause::TimedOut => "timed-out",
        FailureCause::OutOfMemory => "out-of-memory",
        FailureCause::Exited => "exited",
        FailureCause::FailedToStart => "failed-to-start",
        FailureCause::ResponseTooLarge => "response-too-large",
        FailureCause::Unknown => "unknown",
    }
}

/// The name of a kind in the interface.
fn kind(kind: TransportKind) -> &'static str {
    match kind {
        TransportKind::Dns => "dns",
        TransportKind::Connect => "connect",
        TransportKind::Tls => "tls",
        TransportKind::Timeout => "timeout",
        TransportKind::CutOff => "cut-off",
        TransportKind::Denied => "denied",
        TransportKind::NotLambda => "not-lambda",
        TransportKind::Malformed => "malformed",
        TransportKind::Other => "other",
    }
}

/// The name of a value of `executed` in the interface.
fn executed(executed: Executed) -> &'static str {
    match executed {
        Executed::No => "no",
        Executed::Unknown => "unknown",
        Executed::Yes => "yes",
    }
}

/// Megabytes in a gigabyte, times milliseconds in a second.
const MB_MS: u64 = 1_024_000;

/// The product of the billed duration and the memory size, exactly.
fn gb_seconds(report: &RunReport) -> Option<String> {
    let mb_ms = u64::from(report.memory_size_mb?).checked_mul(report.billed_duration_ms?)?;
    let mut text = (mb_ms / MB_MS).to_string();
    // 10^13 is a multiple of `MB_MS`, so 13 decimals are exact.
    let decimals = (mb_ms % MB_MS).saturating_mul(10_u64.pow(13) / MB_MS);
    if decimals > 0 {
        let digits = decimals.saturating_add(10_u64.pow(13)).to_string();
        text.push('.');
        text.push_str(digits.get(1..).unwrap_or_default().trim_end_matches('0'));
    }
    Some(text)
}

#[cfg(test)]
mod tests;
