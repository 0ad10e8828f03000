//! `GetSessionToken` and `GetScopedCredentials`: temporary keys of the same principal.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::message::{Request, Response};
use crate::call::advice;
use crate::call::error::{Category, Error};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::sts::query::{self, Form};
use crate::sts::session::{self, Session};

/// An operation that exchanges an access key for temporary keys of the same principal.
#[derive(Clone, Debug)]
pub struct ScopeDown {
    call: Call,
    step: Step,
    form: Form,
    output: Option<Session>,
}

/// Which operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Long-term keys in, temporary keys out.
    SessionToken,
    /// Temporary keys in, temporary keys with fewer permissions out.
    ScopedCredentials,
}

impl Step {
    fn action(self) -> &'static str {
        match self {
            Step::SessionToken => "GetSessionToken",
            Step::ScopedCredentials => "GetScopedCredentials",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Step::SessionToken => "sts:GetSessionToken",
            Step::ScopedCredentials => "sts:GetScopedCredentials",
        }
    }

    /// The path of the text that identifies the session in the response. `GetSessionToken` returns no
    /// ARN.
    fn principal(self) -> &'static str {
        match self {
            Step::SessionToken => "Credentials/AccessKeyId",
            Step::ScopedCredentials => "SessionInfo/Arn",
        }
    }
}

impl ScopeDown {
    /// Exchanges the long-term keys that sign `call`. The session's principal is then its access key
    /// ID. The keys last `seconds`, 900 to 129,600.
    pub fn session_token(call: Call, seconds: u32) -> ScopeDown {
        let seconds = seconds.to_string();
        ScopeDown::new(call, Step::SessionToken, &[("DurationSeconds", &seconds)])
    }

    /// Limits the temporary keys that sign `call` to what `policy` allows. The keys last `seconds`, 1
    /// to 129,600, or as long as the keys that sign. CloudTrail records the description.
    pub fn scoped_credentials(
        call: Call,
        policy: &str,
        seconds: Option<u32>,
        description: &str,
    ) -> ScopeDown {
        let seconds = seconds.map(|seconds| seconds.to_string());
        let mut parameters = Vec::with_capacity(3);
        parameters.push(("Policy", policy));
        parameters.extend(seconds.as_deref().map(|text| ("DurationSeconds", text)));
        parameters.push(("ScopedSessionDescription", description));
        ScopeDown::new(call, Step::ScopedCredentials, &parameters)
    }

    fn new(call: Call, step: Step, parameters: &[(&str, &str)]) -> ScopeDown {
        ScopeDown {
            call,
            step,
            form: query::form(step.action(), parameters),
            output: None,
        }
    }

    /// Adds the operation to a message, because the user asked for another one.
    fn with_step(&self, message: &str) -> String {
        let action = self.step.action();
        format!("getting temporary keys ({action}): {message}")
    }

    fn rejected(&self, response: &Response, attempts: u8) -> Error {
        let context = RequestContext {
            action: self.step.permission(),
            resource: "*".into(),
            effect: Effect::Read,
            attempts,
        };
        let mut error = query::read_error(response, &context);
        if let Error::Unauthenticated(error) | Error::Service(error) = &mut error {
            let permission = self.step.permission();
            let explained = advice::by_sentence(error.category, &error.message, permission, "*");
            // STS denies a fourth policy as it denies a missing permission.
            if error.category == Category::AccessDenied
                && self.step == Step::ScopedCredentials
                && explained.is_none()
            {
                error.hint = Some(format!(
                    "an IAM policy of the caller must allow {permission}, and keys can be scoped down at most three times: these may have three policies already"
                ));
            }
            error.message = self.with_step(&error.message);
        }
        error
    }
}

impl Exchange for ScopeDown {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        query::request(&self.call.target.endpoint, &self.form)
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            return Err(self.rejected(&response, attempts));
        }
        let (action, principal) = (self.step.action(), self.step.principal());
        let describe = |message: &str| self.with_step(message);
        let session = session::read(action, principal, &response, attempts, describe)?;
        self.output = Some(session);
        Ok(())
    }

    fn annotate_error(&self, error: &mut Error) {
        session::describe_transport_error(error, |message| self.with_step(message));
    }
}

impl Operation for ScopeDown {
    type Output = Session;

    fn take_output(&mut self) -> Option<Session> {
        self.output.take()
    }
}

#[cfg(test)]
mod tests;
