//! Routes of the page's files and of its API.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use local_lambda::read_body;

use super::api::{self, Question};
use super::live::{Answer, Steps};
use super::reply::Reply;
use super::state::State;
use super::{guard, page};

/// The largest request body, in bytes. An event of 6 MiB fits twice, with room for the JSON around
/// it.
const BODY_LIMIT: usize = 16 << 20;

/// The type of a body that no browser interprets, because only the page can read it.
const STEPS: &str = "application/x-studio-steps";

/// The body of a response.
type Content = Either<Full<Bytes>, Steps>;

/// Answers any request that the guard accepts.
pub(super) async fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Content> {
    let mut response = routed(state, request).await;
    page::protect(response.headers_mut());
    response
}

async fn routed(state: &Arc<State>, request: Request<Incoming>) -> Response<Content> {
    let (parts, body) = request.into_parts();
    if let Err(refused) = guard::check(&parts, state.port) {
        return refusal(refused.status(), &refused.to_string());
    }
    let path = parts.uri.path();
    let Some(question) = path.strip_prefix("/api/") else {
        return match page::file(path) {
            Some(_) if !matches!(parts.method, Method::GET | Method::HEAD) => not_allowed("GET"),
            Some((kind, text)) => {
                response(StatusCode::OK, kind, Bytes::from_static(text.as_bytes()))
            }
            None => refusal(StatusCode::NOT_FOUND, "there is nothing at this path"),
        };
    };
    let (question, method) = match question {
        "describe" => (Question::Describe, Method::GET),
        "defaults" => (Question::Defaults, Method::GET),
        "choices" => (Question::Choices, Method::POST),
        "test" => (Question::Test, Method::POST),
        "run" => (Question::Run, Method::POST),
        "history" => (Question::History, Method::POST),
        _ => return refusal(StatusCode::NOT_FOUND, "there is nothing at this path"),
    };
    if parts.method != method {
        return not_allowed(method.as_str());
    }
    let body = Limited::new(body, BODY_LIMIT).collect();
    let body = match read_body(&parts.extensions, body).await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the request is larger than {BODY_LIMIT} bytes");
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, &message);
        }
        Err(_) => return refusal(StatusCode::BAD_REQUEST, "the request was cut off"),
    };
    match api::answer(state, question, body).await {
        Answer::Reply(reply) => json(&reply),
        Answer::Steps(steps) => of(StatusCode::OK, STEPS, Either::Right(steps)),
    }
}

fn refusal(status: StatusCode, message: &str) -> Response<Content> {
    json(&Reply::refused(status, message))
}

fn not_allowed(method: &str) -> Response<Content> {
    let message = format!("this path answers to {method}");
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, &message);
    if let Ok(method) = HeaderValue::from_str(method) {
        response.headers_mut().insert(header::ALLOW, method);
    }
    response
}

fn json(reply: &Reply) -> Response<Content> {
    response(reply.status(), "application/json", reply.body().into())
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Content> {
    of(status, kind, Either::Left(Full::new(body)))
}

fn of(status: StatusCode, kind: &'static str, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
