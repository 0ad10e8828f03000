//! A durable execution: its status, its data and its failure.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::aws::json::write::push_text;
use crate::aws::json::{Fields, Json};
use crate::aws::message::Response;
use crate::call::error::{Category, Error, Executed};
use crate::call::error_response::{self, RequestContext};
use crate::lambda::executions::timestamp;

/// The interface's `executions.execution-status`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExecutionStatus {
    Running,
    Pausing,
    Paused,
    Succeeded,
    Failed,
    TimedOut,
    Stopped,
    Deleting,
    Other(String),
}

const STATUSES: [(&str, ExecutionStatus); 8] = [
    ("RUNNING", ExecutionStatus::Running),
    ("PAUSING", ExecutionStatus::Pausing),
    ("PAUSED", ExecutionStatus::Paused),
    ("SUCCEEDED", ExecutionStatus::Succeeded),
    ("FAILED", ExecutionStatus::Failed),
    ("TIMED_OUT", ExecutionStatus::TimedOut),
    ("STOPPED", ExecutionStatus::Stopped),
    ("DELETING", ExecutionStatus::Deleting),
];

impl ExecutionStatus {
    /// Reads Lambda's name of a status.
    pub fn read(name: &str) -> ExecutionStatus {
        STATUSES
            .into_iter()
            .find(|(known, _)| *known == name)
            .map_or_else(
                || ExecutionStatus::Other(name.to_owned()),
                |(_, status)| status,
            )
    }

    /// Returns Lambda's name of the status.
    pub fn as_str(&self) -> &str {
        match self {
            ExecutionStatus::Other(name) => name,
            known => STATUSES
                .iter()
                .find(|(_, status)| status == known)
                .map_or("", |(name, _)| name),
        }
    }

    /// Whether the execution has ended. One that is being deleted had ended before. A status that is
    /// not known is not final.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            ExecutionStatus::Succeeded
                | ExecutionStatus::Failed
                | ExecutionStatus::TimedOut
                | ExecutionStatus::Stopped
                | ExecutionStatus::Deleting
        )
    }
}

/// The interface's `executions.execution-failure`, which is Lambda's `ErrorObject`. The `Debug` output
/// has only lengths, because it is the function's own data.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ExecutionFailure {
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    pub error_data: Option<String>,
    pub stack_trace: Vec<String>,
}

/// The most bytes of all texts of a failure.
const FAILURE_LIMIT: usize = 1_048_576;

impl ExecutionFailure {
    fn read(fields: &Fields<'_>) -> ExecutionFailure {
        let frames = fields.get("StackTrace").and_then(Json::list);
        ExecutionFailure {
            error_type: fields.text("ErrorType"),
            error_message: fields.text("ErrorMessage"),
            error_data: fields.text("ErrorData"),
            stack_trace: frames.into_iter().flatten().map(Json::text).collect(),
        }
    }

    fn size(&self) -> usize {
        let texts = [&self.error_type, &self.error_message, &self.error_data];
        let texts = texts.into_iter().flatten().chain(&self.stack_trace);
        texts.map(String::len).fold(0, usize::saturating_add)
    }

    /// Returns the JSON of a request. The caller passed the failure in `field`.
    ///
    /// # Errors
    /// `invalid-input` if it is larger than Lambda accepts.
    pub fn request_json(&self, field: &str) -> Result<String, Error> {
        let size = self.size();
        if size > FAILURE_LIMIT {
            return Err(Error::invalid(
                field,
                format!("its texts have {size} bytes: Lambda accepts at most {FAILURE_LIMIT}"),
            ));
        }
        Ok(self.json())
    }

    /// Returns Lambda's `ErrorObject`, as botocore writes it.
    pub fn json(&self) -> String {
        let mut json = String::from("{");
        let member = |json: &mut String, name: &str| {
            if json.len() > 1 {
                json.push_str(", ");
            }
            push_text(json, name);
            json.push_str(": ");
        };
        for (name, text) in [
            ("ErrorMessage", &self.error_message),
            ("ErrorType", &self.error_type),
            ("ErrorData", &self.error_data),
        ] {
            if let Some(text) = text {
                member(&mut json, name);
                push_text(&mut json, text);
            }
        }
        if !self.stack_trace.is_empty() {
            member(&mut json, "StackTrace");
            for (index, frame) in self.stack_trace.iter().enumerate() {
                json.push_str(if index == 0 { "[" } else { ", " });
                push_text(&mut json, frame);
            }
            json.push(']');
        }
        json.push('}');
        json
    }
}

impl fmt::Debug for ExecutionFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ExecutionFailure({} bytes)", self.size())
    }
}

/// The interface's `executions.execution`. The `Debug` output has only the lengths of its data.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Execution {
    pub arn: String,
    pub name: String,
    pub function_arn: String,
    pub version: Option<String>,
    pub status: ExecutionStatus,
    pub started_at_ms: u64,
    pub ended_at_ms: Option<u64>,
    pub trace_id: Option<String>,
    pub input: Option<String>,
    pub output: Option<String>,
    pub failure: Option<ExecutionFailure>,
}

impl Execution {
    /// Reads an execution. Returns `None` if a field that every execution has is missing.
    pub fn read(fields: &Fields<'_>) -> Option<Execution> {
        let string = |name| fields.get(name)?.string();
        let trace = fields.get("TraceHeader").and_then(Json::object);
        let failure = fields.get("Error").and_then(Json::object);
        Some(Execution {
            arn: string("DurableExecutionArn")?,
            name: string("DurableExecutionName")?,
            function_arn: string("FunctionArn").unwrap_or_default(),
            version: fields.text("Version"),
            status: ExecutionStatus::read(&string("Status")?),
            started_at_ms: timestamp::read(fields.get("StartTimestamp")?)?,
            ended_at_ms: fields.get("EndTimestamp").and_then(timestamp::read),
            trace_id: trace.and_then(|trace| trace.text("XAmznTraceId")),
            // JSON text inside JSON: the string's content.
            input: fields.text("InputPayload"),
            output: fields.text("Result"),
            failure: failure.as_ref().map(ExecutionFailure::read),
        })
    }

    /// Returns the memory that a row without data takes, in bytes.
    pub fn size(&self) -> usize {
        let texts = [&self.arn, &self.name, &self.function_arn];
        let texts = texts.into_iter().chain(&self.version).chain(&self.trace_id);
        texts
            .map(String::len)
            .fold(size_of::<Execution>(), usize::saturating_add)
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |text: &Option<String>| text.as_ref().map(String::len);
        formatter
            .debug_struct("Execution")
            .field("arn", &self.arn)
            .field("status", &self.status)
            .field("input_bytes", &bytes(&self.input))
            .field("output_bytes", &bytes(&self.output))
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// Reads an error response to a request about one execution.
pub fn rejected(response: &Response, context: &RequestContext) -> Error {
    let mut error = error_response::read(response, context);
    if let Error::Service(error) = &mut error
        && error.category == Category::NotFound
    {
        error.hint = Some(
            "check the execution's ARN: it may never have started, or Lambda may have deleted it at the end of its retention period".into(),
        );
    }
    error
}

/// The error for a response that is not the API's. It repeats nothing of the body.
pub fn malformed(executed: Executed, attempts: u8) -> Error {
    Error::malformed(
        "the response is not the JSON that Lambda sends: check the endpoint and any proxy on the way",
        executed,
        attempts,
    )
}

#[cfg(test)]
mod tests;
