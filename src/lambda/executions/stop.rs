//! `StopDurableExecution`: `POST /2025-12-01/durable-executions/{DurableExecutionArn}/stop`.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::aws::json::Fields;
use crate::aws::message::{Method, Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Error, Executed};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::lambda::executions::arn::ExecutionArn;
use crate::lambda::executions::execution::{self, ExecutionFailure};
use crate::lambda::executions::timestamp;

/// The operation `StopDurableExecution`. A stopped execution cannot be resumed, so that the request is
/// repeated only as an invocation is. The `Debug` output has no failure.
#[derive(Clone)]
pub struct StopDurableExecution {
    call: Call,
    arn: ExecutionArn,
    body: String,
    output: Option<u64>,
}

impl fmt::Debug for StopDurableExecution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StopDurableExecution")
            .field("call", &self.call)
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

impl StopDurableExecution {
    /// Checks the connection, the ARN and the failure that Lambda records.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        arn: &str,
        failure: Option<&ExecutionFailure>,
    ) -> Result<StopDurableExecution, Error> {
        let (arn, target) = ExecutionArn::with_target("arn", arn, connection)?;
        let delivery = Delivery::new("delivery", None, false)?;
        let body = failure.map_or_else(
            || Ok("{}".into()),
            |failure| failure.request_json("failure"),
        )?;
        Ok(StopDurableExecution {
            call: Call { target, delivery },
            arn,
            body,
            output: None,
        })
    }
}

impl Exchange for StopDurableExecution {
    fn call(&self) -> &Call {
        &self.call
    }

    fn effect(&self) -> Effect {
        Effect::Change
    }

    fn request(&self) -> Request<'_> {
        let endpoint = &self.call.target.endpoint;
        let mut request = Request::new(Method::Post, endpoint, &self.arn.path("/stop"));
        let json = ("content-type", Cow::Borrowed("application/json"));
        request.headers.push(json);
        request.body = self.body.as_bytes();
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            let context = RequestContext {
                action: "lambda:StopDurableExecution",
                resource: self.arn.as_str().into(),
                effect: Effect::Change,
                attempts,
            };
            return Err(execution::rejected(&response, &context));
        }
        let text = core::str::from_utf8(&response.body).ok();
        let stopped = text.and_then(Fields::read);
        let stopped = stopped.and_then(|fields| timestamp::read(fields.get("StopTimestamp")?));
        // The status alone does not show that the execution was stopped.
        self.output =
            Some(stopped.ok_or_else(|| execution::malformed(Executed::Unknown, attempts))?);
        Ok(())
    }
}

impl Operation for StopDurableExecution {
    type Output = u64;

    fn take_output(&mut self) -> Option<u64> {
        self.output.take()
    }
}
