//! What a call ends with: the own types behind `types.wit`, where each field is documented.
#![allow(missing_docs)]

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    InvalidInput(InvalidInput),
    Unauthenticated(ServiceError),
    Service(ServiceError),
    Transport(TransportError),
    FunctionFailed(Box<FailedInvocation>),
}

impl Error {
    /// A refusal before anything was sent.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Error {
        Error::InvalidInput(InvalidInput {
            field: field.into(),
            message: message.into(),
        })
    }

    /// An answer that cannot be Lambda's.
    pub fn malformed(message: impl Into<String>, executed: Executed, attempts: u8) -> Error {
        Error::Transport(TransportError {
            kind: TransportKind::Malformed,
            message: message.into(),
            executed,
            attempts,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportKind {
    Dns,
    Connect,
    Tls,
    Timeout,
    CutOff,
    Denied,
    Malformed,
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    pub status_code: u16,
    pub output: Option<Payload>,
    pub log: Option<LogTail>,
    pub executed_version: Option<String>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub durable_execution_arn: Option<String>,
    pub attempts: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FailedInvocation {
    pub invocation: Invocation,
    pub failure: FunctionFailure,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    Text(String),
    Binary(Vec<u8>),
}

impl Payload {
    /// Text where it is UTF-8; the bytes move, they are not copied.
    pub fn new(body: Vec<u8>) -> Payload {
        String::from_utf8(body)
            .map_or_else(|error| Payload::Binary(error.into_bytes()), Payload::Text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFailure {
    pub marker: String,
    pub cause: FailureCause,
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    pub stack_trace: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    Thrown,
    TimedOut,
    OutOfMemory,
    Exited,
    FailedToStart,
    ResponseTooLarge,
    Unknown,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogTail {
    pub text: String,
    pub truncated: bool,
    pub report: Option<RunReport>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    pub duration_ms: f64,
    pub billed_duration_ms: u64,
    pub memory_size_mb: u32,
    pub max_memory_used_mb: u32,
    pub init_duration_ms: Option<f64>,
}
