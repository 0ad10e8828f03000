//! Converts the types of the crate to WIT values. Strings and bytes are moved, not copied.

use alloc::borrow::ToOwned;

use crate::aws::credentials::{AccessKey, Secret};
use crate::bindings::exports::connectors::aws_lambda::{lambda, sessions, types};
use crate::call::error::{
    Category, Error, Executed, InvalidInput, ServiceError, TransportError, TransportKind,
};
use crate::call::failure::{FailureCause, FunctionFailure};
use crate::call::invocation::{FailedInvocation, Invocation, Payload};
use crate::call::log_tail::{LogTail, RunReport};
use crate::lambda::list_functions::{FunctionPage, FunctionSummary};
use crate::lambda::list_qualifiers::{QualifierChoice, QualifierKind};
use crate::sts::session::Session;
use crate::test_connection::{Check, Outcome, Subject};

impl From<Error> for types::Error {
    fn from(error: Error) -> types::Error {
        match error {
            Error::InvalidInput(input) => types::Error::InvalidInput(input.into()),
            Error::Unauthenticated(error) => types::Error::Unauthenticated(error.into()),
            Error::Service(error) => types::Error::Service(error.into()),
            Error::Transport(error) => types::Error::Transport(error.into()),
            Error::FunctionFailed(failed) => types::Error::FunctionFailed((*failed).into()),
        }
    }
}

impl From<Session> for sessions::Session {
    fn from(session: Session) -> sessions::Session {
        sessions::Session {
            keys: session.keys.into(),
            expires: session.expires,
            principal: session.principal,
        }
    }
}

impl From<AccessKey> for types::AccessKey {
    fn from(key: AccessKey) -> types::AccessKey {
        let text = |secret: &Secret| secret.reveal().to_owned();
        types::AccessKey {
            access_key_id: key.access_key_id,
            secret_access_key: text(&key.secret_access_key),
            session_token: key.session_token.as_ref().map(text),
        }
    }
}

impl From<InvalidInput> for types::InvalidInput {
    fn from(input: InvalidInput) -> types::InvalidInput {
        types::InvalidInput {
            field: input.field,
            message: input.message,
        }
    }
}

impl From<Executed> for types::Executed {
    fn from(executed: Executed) -> types::Executed {
        match executed {
            Executed::No => types::Executed::No,
            Executed::Unknown => types::Executed::Unknown,
            Executed::Yes => types::Executed::Yes,
        }
    }
}

impl From<ServiceError> for types::ServiceError {
    fn from(error: ServiceError) -> types::ServiceError {
        types::ServiceError {
            code: error.code,
            message: error.message,
            status_code: error.status_code,
            category: error.category.into(),
            executed: error.executed.into(),
            retryable: error.retryable,
            hint: error.hint,
            request_id: error.request_id,
            attempts: error.attempts,
        }
    }
}

impl From<Category> for types::ErrorCategory {
    fn from(category: Category) -> types::ErrorCategory {
        match category {
            Category::NotFound => types::ErrorCategory::NotFound,
            Category::AccessDenied => types::ErrorCategory::AccessDenied,
            Category::Credentials => types::ErrorCategory::Credentials,
            Category::ClockSkew => types::ErrorCategory::ClockSkew,
            Category::Throttled => types::ErrorCategory::Throttled,
            Category::TooLarge => types::ErrorCategory::TooLarge,
            Category::InvalidRequest => types::ErrorCategory::InvalidRequest,
            Category::Conflict => types::ErrorCategory::Conflict,
            Category::NotReady => types::ErrorCategory::NotReady,
            Category::FunctionConfiguration => types::ErrorCategory::FunctionConfiguration,
            Category::ServiceFault => types::ErrorCategory::ServiceFault,
            Category::Other => types::ErrorCategory::Other,
        }
    }
}

impl From<TransportError> for types::TransportError {
    fn from(error: TransportError) -> types::TransportError {
        types::TransportError {
            kind: match error.kind {
                TransportKind::Dns => types::TransportKind::Dns,
                TransportKind::Connect => types::TransportKind::Connect,
                TransportKind::Tls => types::TransportKind::Tls,
                TransportKind::Timeout => types::TransportKind::Timeout,
                TransportKind::CutOff => types::TransportKind::CutOff,
                TransportKind::Denied => types::TransportKind::Denied,
                TransportKind::NotLambda => types::TransportKind::NotLambda,
                TransportKind::Malformed => types::TransportKind::Malformed,
                TransportKind::Other => types::TransportKind::Other,
            },
            message: error.message,
            executed: error.executed.into(),
            attempts: error.attempts,
        }
    }
}

impl From<FailedInvocation> for types::FailedInvocation {
    fn from(failed: FailedInvocation) -> types::FailedInvocation {
        types::FailedInvocation {
            invocation: failed.invocation.into(),
            failure: failed.failure.into(),
        }
    }
}

impl From<FunctionFailure> for types::FunctionFailure {
    fn from(failure: FunctionFailure) -> types::FunctionFailure {
        types::FunctionFailure {
            marker: failure.marker,
            cause: match failure.cause {
                FailureCause::Thrown => types::FailureCause::Thrown,
                FailureCause::TimedOut => types::FailureCause::TimedOut,
                FailureCause::OutOfMemory => types::FailureCause::OutOfMemory,
                FailureCause::Exited => types::FailureCause::Exited,
                FailureCause::FailedToStart => types::FailureCause::FailedToStart,
                FailureCause::ResponseTooLarge => types::FailureCause::ResponseTooLarge,
                FailureCause::Unknown => types::FailureCause::Unknown,
            },
            error_type: failure.error_type,
            error_message: failure.error_message,
            stack_trace: failure.stack_trace,
        }
    }
}

impl From<Invocation> for types::Invocation {
    fn from(invocation: Invocation) -> types::Invocation {
        types::Invocation {
            status_code: invocation.status_code,
            output: invocation.output.map(|payload| match payload {
                Payload::Text(text) => types::Payload::Text(text),
                Payload::Binary(bytes) => types::Payload::Binary(bytes),
            }),
            log: invocation.log.map(Into::into),
            executed_version: invocation.executed_version,
            request_id: invocation.request_id,
            trace_id: invocation.trace_id,
            durable_execution_arn: invocation.durable_execution_arn,
            attempts: invocation.attempts,
        }
    }
}

impl From<LogTail> for types::LogTail {
    fn from(log: LogTail) -> types::LogTail {
        types::LogTail {
            text: log.text,
            truncated: log.truncated,
            report: log.report.map(Into::into),
        }
    }
}

impl From<RunReport> for types::RunReport {
    fn from(report: RunReport) -> types::RunReport {
        types::RunReport {
            duration_ms: report.duration_ms,
            billed_duration_ms: report.billed_duration_ms,
            memory_size_mb: report.memory_size_mb,
            max_memory_used_mb: report.max_memory_used_mb,
            init_duration_ms: report.init_duration_ms,
            restore_duration_ms: report.restore_duration_ms,
        }
    }
}

impl From<FunctionPage> for lambda::FunctionPage {
    fn from(page: FunctionPage) -> lambda::FunctionPage {
        lambda::FunctionPage {
            functions: page.functions.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

impl From<FunctionSummary> for lambda::FunctionSummary {
    fn from(summary: FunctionSummary) -> lambda::FunctionSummary {
        lambda::FunctionSummary {
            name: summary.name,
            arn: summary.arn,
            version: summary.version,
            description: summary.description,
            runtime: summary.runtime,
            package_type: summary.package_type,
            architectures: summary.architectures,
            timeout_seconds: summary.timeout_seconds,
            memory_size_mb: summary.memory_size_mb,
            last_modified: summary.last_modified,
            tenant_isolated: summary.tenant_isolated,
            durable: summary.durable,
        }
    }
}

impl From<QualifierChoice> for lambda::QualifierChoice {
    fn from(choice: QualifierChoice) -> lambda::QualifierChoice {
        lambda::QualifierChoice {
            name: choice.name,
            kind: match choice.kind {
                QualifierKind::Alias => lambda::QualifierKind::Alias,
                QualifierKind::Version => lambda::QualifierKind::Version,
                QualifierKind::Latest => lambda::QualifierKind::Latest,
            },
            description: choice.description,
        }
    }
}

impl From<Check> for lambda::Check {
    fn from(check: Check) -> lambda::Check {
        lambda::Check {
            subject: match check.subject {
                Subject::Clock => lambda::CheckSubject::Clock,
                Subject::Endpoint => lambda::CheckSubject::Endpoint,
                Subject::Identity => lambda::CheckSubject::Identity,
                Subject::ListFunctions => lambda::CheckSubject::ListFunctions,
                Subject::InvokeFunction => lambda::CheckSubject::InvokeFunction,
                Subject::FunctionConfiguration => lambda::CheckSubject::FunctionConfiguration,
            },
            outcome: match check.outcome {
                Outcome::Passed => lambda::CheckOutcome::Passed,
                Outcome::Failed => lambda::CheckOutcome::Failed,
                Outcome::Skipped => lambda::CheckOutcome::Skipped,
            },
            detail: check.detail,
        }
    }
}
