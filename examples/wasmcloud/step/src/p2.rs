//! The step on `wasi:http@0.2.0`.

use crate::bindings::connectors::aws_lambda::cards;
use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::StreamError;
use crate::step::{self, Answer, BODY_LIMIT};

struct Step;

impl Guest for Step {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let answer = answer(&request).unwrap_or_else(|rejection| rejection);
        send(answer, response);
    }
}

fn answer(request: &IncomingRequest) -> Result<Answer, Answer> {
    let path = request.path_with_query();
    let card = step::card(path.as_deref(), matches!(request.method(), Method::Post))?;
    let body = read(request).ok_or_else(Answer::unreadable)?;
    let run = step::run(card, &body)?;
    let outcome = cards::run(run.connection, run.card, run.values);
    // Makes room for the answer.
    drop(body);
    Ok(Answer::outcome(outcome))
}

/// Returns the complete body, or nothing.
fn read(request: &IncomingRequest) -> Option<Vec<u8>> {
    const CHUNK: u64 = 1 << 16;
    let incoming = request.consume().ok()?;
    let stream = incoming.stream().ok()?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return None,
        }
        if body.len() > BODY_LIMIT {
            return None;
        }
    }
    drop(stream);
    // A body that was cut off also closes its stream. Only the trailers report it.
    let trailers = IncomingBody::finish(incoming);
    trailers.subscribe().block();
    match trailers.get() {
        Some(Ok(Ok(_))) => Some(body),
        _ => None,
    }
}

fn send(answer: Answer, out: ResponseOutparam) {
    let headers = [("content-type".to_owned(), b"application/json".to_vec())];
    let response =
        OutgoingResponse::new(Fields::from_list(&headers).unwrap_or_else(|_| Fields::new()));
    // Both succeed, because the status is valid and the body is asked for once.
    let (Ok(()), Ok(body)) = (response.set_status_code(answer.status), response.body()) else {
        return;
    };
    ResponseOutparam::set(out, Ok(response));
    let Ok(stream) = body.write() else { return };
    // The largest write that `blocking-write-and-flush` accepts.
    for chunk in answer.body.as_bytes().chunks(4096) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
    drop(stream);
    // If the caller has gone, it does not learn the outcome, and neither can the step tell it.
    let _ = OutgoingBody::finish(body, None);
}

crate::bindings::export!(Step);
