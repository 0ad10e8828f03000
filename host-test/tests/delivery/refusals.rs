//! What a host forbids.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Error, Executed, TransportKind};
use aws_lambda_connector_host::policy::Policy;

use super::{REFERENCE, STOCK, lambda, transport};
use testing::{AnyHost, connection, request};

#[tokio::test]
async fn a_forbidden_header_is_named() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    for name in ["authorization", "x-amz-date", "user-agent"] {
        let host = AnyHost::Stock(Box::new(STOCK.clone().forbidding(name.parse().unwrap())));
        let result = host
            .invoke(&connection, &request("count", r#"{"key":"k"}"#))
            .await;
        let message = transport(result, TransportKind::Denied, Executed::No, 1);
        assert_eq!(
            message,
            format!(
                "the host forbids components to set the header `{name}`, which the request needs: nothing was sent"
            )
        );
    }
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_destination_that_policy_forbids() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let mut request = request("count", r#"{"key":"k"}"#);
    request.delivery.as_mut().unwrap().idempotent = Some(true);
    match REFERENCE
        .invoke(&policy, &connection, &request)
        .await
        .unwrap()
    {
        Err(Error::Transport(error)) => assert_eq!(
            (error.kind, error.executed, error.attempts),
            (TransportKind::Denied, Executed::No, 1)
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(policy.refusals().len(), 1);
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[tokio::test]
async fn the_refused_destination_is_named_by_the_error() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let policy = Arc::new(Policy::deny_all());
    let result = REFERENCE
        .invoke(&policy, &connection, &request("count", "{}"))
        .await
        .unwrap();
    let message = transport(result, TransportKind::Denied, Executed::No, 1);
    assert!(message.contains(&lambda.addr().to_string()), "{message}");
}
