//! Answers: status, headers and body.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::errors::ApiError;
use super::execute::Finished;

pub(super) type Answer = Response<Full<Bytes>>;

/// Of a request that was refused.
pub(super) fn error_answer(error: ApiError) -> Answer {
    let mut answer = json_answer(error.body.to_string());
    *answer.status_mut() = error.status;
    answer.headers_mut().insert(
        "x-amzn-errortype",
        HeaderValue::from_static(error.error_type),
    );
    if let Some(seconds) = error.retry_after {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// 200.
pub(super) fn json_answer(body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Of an event and a dry run.
pub(super) fn empty(status: StatusCode, execution_arn: Option<&str>) -> Result<Answer, ApiError> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    if let Some(arn) = execution_arn {
        set(&mut answer, "x-amz-durable-execution-arn", arn)?;
    }
    Ok(answer)
}

/// Of a function that ran, failed or not.
pub(super) fn success(
    finished: Finished,
    version: &str,
    trace_id: &str,
    execution_arn: Option<&str>,
    tail: bool,
) -> Result<Answer, ApiError> {
    let mut answer = json_answer(finished.body);
    set(&mut answer, "x-amz-executed-version", version)?;
    set(&mut answer, "x-amzn-trace-id", trace_id)?;
    // Noise that the real service sends.
    set(&mut answer, "x-amzn-remapped-content-length", "0")?;
    if finished.failed {
        set(&mut answer, "x-amz-function-error", "Unhandled")?;
    }
    if tail {
        set(&mut answer, "x-amz-log-result", &finished.log_tail)?;
    }
    if let Some(arn) = execution_arn {
        set(&mut answer, "x-amz-durable-execution-arn", arn)?;
    }
    Ok(answer)
}

fn set(answer: &mut Answer, name: &'static str, value: &str) -> Result<(), ApiError> {
    let value = HeaderValue::from_str(value)
        .map_err(|_| ApiError::service(format!("The header {name} cannot be sent")))?;
    answer.headers_mut().insert(name, value);
    Ok(())
}
