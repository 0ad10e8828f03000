//! Cards with the memory that the documents recommend, and the responses that need the most of it.

use aws_lambda_connector_host::bindings::types::Error;
use aws_lambda_connector_host::exports;
use local_lambda::{RESPONSE_LIMIT, SYNC_REQUEST_LIMIT};
use serde_json::json;
use testing::plain_wasmtime::PlainWasmtime;
use testing::server::{Canned, Server};
use testing::{Component, for_each_component};

/// What `docs/review.md` recommends to a host.
const MEMORY: usize = 64 << 20;

const LAMBDA: &str = "200 OK\nx-amzn-requestid: 8f5e";
const FAILED: &str = "200 OK\nx-amzn-requestid: 8f5e\nx-amz-function-error: Unhandled";

/// Runs `invoke` with this response, and returns the text of its outputs. That is not parsed, which
/// would take most of the test's time.
async fn outputs(component: Component, response: Canned, payload: &str) -> String {
    let server = Server::start(&[response]).await;
    let connection = json!({
        "region": "us-east-1", "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret",
        "endpoint": server.url(),
    });
    let values =
        format!(r#"{{"yourFunctions":"f","onFunctionError":"Continue","payload":{payload}}}"#);
    let host = PlainWasmtime::of(component);
    let mut store = host.store();
    store.data_mut().memory.limit = MEMORY;
    let instance = host.instantiate(&mut store).await.unwrap();
    let arguments = (&*connection.to_string(), "invoke", &*values);
    let run = &host.exports.run;
    let ran = exports::call(&instance, &mut store, run, arguments).await;
    let ran: Result<String, Error> = ran.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(server.requests(), 1);
    ran.unwrap()
}

/// Asserts that the outputs contain `"key":value`.
#[track_caller]
fn assert_output(outputs: &str, key: &str, value: &str) {
    let text = format!("\"{key}\":{value}");
    assert!(outputs.contains(&text), "{text:.80}");
}

fn announced(head: &str, body: &str) -> Canned {
    Canned::whole(head, body)
}

fn chunked(head: &str, body: &str) -> Canned {
    let chunks = body.as_bytes().chunks(1 << 16).map(|chunk| {
        let text = std::str::from_utf8(chunk).unwrap();
        format!("{:x}\r\n{text}\r\n", chunk.len())
    });
    let body: String = chunks.chain(["0\r\n\r\n".to_owned()]).collect();
    Canned::new(&format!("{head}\ntransfer-encoding: chunked"), body)
}

type Framing = fn(&str, &str) -> Canned;

/// Six bytes of JSON for each byte of the response.
#[for_each_component]
#[tokio::test]
async fn output_of_control_characters_fits_into_the_recommended_memory(component: Component) {
    for (framing, length) in [
        (announced as Framing, 5_200_000),
        (announced, RESPONSE_LIMIT),
        (chunked, RESPONSE_LIMIT),
    ] {
        let body = "\u{1}".repeat(length);
        let outputs = outputs(component, framing(LAMBDA, &body), "{}").await;
        let quoted = format!("\"{}\"", r"\u0001".repeat(length));
        assert_output(&outputs, "output", &quoted);
        assert_output(&outputs, "outputJson", "null");
    }
}

/// The document of a failed function, of this length. The message consists of quotation marks.
fn failure(length: usize) -> String {
    let quotes = (length - r#"{"errorMessage":""}"#.len()) / 2;
    format!(r#"{{"errorMessage":"{}"}}"#, r#"\""#.repeat(quotes))
}

fn assert_failure(outputs: &str, body: &str) {
    let quoted = body.replace('\\', r"\\").replace('"', r#"\""#);
    assert_output(outputs, "output", &format!("\"{quoted}\""));
    assert_output(outputs, "outputJson", body);
    assert_output(outputs, "functionError", r#""Unhandled""#);
}

/// The output twice, quoted and as JSON, and parts of it in other outputs.
#[for_each_component]
#[tokio::test]
async fn failed_functions_document_fits_into_the_recommended_memory(component: Component) {
    for (framing, length) in [
        (announced as Framing, 6_100_000),
        (announced, RESPONSE_LIMIT),
        (chunked, RESPONSE_LIMIT),
    ] {
        let body = failure(length);
        let outputs = outputs(component, framing(FAILED, &body), "{}").await;
        assert_failure(&outputs, &body);
    }
}

/// As many frames as are read, and as long as they can be.
#[for_each_component]
#[tokio::test]
async fn longest_stack_trace_fits_into_the_recommended_memory(component: Component) {
    let frame = format!(r#""{}""#, r#"\""#.repeat(310));
    let body = format!(r#"{{"stackTrace":[{}]}}"#, vec![frame; 10_000].join(","));
    let outputs = outputs(component, chunked(FAILED, &body), "{}").await;
    assert_failure(&outputs, &body);
}

/// The form's values are in memory until the step ends.
#[for_each_component]
#[tokio::test]
async fn largest_payload_and_response_fit_into_the_recommended_memory(component: Component) {
    let payload = format!("\"{}\"", "x".repeat(SYNC_REQUEST_LIMIT - 2));
    let body = failure(RESPONSE_LIMIT);
    let failed = outputs(component, chunked(FAILED, &body), &payload).await;
    assert_failure(&failed, &body);

    let body = "\u{1}".repeat(RESPONSE_LIMIT);
    let succeeded = outputs(component, chunked(LAMBDA, &body), &payload).await;
    let quoted = format!("\"{}\"", r"\u0001".repeat(RESPONSE_LIMIT));
    assert_output(&succeeded, "output", &quoted);
}
