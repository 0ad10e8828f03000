//! HTTP responses: status, headers and body.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::errors::ApiError;

pub(super) type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// Builds the response for a rejected request.
pub(super) fn error_answer(error: ApiError) -> Answer {
    let mut answer = json_answer(error.status, error.body.to_string());
    let headers = answer.headers_mut();
    let error_type = HeaderValue::from_static(error.error_type);
    headers.insert("x-amzn-errortype", error_type);
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

pub(super) fn json_answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, "application/json", body)
}

pub(super) fn xml_answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, "text/xml", body)
}

/// Builds a response without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// Adds the headers that have a value.
pub(super) fn with_headers(
    mut answer: Answer,
    headers: &[(&'static str, Option<&str>)],
) -> Result<Answer, ApiError> {
    for &(name, value) in headers {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).map_err(|_| {
                ApiError::service(format!(
                    "The value of the header {name} is not valid in HTTP"
                ))
            })?;
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = full(body.into());
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

fn full(body: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    Full::new(body)
        .map_err(|never| match never {})
        .boxed_unsync()
}
