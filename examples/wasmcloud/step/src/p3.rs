//! The step on `wasi:http@0.3.0`.

use wit_bindgen::StreamResult;

use crate::bindings::connectors::aws_lambda::cards;
use crate::bindings::exports::wasi::http::handler::Guest;
use crate::bindings::wasi::http::types::{ErrorCode, Fields, Method, Request, Response};
use crate::bindings::{wit_future, wit_stream};
use crate::step::{self, Answer, BODY_LIMIT};

struct Step;

impl Guest for Step {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let answer = answer(request).await.unwrap_or_else(|rejection| rejection);
        Ok(response(answer))
    }
}

async fn answer(request: Request) -> Result<Answer, Answer> {
    let path = request.get_path_with_query();
    let card = step::card(
        path.as_deref(),
        matches!(request.get_method(), Method::Post),
    )?;
    let body = read(request).await.ok_or_else(Answer::unreadable)?;
    let run = step::run(card, &body)?;
    let (connection, card, values) = (run.connection, run.card, run.values);
    let call = cards::run(connection.to_owned(), card.to_owned(), values.to_owned());
    // Makes room for the answer.
    drop(body);
    Ok(Answer::outcome(call.await))
}

/// Returns the complete body, or nothing.
async fn read(request: Request) -> Option<Vec<u8>> {
    const CHUNK: usize = 1 << 16;
    let (_handled, handling) = wit_future::new(|| Ok(()));
    let (mut stream, end) = Request::consume_body(request, handling);
    let mut body = Vec::new();
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        let state;
        (state, chunk) = stream.read(chunk).await;
        body.append(&mut chunk);
        if body.len() > BODY_LIMIT {
            return None;
        }
        if !matches!(state, StreamResult::Complete(_)) {
            break;
        }
    }
    // A body that was cut off also ends its stream. Only the trailers report it.
    end.await.is_ok().then_some(body)
}

fn response(answer: Answer) -> Response {
    let headers = [("content-type".to_owned(), b"application/json".to_vec())];
    let headers = Fields::from_list(&headers).unwrap_or_else(|_| Fields::new());
    let (mut writer, contents) = wit_stream::new();
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    let (response, _transmission) = Response::new(headers, Some(contents), trailers);
    // Every status of this step is valid.
    let _ = response.set_status_code(answer.status);
    wit_bindgen::spawn_local(async move {
        // If the caller has gone, it does not learn the outcome, and neither can the step tell it.
        writer.write_all(answer.body.into_bytes()).await;
        drop(writer);
        // On drop, the writer sends the value that it was created with: no trailers.
        drop(no_trailers);
    });
    response
}

crate::bindings::export!(Step);
