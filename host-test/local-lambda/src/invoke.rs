//! Invoke: checks a request, runs the function, and answers. InvokeWithResponseStream is in a file
//! below.

mod check;
mod start;
mod stream;

use hyper::StatusCode;

use super::answer::{Answer, empty, json_answer, with_headers};
use super::errors::ApiError;
use super::request::RawRequest;
use super::service::Service;
use super::signature::Caller;
use check::{Accepted, Checked, Operation, check};
use start::start;
pub(super) use stream::invoke_with_response_stream;

pub(super) async fn invoke(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let checked = check(service, name, request, caller, Operation::Invoke)?;
    let Accepted {
        function,
        run,
        synchronous,
        tail,
    } = match checked {
        Checked::Run(accepted) => *accepted,
        Checked::NoRun(status) => return Ok(empty(status)),
    };
    let version = run.context.version.clone();
    let trace_id = run.context.trace_id.clone();
    let (execution_arn, mut result) = start(service, function, run, synchronous)?;
    let execution_arn = ("x-amz-durable-execution-arn", execution_arn.as_deref());
    if !synchronous {
        return with_headers(empty(StatusCode::ACCEPTED), &[execution_arn]);
    }
    // There is no result only when the service stops.
    let waiting = result.wait_for(Option::is_some);
    let finished = service.stopping.run_until_cancelled(waiting).await;
    let finished = finished
        .and_then(Result::ok)
        .and_then(|finished| finished.clone());
    let finished = finished.ok_or_else(|| ApiError::service("The local Lambda is stopping"))?;
    with_headers(
        json_answer(StatusCode::OK, finished.body),
        &[
            ("x-amz-executed-version", Some(&version)),
            ("x-amzn-trace-id", Some(&trace_id)),
            // The real service always sends this header.
            ("x-amzn-remapped-content-length", Some("0")),
            (
                "x-amz-function-error",
                finished.error.is_some().then_some("Unhandled"),
            ),
            ("x-amz-log-result", tail.then_some(&finished.log_tail)),
            execution_arn,
        ],
    )
}
