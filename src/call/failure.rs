//! Reads the error document of a failed function, in the format of any runtime.
//!
//! Whether the function failed is decided before: by the header `X-Amz-Function-Error`, or by the end of
//! an event stream. Nothing in the document can be relied upon, because each runtime and each function
//! writes its own.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::{Fields, Json, MAX_ELEMENTS};

/// The interface's `types.function-failure`, which documents each field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FunctionFailure {
    pub marker: String,
    pub cause: FailureCause,
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    pub stack_trace: Vec<String>,
}

/// The interface's `types.failure-cause`, which documents each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FailureCause {
    Thrown,
    TimedOut,
    OutOfMemory,
    Exited,
    FailedToStart,
    ResponseTooLarge,
    Unknown,
}

/// Reads the failed function's document. `marker` is the header's value.
pub fn read(marker: String, body: &[u8]) -> FunctionFailure {
    let fields = core::str::from_utf8(body).ok().and_then(Fields::read);
    let text = |name: &str| fields.as_ref().and_then(|fields| fields.text(name));
    let error_type = text("errorType");
    let error_message = text("errorMessage");
    let stack_trace = fields
        .as_ref()
        // Node.js has written `trace` since version 12.
        .and_then(|fields| fields.get("stackTrace").or_else(|| fields.get("trace")))
        .map(stack_trace)
        .unwrap_or_default();
    classify(marker, error_type, error_message, stack_trace)
}

/// Determines the cause of a failure, of which these parts are known.
pub fn classify(
    marker: String,
    error_type: Option<String>,
    error_message: Option<String>,
    stack_trace: Vec<String>,
) -> FunctionFailure {
    FunctionFailure {
        marker,
        cause: cause(error_type.as_deref(), error_message.as_deref()),
        error_type,
        error_message,
        stack_trace,
    }
}

fn stack_trace(value: Json<'_>) -> Vec<String> {
    match value.list() {
        Some(frames) => frames.into_iter().map(frame).collect(),
        // More frames than any stack has. The output still contains them.
        None if value.get().starts_with('[') => Vec::new(),
        None => value
            .text()
            .lines()
            .take(MAX_ELEMENTS)
            .map(Into::into)
            .collect(),
    }
}

/// Go's frames are objects. Those of other runtimes are strings.
fn frame(value: Json<'_>) -> String {
    let Some(fields) = value.object() else {
        return value.text();
    };
    match (
        fields.text("path"),
        fields.text("line"),
        fields.text("label"),
    ) {
        (Some(path), Some(line), Some(label)) => format!("{path}:{line} {label}"),
        _ => value.get().into(),
    }
}

/// Sources: the error types of AWS's runtime interface emulator, and those that the managed
/// runtimes report when they cannot load a function.
fn cause(error_type: Option<&str>, message: Option<&str>) -> FailureCause {
    let message = message.unwrap_or_default();
    match error_type {
        Some("Sandbox.Timedout" | "Sandbox.Timeout" | "Runtime.InvokeTimeout") => {
            FailureCause::TimedOut
        }
        Some("Runtime.OutOfMemory") => FailureCause::OutOfMemory,
        Some("Runtime.ExitError" | "Extension.ExitError" | "Extension.Crash") => {
            // The kernel's out-of-memory killer sends SIGKILL.
            if message.contains("signal: killed") {
                FailureCause::OutOfMemory
            } else {
                FailureCause::Exited
            }
        }
        Some(
            "Runtime.InitError"
            | "Runtime.InvalidWorkingDir"
            | "Runtime.InvalidEntrypoint"
            | "Runtime.InvalidTaskConfig"
            | "Runtime.RestoreHookUserTimeout"
            | "Runtime.RestoreHookUserError"
            | "Runtime.ImportModuleError"
            | "Runtime.HandlerNotFound"
            | "Runtime.MalformedHandlerName"
            | "Runtime.UserCodeSyntaxError"
            | "Extension.LaunchError"
            | "Extension.InitError",
        ) => FailureCause::FailedToStart,
        Some("Function.ResponseSizeTooLarge") => FailureCause::ResponseTooLarge,
        Some(
            "Runtime.Unknown"
            | "Function.Unknown"
            | "Sandbox.Failure"
            | "Runtime.TruncatedResponse",
        ) => FailureCause::Unknown,
        Some(_) => FailureCause::Thrown,
        // The platform's older documents have only a message.
        None if message.contains(" Task timed out after ") => FailureCause::TimedOut,
        None if message.contains("Process exited before completing request")
            || message.contains("Runtime exited") =>
        {
            FailureCause::Exited
        }
        None if !message.is_empty() => FailureCause::Thrown,
        None => FailureCause::Unknown,
    }
}

#[cfg(test)]
mod tests;
