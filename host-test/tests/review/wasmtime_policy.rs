//! The ready-made policy for wasmtime, tested in wasmtime.

#[path = "../../../examples/policies/wasmtime.rs"]
mod sample;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind};
use sample::LambdaOnly;
use testing::outcome::assert_transport;
use testing::plain_wasmtime::PlainWasmtime;
use testing::{Component, connection_to, for_each_component, lambda, request};

use crate::reach::hosts;

#[test]
fn wasmtime_policy_allows_only_lambda() {
    let policy = LambdaOnly::in_region("eu-central-1");
    let allows = |uri: &str| policy.allows(&uri.parse().unwrap());
    let lambda = hosts("lambda", "eu-central-1", "amazonaws.com", "api.aws");
    for host in &lambda {
        for (uri, allowed) in [
            (format!("https://{host}/2015-03-31/functions"), true),
            (format!("https://{host}:443/"), true),
            (format!("http://{host}/"), false),
            (format!("https://{host}:8443/"), false),
            (format!("https://{host}.evil.example/"), false),
        ] {
            assert_eq!(allows(&uri), allowed, "{uri}");
        }
    }
    for uri in [
        "https://lambda.us-east-1.amazonaws.com/",
        "https://sts.eu-central-1.amazonaws.com/",
        "https://169.254.169.254/",
    ] {
        assert!(!allows(uri), "{uri}");
    }
}

#[for_each_component]
#[tokio::test]
async fn denied_request_is_reported_as_denied(component: Component) {
    let lambda = lambda().await;
    let host = PlainWasmtime::of(component);
    let mut store = host.store_with(LambdaOnly::in_region("us-east-1"));
    let (connection, request) = (connection_to(&lambda), request("echo", "7"));
    let invoked = host.invoke(&mut store, &connection, &request).await;
    assert_transport(invoked.unwrap(), TransportKind::Denied, Executed::No, 1);
    assert_eq!(lambda.requests().len(), 0);
}
