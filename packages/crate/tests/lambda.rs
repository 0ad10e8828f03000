//! What a user of the crate relies on, against the local Lambda whose address is in the environment.

use std::env;
use std::sync::{Arc, Mutex};

use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Error, Executed, FailureCause,
    Invocation, Payload, TransportKind,
};
use aws_lambda_connector_host::bundled;
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{HostError, Options};
use tokio::task::JoinSet;

const REGION: &str = "us-east-1";

/// Returns a host for one test, because its connections end with the runtime of the test.
fn host(component: &[u8]) -> Host {
    /// The first test compiles the component, and the others load the code.
    static COMPILING: Mutex<()> = Mutex::new(());
    let _one = COMPILING.lock();
    let options = Options {
        keep_compiled: true,
        ..Options::default()
    };
    Host::from_bytes(component, options).unwrap()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn connection() -> Connection {
    Connection {
        region: REGION.to_owned(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: variable("AWS_ACCESS_KEY_ID"),
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
            session_token: None,
        }),
        endpoint: Some(Endpoint::Url(variable("AWS_ENDPOINT_URL_LAMBDA"))),
    }
}

fn caller(component: &[u8]) -> Caller {
    let (host, sessions) = (host(component), SessionCache::default());
    Caller::new(host, connection(), REGION, &[], sessions).unwrap()
}

fn request(function: &str, payload: impl Into<String>) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        ..InvokeRequest::new(function)
    }
}

fn output(invocation: Invocation) -> String {
    match invocation.output {
        Some(Payload::Text(text)) => text,
        output => panic!("{output:?}"),
    }
}

/// How often `count` has run for a key, including the run that returns this number.
async fn runs(caller: &Caller, key: &str) -> String {
    let request = request("count", format!(r#"{{"key":"{key}"}}"#));
    output(caller.invoke(&request).await.unwrap().unwrap())
}

fn counted(key: &str, runs: u32) -> String {
    format!(r#"{{"key":"{key}","runs":{runs}}}"#)
}

#[tokio::test]
async fn function_returns_its_event_byte_for_byte() {
    let payload = r#"{ "b": 12345678901234567890.10, "a": "größe 尺寸 🚀", "a": 2e400 }"#;
    for component in [bundled::P2, bundled::P3] {
        let invoked = caller(component).invoke(&request("echo", payload)).await;
        let invocation = invoked.unwrap().unwrap();
        assert_eq!((invocation.status_code, invocation.attempts), (200, 1));
        assert_eq!(output(invocation), payload);
    }
}

#[tokio::test]
async fn functions_are_listed() {
    let query = FunctionQuery {
        name_contains: Some("ECH".to_owned()),
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    };
    let listed = caller(bundled::P2).list_functions(&query).await;
    let page = listed.unwrap().unwrap();
    let arns: Vec<_> = page.functions.iter().map(|it| it.arn.as_str()).collect();
    let echo = "arn:aws:lambda:us-east-1:123456789012:function:echo";
    assert_eq!((arns, page.next), (vec![echo], None));
}

#[tokio::test]
async fn failed_function_is_an_error_with_its_type_and_message() {
    let thrown = r#"{"type": "OrderNotFound", "message": "no order 7"}"#;
    let invoked = caller(bundled::P2).invoke(&request("fail", thrown)).await;
    let Err(Error::FunctionFailed(failed)) = invoked.unwrap() else {
        panic!("the function did not fail");
    };
    let failure = failed.failure;
    assert_eq!(failure.cause, FailureCause::Thrown);
    assert_eq!(failure.error_type.as_deref(), Some("OrderNotFound"));
    assert_eq!(failure.error_message.as_deref(), Some("no order 7"));
}

#[tokio::test]
async fn missing_function_is_an_error_of_the_service_that_did_not_run() {
    let invoked = caller(bundled::P2).invoke(&request("missing", "{}")).await;
    let Err(Error::Service(error)) = invoked.unwrap() else {
        panic!("the function exists");
    };
    assert_eq!(error.code, "ResourceNotFoundException");
    assert_eq!(error.executed, Executed::No);
}

#[tokio::test]
async fn largest_payload_survives_both_directions() {
    let digits: String = (0..786_432).map(|number| format!("{number:08}")).collect();
    let payload = format!("\"{}\"", &digits[..(6 << 20) - 2]);
    let invoked = caller(bundled::P2)
        .invoke(&request("echo", payload.clone()))
        .await;
    let output = output(invoked.unwrap().unwrap());
    assert_eq!(output.len(), 6_291_456);
    assert!(output == payload, "the output is not the payload");
}

#[tokio::test]
async fn call_without_response_is_unknown_and_runs_once() {
    let caller = caller(bundled::P2);
    let request = InvokeRequest {
        delivery: Some(Delivery {
            max_attempts: None,
            connect_timeout_ms: None,
            response_timeout_ms: Some(3_000),
            idempotent: None,
        }),
        ..request("count", r#"{"key":"timeout","ms":60000}"#)
    };
    let Err(Error::Transport(error)) = caller.invoke(&request).await.unwrap() else {
        panic!("the call had a response");
    };
    assert_eq!(error.kind, TransportKind::Timeout);
    assert_eq!((error.executed, error.attempts), (Executed::Unknown, 1));
    assert_eq!(runs(&caller, "timeout").await, counted("timeout", 2));
}

#[tokio::test]
async fn destination_outside_the_policy_is_denied_and_the_function_does_not_run() {
    let policy = Arc::new(Policy::for_region(REGION));
    let request = request("count", r#"{"key":"denied"}"#);
    let invoked = host(bundled::P2)
        .invoke(&policy, &connection(), &request)
        .await;
    let Err(Error::Transport(error)) = invoked.unwrap() else {
        panic!("the policy allowed the call");
    };
    assert_eq!(error.kind, TransportKind::Denied);
    assert_eq!(error.executed, Executed::No);
    assert_eq!(policy.refusals().len(), 1);
    let after = runs(&caller(bundled::P2), "denied").await;
    assert_eq!(after, counted("denied", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_calls_at_once_each_run_once_and_return_their_own_output() {
    for (wasi, component) in [("0.2", bundled::P2), ("0.3", bundled::P3)] {
        let caller = caller(component);
        let mut calls = JoinSet::new();
        for number in 0..100 {
            let (caller, key) = (caller.clone(), format!("{wasi}-{number}"));
            calls.spawn(async move { (runs(&caller, &key).await, key) });
        }
        let ended = calls.join_all().await;
        assert_eq!(ended.len(), 100);
        for (output, key) in ended {
            assert_eq!(output, counted(&key, 1));
            assert_eq!(runs(&caller, &key).await, counted(&key, 2));
        }
    }
}

#[tokio::test]
async fn component_for_wasi_0_3_alone_returns_a_response_while_it_arrives() {
    let script = r#"{"chunks": [{"text": "Hello, "}, {"text": "Ada!"}]}"#;
    let request = request("stream", script);
    let refused = caller(bundled::P2)
        .invoke_with_response_stream(&request)
        .await;
    assert!(matches!(refused.err(), Some(HostError::NotStreaming)));
    let opened = caller(bundled::P3)
        .invoke_with_response_stream(&request)
        .await;
    let mut stream = opened.unwrap().unwrap();
    let mut response = Vec::new();
    while let Some(bytes) = stream.next().await {
        response.extend_from_slice(&bytes);
    }
    stream.end().await.unwrap().unwrap();
    assert_eq!(response, b"Hello, Ada!");
}
