//! Error answers, of Lambda and of STS, and what a failed function left behind: nothing is a
//! success that has no status of one, the function's run is told as the promise says, and no secret
//! is repeated.
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
use aws_lambda_connector_fuzz::call::connection;
use aws_lambda_connector_fuzz::script::{self, ScriptedAnswer};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(response) = ScriptedAnswer::read(data).outcome else {
        return;
    };
    let refused = |runs_function| RequestContext {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:eu-central-1:123456789012:function:f".into(),
        runs_function,
        attempts: 2,
    };
    for (error, runs) in [
        (error_response::read(&response, &refused(true)), true),
        (error_response::read(&response, &refused(false)), false),
        (query::read_error(&response, &refused(false)), false),
    ] {
        let (Error::Service(told) | Error::Unauthenticated(told)) = &error else {
            panic!("{error:?}");
        };
        assert_eq!((told.status_code, told.attempts), (response.status, 2));
        assert!(runs || told.executed == Executed::No);
        assert_ne!(told.executed, Executed::Yes);
        assert!(!told.code.is_empty() && !told.message.is_empty());
        hide(error);
    }

    let failure = failure::read("Unhandled".into(), &response.body);
    assert_eq!(failure.marker, "Unhandled");
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(Value::Object(fields)) => {
            let told = |name| fields.get(name).and_then(Value::as_str);
            if let Some(text) = told("errorType") {
                assert_eq!(failure.error_type.as_deref(), Some(text));
            }
            if let Some(text) = told("errorMessage") {
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

    let (lines, _) = script::read(b"");
    let request = InvokeRequest {
        function: "f".into(),
        ..InvokeRequest::default()
    };
    let mut invoke = Invoke::new(connection(&lines), request).unwrap();
    let failed = response.header("x-amz-function-error").is_some();
    let whole = response.status == 200 && response.header("x-amzn-requestid").is_some();
    let body = response.body.clone();
    match invoke.read(response, 1).map(|()| invoke.take_output()) {
        Ok(Some(invocation)) => {
            assert!(whole && !failed);
            assert_eq!(bytes(invocation.output), body);
        }
        Ok(None) => panic!("one answer is all"),
        Err(Error::FunctionFailed(failed_one)) => {
            assert!(whole && failed);
            assert_eq!(bytes(failed_one.invocation.output), body);
        }
        Err(Error::Transport(error)) => {
            assert!(!whole);
            assert_eq!(
                (error.kind, error.executed),
                (TransportKind::Malformed, Executed::Unknown)
            );
        }
        Err(Error::Service(_) | Error::Unauthenticated(_)) => assert!(!whole),
        Err(Error::InvalidInput(input)) => panic!("{input:?}"),
    }
});

fn bytes(output: Option<Payload>) -> Vec<u8> {
    match output.expect("a 200 has a body, or an empty one") {
        Payload::Text(text) => text.into_bytes(),
        Payload::Binary(bytes) => bytes,
    }
}

/// Takes parts of the message for secrets.
fn hide(mut error: Error) {
    let (Error::Service(told) | Error::Unauthenticated(told)) = &error else {
        return;
    };
    let words = told.message.split(' ').chain(told.code.split('.'));
    let visible = |word: &&str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_graphic());
    let secrets: Vec<String> = words.filter(visible).map(Into::into).collect();
    redact(&mut error, secrets.iter().map(String::as_str));
    let (Error::Service(told) | Error::Unauthenticated(told)) = &error else {
        panic!("another error");
    };
    let texts = [
        Some(&told.message),
        Some(&told.code),
        told.hint.as_ref(),
        told.request_id.as_ref(),
    ];
    for text in texts.into_iter().flatten() {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} shows: {text}");
        }
    }
}
