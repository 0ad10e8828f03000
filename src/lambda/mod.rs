//! AWS Lambda's API: one file an operation, which builds its request and reads its response.
//!
//! Nothing here sends: an [`Operation`] is asked for its next request and handed the response,
//! by whoever owns a transport and a clock.

pub mod assume_role;
pub mod attempts;
pub mod caller_identity;
pub mod connection;
pub mod delivery;
pub mod errors;
pub mod failure;
pub mod function_name;
pub mod invoke;
pub mod json;
pub mod list_functions;
pub mod list_qualifiers;
pub mod log_tail;
pub mod outcome;
pub mod roles;
pub mod test_connection;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;

use crate::aws::message::{Request, Response};
use connection::Target;
use delivery::Delivery;
use outcome::Error;

/// Signing name and endpoint prefix.
pub const SERVICE: &str = "lambda";

/// One call of the interface: as many requests as it takes.
pub trait Operation {
    /// What the call returns.
    type Output;

    /// Where its requests go, and who signs them.
    fn target(&self) -> &Target;

    /// How patient and persistent the call is.
    fn delivery(&self) -> &Delivery;

    /// Whether a request may run the function. Of a read, every attempt is `executed: no`.
    fn runs_function(&self) -> bool;

    /// Whether a request whose outcome is unknown may be sent again.
    fn repeatable(&self) -> bool;

    /// The next request, unsigned.
    fn request(&self) -> Request<'_>;

    /// Reads the response to that request.
    ///
    /// # Errors
    /// What AWS refused, what the function left behind when it failed, or an answer that is not
    /// Lambda's.
    fn read(&mut self, response: Response, attempts: u8) -> Result<Step<Self::Output>, Error>;

    /// Says in an error that the transport reported what the request was for, where its caller
    /// does not know of it.
    fn explain(&self, _: &mut Error) {}
}

/// What follows a response.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<T> {
    /// The call is finished.
    Done(T),
    /// Another request follows.
    More,
}
