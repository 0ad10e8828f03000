//! Operations on durable executions: GetDurableExecution, StopDurableExecution, and in the files
//! below, the lists and the callbacks.

mod callbacks;
mod lists;
mod parameters;

use hyper::StatusCode;
use serde_json::json;

use super::answer::{Answer, json_answer};
use super::durable::seconds;
use super::errors::ApiError;
use super::request::RawRequest;
use super::service::Service;
use super::signature::Caller;
pub(super) use callbacks::{Callback, complete_callback};
pub(super) use lists::{history, list};
use parameters::{check, error_object, flag};

pub(super) fn get(
    service: &Service,
    arn: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let with_data = flag(request, "IncludeExecutionData")?.unwrap_or(true);
    check(service, arn, caller, "lambda:GetDurableExecution")?;
    let description = service.executions.describe(arn, with_data)?;
    Ok(json_answer(StatusCode::OK, description.to_string()))
}

pub(super) fn stop(
    service: &Service,
    arn: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    check(service, arn, caller, "lambda:StopDurableExecution")?;
    let error = error_object(&request.body)?;
    let stopped_ms = service.executions.stop(arn, error)?;
    let body = json!({ "StopTimestamp": seconds(stopped_ms) });
    Ok(json_answer(StatusCode::OK, body.to_string()))
}
