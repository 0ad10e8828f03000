//! SendDurableExecutionCallbackSuccess, SendDurableExecutionCallbackFailure and
//! SendDurableExecutionCallbackHeartbeat.

use std::sync::Arc;

use hyper::StatusCode;

use super::parameters::error_object;
use crate::answer::{Answer, json_answer};
use crate::durable::Completion;
use crate::errors::ApiError;
use crate::limits::CALLBACK_RESULT_LIMIT;
use crate::request::RawRequest;
use crate::service::Service;
use crate::signature::Caller;
use crate::target::allow;

/// What a request reports about a callback.
#[derive(Clone, Copy)]
pub enum Callback {
    Success,
    Failure,
    Heartbeat,
}

impl Callback {
    /// Returns the operation with this last part of its path.
    pub fn named(last: &str) -> Option<Self> {
        match last {
            "succeed" => Some(Self::Success),
            "fail" => Some(Self::Failure),
            "heartbeat" => Some(Self::Heartbeat),
            _ => None,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Success => "lambda:SendDurableExecutionCallbackSuccess",
            Self::Failure => "lambda:SendDurableExecutionCallbackFailure",
            Self::Heartbeat => "lambda:SendDurableExecutionCallbackHeartbeat",
        }
    }
}

pub fn complete_callback(
    service: &Service,
    id: &str,
    kind: Callback,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    service.names.callback_id.check(id)?;
    let executions = &service.executions;
    // Only a caller that may use every execution learns that an ID is unknown.
    let execution = executions.execution_of_callback(id);
    let resource = execution.as_deref().unwrap_or("*");
    allow(&service.place, caller, kind.action(), resource)?;
    let completion = match kind {
        Callback::Success => Completion::Success(result(&request.body)?),
        Callback::Failure => Completion::Failure(error_object(&request.body)?.unwrap_or_default()),
        Callback::Heartbeat => Completion::Heartbeat,
    };
    executions.complete_callback(id, completion)?;
    Ok(json_answer(StatusCode::OK, "{}"))
}

fn result(body: &[u8]) -> Result<Arc<str>, ApiError> {
    if body.len() > CALLBACK_RESULT_LIMIT {
        // The value is sensitive, so that the message does not repeat it.
        return Err(ApiError::untyped(
            StatusCode::BAD_REQUEST,
            "ValidationException",
            format!(
                "1 validation error detected: Value at 'result' failed to satisfy constraint: \
                 Member must have length less than or equal to {CALLBACK_RESULT_LIMIT}"
            ),
        ));
    }
    Ok(String::from_utf8_lossy(body).into())
}
