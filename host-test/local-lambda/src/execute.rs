//! Runs a function as the platform does: starts it, enforces its timeout, and turns its outcome
//! into a response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::functions::Run;
use super::limits::RESPONSE_LIMIT;
use super::log::Report;
use super::outcome::{ErrorObject, Failure, Finished};

/// Memory use and initialization time of a small Python function. The built-in functions do not
/// have a process to measure.
const USED_MB: u32 = 36;
const INIT: Duration = Duration::from_micros(112_340);

/// Runs a function to its end. `cold` marks the first run of the function.
pub(super) async fn execute(mut run: Run, cold: bool) -> Finished {
    let started = Instant::now();
    let outcome = tokio::time::timeout(run.timeout, run.handler.handle(&mut run))
        .await
        .unwrap_or(Err(Failure::TimedOut))
        .and_then(|body| match body.len() {
            ..=RESPONSE_LIMIT => Ok(body),
            _ => Err(Failure::TooLarge(RESPONSE_LIMIT)),
        });
    let mut duration = started.elapsed();
    let mut used_mb = USED_MB;
    let mut status = "";
    let id = &run.context.aws_request_id;
    let mut timed_out = false;
    let outcome = outcome.map_err(|failure| match failure {
        Failure::Thrown {
            error_type,
            message,
            source,
        } => {
            let frame = format!("  File \"/var/task/app.py\", line 7, in handler\n    {source}\n");
            run.log.line(&format!(
                "[ERROR] {error_type}: {message}\nTraceback (most recent call last):\n{frame}"
            ));
            let error = ErrorObject {
                stack_trace: Some(vec![frame]),
                ..ErrorObject::new(&error_type, message)
            };
            let mut document = error.document();
            document["requestId"] = json!(id);
            (document, Arc::new(error))
        }
        Failure::Operation(error) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let (error_type, message) = (part(&error.error_type), part(&error.error_message));
            run.log.line(&format!("[ERROR] {error_type}: {message}"));
            (error.document(), error)
        }
        Failure::TooLarge(limit) => {
            status = "Status: error\tError Type: Function.ResponseSizeTooLarge";
            let message = format!(
                "Response payload size exceeded maximum allowed payload size ({limit} bytes)."
            );
            run.log.line(&message);
            platform_error("Function.ResponseSizeTooLarge", message)
        }
        Failure::TimedOut => {
            timed_out = true;
            status = "Status: timeout";
            // The function `timeout` ends without waiting, but its log must report the full
            // timeout.
            duration = duration.max(run.timeout);
            let seconds = run.timeout.as_secs_f64();
            let (error_type, message) = if run.durable.is_some() {
                let message = format!("Execution timed out after {seconds} seconds.");
                ("ExecutionTimedOut", message)
            } else {
                let message =
                    format!("RequestId: {id} Error: Task timed out after {seconds:.2} seconds");
                ("Sandbox.Timedout", message)
            };
            run.log.line(&message);
            platform_error(error_type, message)
        }
        Failure::Killed => {
            status = "Status: error\tError Type: Runtime.ExitError";
            used_mb = run.memory_mb;
            let message =
                format!("RequestId: {id} Error: Runtime exited with error: signal: killed");
            run.log.line(&message);
            run.log.line("Runtime.ExitError");
            platform_error("Runtime.ExitError", message)
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
    let (body, error) = match outcome {
        Ok(body) => (body, None),
        Err((document, error)) => (document.to_string().into(), Some(error)),
    };
    Finished {
        body,
        error,
        timed_out,
        log_tail: run.log.tail(),
    }
}

fn platform_error(error_type: &str, message: String) -> (Value, Arc<ErrorObject>) {
    let error = ErrorObject::new(error_type, message);
    (error.document(), Arc::new(error))
}
