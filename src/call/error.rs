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
            attempts,
            transient: true,
        })
    }
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
