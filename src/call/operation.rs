//! The interface between an API operation and the code that performs it: requests out, responses
//! in.

use crate::aws::message::{Request, Response};
use crate::call::delivery::Delivery;
use crate::call::error::Error;
use crate::call::target::Target;

/// What all requests of one call share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where the requests go, and who signs them.
    pub target: Target,
    /// How long a request may take, and how often it may be sent.
    pub delivery: Delivery,
}

/// What a request can do to the function, or to a durable execution of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing. The request reads, or goes to STS.
    Read,
    /// Lambda checks the request without running the function. Others may ignore that it is a dry
    /// run.
    DryRun,
    /// It starts the function.
    Run,
    /// It changes a durable execution, which must not happen twice.
    Change,
}

/// The requests of an operation, one after the other, and the responses to them.
///
/// This is the dyn-compatible half of [`Operation`], so that the attempt loop is compiled once and
/// not for each operation.
pub trait Exchange {
    /// The call's target and delivery options.
    fn call(&self) -> &Call;

    /// What the request can do to the function. The default is [`Effect::Read`].
    fn effect(&self) -> Effect {
        Effect::Read
    }

    /// The request ID that the caller chose for the next request. It is sent with each attempt until
    /// one may have run the function. The default is none, so that AWS chooses.
    fn request_id(&self) -> Option<&str> {
        None
    }

    /// The SHA-256 of the next request's body in hexadecimal, if the caller has computed it. The default
    /// is none, so that it is computed here.
    fn payload_hash(&self) -> Option<&str> {
        None
    }

    /// Builds the next request, unsigned and without [`Exchange::request_id`]. Called for every
    /// attempt.
    fn request(&self) -> Request<'_>;

    /// Reads the response to the last request, which took `attempts` attempts. It comes from AWS or
    /// from an emulator: [`origin`](crate::call::origin) has rejected all others.
    ///
    /// # Errors
    /// AWS's error, the function's failure, or `malformed` for a response that AWS does not send.
    /// The operation's state is then unchanged, so that the request can be sent again.
    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error>;

    /// Adds context to transport errors of requests that the caller did not ask for, such as
    /// `AssumeRole`. The default adds nothing.
    fn annotate_error(&self, _: &mut Error) {}
}

/// One call of the interface: one or more requests, then its output.
///
/// # Examples
/// A read needs only these methods:
///
/// ```
/// use aws_lambda_connector::aws::message::{Method, Request, Response};
/// use aws_lambda_connector::call::error::Error;
/// use aws_lambda_connector::call::operation::{Call, Exchange, Operation};
///
/// struct GetAccountSettings {
///     call: Call,
///     settings: Option<Vec<u8>>,
/// }
///
/// impl Exchange for GetAccountSettings {
///     fn call(&self) -> &Call {
///         &self.call
///     }
///
///     fn request(&self) -> Request<'_> {
///         let endpoint = &self.call.target.endpoint;
///         Request::new(Method::Get, endpoint, "/2016-08-19/account-settings")
///     }
///
///     fn read(&mut self, response: Response, _attempts: u8) -> Result<(), Error> {
///         self.settings = Some(response.body);
///         Ok(())
///     }
/// }
///
/// impl Operation for GetAccountSettings {
///     type Output = Vec<u8>;
///
///     fn take_output(&mut self) -> Option<Vec<u8>> {
///         self.settings.take()
///     }
/// }
/// ```
pub trait Operation: Exchange {
    /// What the call returns.
    type Output;

    /// Takes the output once the last response is read. Returns `None` if another request follows.
    fn take_output(&mut self) -> Option<Self::Output>;
}
