//! Error responses of Lambda and STS, and error documents of failed functions. Only a success
//! status is a success, `executed` keeps its promise, and no secret is repeated.
#![no_main]

use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::error_response::{self, RequestContext};
use aws_lambda_connector::call::failure;
use aws_lambda_connector::call::failure::FailureCause;
use aws_lambda_connector::call::invocation::Payload;
use aws_lambda_connector::call::operation::{Exchange, Operation};
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use aws_lambda_connector::perform::redact;
use aws_lambda_connector::sts::query;
use aws_lambda_connector_fuzz::call::plain_connection;
use aws_lambda_connector_fuzz::script::ScriptedAnswer;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(response) = ScriptedAnswer::read(data).outcome else {
        return;
    };
    let context = |runs_function| RequestContext {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:eu-central-1:123456789012:function:f".into(),
        runs_function,
        attempts: 2,
    };
    for (error, runs) in [
        (error_response::read(&response, &context(true)), true),
        (error_response::read(&response, &context(false)), false),
        (query::read_error(&response, &context(false)), false),
    ] {
        let (Error::Service(read) | Error::Unauthenticated(read)) = &error else {
            panic!("{error:?}");
        };
        assert_eq!((read.status_code, read.attempts), (response.status, 2));
        assert!(runs || read.executed == Executed::No);
        assert_ne!(read.executed, Executed::Yes);
        assert!(!read.code.is_empty() && !read.message.is_empty());
        check_redaction(error);
    }

    let failure = failure::read("Unhandled".into(), &response.body);
    assert_eq!(failure.marker, "Unhandled");
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(Value::Object(fields)) => {
            let field = |name| fields.get(name).and_then(Value::as_str);
            if let Some(text) = field("errorType") {
                assert_eq!(failure.error_type.as_deref(), Some(text));
            }
            if let Some(text) = field("errorMessage") {
                assert_eq!(failure.error_message.as_deref(), Some(text));
            }
            if let Some(Value::Array(frames)) = fields.get("stackTrace") {
                assert_eq!(failure.stack_trace.len(), frames.len());
            }
        }
        Ok(_) => {
            assert_eq!(
                (failure.cause, &failure.error_type),
                (FailureCause::Unknown, &None)
            );
            assert!(failure.stack_trace.is_empty());
        }
        Err(_) => {}
    }

    let request = InvokeRequest {
        function: "f".into(),
        ..InvokeRequest::default()
    };
    let mut invoke = Invoke::new(plain_connection(), request).unwrap();
    let failed = response.header("x-amz-function-error").is_some();
    let complete = response.status == 200 && response.header("x-amzn-requestid").is_some();
    let body = response.body.clone();
    match invoke.read(response, 1).map(|()| invoke.take_output()) {
        Ok(Some(invocation)) => {
            assert!(complete && !failed);
            assert_eq!(bytes(invocation.output), body);
        }
        Ok(None) => panic!("an invocation is one request"),
        Err(Error::FunctionFailed(function)) => {
            assert!(complete && failed);
            assert_eq!(bytes(function.invocation.output), body);
        }
        Err(Error::Transport(error)) => {
            assert!(!complete);
            assert_eq!(
                (error.kind, error.executed),
                (TransportKind::Malformed, Executed::Unknown)
            );
        }
        Err(Error::Service(_) | Error::Unauthenticated(_)) => assert!(!complete),
        Err(Error::InvalidInput(input)) => panic!("{input:?}"),
    }
});

fn bytes(output: Option<Payload>) -> Vec<u8> {
    match output.expect("a 200 response has a body, which may be empty") {
        Payload::Text(text) => text.into_bytes(),
        Payload::Binary(bytes) => bytes,
    }
}

/// Redacts parts of the message as if they were secrets.
fn check_redaction(mut error: Error) {
    let (Error::Service(read) | Error::Unauthenticated(read)) = &error else {
        return;
    };
    let words = read.message.split(' ').chain(read.code.split('.'));
    let visible = |word: &&str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_graphic());
    let secrets: Vec<String> = words.filter(visible).map(Into::into).collect();
    redact(
        &mut error,
        &Secrets::new(secrets.iter().map(String::as_str)),
    );
    let (Error::Service(redacted) | Error::Unauthenticated(redacted)) = &error else {
        panic!("redaction changed the kind of error");
    };
    let texts = [
        Some(&redacted.message),
        Some(&redacted.code),
        redacted.hint.as_ref(),
        redacted.request_id.as_ref(),
    ];
    for text in texts.into_iter().flatten() {
        for secret in &secrets {
            let redacted = !text.contains(secret.as_str());
            assert!(redacted, "the error contains {secret}: {text}");
        }
    }
}
