//! InvokeWithResponseStream: answers with the output of the function while it runs.

use http_body_util::BodyExt;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::check::{Accepted, Checked, Operation, check};
use super::start::start;
use crate::answer::{Answer, empty, with_headers};
use crate::errors::ApiError;
use crate::event_stream::event_stream;
use crate::output::Output;
use crate::places::Place;
use crate::request::RawRequest;
use crate::service::Service;
use crate::signature::Caller;

pub(crate) fn invoke_with_response_stream(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let checked = check(service, name, request, caller, Operation::ResponseStream)?;
    let Accepted {
        function,
        mut run,
        tail,
        ..
    } = match checked {
        Checked::Run(accepted) => *accepted,
        Checked::NoRun(status) => return Ok(empty(status)),
    };
    let connection = request.connection.clone();
    let (sender, body) = event_stream(connection.clone(), service.busy.token());
    run.output = Output::new(Some(sender.clone()));
    let version = run.context.version.clone();
    let trace_id = run.context.trace_id.clone();
    let (_, mut result) = start(service, function, run, true)?;
    // The response begins now, but the function still works on it.
    let answering = connection.as_ref().map(Place::answering);
    let completing = async move {
        let _answering = answering;
        let finished = result.wait_for(Option::is_some).await;
        if let Some(finished) = finished.ok().and_then(|finished| finished.clone()) {
            sender.complete(finished, tail);
        }
    };
    let completing = service
        .stopping
        .clone()
        .run_until_cancelled_owned(completing);
    service.tasks.spawn(service.busy.track_future(completing));
    let mut answer = Response::new(body.boxed_unsync());
    let content_type = HeaderValue::from_static("application/vnd.amazon.eventstream");
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    with_headers(
        answer,
        &[
            ("x-amz-executed-version", Some(&version)),
            ("x-amzn-trace-id", Some(&trace_id)),
        ],
    )
}
