//! `GetCallerIdentity`: the owner of the credentials. It needs no permission, so that it
//! distinguishes wrong credentials from missing permissions.

use alloc::string::String;

use crate::aws::message::{Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Error, Executed};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::sts::query::{self, Form};

/// The owner of the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account ID, 12 digits.
    pub account: String,
    /// The ARN of the user or of the assumed role's session.
    pub arn: String,
}

/// The operation `GetCallerIdentity`.
#[derive(Clone, Debug)]
pub struct GetCallerIdentity {
    call: Call,
    form: Form,
    output: Option<CallerIdentity>,
}

impl GetCallerIdentity {
    /// Checks the connection, whose credentials are to be identified.
    ///
    /// # Errors
    /// `invalid-input`, which names the connection's field.
    pub fn new(connection: Connection) -> Result<GetCallerIdentity, Error> {
        Ok(GetCallerIdentity::by(Call {
            target: Target::sts(connection, None)?,
            delivery: Delivery::new("delivery", None, false)?,
        }))
    }

    /// Identifies the caller of `call`, whose target is STS.
    pub fn by(call: Call) -> GetCallerIdentity {
        GetCallerIdentity {
            call,
            form: query::form("GetCallerIdentity", &[]),
            output: None,
        }
    }
}

impl Exchange for GetCallerIdentity {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        query::request(&self.call.target.endpoint, &self.form)
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        const PATHS: [&str; 2] = [
            "GetCallerIdentityResult/Account",
            "GetCallerIdentityResult/Arn",
        ];
        if response.status != 200 {
            let context = RequestContext {
                action: "sts:GetCallerIdentity",
                resource: "*".into(),
                effect: Effect::Read,
                attempts,
            };
            return Err(query::read_error(&response, &context));
        }
        let Some([Some(account), Some(arn)]) = query::texts(&response.body, PATHS) else {
            return Err(Error::malformed(
                "the response is not the XML that STS sends: check the endpoint and any proxy on the way",
                Executed::No,
                attempts,
            ));
        };
        self.output = Some(CallerIdentity { account, arn });
        Ok(())
    }
}

impl Operation for GetCallerIdentity {
    type Output = CallerIdentity;

    fn take_output(&mut self) -> Option<CallerIdentity> {
        self.output.take()
    }
}
