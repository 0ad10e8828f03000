//! Responses that are too large, too short, or endless.

use std::time::Duration;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    Connection, ErrorCategory, Executed, TransportKind as Kind,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Key, RESPONSE_LIMIT};
use testing::outcome::{assert_service, assert_transport, service, text};
use testing::server::{Canned, Server};
use testing::{
    Component, PerComponent, case, connection, connection_to, for_each_component, invoke_in,
    lambda, request, request_with,
};

use crate::{HOST_NAMES, LAMBDA, REQUEST_ID, Result, assert_rejected, hosts, invoke_answered};

/// Invokes with less than four times the memory of the largest response from Lambda.
async fn invoke_in_little_memory(
    component: Component,
    connection: &Connection,
    request: &InvokeRequest,
) -> Result {
    static HOSTS: PerComponent<Host> = PerComponent::new(|component| {
        component.host_with(Options {
            memory_limit: 24 << 20,
            ..Options::default()
        })
    });
    invoke_in(HOSTS.of(component), connection, request).await
}

async fn in_little_memory(component: Component, answer: Canned) -> (Result, usize) {
    let server = Server::start(&[answer]).await;
    let connection = connection(&Key::default(), server.url());
    let result = invoke_in_little_memory(component, &connection, &request("f", "{}")).await;
    (result, server.requests())
}

/// A 64 KiB chunk of a chunked body.
fn chunk() -> String {
    format!("10000\r\n{}\r\n", "x".repeat(0x10000))
}

#[for_each_component]
#[tokio::test]
async fn largest_response_fits_into_24_mib(component: Component) {
    let lambda = lambda().await;
    let request = request("big", format!(r#"{{"bytes":{RESPONSE_LIMIT}}}"#));
    let result = invoke_in_little_memory(component, &connection_to(&lambda), &request).await;
    assert_eq!(text(result).len(), RESPONSE_LIMIT);
}

#[for_each_component]
#[tokio::test]
async fn oversized_response_is_rejected_without_buffering_it(component: Component) {
    let announced = format!("{LAMBDA}\ncontent-length: {}", 64 << 20);
    let announced = Canned::new(&announced, [b'x'; 1 << 16]).repeated(1024);
    let chunked = format!("{LAMBDA}\ntransfer-encoding: chunked");
    let chunked = Canned::new(&chunked, chunk()).repeated(1024);
    let until_closed = Canned::new(LAMBDA, [b'x'; 1 << 16]).repeated(1024);
    for (name, answer) in [
        ("content-length", announced),
        ("chunked", chunked),
        ("until closed", until_closed),
    ] {
        let _case = case(name);
        let (result, requests) = in_little_memory(component, answer).await;
        let message = assert_transport(result, Kind::Malformed, Executed::Yes, 1);
        let expected = "the response is larger than Lambda can send (6,291,556 bytes): check the endpoint; the request ID is 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11: search the function's log for it";
        assert_eq!((&*message, requests), (expected, 1));
    }
}

#[for_each_component]
#[tokio::test]
async fn huge_content_length_is_rejected_without_allocating_it(component: Component) {
    for (length, executed) in [
        ("4294967296", Executed::Yes),
        // hyper rejects numbers that do not fit into 64 bits, as well as `u64::MAX`.
        ("18446744073709551615", Executed::Unknown),
        ("99999999999999999999", Executed::Unknown),
    ] {
        let _case = case(length);
        let head = format!("{LAMBDA}\ncontent-length: {length}");
        let (result, requests) = in_little_memory(component, Canned::new(&head, "{}")).await;
        assert_transport(result, Kind::Malformed, executed, 1);
        assert_eq!(requests, 1);
    }
}

#[for_each_component]
#[tokio::test]
async fn endless_error_body_does_not_hide_the_status(component: Component) {
    let head = "400 Bad Request\nx-amzn-errortype: InvalidParameterValueException";
    let head = format!("{head}\n{REQUEST_ID}\ntransfer-encoding: chunked");
    let endless = Canned::new(&head, chunk());
    let (result, requests) = in_little_memory(component, endless.repeated(1024)).await;
    let error = service(result);
    assert_eq!(error.code, "InvalidParameterValueException");
    assert_service(&error, ErrorCategory::InvalidRequest, Executed::No, 1);
    assert_eq!(requests, 1);
}

#[for_each_component]
#[tokio::test]
async fn body_shorter_than_its_content_length_is_cut_off(component: Component) {
    for (length, body) in [(100, "{\"a\":1}"), (1, ""), (65_537, &"x".repeat(65_536))] {
        let _case = case(length);
        let head = format!("{LAMBDA}\ncontent-length: {length}");
        let answer = Canned::new(&head, body);
        assert_rejected(component, answer, Kind::CutOff, Executed::Yes).await;
    }
}

#[for_each_component]
#[tokio::test]
async fn chunked_body_without_its_last_chunk_is_cut_off(component: Component) {
    // The body ends in the middle of a chunk, after a chunk, and before the final empty line.
    let head = format!("{LAMBDA}\ntransfer-encoding: chunked");
    for body in [
        "7\r\n{\"a\"",
        "7\r\n{\"a\":1}\r\n",
        "7\r\n{\"a\":1}\r\n0\r\n",
    ] {
        let _case = case(format!("{body:?}"));
        let answer = Canned::new(&head, body);
        assert_rejected(component, answer, Kind::CutOff, Executed::Yes).await;
    }
    let complete = Canned::new(&head, "7\r\n{\"a\":1}\r\n0\r\n\r\n");
    let (result, _) = invoke_answered(component, complete).await;
    assert_eq!(text(result), r#"{"a":1}"#);
}

/// Each piece arrives within the timeout, but the whole body would take 20 s.
#[for_each_component]
#[tokio::test]
async fn trickling_body_ends_at_the_response_timeout(component: Component) {
    let head = format!("{LAMBDA}\ncontent-length: 220");
    let trickle = Canned::new(&head, "1234567890 ")
        .repeated(20)
        .slowly(Duration::from_secs(1));
    for (host, name) in hosts(component).into_iter().zip(HOST_NAMES) {
        let _case = case(name);
        let server = Server::start(std::slice::from_ref(&trickle)).await;
        let request = request_with("f", "{}", |delivery| {
            delivery.response_timeout_ms = Some(3_000);
        });
        let connection = connection(&Key::default(), server.url());
        let result = host.invoke(&connection, &request).await;
        let message = assert_transport(result, Kind::CutOff, Executed::Yes, 1);
        assert_eq!(
            message,
            "the rest of the response did not arrive in time; the request ID is 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11: search the function's log for it"
        );
    }
}

#[for_each_component]
#[tokio::test]
async fn connection_closed_after_100_continue_is_cut_off(component: Component) {
    // An interim response is not a final one.
    let answer = Canned::new("100 Continue", "");
    assert_rejected(component, answer, Kind::CutOff, Executed::Unknown).await;
}
