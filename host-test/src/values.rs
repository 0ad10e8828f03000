//! The contract's enums under their names in the WIT, which is what people and programs read.

use aws_lambda_connector_host::bindings::lambda::QualifierKind;
use aws_lambda_connector_host::bindings::types::{
    ErrorCategory, Executed, FailureCause, TransportKind,
};

/// Whether the function ran.
pub fn executed(value: Executed) -> &'static str {
    match value {
        Executed::No => "no",
        Executed::Unknown => "unknown",
        Executed::Yes => "yes",
    }
}

/// What kind of error AWS answered with.
pub fn category(value: ErrorCategory) -> &'static str {
    match value {
        ErrorCategory::NotFound => "not-found",
        ErrorCategory::AccessDenied => "access-denied",
        ErrorCategory::Credentials => "credentials",
        ErrorCategory::ClockSkew => "clock-skew",
        ErrorCategory::Throttled => "throttled",
        ErrorCategory::TooLarge => "too-large",
        ErrorCategory::InvalidRequest => "invalid-request",
        ErrorCategory::Conflict => "conflict",
        ErrorCategory::NotReady => "not-ready",
        ErrorCategory::FunctionConfiguration => "function-configuration",
        ErrorCategory::ServiceFault => "service-fault",
        ErrorCategory::Other => "other",
    }
}

/// Why there is no usable answer.
pub fn transport(value: TransportKind) -> &'static str {
    match value {
        TransportKind::Dns => "dns",
        TransportKind::Connect => "connect",
        TransportKind::Tls => "tls",
        TransportKind::Timeout => "timeout",
        TransportKind::CutOff => "cut-off",
        TransportKind::Denied => "denied",
        TransportKind::Malformed => "malformed",
        TransportKind::Other => "other",
    }
}

/// How a function failed.
pub fn cause(value: FailureCause) -> &'static str {
    match value {
        FailureCause::Thrown => "thrown",
        FailureCause::TimedOut => "timed-out",
        FailureCause::OutOfMemory => "out-of-memory",
        FailureCause::Exited => "exited",
        FailureCause::FailedToStart => "failed-to-start",
        FailureCause::ResponseTooLarge => "response-too-large",
        FailureCause::Unknown => "unknown",
    }
}

/// What a qualifier is.
pub fn qualifier(value: QualifierKind) -> &'static str {
    match value {
        QualifierKind::Alias => "alias",
        QualifierKind::Version => "version",
        QualifierKind::Latest => "latest",
    }
}
