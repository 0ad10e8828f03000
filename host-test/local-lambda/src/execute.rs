//! Runs a function as the platform does: starts it, enforces its timeout, and turns its outcome
//! into a response.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::functions::{Failure, Run};
use super::limits::RESPONSE_LIMIT;
use super::log::Report;

/// Memory use and initialization time of a small Python function. The built-in functions do not
/// have a process to measure.
const USED_MB: u32 = 36;
const INIT: Duration = Duration::from_micros(112_340);

/// The result of an invocation.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub body: Bytes,
    /// Whether the function failed. The body then describes the failure.
    pub failed: bool,
    /// The value of `X-Amz-Log-Result`.
    pub log_tail: String,
}

/// Runs a function to its end. `cold` marks the first run of the function.
pub(super) async fn execute(mut run: Run, cold: bool) -> Finished {
    let started = Instant::now();
    let outcome = tokio::time::timeout(run.timeout, run.handler.handle(&mut run))
        .await
        .unwrap_or(Err(Failure::TimedOut))
        .and_then(|body| match body.len() {
            ..=RESPONSE_LIMIT => Ok(body),
            _ => Err(Failure::TooLarge),
        });
    let mut duration = started.elapsed();
    let mut used_mb = USED_MB;
    let mut status = "";
    let id = &run.context.aws_request_id;
    let failed = outcome.is_err();
    let body = outcome.unwrap_or_else(|failure| match failure {
        Failure::Thrown {
            error_type,
            message,
            source,
        } => {
            let frame = format!("  File \"/var/task/app.py\", line 7, in handler\n    {source}\n");
            run.log.line(&format!(
                "[ERROR] {error_type}: {message}\nTraceback (most recent call last):\n{frame}"
            ));
            text(&json!({
                "errorMessage": message,
                "errorType": error_type,
                "requestId": id,
                "stackTrace": [frame],
            }))
        }
        Failure::TooLarge => {
            status = "Status: error\tError Type: Function.ResponseSizeTooLarge";
            let message = format!(
                "Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            );
            run.log.line(&message);
            platform_error("Function.ResponseSizeTooLarge", &message)
        }
        Failure::TimedOut => {
            status = "Status: timeout";
            // The function `timeout` ends without waiting, but its log must report the full
            // timeout.
            duration = duration.max(run.timeout);
            let message = format!(
                "RequestId: {id} Error: Task timed out after {:.2} seconds",
                run.timeout.as_secs_f64()
            );
            run.log.line(&message);
            platform_error("Sandbox.Timedout", &message)
        }
        Failure::Killed => {
            status = "Status: error\tError Type: Runtime.ExitError";
            used_mb = run.memory_mb;
            let message =
                format!("RequestId: {id} Error: Runtime exited with error: signal: killed");
            run.log.line(&message);
            run.log.line("Runtime.ExitError");
            platform_error("Runtime.ExitError", &message)
        }
    });
    run.log.end(Report {
        id,
        duration,
        memory_mb: run.memory_mb,
        used_mb,
        init: cold.then_some(INIT),
        status,
    });
    Finished {
        body,
        failed,
        log_tail: run.log.tail(),
    }
}

fn platform_error(error_type: &str, message: &str) -> Bytes {
    text(&json!({ "errorType": error_type, "errorMessage": message }))
}

fn text(document: &Value) -> Bytes {
    document.to_string().into()
}
