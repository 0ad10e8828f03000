//! STS `GetCallerIdentity`: who the credentials belong to. Needs no permission at all, so that it
//! tells wrong credentials from missing permissions.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::connection::{Connection, Target};
use super::delivery::Delivery;
use super::errors::{self, Refused};
use super::function_name::FunctionName;
use super::outcome::{Error, Executed};
use super::{Operation, Step};
use crate::aws::message::{Method, Request, Response};
use crate::aws::sts;

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
    target: Target,
    delivery: Delivery,
    form: Vec<u8>,
}

impl GetCallerIdentity {
    /// For a connection, and the function that may name its region.
    ///
    /// # Errors
    /// `invalid-input` that names the connection's field.
    pub fn new(
        connection: Connection,
        function: Option<(&str, &FunctionName)>,
    ) -> Result<GetCallerIdentity, Error> {
        Ok(GetCallerIdentity {
            target: Target::sts(connection, function)?,
            delivery: Delivery::new("delivery", None, false)?,
            form: sts::form("GetCallerIdentity", &[]),
        })
    }
}

impl Operation for GetCallerIdentity {
    type Output = CallerIdentity;

    fn target(&self) -> &Target {
        &self.target
    }

    fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    fn runs_function(&self) -> bool {
        false
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn request(&self) -> Request<'_> {
        let mut request = Request::new(Method::Post, &self.target.endpoint, "/");
        request
            .headers
            .push(("content-type", Cow::Borrowed(sts::CONTENT_TYPE)));
        request.body = &self.form;
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<Step<CallerIdentity>, Error> {
        const PATHS: [&str; 2] = [
            "GetCallerIdentityResult/Account",
            "GetCallerIdentityResult/Arn",
        ];
        if response.status != 200 {
            let refused = Refused {
                action: "sts:GetCallerIdentity",
                resource: "*".into(),
                runs_function: false,
                attempts,
            };
            return Err(errors::read_sts(&response, &refused));
        }
        match sts::texts(&response.body, PATHS) {
            Some([Some(account), Some(arn)]) => Ok(Step::Done(CallerIdentity { account, arn })),
            _ => Err(Error::malformed(
                "the answer is not the XML that STS sends: check the endpoint and any proxy on the way",
                Executed::No,
                attempts,
            )),
        }
    }
}
