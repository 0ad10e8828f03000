//! Responses that do not come from Lambda.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, TransportKind as Kind};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Key;
use testing::outcome::{assert_service, assert_transport, service, text};
use testing::server::{Canned, Server};
use testing::{
    Component, as_emulator, case, connection, for_each_component, request, request_with,
};
use tokio::net::TcpListener;

use crate::tls::{OTHER_NAME, STANDARD, listener};
use crate::{
    LAMBDA, REQUEST_ID, assert_rejected, invoke, invoke_answered, invoke_answered_by, reference,
};

const UPSTREAM: &str = r#"{"message":"upstream"}"#;
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
        let head = format!("200 OK\nserver: captive\ncontent-type: {content_type}");
        let answer = Canned::with_length(&head, PAGE);
        let message = assert_rejected(component, answer, Kind::NotLambda, Executed::Unknown).await;
        let named =
            format!("the response has status 200, server `captive`, content type `{content_type}`");
        assert!(message.starts_with(&named), "{message}");
        assert!(!message.contains("hotel"), "{message}");
    }
}

/// AWS's runtime interface emulator sends no header that identifies it. Only a caller that declares
/// an emulator accepts its responses.
#[for_each_component]
#[tokio::test]
async fn emulator_response_is_a_success_only_at_an_emulator(component: Component) {
    let head = "200 OK\ncontent-type: text/plain; charset=utf-8";
    let server = Server::start(&[Canned::with_length(head, r#"{"a":1}"#)]).await;
    let connection = connection(&Key::default(), server.url());
    let request = request("f", "{}");
    let at_url = invoke(component, &connection, &request).await;
    let message = assert_transport(at_url, Kind::NotLambda, Executed::Unknown, 1);
    assert!(
        message.contains("needs the endpoint `emulator`"),
        "{message}"
    );
    assert_eq!(server.requests(), 1);

    let at_emulator = invoke(component, &as_emulator(connection), &request).await;
    assert_eq!(at_emulator.as_ref().unwrap().attempts, 1);
    assert_eq!(text(at_emulator), r#"{"a":1}"#);
    assert_eq!(server.requests(), 2);
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
    let message = assert_transport(proxy_result, Kind::NotLambda, Executed::Unknown, 1);
    assert!(message.contains("server `proxy`"), "{message}");
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
        for (head, kind) in [
            (status.to_owned(), Kind::NotLambda),
            (format!("{status}\n{REQUEST_ID}"), Kind::Malformed),
        ] {
            let answer = Canned::with_length(&head, "{}");
            assert_rejected(component, answer, kind, Executed::Unknown).await;
        }
    }
}

/// An error response that has Lambda's request ID but no code.
#[for_each_component]
#[tokio::test]
async fn error_responses_without_a_code_keep_their_status(component: Component) {
    use ErrorCategory::{AccessDenied, NotFound, ServiceFault, TooLarge};
    use Executed::{No, Unknown};
    for (status, body, message, category, executed) in [
        (502, PAGE, None, ServiceFault, Unknown),
        (502, UPSTREAM, Some("upstream"), ServiceFault, Unknown),
        (503, "", None, ServiceFault, Unknown),
        (504, PAGE, None, ServiceFault, Unknown),
        (403, PAGE, None, AccessDenied, No),
        (404, PAGE, None, NotFound, No),
        (413, PAGE, None, TooLarge, No),
    ] {
        let _case = case(format!("{status} {body:.10}"));
        let head = format!("{status} Reason\ncontent-type: text/html\n{REQUEST_ID}");
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
async fn proxy_errors_are_not_lambdas_and_name_their_status(component: Component) {
    use Executed::{No, Unknown};
    for (status, body, executed) in [
        (502, PAGE, Unknown),
        (502, UPSTREAM, Unknown),
        (503, "", Unknown),
        (504, PAGE, Unknown),
        (403, PAGE, Unknown),
        (404, PAGE, Unknown),
        (413, PAGE, No),
    ] {
        let _case = case(format!("{status} {body:.10}"));
        let head = format!("{status} Reason\nserver: nginx/1.27\ncontent-type: text/html");
        let answer = Canned::with_length(&head, body);
        let message = assert_rejected(component, answer, Kind::NotLambda, executed).await;
        let named = format!(
            "the response has status {status}, server `nginx/1.27`, content type `text/html` and no x-amzn-RequestId"
        );
        assert!(message.starts_with(&named), "{message}");
        assert!(!message.contains("hotel"), "{message}");
    }
}

#[for_each_component]
#[tokio::test]
async fn redirects_are_never_followed(component: Component) {
    for status in [301, 302, 303, 307, 308] {
        let _case = case(status);
        let target = Server::start(&[Canned::with_length(LAMBDA, "{}")]).await;
        let head = format!("{status} Elsewhere\nlocation: {}/other", target.url());
        let answer = Canned::with_length(&head, PAGE);
        let message = assert_rejected(component, answer, Kind::NotLambda, Executed::Unknown).await;
        assert!(message.contains(&format!("status {status}")), "{message}");
        assert!(message.contains("check the endpoint"), "{message}");

        let answer = Canned::with_length(&format!("{head}\n{REQUEST_ID}"), PAGE);
        let (result, requests) = invoke_answered(component, answer).await;
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
    let message = assert_transport(result, Kind::NotLambda, Executed::Unknown, 1);
    assert!(message.contains("status 307"), "{message}");
    assert_eq!(requests, 1);
}
