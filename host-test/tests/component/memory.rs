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
    let ran: Result<String, Error> = exports::call(&instance, &mut store, run, arguments)
        .await
        .expect("the component has enough memory");
    assert_eq!(server.requests(), 1);
    ran.unwrap()
}

/// Asserts that the outputs begin with this output, as text and as JSON, and with this function error.
/// Searching a long text takes minutes without optimisation, and comparing its start does not.
#[track_caller]
fn assert_outputs(outputs: &str, quoted: &str, json: &str, function_error: &str) {
    let start = format!(
        r#"{{"statusCode":200,"output":"{quoted}","logResult":null,"logTruncated":null,"outputJson":{json},"outputIsBase64":false,"functionError":{function_error},"#
    );
    assert!(outputs.starts_with(&start), "{outputs:.200}");
}

fn announced(head: &str, body: &str) -> Canned {
    Canned::with_length(head, body)
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

/// A response of control characters, which take six bytes of JSON each. Its length is announced,
/// because it is not a JSON document, whose end would show that it is complete.
async fn assert_control_characters_fit(component: Component, length: usize, payload: &str) {
    let body = "\u{1}".repeat(length);
    let outputs = outputs(component, announced(LAMBDA, &body), payload).await;
    assert_outputs(&outputs, &r"\u0001".repeat(length), "null", "null");
}

#[for_each_component]
#[tokio::test]
async fn output_of_control_characters_fits_into_the_recommended_memory(component: Component) {
    for length in [5_200_000, RESPONSE_LIMIT] {
        assert_control_characters_fit(component, length, "{}").await;
    }
}

/// A failed function's document of this length, whose message consists of quotation marks. It is in
/// the outputs quoted and as JSON, and parts of it are in other outputs.
async fn assert_failure_fits(component: Component, framing: Framing, length: usize, payload: &str) {
    let quotes = (length - r#"{"errorMessage":""}"#.len()) / 2;
    let body = format!(r#"{{"errorMessage":"{}"}}"#, r#"\""#.repeat(quotes));
    let quoted = format!(r#"{{\"errorMessage\":\"{}\"}}"#, r#"\\\""#.repeat(quotes));
    let outputs = outputs(component, framing(FAILED, &body), payload).await;
    assert_outputs(&outputs, &quoted, &body, r#""Unhandled""#);
}

#[for_each_component]
#[tokio::test]
async fn failed_functions_document_fits_into_the_recommended_memory(component: Component) {
    for (framing, length) in [(announced as Framing, 6_100_000), (chunked, RESPONSE_LIMIT)] {
        assert_failure_fits(component, framing, length, "{}").await;
    }
}

/// As many frames as are read, and as long as they can be.
#[for_each_component]
#[tokio::test]
async fn longest_stack_trace_fits_into_the_recommended_memory(component: Component) {
    let document = |quote: &str, mark: &str| {
        let frame = format!("{quote}{}{quote}", mark.repeat(310));
        format!(
            "{{{quote}stackTrace{quote}:[{}]}}",
            vec![frame; 10_000].join(",")
        )
    };
    let body = document("\"", r#"\""#);
    let outputs = outputs(component, chunked(FAILED, &body), "{}").await;
    let quoted = document(r#"\""#, r#"\\\""#);
    assert_outputs(&outputs, &quoted, &body, r#""Unhandled""#);
}

/// The form's values are in memory until the step ends.
#[for_each_component]
#[tokio::test]
async fn largest_payload_and_response_fit_into_the_recommended_memory(component: Component) {
    let payload = format!("\"{}\"", "x".repeat(SYNC_REQUEST_LIMIT - 2));
    assert_failure_fits(component, chunked, RESPONSE_LIMIT, &payload).await;
    assert_control_characters_fit(component, RESPONSE_LIMIT, &payload).await;
}
