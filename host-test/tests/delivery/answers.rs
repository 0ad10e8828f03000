//! Responses that do not come from Lambda.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, TransportKind as Kind};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Key;
use testing::outcome::{assert_service, assert_transport, service, text};
use testing::server::{Canned, Server};
use testing::{Component, case, connection, for_each_component, request, request_with};
use tokio::net::TcpListener;

use crate::tls::{OTHER_NAME, STANDARD, listener};
use crate::{LAMBDA, assert_rejected, invoke_answered, invoke_answered_by, reference};

const PAGE: &str = "<!DOCTYPE html><html><body><h1>Welcome to the hotel</h1></body></html>";

#[for_each_component]
#[tokio::test]
async fn response_with_lambdas_headers_is_a_success(component: Component) {
    let (result, requests) =
        invoke_answered(component, Canned::with_length(LAMBDA, r#"{"a":1}"#)).await;
    let invocation = result.unwrap();
    assert_eq!((invocation.attempts, requests), (1, 1));
    assert_eq!(text(Ok(invocation)), r#"{"a":1}"#);
}

#[for_each_component]
#[tokio::test]
async fn html_page_with_status_200_is_rejected(component: Component) {
    for content_type in ["text/html", "text/html; charset=utf-8", "Text/HTML"] {
        let _case = case(content_type);
        let head = format!("200 OK\ncontent-type: {content_type}");
        let answer = Canned::with_length(&head, PAGE);
        let message = assert_rejected(component, answer, Kind::Malformed, Executed::Unknown).await;
        assert!(!message.contains("hotel"), "{message}");
    }
}

/// AWS's runtime interface emulator sends no header that identifies it. A caller that names a URL
/// may mean the emulator, so plain text that is not an HTML page is accepted.
#[for_each_component]
#[tokio::test]
async fn emulator_response_is_a_success_at_a_custom_url(component: Component) {
    let head = "200 OK\ncontent-type: text/plain; charset=utf-8";
    let (result, requests) =
        invoke_answered(component, Canned::with_length(head, r#"{"a":1}"#)).await;
    assert_eq!((result.unwrap().attempts, requests), (1, 1));
}

/// Lambda's own host name never leads to an emulator, but it may lead to a corporate proxy.
#[for_each_component]
#[tokio::test]
async fn proxy_json_at_the_standard_endpoint_is_rejected(component: Component) {
    let listener = listener(component).try_clone().unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let head = "200 OK\ncontent-type: application/json\nserver: proxy";
    let from_proxy = Canned::with_length(head, r#"{"status":"ok"}"#);
    let from_lambda = Canned::with_length(LAMBDA, "{}");
    let server = Server::on(
        listener,
        Some(OTHER_NAME.clone()),
        &[from_proxy, from_lambda],
    );
    let mut connection = connection(&Key::default(), String::new());
    connection.endpoint = None;
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let invoke = async || {
        let (host, request) = (reference(component), request("f", "{}"));
        host.invoke(&policy, &connection, &request).await.unwrap()
    };
    let proxy_result = invoke().await;
    let lambda_result = invoke().await;
    assert_eq!(server.headers("host"), [STANDARD, STANDARD]);
    assert_eq!(lambda_result.unwrap().attempts, 1);
    assert_transport(proxy_result, Kind::Malformed, Executed::Unknown, 1);
}

#[for_each_component]
#[tokio::test]
async fn success_status_that_lambda_never_sends_is_rejected(component: Component) {
    // 202 and 204 answer an event and a dry run. This invocation is synchronous.
    for status in [
        "201 Created",
        "202 Accepted",
        "203 Non-Authoritative",
        "206 Partial Content",
    ] {
        let _case = case(status);
        let answer = Canned::with_length(status, "{}");
        assert_rejected(component, answer, Kind::Malformed, Executed::Unknown).await;
    }
}

#[for_each_component]
#[tokio::test]
async fn proxy_errors_keep_their_status(component: Component) {
    use ErrorCategory::{AccessDenied, NotFound, ServiceFault, TooLarge};
    use Executed::{No, Unknown};
    let upstream = r#"{"message":"upstream"}"#;
    for (status, body, message, category, executed) in [
        (502, PAGE, None, ServiceFault, Unknown),
        (502, upstream, Some("upstream"), ServiceFault, Unknown),
        (503, "", None, ServiceFault, Unknown),
        (504, PAGE, None, ServiceFault, Unknown),
        (403, PAGE, None, AccessDenied, No),
        (404, PAGE, None, NotFound, No),
        (413, PAGE, None, TooLarge, No),
    ] {
        let _case = case(format!("{status} {body:.10}"));
        let head = format!("{status} Reason\ncontent-type: text/html");
        let (result, requests) = invoke_answered(component, Canned::with_length(&head, body)).await;
        let error = service(result);
        let no_message = format!("the response has status {status} and no message");
        assert_eq!(error.status_code, status);
        assert_eq!(error.code, format!("HTTP {status}"));
        assert_eq!(error.message, message.unwrap_or(&no_message));
        assert_service(&error, category, executed, 1);
        assert_eq!(requests, 1);
    }
}

#[for_each_component]
#[tokio::test]
async fn redirects_are_never_followed(component: Component) {
    for status in [301, 302, 303, 307, 308] {
        let target = Server::start(&[Canned::with_length(LAMBDA, "{}")]).await;
        let head = format!("{status} Elsewhere\nlocation: {}/other", target.url());
        let (result, requests) = invoke_answered(component, Canned::with_length(&head, PAGE)).await;
        let error = service(result);
        assert_eq!(
            (error.status_code, error.category, error.attempts, requests),
            (status, ErrorCategory::Other, 1, 1)
        );
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains("endpoint"), "{hint}");
        assert_eq!(target.requests(), 0, "{status}");
    }
}

#[for_each_component]
#[tokio::test]
async fn redirect_is_not_retried_even_for_an_idempotent_function(component: Component) {
    let request = request_with("f", "{}", |delivery| delivery.idempotent = Some(true));
    let redirect = Canned::with_length("307 Elsewhere\nlocation: /", "");
    let (result, requests) = invoke_answered_by(component, request, &[redirect]).await;
    let error = service(result);
    assert_eq!((error.status_code, error.attempts, requests), (307, 1, 1));
}
