//! Requests that a host forbids.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind};
use aws_lambda_connector_host::policy::Policy;
use testing::outcome::assert_transport;
use testing::plain_wasmtime::PlainWasmtime;
use testing::{
    AnyHost, Component, connection_to, for_each_component, lambda, request, request_with,
};

#[for_each_component]
#[tokio::test]
async fn forbidden_header_is_named_in_the_error(component: Component) {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    for name in ["authorization", "x-amz-date", "content-length"] {
        let host = PlainWasmtime::of(component).forbidding(name.parse().unwrap());
        let result = AnyHost::Plain(Box::new(host))
            .invoke(&connection, &request("count", r#"{"key":"k"}"#))
            .await;
        let message = assert_transport(result, TransportKind::Denied, Executed::No, 1);
        let expected = format!(
            "the host forbids components to set the header `{name}`, which the request needs; nothing was sent"
        );
        assert_eq!(message, expected);
    }
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

/// Hosts that set these headers themselves, as browsers do, may forbid a component to.
#[for_each_component]
#[tokio::test]
async fn forbidden_header_that_the_request_can_do_without_is_left_out(component: Component) {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    for name in ["user-agent", "accept-encoding"] {
        let host = PlainWasmtime::of(component).forbidding(name.parse().unwrap());
        let request = request("count", format!(r#"{{"key":"{name}"}}"#));
        let result = AnyHost::Plain(Box::new(host))
            .invoke(&connection, &request)
            .await;
        assert_eq!(result.unwrap().attempts, 1, "{name}");
        assert_eq!(lambda.runs(name), 1);
        assert_eq!(lambda.requests().pop().unwrap().header(name), None);
    }
}

#[for_each_component]
#[tokio::test]
async fn denied_idempotent_call_is_not_retried(component: Component) {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let request = request_with("count", r#"{"key":"k"}"#, |delivery| {
        delivery.idempotent = Some(true);
    });
    let result = component.host().invoke(&policy, &connection, &request);
    let result = result.await.unwrap();
    assert_transport(result, TransportKind::Denied, Executed::No, 1);
    assert_eq!(policy.refusals().len(), 1);
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[for_each_component]
#[tokio::test]
async fn denied_destination_is_named_in_the_error(component: Component) {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    let policy = Arc::new(Policy::deny_all());
    let request = request("count", "{}");
    let result = component.host().invoke(&policy, &connection, &request);
    let result = result.await.unwrap();
    let message = assert_transport(result, TransportKind::Denied, Executed::No, 1);
    assert!(message.contains(&lambda.addr().to_string()), "{message}");
}
