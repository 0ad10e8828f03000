//! Results as JSON, with the names and shapes of the WIT. Records are objects, an absent option is
//! null, enums are strings, and a variant is an object with its case as the only key. The status of an
//! execution is a string as well: the name of its case, or the text of `other` as Lambda sent it.

use aws_lambda_connector_host::bindings::cards::{
    Card, Choice, ChoicePage, Condition, Field, FieldKind, Manifest,
};
use aws_lambda_connector_host::bindings::executions::{
    Execution, ExecutionFailure, ExecutionPage, ExecutionStatus, HistoryEvent, HistoryPage,
};
use aws_lambda_connector_host::bindings::lambda::{
    Check, CheckOutcome, CheckSubject, FunctionPage, FunctionSummary, QualifierChoice,
    QualifierKind,
};
use aws_lambda_connector_host::bindings::types::{
    Error, ErrorCategory, Executed, FailedInvocation, FailureCause, FunctionFailure, InvalidInput,
    Invocation, LogTail, Payload, RunReport, ServiceError, TransportError, TransportKind,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// A WIT value that has a JSON form.
pub trait ToJson {
    /// Converts the value to JSON.
    fn to_json(&self) -> Value;
}

/// An enum of the WIT.
pub trait WitName {
    /// Returns the name of the case in the WIT.
    fn wit_name(&self) -> String;
}

/// Converts a result to `{"ok": ...}` or `{"error": {"<case>": ...}}`.
pub fn result<T: ToJson>(result: &Result<T, Error>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value.to_json() }),
        Err(value) => json!({ "error": value.to_json() }),
    }
}

/// Converts an error outside the component, such as a failed load or a trap, to JSON.
pub fn host_error(message: &str) -> Value {
    json!({ "error": { "host": message } })
}

macro_rules! scalars {
    ($($scalar:ty),*) => {$(
        impl ToJson for $scalar {
            fn to_json(&self) -> Value {
                json!(self)
            }
        }
    )*};
}

scalars!(bool, f64, u8, u16, u32, u64, String);

impl ToJson for () {
    fn to_json(&self) -> Value {
        Value::Null
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }
}

/// Lists every field of each record, so that a field added to the WIT does not compile until it is
/// added here.
macro_rules! records {
    ($($record:ident { $($field:ident),* })*) => {$(
        impl ToJson for $record {
            fn to_json(&self) -> Value {
                let $record { $($field),* } = self;
                let mut object = Map::new();
                $(object.insert(stringify!($field).replace('_', "-"), $field.to_json());)*
                Value::Object(object)
            }
        }
    )*};
}

records! {
    Invocation {
        status_code, output, log, executed_version, request_id, trace_id, durable_execution_arn,
        attempts
    }
    LogTail { text, truncated, report }
    RunReport {
        duration_ms, billed_duration_ms, memory_size_mb, max_memory_used_mb, init_duration_ms,
        restore_duration_ms
    }
    FailedInvocation { invocation, failure }
    FunctionFailure { marker, cause, error_type, error_message, stack_trace }
    InvalidInput { field, message }
    ServiceError {
        code, message, status_code, category, executed, retryable, hint, request_id, attempts
    }
    TransportError { kind, message, executed, attempts }

    FunctionPage { functions, next }
    FunctionSummary {
        name, arn, version, description, runtime, package_type, architectures, timeout_seconds,
        memory_size_mb, last_modified, tenant_isolated, durable
    }
    QualifierChoice { name, kind, description }
    Check { subject, outcome, detail }

    Execution {
        arn, name, function_arn, version, status, started_at_ms, ended_at_ms, trace_id, input, output,
        failure
    }
    ExecutionFailure { error_type, error_message, error_data, stack_trace }
    ExecutionPage { executions, next }
    HistoryEvent { id, event_type, at_ms, operation_id, parent_id, name, details }
    HistoryPage { events, next }

    Manifest { name, title, version, description, connection, cards, outbound_hosts }
    Card { id, title, description, options, inputs, outputs }
    Field {
        key, label, definition, kind, required, secret, default, choices, dynamic, visible_when,
        group
    }
    Choice { value, label, description }
    Condition { key, values }
    ChoicePage { choices, next }
}

macro_rules! enums {
    ($($name:ident { $($case:ident),* })*) => {$(
        impl WitName for $name {
            fn wit_name(&self) -> String {
                kebab_case(match self {
                    $($name::$case => stringify!($case),)*
                })
            }
        }

        impl ToJson for $name {
            fn to_json(&self) -> Value {
                Value::String(self.wit_name())
            }
        }
    )*};
}

enums! {
    Executed { No, Unknown, Yes }
    ErrorCategory {
        NotFound, AccessDenied, Credentials, ClockSkew, Throttled, TooLarge, InvalidRequest,
        Conflict, NotReady, FunctionConfiguration, ServiceFault, Other
    }
    TransportKind { Dns, Connect, Tls, Timeout, CutOff, Denied, NotLambda, Malformed, Other }
    FailureCause {
        Thrown, TimedOut, OutOfMemory, Exited, FailedToStart, ResponseTooLarge, Unknown
    }
    QualifierKind { Alias, Version, Latest }
    CheckSubject {
        Clock, Endpoint, Identity, ListFunctions, InvokeFunction, FunctionConfiguration
    }
    CheckOutcome { Passed, Failed, Skipped }
    FieldKind { Text, Number, Boolean, Dropdown, Object }
}

/// Converts a name such as `CutOff` to `cut-off`, as WIT spells it.
pub fn kebab_case(case: &str) -> String {
    let mut name = String::new();
    for letter in case.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

impl WitName for ExecutionStatus {
    fn wit_name(&self) -> String {
        let case = match self {
            Self::Running => "Running",
            Self::Pausing => "Pausing",
            Self::Paused => "Paused",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::TimedOut => "TimedOut",
            Self::Stopped => "Stopped",
            Self::Deleting => "Deleting",
            Self::Other(sent) => return sent.clone(),
        };
        kebab_case(case)
    }
}

impl ToJson for ExecutionStatus {
    fn to_json(&self) -> Value {
        Value::String(self.wit_name())
    }
}

impl ToJson for Payload {
    fn to_json(&self) -> Value {
        match self {
            Payload::Text(text) => json!({ "text": text }),
            Payload::Binary(bytes) => json!({ "binary": STANDARD.encode(bytes) }),
        }
    }
}

impl ToJson for Error {
    fn to_json(&self) -> Value {
        match self {
            Error::InvalidInput(input) => json!({ "invalid-input": input.to_json() }),
            Error::Unauthenticated(error) => json!({ "unauthenticated": error.to_json() }),
            Error::Service(error) => json!({ "service": error.to_json() }),
            Error::Transport(error) => json!({ "transport": error.to_json() }),
            Error::FunctionFailed(failed) => json!({ "function-failed": failed.to_json() }),
            Error::ExecutionFailed => json!({ "execution-failed": null }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Invocation {
        Invocation {
            status_code: 200,
            output: Some(Payload::Binary(vec![0xff, 0x00])),
            log: Some(LogTail {
                text: "REPORT".into(),
                truncated: true,
                report: Some(RunReport {
                    duration_ms: 1.5,
                    billed_duration_ms: Some(2),
                    memory_size_mb: Some(128),
                    max_memory_used_mb: Some(30),
                    init_duration_ms: None,
                    restore_duration_ms: None,
                }),
            }),
            executed_version: Some("$LATEST".into()),
            request_id: None,
            trace_id: None,
            durable_execution_arn: None,
            attempts: 1,
        }
    }

    #[test]
    fn success_is_written_with_every_field() {
        assert_eq!(
            result(&Ok(sample())),
            json!({"ok": {
                "status-code": 200,
                "output": {"binary": "/wA="},
                "log": {"text": "REPORT", "truncated": true, "report": {
                    "duration-ms": 1.5, "billed-duration-ms": 2, "memory-size-mb": 128,
                    "max-memory-used-mb": 30, "init-duration-ms": null,
                    "restore-duration-ms": null,
                }},
                "executed-version": "$LATEST",
                "request-id": null,
                "trace-id": null,
                "durable-execution-arn": null,
                "attempts": 1,
            }})
        );
    }

    #[test]
    fn failed_function_is_written_with_cause_and_trace() {
        let failed = Error::FunctionFailed(FailedInvocation {
            invocation: Invocation {
                output: Some(Payload::Text("{}".into())),
                log: None,
                ..sample()
            },
            failure: FunctionFailure {
                marker: "Unhandled".into(),
                cause: FailureCause::TimedOut,
                error_type: Some("Sandbox.Timedout".into()),
                error_message: None,
                stack_trace: vec!["at x".into()],
            },
        });
        let document = result::<Invocation>(&Err(failed));
        let failed = &document["error"]["function-failed"];
        assert_eq!(failed["invocation"]["output"], json!({"text": "{}"}));
        assert_eq!(
            failed["failure"],
            json!({
                "marker": "Unhandled",
                "cause": "timed-out",
                "error-type": "Sandbox.Timedout",
                "error-message": null,
                "stack-trace": ["at x"],
            })
        );
    }

    #[test]
    fn execution_is_written_with_every_field() {
        let execution = Execution {
            arn: "arn".into(),
            name: "order-7".into(),
            function_arn: "f".into(),
            version: Some("1".into()),
            status: ExecutionStatus::TimedOut,
            started_at_ms: 1_795_780_800_250,
            ended_at_ms: None,
            trace_id: None,
            input: Some("{\"a\": 1}".into()),
            output: None,
            failure: Some(ExecutionFailure {
                error_type: Some("Declined".into()),
                error_message: None,
                error_data: None,
                stack_trace: vec!["at x".into()],
            }),
        };
        let mut row = execution.clone();
        (row.status, row.failure) = (ExecutionStatus::Other("REVIEWING".into()), None);
        assert_eq!(
            result(&Ok(execution)),
            json!({"ok": {
                "arn": "arn", "name": "order-7", "function-arn": "f", "version": "1",
                "status": "timed-out", "started-at-ms": 1_795_780_800_250_u64,
                "ended-at-ms": null, "trace-id": null, "input": "{\"a\": 1}", "output": null,
                "failure": {
                    "error-type": "Declined", "error-message": null, "error-data": null,
                    "stack-trace": ["at x"],
                },
            }})
        );
        let page = ExecutionPage {
            executions: vec![row],
            next: Some("m".into()),
        };
        let page = page.to_json();
        assert_eq!(page["executions"][0]["status"], "REVIEWING");
        assert_eq!(page["next"], "m");
        assert_eq!(result(&Ok(())), json!({ "ok": null }));
    }

    #[test]
    fn history_is_written_with_every_field() {
        let event = HistoryEvent {
            id: 7,
            event_type: "CallbackStarted".into(),
            at_ms: 1,
            operation_id: Some("o".into()),
            parent_id: None,
            name: Some("approval".into()),
            details: Some("{\"CallbackId\":\"Ab+/\"}".into()),
        };
        let page = HistoryPage {
            events: vec![event],
            next: None,
        };
        assert_eq!(
            page.to_json(),
            json!({
                "events": [{
                    "id": 7, "event-type": "CallbackStarted", "at-ms": 1, "operation-id": "o",
                    "parent-id": null, "name": "approval",
                    "details": "{\"CallbackId\":\"Ab+/\"}",
                }],
                "next": null,
            })
        );
    }

    #[test]
    fn errors_are_written_by_case() {
        let service = ServiceError {
            code: "TooManyRequestsException".into(),
            message: "Rate Exceeded.".into(),
            status_code: 429,
            category: ErrorCategory::Throttled,
            executed: Executed::No,
            retryable: true,
            hint: None,
            request_id: Some("r".into()),
            attempts: 3,
        };
        assert_eq!(
            Error::Service(service).to_json(),
            json!({"service": {
                "code": "TooManyRequestsException", "message": "Rate Exceeded.",
                "status-code": 429, "category": "throttled", "executed": "no",
                "retryable": true, "hint": null, "request-id": "r", "attempts": 3,
            }})
        );
        assert_eq!(
            Error::ExecutionFailed.to_json(),
            json!({"execution-failed": null})
        );
        assert_eq!(host_error("x"), json!({"error": {"host": "x"}}));
    }
}
