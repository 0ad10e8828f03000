//! The XML of STS. Keys are read only from a complete response, and an error repeats no part of a
//! malformed one.
#![no_main]

use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::call::delivery::Delivery;
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::operation::Operation;
use aws_lambda_connector::call::target::{Caller, Target};
use aws_lambda_connector::sts::assume_role::AssumeRole;
use aws_lambda_connector::sts::caller_identity::GetCallerIdentity;
use aws_lambda_connector::sts::query;
use aws_lambda_connector_fuzz::call::{connection, plain_connection};
use aws_lambda_connector_fuzz::script;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let paths = ["Error/Code", "GetCallerIdentityResult/Arn", ""];
    if let Some(texts) = query::texts(body, paths) {
        let document = std::str::from_utf8(body).expect("XML is text");
        let cuts = ["<!--", "<![CDATA[", "<?"];
        let is_whole = !cuts.iter().any(|cut| document.contains(cut));
        assert!(!is_whole || !document.contains("<!DOCTYPE"));
        // Unless XML replaces or removes something, a text is a part of the document.
        if is_whole && !document.contains(['&', '\r']) {
            for text in texts.iter().flatten() {
                assert!(document.contains(text.as_str()), "{text}");
            }
        }
        for text in texts.iter().flatten() {
            assert_eq!(text.trim(), text);
        }
    }

    let mut response = Response {
        status: 200,
        body: body.to_vec(),
        ..Response::default()
    };
    for kind in ["role", "oidc"] {
        assume(kind, &response);
    }
    let mut identity = GetCallerIdentity::new(plain_connection()).unwrap();
    for status in [200, 403] {
        response.status = status;
        output(&mut identity, &response);
    }
});

fn assume(kind: &str, response: &Response) {
    let (lines, _) = script::read(format!("open\ncredentials {kind}").as_bytes());
    let target = Target::new(connection(&lines), None).unwrap();
    let Caller::Roles(chain) = &target.caller else {
        panic!("no role");
    };
    let delivery = Delivery::new("delivery", None, false).unwrap();
    let mut operation = AssumeRole::new(chain, (1, &chain.first), None, delivery);
    if let Some(session) = output(&mut operation, response) {
        let key = session.keys.secret_access_key.reveal();
        let token = session.keys.session_token.as_ref().unwrap().reveal();
        for text in [key, token, session.keys.access_key_id.as_str()] {
            assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}

/// These operations end after a single response.
fn output<O: Operation>(operation: &mut O, response: &Response) -> Option<O::Output> {
    match operation.read(response.clone(), 1) {
        Ok(()) => {
            assert_eq!(response.status, 200);
            Some(
                operation
                    .take_output()
                    .expect("one response completes the operation"),
            )
        }
        Err(error) => {
            check(&error, response.status);
            None
        }
    }
}

fn check(error: &Error, status: u16) {
    match error {
        Error::Transport(error) => {
            assert_eq!((status, error.kind), (200, TransportKind::Malformed));
            assert_eq!(error.executed, Executed::No);
            assert!(error.message.len() < 300, "{}", error.message);
        }
        Error::Service(error) | Error::Unauthenticated(error) => {
            assert_ne!(status, 200);
            assert_eq!((error.status_code, error.executed), (status, Executed::No));
        }
        other => panic!("{other:?}"),
    }
}
