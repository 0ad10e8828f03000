//! The connector in its host: what the policy allows, and what the connector learns when a request
//! is denied.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Error, Executed, Invocation, TransportKind};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use aws_lambda_connector_host::policy::{Policy, Refusal};
use local_lambda::Key;
use testing::outcome::assert_transport;
use testing::server::{Canned, Server};
use testing::{Component, connection, for_each_component, lambda, only};

use crate::request;

async fn invoke(host: &Host, policy: &Arc<Policy>, url: String) -> Result<Invocation, Error> {
    let connection = connection(&Key::default(), url);
    let request = request("echo", "{}");
    host.invoke(policy, &connection, &request).await.unwrap()
}

fn assert_denied(result: Result<Invocation, Error>) {
    assert_transport(result, TransportKind::Denied, Executed::No, 1);
}

#[for_each_component]
#[tokio::test]
async fn denied_destination_is_reported_to_the_host(component: Component) {
    let lambda = lambda().await;
    let host = component.host();
    let policy = Arc::new(Policy::for_region("us-east-1"));
    assert_denied(invoke(host, &policy, lambda.url()).await);
    let refusal = Refusal::NotAllowed {
        scheme: "http".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: lambda.addr().port(),
    };
    assert_eq!(policy.refusals(), [refusal]);
    assert_eq!(lambda.requests().len(), 0);

    let policy = only(&lambda.url());
    let allowed = invoke(host, &policy, lambda.url()).await;
    assert_eq!(allowed.unwrap().status_code, 200);
    assert_eq!(policy.refusals(), []);
}

#[for_each_component]
#[tokio::test]
async fn allowed_name_that_resolves_to_a_link_local_address_is_denied(component: Component) {
    let host = component.host_with_outbound(OutboundOptions {
        resolve: [("inside.example", "169.254.169.254:80".parse().unwrap())].into(),
        ..OutboundOptions::default()
    });
    let policy = only("inside.example");
    assert_denied(invoke(&host, &policy, "http://inside.example".to_owned()).await);
    let host = "inside.example".to_owned();
    assert_eq!(policy.refusals(), [Refusal::LinkLocal { host }]);
}

#[for_each_component]
#[tokio::test]
async fn concurrent_calls_of_one_host_succeed(component: Component) {
    let lambda = lambda().await;
    let host = component.host();
    let policy = only(&lambda.url());
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (policy, url) = (policy.clone(), lambda.url());
            tokio::spawn(async move { invoke(host, &policy, url).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status_code, 200);
    }
}

#[for_each_component]
#[tokio::test]
async fn truncated_chunked_body_is_reported_as_cut_off(component: Component) {
    let head = "200 OK\nx-amzn-requestid: 8f5e\ntransfer-encoding: chunked";
    let server = Server::start(&[Canned::new(head, "4\r\npart\r\n")]).await;
    let policy = only(&server.url());
    let result = invoke(component.host(), &policy, server.url()).await;
    let message = assert_transport(result, TransportKind::CutOff, Executed::Yes, 1);
    assert_eq!(
        message,
        "the connection failed in the middle of the response; the request ID is 8f5e: search the function's log for it"
    );
}
