//! `SendDurableExecutionCallbackSuccess`, `…Failure` and `…Heartbeat`: `POST
//! /2025-12-01/durable-execution-callbacks/{CallbackId}/…`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::aws::message::{Method, Request, Response};
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error};
use crate::call::error_response::{self, RequestContext};
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::call::text;
use crate::lambda::executions::execution::ExecutionFailure;

/// The interface's `executions.callback-result`. The `Debug` output has no data.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CallbackResult {
    Succeeded(Option<Vec<u8>>),
    Failed(ExecutionFailure),
    Heartbeat,
}

impl CallbackResult {
    /// The last label of the path, and the IAM action.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            CallbackResult::Succeeded(_) => {
                ("succeed", "lambda:SendDurableExecutionCallbackSuccess")
            }
            CallbackResult::Failed(_) => ("fail", "lambda:SendDurableExecutionCallbackFailure"),
            CallbackResult::Heartbeat => {
                ("heartbeat", "lambda:SendDurableExecutionCallbackHeartbeat")
            }
        }
    }
}

impl fmt::Debug for CallbackResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.names().0)
    }
}

/// The most bytes of a result.
const RESULT_LIMIT: usize = 1_048_576;

/// The operation that answers a callback. Lambda does not deduplicate results, so that the request is
/// repeated only as an invocation is.
///
/// The `Debug` output has no data.
#[derive(Clone)]
pub struct CompleteCallback {
    call: Call,
    outcome: CallbackResult,
    path: String,
    /// The JSON of a failure.
    failure: Option<String>,
    is_done: bool,
}

impl fmt::Debug for CompleteCallback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompleteCallback")
            .field("call", &self.call)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl CompleteCallback {
    /// Checks the connection, the callback's ID and the outcome.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        callback_id: &str,
        outcome: CallbackResult,
    ) -> Result<CompleteCallback, Error> {
        text::check(
            format_args!("callback-id"),
            callback_id,
            1,
            1_024,
            |byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte),
            "a callback's ID is Base64 text of up to 1,024 characters, which the function receives when it creates the callback",
        )?;
        let failure = match &outcome {
            CallbackResult::Failed(failure) => Some(failure.request_json("outcome.failed")?),
            CallbackResult::Succeeded(Some(result)) if result.len() > RESULT_LIMIT => {
                return Err(Error::invalid(
                    "outcome.succeeded",
                    format!(
                        "it is {} bytes: Lambda accepts at most {RESULT_LIMIT}",
                        result.len()
                    ),
                ));
            }
            CallbackResult::Succeeded(_) | CallbackResult::Heartbeat => None,
        };
        let mut path = String::from("/2025-12-01/durable-execution-callbacks/");
        uri::encode_into(&mut path, callback_id);
        path.push('/');
        path.push_str(outcome.names().0);
        Ok(CompleteCallback {
            call: Call {
                target: Target::new(connection, None)?,
                delivery: Delivery::new("delivery", None, false)?,
            },
            outcome,
            path,
            failure,
            is_done: false,
        })
    }
}

impl Exchange for CompleteCallback {
    fn call(&self) -> &Call {
        &self.call
    }

    fn effect(&self) -> Effect {
        Effect::Change
    }

    fn request(&self) -> Request<'_> {
        let mut request = Request::new(Method::Post, &self.call.target.endpoint, &self.path);
        match (&self.outcome, &self.failure) {
            (CallbackResult::Succeeded(Some(result)), _) => request.body = result,
            (_, Some(failure)) => {
                let json = ("content-type", Cow::Borrowed("application/json"));
                request.headers.push(json);
                request.body = failure.as_bytes();
            }
            _ => {}
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            let context = RequestContext {
                action: self.outcome.names().1,
                resource: "the durable execution that waits for the callback".into(),
                effect: Effect::Change,
                attempts,
            };
            let mut error = error_response::read(&response, &context);
            if let Error::Service(error) = &mut error
                && error.category == Category::NotFound
            {
                error.hint = Some("check the callback's ID, and that the connection's region and account are those of its execution".into());
            }
            return Err(error);
        }
        self.is_done = true;
        Ok(())
    }
}

impl Operation for CompleteCallback {
    type Output = ();

    fn take_output(&mut self) -> Option<()> {
        self.is_done.then_some(())
    }
}
