//! What the host knows about a call beside its result.

use aws_lambda_connector_host::bindings::types::Error;
use aws_lambda_connector_host::caller::Caller;

use super::outcome::Outcome;
use super::print::print_err;

/// Prints what the host knows about the call, and returns the outcome of the command.
pub fn reported<T>(caller: &Caller, result: &Result<T, Error>) -> Outcome {
    for fallback in caller.fallbacks() {
        print_err(format_args!(
            "warning: {fallback} (--scope off omits the request, --scope require fails instead)"
        ));
    }
    if result.is_err() {
        // The component reports only that a destination was denied. The host knows which one and
        // why.
        for refusal in caller.refusals() {
            print_err(format_args!("policy: {refusal}"));
        }
    }
    match result {
        Ok(_) => Outcome::Success,
        Err(Error::FunctionFailed(_)) => Outcome::FunctionFailed,
        Err(_) => Outcome::Error,
    }
}
