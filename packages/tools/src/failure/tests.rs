use super::*;
use crate::bindings::connectors::aws_lambda::types::{
    ErrorCategory, FunctionFailure, Invocation, TransportKind,
};

fn invalid(field: &str) -> Error {
    Error::InvalidInput(InvalidInput {
        field: field.to_owned(),
        message: "it is empty".to_owned(),
    })
}

fn service_error(executed: Executed, retryable: bool) -> Error {
    Error::Service(ServiceError {
        code: "ServiceException".to_owned(),
        message: "oh".to_owned(),
        status_code: 500,
        category: ErrorCategory::ServiceFault,
        executed,
        retryable,
        hint: Some("wait".to_owned()),
        request_id: None,
        attempts: 1,
    })
}

fn transport_error(executed: Executed, message: &str) -> Error {
    Error::Transport(TransportError {
        kind: TransportKind::CutOff,
        message: message.to_owned(),
        executed,
        attempts: 1,
    })
}

fn failed(cause: FailureCause, described: [Option<&str>; 2], output: Option<Payload>) -> Error {
    Error::FunctionFailed(FailedInvocation {
        invocation: Invocation {
            status_code: 200,
            output,
            log: None,
            executed_version: None,
            request_id: None,
            trace_id: None,
            durable_execution_arn: None,
            attempts: 1,
        },
        failure: FunctionFailure {
            marker: "Unhandled".to_owned(),
            cause,
            error_type: described[0].map(ToOwned::to_owned),
            error_message: described[1].map(ToOwned::to_owned),
            stack_trace: Vec::new(),
        },
    })
}

#[test]
fn first_words_say_whether_the_function_ran() {
    let text = |message: &str| Some(Payload::Text(message.to_owned()));
    let thrown = FailureCause::Thrown;
    let cases = [
        (
            invalid("request.payload"),
            "Did not run: invalid `payload`: it is empty",
        ),
        (
            service_error(Executed::No, true),
            "Did not run: ServiceException: oh (wait) The same call may succeed later.",
        ),
        (
            service_error(Executed::Unknown, false),
            "May have run; do not repeat the call unless a second run is harmless: ServiceException: oh (wait)",
        ),
        (
            transport_error(Executed::No, "refused"),
            "Did not run: refused",
        ),
        (
            transport_error(Executed::Unknown, "cut off"),
            "May have run; do not repeat the call unless a second run is harmless: cut off",
        ),
        (
            transport_error(Executed::Yes, "cut off"),
            "Ran, but its result is lost; do not repeat the call unless a second run is harmless: cut off",
        ),
        (
            failed(thrown, [Some("E"), Some("m")], text("{}")),
            "Ran and failed: its code reported an error: E: m",
        ),
        (
            failed(thrown, [None, Some("m")], None),
            "Ran and failed: its code reported an error: m",
        ),
        (
            failed(FailureCause::Unknown, [None, None], text("7")),
            "Ran and failed: Lambda does not report why: 7",
        ),
        (
            failed(FailureCause::Exited, [None, None], None),
            "Ran and failed: its runtime exited",
        ),
        (
            Error::ExecutionFailed,
            "May have run; do not repeat the call unless a second run is harmless: the sandbox failed",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(of_invocation(&error), expected);
    }
}

#[test]
fn invalid_field_has_the_name_of_its_argument_or_variable() {
    for (field, name) in [
        ("request.function", "`name`"),
        ("function", "`name`"),
        ("request.qualifier", "the alias or version after `name`"),
        ("query.name-contains", "`name-contains`"),
        ("connection.region", "AWS_REGION"),
        ("connection.endpoint.url", "AWS_ENDPOINT_URL_LAMBDA"),
        (
            "connection.credentials.access-key.access-key-id",
            "AWS_ACCESS_KEY_ID",
        ),
        (
            "connection.credentials.access-key.secret-access-key",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (
            "connection.credentials.access-key.session-token",
            "AWS_SESSION_TOKEN",
        ),
        (
            "connection.credentials.assume-role.source.access-key-id",
            "AWS_ACCESS_KEY_ID",
        ),
        (
            "connection.credentials.assume-role.roles[0].arn",
            "AWS_ROLE_ARN",
        ),
        (
            "request.delivery.max-attempts",
            "request.delivery.max-attempts",
        ),
    ] {
        assert_eq!(
            reason(&invalid(field)),
            format!("invalid {name}: it is empty")
        );
    }
}

#[test]
fn hint_of_a_timeout_names_the_variable() {
    let error = transport_error(Executed::Unknown, "raise `delivery.response-timeout-ms` if");
    assert_eq!(reason(&error), "raise AWS_LAMBDA_TIMEOUT_SECONDS if");
}
