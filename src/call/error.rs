//! The error of a failed call: `types.error` of the interface, which documents each field.
#![allow(missing_docs)]

use alloc::boxed::Box;
use alloc::string::String;

use crate::call::invocation::FailedInvocation;

#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    InvalidInput(InvalidInput),
    Unauthenticated(ServiceError),
    Service(ServiceError),
    Transport(TransportError),
    FunctionFailed(Box<FailedInvocation>),
}

impl Error {
    /// An input that was rejected before anything was sent.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Error {
        Error::InvalidInput(InvalidInput {
            field: field.into(),
            message: message.into(),
        })
    }

    /// A response that AWS does not send.
    pub fn malformed(message: impl Into<String>, executed: Executed, attempts: u8) -> Error {
        Error::Transport(TransportError {
            kind: TransportKind::Malformed,
            message: message.into(),
            executed,
            request_id: None,
            attempts,
            transient: true,
        })
    }

    /// Adds `note` to what the caller can do about the error: to the hint, or to the message of an
    /// error that has no hint. The other errors precede the request or are the function's own, and
    /// stay as they are.
    pub fn add_note(&mut self, note: &str) {
        match self {
            Error::Unauthenticated(error) | Error::Service(error) => {
                let hint = error.hint.get_or_insert_default();
                append(hint, note);
            }
            Error::Transport(error) => append(&mut error.message, note),
            Error::InvalidInput(_) | Error::FunctionFailed(_) => {}
        }
    }
}

fn append(text: &mut String, note: &str) {
    if !text.is_empty() {
        text.push_str("; ");
    }
    text.push_str(note);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    pub field: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executed {
    No,
    Unknown,
    Yes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    pub code: String,
    pub message: String,
    pub status_code: u16,
    pub category: Category,
    pub executed: Executed,
    pub retryable: bool,
    pub hint: Option<String>,
    pub request_id: Option<String>,
    pub attempts: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    NotFound,
    AccessDenied,
    Credentials,
    ClockSkew,
    Throttled,
    TooLarge,
    InvalidRequest,
    Conflict,
    NotReady,
    FunctionConfiguration,
    ServiceFault,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    pub kind: TransportKind,
    pub message: String,
    pub executed: Executed,
    /// The request ID of the response, if there was one. The interface reports it in the message.
    pub request_id: Option<String>,
    pub attempts: u8,
    /// Whether another attempt may succeed within seconds. The interface does not report it.
    pub transient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportKind {
    Dns,
    Connect,
    Tls,
    Timeout,
    CutOff,
    Denied,
    NotLambda,
    Malformed,
    Other,
}
