//! How often a call is tried, and how long it waits.

use std::time::{Duration, Instant};

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, TransportKind};
use local_lambda::Key;

use super::{HOST, LAMBDA, lambda, service, transport};
use testing::server::{Canned, Server};
use testing::{connection, request};

const THROTTLED: &str = "429 Too Many Requests\nx-amzn-errortype: TooManyRequestsException";

#[tokio::test]
async fn throttling_is_waited_out_as_long_as_the_service_asks() {
    let server = Server::start(&[
        Canned::whole(&format!("{THROTTLED}\nx-amz-retry-after: 1200"), "{}"),
        Canned::whole(LAMBDA, "{}"),
    ])
    .await;
    let began = Instant::now();
    let connection = connection(&Key::default(), server.url());
    let invocation = HOST.invoke(&connection, &request("f", "{}")).await.unwrap();
    assert_eq!((invocation.attempts, server.requests()), (2, 2));
    // The backoff alone is below a second.
    assert!(began.elapsed() >= Duration::from_millis(1_200));
    // Signed anew.
    for header in ["x-amz-date", "authorization"] {
        let sent = server.headers(header);
        assert_ne!(sent[0], sent[1], "{header}");
    }
}

#[tokio::test]
async fn seconds_in_retry_after_are_not_waited_for() {
    let server = Server::start(&[
        Canned::whole(&format!("{THROTTLED}\nretry-after: 86400"), "{}"),
        Canned::whole(LAMBDA, "{}"),
    ])
    .await;
    let connection = connection(&Key::default(), server.url());
    let invocation = HOST.invoke(&connection, &request("f", "{}")).await.unwrap();
    assert_eq!((invocation.attempts, server.requests()), (2, 2));
}

#[tokio::test]
async fn throttling_that_stays_ends_with_the_attempts() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let error = service(HOST.invoke(&connection, &request("throttled", "{}")).await);
    assert_eq!(
        (
            error.category,
            error.executed,
            error.retryable,
            error.attempts
        ),
        (ErrorCategory::Throttled, Executed::No, true, 3)
    );
    assert_eq!(lambda.requests().len(), 3);
}

#[tokio::test]
async fn a_slow_function_runs_once() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let mut request = request("slow", r#"{"key":"k","ms":4000}"#);
    request.delivery.as_mut().unwrap().response_timeout_ms = Some(1_500);
    let result = HOST.invoke(&connection, &request).await;
    transport(result, TransportKind::Timeout, Executed::Unknown, 1);
    lambda.quiet().await;
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_slow_idempotent_function_runs_as_often_as_it_may() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let mut request = request("slow", r#"{"key":"k","ms":4000}"#);
    let delivery = request.delivery.as_mut().unwrap();
    delivery.response_timeout_ms = Some(1_500);
    delivery.max_attempts = Some(2);
    delivery.idempotent = Some(true);
    let result = HOST.invoke(&connection, &request).await;
    transport(result, TransportKind::Timeout, Executed::Unknown, 2);
    lambda.quiet().await;
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (2, 2));
}

#[tokio::test]
async fn one_attempt_is_one_attempt() {
    let server = Server::start(&[Canned::whole(THROTTLED, "{}")]).await;
    let mut request = request("f", "{}");
    let delivery = request.delivery.as_mut().unwrap();
    delivery.max_attempts = Some(1);
    delivery.idempotent = Some(true);
    let error = service(
        HOST.invoke(&connection(&Key::default(), server.url()), &request)
            .await,
    );
    assert_eq!((error.attempts, server.requests()), (1, 1));

    let closing = Server::start(&[Canned::new("200 OK\ncontent-length: 9", "")]).await;
    let result = HOST
        .invoke(&connection(&Key::default(), closing.url()), &request)
        .await;
    transport(result, TransportKind::CutOff, Executed::Yes, 1);
    assert_eq!(closing.requests(), 1);
}

#[tokio::test]
async fn permanent_faults_of_a_502_are_not_repeated() {
    for code in [
        "KMSAccessDeniedException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
    ] {
        let head = format!("502 Bad Gateway\nx-amzn-errortype: {code}");
        let server = Server::start(&[Canned::whole(&head, "{}")]).await;
        let mut request = request("f", "{}");
        request.delivery.as_mut().unwrap().idempotent = Some(true);
        let connection = connection(&Key::default(), server.url());
        let error = service(HOST.invoke(&connection, &request).await);
        assert_eq!(
            (
                error.code.as_str(),
                error.executed,
                error.attempts,
                server.requests()
            ),
            (code, Executed::No, 1, 1)
        );
    }
}
