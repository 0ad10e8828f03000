//! Runs a function as the platform does: starts it, bounds it, and turns its end into a response.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::RESPONSE_LIMIT;
use super::functions::{Handler, Outcome, Run};
use super::log::Report;
use super::service::lock;

/// What a small Python function takes; there is no process whose memory could be measured.
const USED_MB: u32 = 36;
const INIT: Duration = Duration::from_micros(112_340);

/// What is left of an invocation.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub body: Bytes,
    /// The function failed: the body says how.
    pub failed: bool,
    /// The value of `X-Amz-Log-Result`.
    pub log_tail: String,
}

/// Runs to the end; `None` where the service stopped first.
pub(super) async fn execute(run: Run, handler: Handler) -> Option<Finished> {
    let init = lock(&run.service.warm)
        .insert(run.function.clone())
        .then_some(INIT);
    let started = Instant::now();
    let outcome = match handler {
        Handler::Now(handle) => handle(&run),
        Handler::Later(handle) => tokio::select! {
            () = run.service.stopping.cancelled() => Outcome::Interrupted,
            outcome = tokio::time::timeout(run.timeout, handle(&run)) => outcome.unwrap_or(Outcome::TimedOut),
        },
    };
    let id = run.id;
    let mut report = Report {
        id,
        duration: started.elapsed(),
        memory_mb: run.memory_mb,
        used_mb: USED_MB,
        init,
        status: None,
    };
    let (body, failed) = match outcome {
        Outcome::Interrupted => return None,
        Outcome::Returned(body) if body.len() > RESPONSE_LIMIT => {
            report.status = Some(("error", Some("Function.ResponseSizeTooLarge")));
            let message = format!(
                "Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            );
            run.log.line(&message);
            (
                platform_error("Function.ResponseSizeTooLarge", &message),
                true,
            )
        }
        Outcome::Returned(body) => (body, false),
        Outcome::Thrown {
            error_type,
            message,
            source,
        } => {
            let frame = format!("  File \"/var/task/app.py\", line 7, in handler\n    {source}\n");
            run.log.line(&format!(
                "[ERROR] {error_type}: {message}\nTraceback (most recent call last):\n{frame}"
            ));
            let document = json!({
                "errorMessage": message,
                "errorType": error_type,
                "requestId": id.to_string(),
                "stackTrace": [frame],
            });
            (text(&document), true)
        }
        Outcome::TimedOut => {
            // A function that only says so did not wait; its log must still make sense.
            report.duration = report.duration.max(run.timeout);
            report.status = Some(("timeout", None));
            let message = format!(
                "RequestId: {id} Error: Task timed out after {:.2} seconds",
                run.timeout.as_secs_f64()
            );
            run.log.line(&message);
            (platform_error("Sandbox.Timedout", &message), true)
        }
        Outcome::Killed => {
            report.used_mb = run.memory_mb;
            report.status = Some(("error", Some("Runtime.ExitError")));
            let message =
                format!("RequestId: {id} Error: Runtime exited with error: signal: killed");
            run.log.line(&message);
            run.log.line("Runtime.ExitError");
            (platform_error("Runtime.ExitError", &message), true)
        }
    };
    run.log.end(&report);
    Some(Finished {
        body,
        failed,
        log_tail: run.log.tail(),
    })
}

fn platform_error(error_type: &str, message: &str) -> Bytes {
    text(&json!({ "errorType": error_type, "errorMessage": message }))
}

fn text(document: &Value) -> Bytes {
    document.to_string().into()
}
