//! `GetDurableExecution`: `GET /2025-12-01/durable-executions/{DurableExecutionArn}`.

use alloc::borrow::Cow;

use crate::aws::json::Fields;
use crate::aws::message::{Method, Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Error, Executed};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::lambda::executions::arn::ExecutionArn;
use crate::lambda::executions::execution::{self, Execution};

/// The most bytes of a response with data. Input and result have up to 6,291,456 characters each, and
/// inside JSON every one of them may take two bytes.
pub const MAX_DATA_BYTES: usize = 4 * 6_291_456 + 1_048_576;

/// The operation `GetDurableExecution`.
#[derive(Clone, Debug)]
pub struct GetDurableExecution {
    call: Call,
    arn: ExecutionArn,
    with_data: bool,
    output: Option<Execution>,
}

impl GetDurableExecution {
    /// Checks the connection and the ARN. `with_data` includes the input and the result or failure.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        arn: &str,
        with_data: bool,
    ) -> Result<GetDurableExecution, Error> {
        let (arn, target) = ExecutionArn::with_target("arn", arn, connection)?;
        let delivery = Delivery::new("delivery", None, false)?;
        Ok(GetDurableExecution {
            call: Call { target, delivery },
            arn,
            with_data,
            output: None,
        })
    }

    /// Changes how the request is delivered.
    pub fn with_delivery(mut self, delivery: Delivery) -> GetDurableExecution {
        self.call.delivery = delivery;
        self
    }
}

impl Exchange for GetDurableExecution {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let endpoint = &self.call.target.endpoint;
        let mut request = Request::new(Method::Get, endpoint, &self.arn.path(""));
        if self.with_data {
            request.max_response_bytes = MAX_DATA_BYTES;
        } else {
            // The data is included by default.
            let without = ("IncludeExecutionData", Cow::Borrowed("false"));
            request.query.push(without);
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            let context = RequestContext {
                action: "lambda:GetDurableExecution",
                resource: self.arn.as_str().into(),
                effect: Effect::Read,
                attempts,
            };
            return Err(execution::rejected(&response, &context));
        }
        let text = core::str::from_utf8(&response.body).ok();
        let mut execution = text
            .and_then(Fields::read)
            .and_then(|fields| Execution::read(&fields))
            // Another execution's data would be a wrong answer.
            .filter(|execution| execution.arn == self.arn.as_str());
        // Local servers ignore that the data is not wanted.
        if let Some(execution) = execution.as_mut().filter(|_| !self.with_data) {
            execution.input = None;
            execution.output = None;
            execution.failure = None;
        }
        self.output = Some(execution.ok_or_else(|| execution::malformed(Executed::No, attempts))?);
        Ok(())
    }
}

impl Operation for GetDurableExecution {
    type Output = Execution;

    fn take_output(&mut self) -> Option<Execution> {
        self.output.take()
    }
}
