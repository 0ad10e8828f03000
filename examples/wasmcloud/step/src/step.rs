//! What the step does, whichever version of WASI carries the request: reads it, and writes the answer.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::bindings::connectors::aws_lambda::types::{
    Error, Executed, FailureCause, ServiceError, TransportKind,
};

/// The largest request body: 6 MiB of payload may take twice as many bytes as JSON text.
pub const BODY_LIMIT: usize = 16 << 20;

/// An HTTP response with a JSON body.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The arguments of `cards.run`.
pub struct Run<'a> {
    pub card: &'a str,
    pub connection: &'a str,
    pub values: &'a str,
}

/// Returns the card that a request names.
pub fn card(path: Option<&str>, is_post: bool) -> Result<&str, Answer> {
    match path.and_then(|path| path.strip_prefix("/run/")) {
        Some(_) if !is_post => Err(Answer::rejection(405, "use POST")),
        Some(card) => Ok(card),
        None => Err(Answer::rejection(404, "POST /run/CARD runs a card")),
    }
}

/// Reads a request's body. It keeps both objects as they were written: large integers survive.
pub fn run<'a>(card: &'a str, body: &'a [u8]) -> Result<Run<'a>, Answer> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body<'a> {
        #[serde(borrow)]
        connection: &'a RawValue,
        #[serde(borrow)]
        values: &'a RawValue,
    }
    // The error of the parser may quote the body, which holds keys.
    let Ok(Body { connection, values }) = serde_json::from_slice(body) else {
        return Err(Answer::rejection(
            400,
            r#"the body is not {"connection": {…}, "values": {…}}"#,
        ));
    };
    Ok(Run {
        card,
        connection: connection.get(),
        values: values.get(),
    })
}

impl Answer {
    /// The answer to a request that reaches no card.
    pub fn rejection(status: u16, message: &str) -> Self {
        let body = json!({ "error": message }).to_string();
        Self { status, body }
    }

    /// The answer to a request whose body did not arrive, or is longer than `BODY_LIMIT`.
    pub fn unreadable() -> Self {
        Self::rejection(400, "the body is incomplete, or longer than 16 MiB")
    }

    /// The answer to a card that ran.
    pub fn outcome(outcome: Result<String, Error>) -> Self {
        let body = match outcome {
            // The outputs are JSON text already, and may be too large for a second copy.
            Ok(mut outputs) => {
                outputs.insert_str(0, r#"{"ok":"#);
                outputs.push('}');
                outputs
            }
            Err(error) => json!({ "err": described(error) }).to_string(),
        };
        Self { status: 200, body }
    }
}

fn described(error: Error) -> serde_json::Value {
    match error {
        Error::InvalidInput(error) => json!({
            "case": "invalid-input",
            "executed": "no",
            "message": error.message,
            "field": error.field,
        }),
        Error::Unauthenticated(error) => refused("unauthenticated", error),
        Error::Service(error) => refused("service", error),
        Error::Transport(error) => json!({
            "case": "transport",
            "executed": executed(error.executed),
            "message": error.message,
            "kind": transport_kind(error.kind),
        }),
        Error::FunctionFailed(failed) => json!({
            "case": "function-failed",
            "executed": "yes",
            "message": failed.failure.error_message,
            "kind": failure_cause(failed.failure.cause),
        }),
        Error::ExecutionFailed => json!({
            "case": "execution-failed",
            "executed": "unknown",
            "message": "the sandbox failed",
        }),
    }
}

fn refused(case: &str, error: ServiceError) -> serde_json::Value {
    json!({
        "case": case,
        "executed": executed(error.executed),
        "message": error.message,
        "code": error.code,
    })
}

fn executed(executed: Executed) -> &'static str {
    match executed {
        Executed::No => "no",
        Executed::Unknown => "unknown",
        Executed::Yes => "yes",
    }
}

fn transport_kind(kind: TransportKind) -> &'static str {
    match kind {
        TransportKind::Dns => "dns",
        TransportKind::Connect => "connect",
        TransportKind::Tls => "tls",
        TransportKind::Timeout => "timeout",
        TransportKind::CutOff => "cut-off",
        TransportKind::Denied => "denied",
        TransportKind::NotLambda => "not-lambda",
        TransportKind::Malformed => "malformed",
        TransportKind::Other => "other",
    }
}

fn failure_cause(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::Thrown => "thrown",
        FailureCause::TimedOut => "timed-out",
        FailureCause::OutOfMemory => "out-of-memory",
        FailureCause::Exited => "exited",
        FailureCause::FailedToStart => "failed-to-start",
        FailureCause::ResponseTooLarge => "response-too-large",
        FailureCause::Unknown => "unknown",
    }
}
