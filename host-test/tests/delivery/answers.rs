//! Answers that are not Lambda's.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{
    Connection, ErrorCategory, Executed, Payload, TransportKind,
};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Key;
use tokio::net::TcpListener;

use super::tls::{ELSEWHERE, PORT, STANDARD};
use super::{HOST, LAMBDA, REFERENCE, answered, service, transport};
use testing::server::{Canned, Server};
use testing::{connection, request};

const PAGE: &str = "<!DOCTYPE html><html><body><h1>Welcome to the hotel</h1></body></html>";

#[tokio::test]
async fn lambdas_own_is_a_success() {
    let (result, requests) = answered(Canned::whole(LAMBDA, r#"{"a":1}"#)).await;
    let invocation = result.unwrap();
    assert!(
        matches!(&invocation.output, Some(Payload::Text(text)) if text == r#"{"a":1}"#),
        "{invocation:?}"
    );
    assert_eq!((invocation.attempts, requests), (1, 1));
}

#[tokio::test]
async fn a_page_with_status_200_is_no_success() {
    for content_type in ["text/html", "text/html; charset=utf-8", "Text/HTML"] {
        let head = format!("200 OK\ncontent-type: {content_type}");
        let (result, requests) = answered(Canned::whole(&head, PAGE)).await;
        let message = transport(result, TransportKind::Malformed, Executed::Unknown, 1);
        assert!(!message.contains("hotel"), "{message}");
        assert_eq!(requests, 1);
    }
}

/// AWS's runtime interface emulator sends nothing to know it by, and whoever names a URL may mean
/// it. It is text that is no page.
#[tokio::test]
async fn aws_own_emulator_is_a_success_at_a_url() {
    let head = "200 OK\ncontent-type: text/plain; charset=utf-8";
    let (result, requests) = answered(Canned::whole(head, r#"{"a":1}"#)).await;
    assert_eq!((result.unwrap().attempts, requests), (1, 1));
}

/// There is no emulator behind Lambda's own name, but there may be a company's proxy.
#[tokio::test]
async fn a_proxys_json_at_lambdas_own_endpoint_is_no_success() {
    let listener = PORT.try_clone().unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = Server::on(
        TcpListener::from_std(listener).unwrap(),
        Some(ELSEWHERE.clone()),
        &[
            Canned::whole(
                "200 OK\ncontent-type: application/json\nserver: proxy",
                r#"{"status":"ok"}"#,
            ),
            Canned::whole(LAMBDA, "{}"),
        ],
    );
    let connection = Connection {
        endpoint: None,
        ..connection(&Key::default(), String::new())
    };
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let invoke = async || {
        let request = request("f", "{}");
        let result = REFERENCE.invoke(&policy, &connection, &request).await;
        result.unwrap()
    };
    let proxys = invoke().await;
    let lambdas = invoke().await;
    assert_eq!(server.headers("host"), [STANDARD, STANDARD]);
    assert_eq!(lambdas.unwrap().attempts, 1);
    transport(proxys, TransportKind::Malformed, Executed::Unknown, 1);
}

#[tokio::test]
async fn success_codes_that_lambda_does_not_use_are_none() {
    // 202 and 204 answer an event and a dry run, which this is not.
    for status in [
        "201 Created",
        "202 Accepted",
        "203 Non-Authoritative",
        "206 Partial Content",
    ] {
        let (result, requests) = answered(Canned::whole(status, "{}")).await;
        transport(result, TransportKind::Malformed, Executed::Unknown, 1);
        assert_eq!(requests, 1, "{status}");
    }
}

#[tokio::test]
async fn a_proxys_errors_keep_their_status() {
    use ErrorCategory as C;
    for (status, body, code, message, category, executed) in [
        (
            502,
            PAGE,
            "HTTP 502",
            "the answer has status 502 and no message",
            C::ServiceFault,
            Executed::Unknown,
        ),
        (
            502,
            r#"{"message":"upstream"}"#,
            "HTTP 502",
            "upstream",
            C::ServiceFault,
            Executed::Unknown,
        ),
        (
            503,
            "",
            "HTTP 503",
            "the answer has status 503 and no message",
            C::ServiceFault,
            Executed::Unknown,
        ),
        (
            504,
            PAGE,
            "HTTP 504",
            "the answer has status 504 and no message",
            C::ServiceFault,
            Executed::Unknown,
        ),
        (
            403,
            PAGE,
            "HTTP 403",
            "the answer has status 403 and no message",
            C::AccessDenied,
            Executed::No,
        ),
        (
            404,
            PAGE,
            "HTTP 404",
            "the answer has status 404 and no message",
            C::NotFound,
            Executed::No,
        ),
        (
            413,
            PAGE,
            "HTTP 413",
            "the answer has status 413 and no message",
            C::TooLarge,
            Executed::No,
        ),
    ] {
        let head = format!("{status} Whatever\ncontent-type: text/html");
        let (result, requests) = answered(Canned::whole(&head, body)).await;
        let error = service(result);
        assert_eq!(
            (
                error.status_code,
                error.code.as_str(),
                error.message.as_str()
            ),
            (status, code, message)
        );
        assert_eq!(
            (error.category, error.executed),
            (category, executed),
            "{status}"
        );
        assert_eq!((error.attempts, requests), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn redirects_are_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(&[Canned::whole(LAMBDA, "{}")]).await;
        let head = format!("{status} Elsewhere\nlocation: {}/other", elsewhere.url());
        let (result, requests) = answered(Canned::whole(&head, PAGE)).await;
        let error = service(result);
        assert_eq!(
            (error.status_code, error.category, error.attempts, requests),
            (status, ErrorCategory::Other, 1, 1)
        );
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains("endpoint"), "{hint}");
        assert_eq!(elsewhere.requests(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_repeated_for_an_idempotent_function_either() {
    let server = Server::start(&[Canned::whole("307 Elsewhere\nlocation: /", "")]).await;
    let mut request = request("f", "{}");
    request.delivery.as_mut().unwrap().idempotent = Some(true);
    let connection = connection(&Key::default(), server.url());
    let error = service(HOST.invoke(&connection, &request).await);
    assert_eq!(
        (error.status_code, error.attempts, server.requests()),
        (307, 1, 1)
    );
}
