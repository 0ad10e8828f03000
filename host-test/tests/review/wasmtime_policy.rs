//! The ready-made policy for wasmtime, in wasmtime.

#[path = "../../../examples/policies/wasmtime.rs"]
mod sample;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind};
use sample::LambdaOnly;
use testing::outcome::transport;
use testing::plain_wasmtime::PlainWasmtime;
use testing::{Component, connection_to, for_each_component, lambda, request};

use crate::reach::hosts;

#[test]
fn lambdas_hosts_pass_and_nothing_else_does() {
    let policy = LambdaOnly::in_region("eu-central-1");
    let allows = |uri: &str| policy.allows(&uri.parse().unwrap());
    let lambda = hosts("lambda", "eu-central-1", "amazonaws.com", "api.aws");
    for host in &lambda {
        assert!(
            allows(&format!("https://{host}/2015-03-31/functions")),
            "{host}"
        );
        assert!(allows(&format!("https://{host}:443/")), "{host}");
        assert!(!allows(&format!("http://{host}/")), "{host}");
        assert!(!allows(&format!("https://{host}:8443/")), "{host}");
        assert!(!allows(&format!("https://{host}.evil.example/")), "{host}");
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
async fn the_connector_is_told_that_it_was_denied(component: Component) {
    let lambda = lambda().await;
    let host = PlainWasmtime::of(component);
    let mut store = host.store_with(LambdaOnly::in_region("us-east-1"));
    let (connection, request) = (connection_to(&lambda), request("echo", "7"));
    let invoked = host.invoke(&mut store, &connection, &request).await;
    let error = transport(invoked.unwrap());
    assert_eq!(
        (error.kind, error.executed),
        (TransportKind::Denied, Executed::No)
    );
    assert_eq!(lambda.requests().len(), 0);
}
