//! Expected outcomes of a call. Each function returns one part of the result, or fails the test.

use std::fmt::Debug;

use aws_lambda_connector_host::bindings::types::{
    Error, ErrorCategory, Executed, FailedInvocation, InvalidInput, Invocation, Payload,
    ServiceError, TransportError, TransportKind,
};

macro_rules! errors {
    ($($name:ident: $case:ident => $part:ty),*) => {$(
        #[track_caller]
        pub fn $name<T: Debug>(result: Result<T, Error>) -> $part {
            match result {
                Err(Error::$case(part)) => part,
                other => unexpected(other),
            }
        }
    )*};
}

errors! {
    function_failed: FunctionFailed => FailedInvocation,
    invalid_input: InvalidInput => InvalidInput,
    service: Service => ServiceError,
    transport: Transport => TransportError,
    unauthenticated: Unauthenticated => ServiceError
}

/// Returns the output of a function that must return text.
#[track_caller]
pub fn text(result: Result<Invocation, Error>) -> String {
    match result.map(|invocation| invocation.output) {
        Ok(Some(Payload::Text(text))) => text,
        other => unexpected(other),
    }
}

/// Returns the output of a function that must return bytes other than text.
#[track_caller]
pub fn binary(result: Result<Invocation, Error>) -> Vec<u8> {
    match result.map(|invocation| invocation.output) {
        Ok(Some(Payload::Binary(bytes))) => bytes,
        other => unexpected(other),
    }
}

#[track_caller]
fn unexpected(result: impl Debug) -> ! {
    panic!("{:.500}", format!("{result:?}"))
}

/// Checks a transport error against these values, and returns its message.
#[track_caller]
pub fn assert_transport<T: Debug>(
    result: Result<T, Error>,
    kind: TransportKind,
    executed: Executed,
    attempts: u8,
) -> String {
    let error = transport(result);
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (kind, executed, attempts),
        "{}",
        error.message
    );
    error.message
}

/// Checks the fields of a service error that a caller may act on.
#[track_caller]
pub fn assert_service(
    error: &ServiceError,
    category: ErrorCategory,
    executed: Executed,
    attempts: u8,
) {
    assert_eq!(
        (error.category, error.executed, error.attempts),
        (category, executed, attempts),
        "{error:?}"
    );
}
