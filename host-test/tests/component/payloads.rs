//! No byte of a payload is lost or changed, at any size.

use aws_lambda_connector_host::bindings::lambda::{InvocationType, InvokeRequest};
use aws_lambda_connector_host::bindings::types::FailureCause;
use local_lambda::{EVENT_REQUEST_LIMIT, RESPONSE_LIMIT, SYNC_REQUEST_LIMIT};
use testing::outcome::{binary, function_failed, invalid_input, text};
use testing::{Component, Local, case, for_each_component};

use crate::request;

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn json_payload_is_returned_unchanged(component: Component) {
    let local = Local::start(component).await;
    for payload in [
        "null",
        "0",
        "\"\"",
        "[]",
        "{}",
        r#"{"b": 12345678901234567890123, "a":1.50e-7,"a" : 2}"#,
        " {\"ü\": \"\\u00fc 你好 \\ud83d\\ude00\"}\n",
        "\"\\ud800\"",
    ] {
        assert_eq!(local.output("echo", payload).await, payload);
    }
}

/// A JSON text of `bytes` bytes that never repeats, so that a shifted or lost part is noticed.
fn text_of(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    text.push('"');
    let mut number = 0_u64;
    while text.len() < bytes - 1 {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{number:x} "));
    }
    text.truncate(bytes - 1);
    text.push('"');
    text
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn payload_of_any_size_up_to_the_limit_is_returned_unchanged(component: Component) {
    let local = Local::start(component).await;
    for bytes in [
        2,
        4_095,
        4_096,
        4_097,
        65_535,
        65_536,
        65_537,
        1 << 20,
        (1 << 20) + 1,
        SYNC_REQUEST_LIMIT,
    ] {
        let payload = text_of(bytes);
        let output = local.output("echo", &payload).await;
        assert!(output == payload, "{bytes} bytes came back changed");
    }
    for recorded in local.lambda.requests() {
        let length = recorded.body_length.to_string();
        assert_eq!(recorded.header("content-length"), Some(length.as_str()));
        assert_eq!(recorded.header("transfer-encoding"), None);
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn payload_over_the_limit_is_rejected_before_sending(component: Component) {
    let local = Local::start(component).await;
    let event = |bytes| {
        let mut request = request("echo", &text_of(bytes));
        request.invocation_type = Some(InvocationType::Event);
        request
    };
    for too_large in [
        request("echo", &text_of(SYNC_REQUEST_LIMIT + 1)),
        event(EVENT_REQUEST_LIMIT + 1),
    ] {
        let _case = case(format!("{:?}", too_large.invocation_type));
        let rejected = invalid_input(local.invoke(too_large).await);
        assert_eq!(rejected.field, "request.payload");
    }
    assert!(local.lambda.requests().is_empty());
    let accepted = local.invoke(event(EVENT_REQUEST_LIMIT)).await;
    assert_eq!(accepted.unwrap().status_code, 202);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn largest_response_arrives_and_a_larger_one_is_a_function_failure(component: Component) {
    let local = Local::start(component).await;
    let event_of = |bytes: usize| format!(r#"{{"bytes":{bytes}}}"#);
    let output = local.output("big", &event_of(RESPONSE_LIMIT)).await;
    assert_eq!(output.len(), RESPONSE_LIMIT);
    let over = request("big", &event_of(RESPONSE_LIMIT + 1));
    let failed = function_failed(local.invoke(over).await);
    assert_eq!(failed.failure.cause, FailureCause::ResponseTooLarge);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn binary_output_is_returned_as_bytes(component: Component) {
    let local = Local::start(component).await;
    let bytes = binary(local.invoke(InvokeRequest::new("binary")).await);
    assert_eq!(bytes, b"\x89PNG\r\n\x1a\n\x00\xff\xfe");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn missing_payload_sends_no_body(component: Component) {
    let local = Local::start(component).await;
    text(local.invoke(InvokeRequest::new("context")).await);
    let recorded = &local.lambda.requests()[0];
    assert_eq!(recorded.body_length, 0);
    assert_eq!(recorded.header("content-length"), Some("0"));
    assert_eq!(recorded.header("content-type"), None);
}
