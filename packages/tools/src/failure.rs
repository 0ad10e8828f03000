//! The connector's errors, as text that begins with whether the function ran.

use crate::bindings::connectors::aws_lambda::types::{
    Error, Executed, FailedInvocation, FailureCause, InvalidInput, Payload, ServiceError,
    TransportError,
};
use crate::settings;
use crate::text::bounded;

/// Begins the answer of `invoke-function` if the function provably did not run.
pub const DID_NOT_RUN: &str = "Did not run";
/// Begins the answer of the other tools if they failed. They never run a function.
pub const NO_ANSWER: &str = "Failed, and ran nothing";

/// Returns the answer of `invoke-function` for an error.
pub fn of_invocation(error: &Error) -> String {
    let reason = reason(error);
    match executed(error) {
        Executed::No => format!("{DID_NOT_RUN}: {reason}"),
        Executed::Unknown => format!(
            "May have run; do not repeat the call unless a second run is harmless: {reason}"
        ),
        Executed::Yes if matches!(error, Error::FunctionFailed(_)) => {
            format!("Ran and failed: {reason}")
        }
        Executed::Yes => format!(
            "Ran, but its result is lost; do not repeat the call unless a second run is harmless: {reason}"
        ),
    }
}

fn executed(error: &Error) -> Executed {
    match error {
        Error::InvalidInput(_) => Executed::No,
        Error::Unauthenticated(error) | Error::Service(error) => error.executed,
        Error::Transport(error) => error.executed,
        Error::FunctionFailed(_) => Executed::Yes,
        Error::ExecutionFailed => Executed::Unknown,
    }
}

/// Returns what went wrong, without whether the function ran.
pub fn reason(error: &Error) -> String {
    match error {
        Error::InvalidInput(error) => invalid_input(error),
        Error::Unauthenticated(error) | Error::Service(error) => service(error),
        Error::Transport(error) => transport(error),
        Error::FunctionFailed(failed) => failed_run(failed),
        Error::ExecutionFailed => "the sandbox failed".to_owned(),
    }
}

/// The fields that come from an argument or a variable, under the name that it has here. The first that a field ends
/// with, or that it begins with, counts.
const FIELDS: [(&str, &str); 10] = [
    ("payload", "`payload`"),
    ("function", "`name`"),
    ("qualifier", "the alias or version after `name`"),
    ("name-contains", "`name-contains`"),
    ("access-key-id", settings::ACCESS_KEY_ID),
    ("secret-access-key", settings::SECRET_ACCESS_KEY),
    ("session-token", settings::SESSION_TOKEN),
    ("connection.credentials.assume-role", settings::ROLE),
    ("connection.region", settings::REGION),
    ("connection.endpoint", settings::ENDPOINT),
];

fn invalid_input(error: &InvalidInput) -> String {
    let is_of = |name: &&str| error.field.ends_with(name) || error.field.starts_with(name);
    let known = FIELDS.iter().find(|(field, _)| is_of(field));
    let name = known.map_or(error.field.as_str(), |(_, name)| name);
    format!("invalid {name}: {}", bounded(&error.message))
}

fn transport(error: &TransportError) -> String {
    let message = error
        .message
        .replace("`delivery.response-timeout-ms`", settings::TIMEOUT);
    bounded(&message).into_owned()
}

fn service(error: &ServiceError) -> String {
    let mut reason = format!("{}: {}", error.code, bounded(&error.message));
    if let Some(hint) = &error.hint {
        reason.push_str(&format!(" ({hint})"));
    }
    if error.retryable {
        reason.push_str(" The same call may succeed later.");
    }
    reason
}

fn failed_run(failed: &FailedInvocation) -> String {
    let failure = &failed.failure;
    let described = [&failure.error_type, &failure.error_message];
    let described: Vec<&str> = described
        .iter()
        .filter_map(|text| text.as_deref())
        .collect();
    let cause = match failure.cause {
        FailureCause::Thrown => "its code reported an error",
        FailureCause::TimedOut => "it exceeded its timeout",
        FailureCause::OutOfMemory => "it needed more memory than it has",
        FailureCause::Exited => "its runtime exited",
        FailureCause::FailedToStart => "its initialisation failed",
        FailureCause::ResponseTooLarge => "its response exceeds Lambda's limit",
        FailureCause::Unknown => "Lambda does not report why",
    };
    match (described.is_empty(), &failed.invocation.output) {
        (false, _) => format!("{cause}: {}", bounded(&described.join(": "))),
        (true, Some(Payload::Text(output))) => format!("{cause}: {}", bounded(output)),
        (true, _) => cause.to_owned(),
    }
}

#[cfg(test)]
mod tests;
