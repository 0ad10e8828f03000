//! What an API operation is to the code that carries it out: requests out, responses in.

use crate::aws::message::{Request, Response};
use crate::call::delivery::Delivery;
use crate::call::error::Error;
use crate::call::target::Target;

/// What all requests of one call share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where they go, and who signs them.
    pub target: Target,
    /// How long they may take, and how often each may be sent.
    pub delivery: Delivery,
}

/// The requests of an operation, one after the other, and the responses to them.
///
/// The object-safe half of [`Operation`]: the attempt loop is compiled once, not once for each
/// operation.
pub trait Exchange {
    /// The call's target and delivery options.
    fn call(&self) -> &Call;

    /// Whether the request may run the function. Every error of a request that cannot is reported
    /// as `executed: no`.
    fn runs_function(&self) -> bool {
        false
    }

    /// Whether a request of unknown outcome may be sent again. An operation that runs the function
    /// has to say so.
    fn repeatable(&self) -> bool {
        !self.runs_function()
    }

    /// The next request, unsigned. Called again for every attempt.
    fn request(&self) -> Request<'_>;

    /// Reads the response to that request, which took `attempts` attempts.
    ///
    /// # Errors
    /// What AWS rejected, how the function failed, or a response that is not AWS's. The operation
    /// is then where it was, so that the request can be sent again.
    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error>;

    /// Adds to an error of the transport what the request was for, where the caller did not ask
    /// for this request.
    fn annotate_error(&self, _: &mut Error) {}
}

/// One call of the interface: as many requests as it takes, then its output.
///
/// An operation that only reads needs no more than this:
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

    /// The output, after the last response was read; `None` where another request follows.
    fn take_output(&mut self) -> Option<Self::Output>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::message::Method;
    use crate::testing::connection;

    struct Minimal {
        call: Call,
        runs_function: bool,
    }

    impl Exchange for Minimal {
        fn call(&self) -> &Call {
            &self.call
        }

        fn runs_function(&self) -> bool {
            self.runs_function
        }

        fn request(&self) -> Request<'_> {
            Request::new(Method::Get, &self.call.target.endpoint, "/")
        }

        fn read(&mut self, _: Response, _: u8) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn operation_that_runs_the_function_is_not_repeatable_by_default() {
        for (runs_function, repeatable) in [(true, false), (false, true)] {
            let operation = Minimal {
                call: Call {
                    target: Target::new(connection(), None).unwrap(),
                    delivery: Delivery::new("delivery", None, false).unwrap(),
                },
                runs_function,
            };
            assert_eq!(operation.repeatable(), repeatable);
        }
    }
}
