//! Error responses of Lambda and STS, and error documents of failed functions. Only a success
//! status is a success, `executed` keeps its promise, and no secret is repeated.
#![no_main]

use aws_lambda_connector::aws::json;
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::error_response::{self, RequestContext};
use aws_lambda_connector::call::failure;
use aws_lambda_connector::call::failure::FailureCause;
use aws_lambda_connector::call::invocation::Payload;
use aws_lambda_connector::call::operation::{Effect, Exchange, Operation};
use aws_lambda_connector::call::scrub::{MIN_SECRET, Secrets};
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use aws_lambda_connector::perform::redact;
use aws_lambda_connector::sts::query;
use aws_lambda_connector_fuzz::call::plain_connection;
use aws_lambda_connector_fuzz::evidence;
use aws_lambda_connector_fuzz::script::ScriptedAnswer;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(response) = ScriptedAnswer::read(data).outcome else {
        return;
    };
    let context = |effect| RequestContext {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:eu-central-1:123456789012:function:f".into(),
        effect,
        attempts: 2,
    };
    let failed = response.header("x-amz-function-error").is_some();
    for (error, effect) in [
        (
            error_response::read(&response, &context(Effect::Run)),
            Effect::Run,
        ),
        (
            error_response::read(&response, &context(Effect::DryRun)),
            Effect::DryRun,
        ),
        (
            error_response::read(&response, &context(Effect::Read)),
            Effect::Read,
        ),
        (
            query::read_error(&response, &context(Effect::Read)),
            Effect::Read,
        ),
    ] {
        let (Error::Service(read) | Error::Unauthenticated(read)) = &error else {
            panic!("{error:?}");
        };
        assert_eq!((read.status_code, read.attempts), (response.status, 2));
        let may_have_run = match effect {
            Effect::Read => false,
            Effect::DryRun => failed,
            Effect::Run | Effect::Change => failed || !evidence::rejects(&response, &read.code),
        };
        let executed = if may_have_run {
            Executed::Unknown
        } else {
            Executed::No
        };
        // Only `Run` also depends on what a code means.
        if may_have_run || effect != Effect::Run {
            assert_eq!(read.executed, executed, "{effect:?}: {read:?}");
        }
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
    let status = response.status;
    let complete = ["content-length", "transfer-encoding"]
        .iter()
        .any(|name| response.header(name).is_some())
        || shows_its_end(&response.body);
    // Emulators report a failed function with an error status.
    let failed_status = failed && status >= 500 && response.header("x-amzn-errortype").is_none();
    let body = response.body.clone();
    match invoke.read(response, 1).map(|()| invoke.take_output()) {
        Ok(Some(invocation)) => {
            assert!(status == 200 && complete && !failed);
            assert_eq!(bytes(invocation.output), body);
        }
        Ok(None) => panic!("an invocation is one request"),
        Err(Error::FunctionFailed(function)) => {
            assert!((status == 200 || failed_status) && complete && failed);
            let output = function.invocation.output;
            assert!(output.is_some() || (status != 200 && body.is_empty()));
            assert_eq!(
                output.map_or_else(Vec::new, |output| bytes(Some(output))),
                body
            );
        }
        Err(Error::Transport(error)) => {
            let (kind, executed) = if status == 200 || failed_status {
                assert!(!complete);
                (TransportKind::CutOff, Executed::Yes)
            } else {
                assert!((200..300).contains(&status));
                (TransportKind::Malformed, Executed::Unknown)
            };
            assert_eq!((error.kind, error.executed), (kind, executed));
        }
        Err(Error::Service(_) | Error::Unauthenticated(_)) => {
            assert!(!(200..300).contains(&status) && !failed_status);
        }
        Err(Error::InvalidInput(input)) => panic!("{input:?}"),
    }
});

/// Whether nothing suggests that the body is the beginning of a longer one. A number that was cut off
/// is a number as well.
fn shows_its_end(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    match text.first() {
        None | Some(b'-' | b'0'..=b'9') => false,
        // The target `json` compares this with serde_json.
        Some(b'{' | b'[' | b'"') => {
            std::str::from_utf8(body).is_ok_and(|text| json::check(text).is_ok())
        }
        _ => !["true", "false", "null"]
            .iter()
            .any(|word| word.len() > text.len() && word.as_bytes().starts_with(text)),
    }
}

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
    // Keys, tokens and signatures have none of the characters that begin an escape.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"%&\\".contains(&byte);
    let visible = |word: &&str| word.len() >= MIN_SECRET && word.bytes().all(plain);
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
