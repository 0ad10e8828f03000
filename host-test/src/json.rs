//! Results as JSON, by the names and shapes of the WIT: records are objects, an option without
//! value is null, enums are strings, a variant is an object with its case as the only key.
//!
//! Every record is taken apart field by field, so that a field added to the contract does not
//! compile until it is here, too.

use aws_lambda_connector_host::bindings::lambda::{FunctionPage, FunctionSummary, QualifierChoice};
use aws_lambda_connector_host::bindings::types::{
    Error, FailedInvocation, FunctionFailure, InvalidInput, Invocation, LogTail, Payload,
    RunReport, ServiceError, TransportError,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::values;

pub mod cards;

/// A result as `{"ok": ...}` or `{"error": {"<case>": ...}}`.
pub fn result<T>(result: &Result<T, Error>, ok: impl Fn(&T) -> Value) -> Value {
    match result {
        Ok(value) => json!({ "ok": ok(value) }),
        Err(value) => json!({ "error": error(value) }),
    }
}

/// What kept this program from calling the component, or the component from answering.
pub fn host_error(message: &str) -> Value {
    json!({ "error": { "host": message } })
}

/// `invocation`
pub fn invocation(value: &Invocation) -> Value {
    let Invocation {
        status_code,
        output,
        log,
        executed_version,
        request_id,
        trace_id,
        durable_execution_arn,
        attempts,
    } = value;
    json!({
        "status-code": status_code,
        "output": output.as_ref().map(payload),
        "log": log.as_ref().map(log_tail),
        "executed-version": executed_version,
        "request-id": request_id,
        "trace-id": trace_id,
        "durable-execution-arn": durable_execution_arn,
        "attempts": attempts,
    })
}

/// `function-page`
pub fn function_page(value: &FunctionPage) -> Value {
    let FunctionPage { functions, next } = value;
    let functions: Vec<Value> = functions.iter().map(function_summary).collect();
    json!({ "functions": functions, "next": next })
}

/// `list<qualifier-choice>`
pub fn qualifiers(value: &[QualifierChoice]) -> Value {
    let choice = |choice: &QualifierChoice| {
        let QualifierChoice {
            name,
            kind,
            description,
        } = choice;
        json!({ "name": name, "kind": values::qualifier(*kind), "description": description })
    };
    value.iter().map(choice).collect()
}

fn function_summary(value: &FunctionSummary) -> Value {
    let FunctionSummary {
        name,
        arn,
        version,
        description,
        runtime,
        package_type,
        architectures,
        timeout_seconds,
        memory_size_mb,
        last_modified,
        tenant_isolated,
        durable,
    } = value;
    json!({
        "name": name,
        "arn": arn,
        "version": version,
        "description": description,
        "runtime": runtime,
        "package-type": package_type,
        "architectures": architectures,
        "timeout-seconds": timeout_seconds,
        "memory-size-mb": memory_size_mb,
        "last-modified": last_modified,
        "tenant-isolated": tenant_isolated,
        "durable": durable,
    })
}

fn payload(value: &Payload) -> Value {
    match value {
        Payload::Text(text) => json!({ "text": text }),
        Payload::Binary(bytes) => json!({ "binary": STANDARD.encode(bytes) }),
    }
}

fn log_tail(value: &LogTail) -> Value {
    let LogTail {
        text,
        truncated,
        report,
    } = value;
    json!({
        "text": text,
        "truncated": truncated,
        "report": report.as_ref().map(run_report),
    })
}

fn run_report(value: &RunReport) -> Value {
    let RunReport {
        duration_ms,
        billed_duration_ms,
        memory_size_mb,
        max_memory_used_mb,
        init_duration_ms,
    } = value;
    json!({
        "duration-ms": duration_ms,
        "billed-duration-ms": billed_duration_ms,
        "memory-size-mb": memory_size_mb,
        "max-memory-used-mb": max_memory_used_mb,
        "init-duration-ms": init_duration_ms,
    })
}

/// `error`
pub fn error(value: &Error) -> Value {
    match value {
        Error::InvalidInput(InvalidInput { field, message }) => {
            json!({ "invalid-input": { "field": field, "message": message } })
        }
        Error::Unauthenticated(error) => json!({ "unauthenticated": service_error(error) }),
        Error::Service(error) => json!({ "service": service_error(error) }),
        Error::Transport(error) => json!({ "transport": transport_error(error) }),
        Error::FunctionFailed(FailedInvocation {
            invocation: record,
            failure: left,
        }) => json!({
            "function-failed": { "invocation": invocation(record), "failure": failure(left) }
        }),
        Error::ExecutionFailed => json!({ "execution-failed": null }),
    }
}

fn service_error(value: &ServiceError) -> Value {
    let ServiceError {
        code,
        message,
        status_code,
        category,
        executed,
        retryable,
        hint,
        request_id,
        attempts,
    } = value;
    json!({
        "code": code,
        "message": message,
        "status-code": status_code,
        "category": values::category(*category),
        "executed": values::executed(*executed),
        "retryable": retryable,
        "hint": hint,
        "request-id": request_id,
        "attempts": attempts,
    })
}

fn transport_error(value: &TransportError) -> Value {
    let TransportError {
        kind,
        message,
        executed,
        attempts,
    } = value;
    json!({
        "kind": values::transport(*kind),
        "message": message,
        "executed": values::executed(*executed),
        "attempts": attempts,
    })
}

fn failure(value: &FunctionFailure) -> Value {
    let FunctionFailure {
        marker,
        cause,
        error_type,
        error_message,
        stack_trace,
    } = value;
    json!({
        "marker": marker,
        "cause": values::cause(*cause),
        "error-type": error_type,
        "error-message": error_message,
        "stack-trace": stack_trace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, FailureCause};

    fn sample() -> Invocation {
        Invocation {
            status_code: 200,
            output: Some(Payload::Binary(vec![0xff, 0x00])),
            log: Some(LogTail {
                text: "REPORT".into(),
                truncated: true,
                report: Some(RunReport {
                    duration_ms: 1.5,
                    billed_duration_ms: 2,
                    memory_size_mb: 128,
                    max_memory_used_mb: 30,
                    init_duration_ms: None,
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
    fn a_success() {
        assert_eq!(
            result(&Ok(sample()), invocation),
            json!({"ok": {
                "status-code": 200,
                "output": {"binary": "/wA="},
                "log": {"text": "REPORT", "truncated": true, "report": {
                    "duration-ms": 1.5, "billed-duration-ms": 2, "memory-size-mb": 128,
                    "max-memory-used-mb": 30, "init-duration-ms": null,
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
    fn a_failed_function() {
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
        let document = result(&Err(failed), invocation);
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
    fn errors_by_case() {
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
            error(&Error::Service(service)),
            json!({"service": {
                "code": "TooManyRequestsException", "message": "Rate Exceeded.",
                "status-code": 429, "category": "throttled", "executed": "no",
                "retryable": true, "hint": null, "request-id": "r", "attempts": 3,
            }})
        );
        assert_eq!(
            error(&Error::ExecutionFailed),
            json!({"execution-failed": null})
        );
        assert_eq!(host_error("x"), json!({"error": {"host": "x"}}));
    }
}
