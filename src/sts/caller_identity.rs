//! STS `GetCallerIdentity`: who the credentials belong to. Needs no permission at all, so that it
//! tells wrong credentials from missing permissions.

use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::message::{Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Error, Executed};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Exchange, Operation};
use crate::call::target::Target;
use crate::sts::query;

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// 12 digits.
    pub account: String,
    /// Of the user, or of the assumed role's session.
    pub arn: String,
}

/// The question, ready to be asked.
#[derive(Clone, Debug)]
pub struct GetCallerIdentity {
    call: Call,
    form: Vec<u8>,
    output: Option<CallerIdentity>,
}

impl GetCallerIdentity {
    /// Asks for the owner of the connection's credentials.
    ///
    /// # Errors
    /// `invalid-input` that names the connection's field.
    pub fn new(connection: Connection) -> Result<GetCallerIdentity, Error> {
        Ok(GetCallerIdentity {
            call: Call {
                target: Target::sts(connection, None)?,
                delivery: Delivery::new("delivery", None, false)?,
            },
            form: query::form("GetCallerIdentity", &[]),
            output: None,
        })
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
                runs_function: false,
                attempts,
            };
            return Err(query::read_error(&response, &context));
        }
        let Some([Some(account), Some(arn)]) = query::texts(&response.body, PATHS) else {
            return Err(Error::malformed(
                "the answer is not the XML that STS sends: check the endpoint and any proxy on the way",
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
