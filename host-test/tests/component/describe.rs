//! Compares the connector's forms, as the host sees them, with a checked-in document. Reviewers
//! find every field in `describe.json`, and every change shows up in its diff.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lambda_connector_host::policy::Policy;
use host_test::json::ToJson;
use serde_json::Value;
use testing::{Component, for_each_component};

async fn described(component: Component) -> Value {
    let deny_all = Arc::new(Policy::deny_all());
    let manifest = component.host().describe(&deny_all).await.unwrap();
    let document = manifest.expect("describe never fails").to_json();
    assert!(deny_all.refusals().is_empty(), "describe needs no network");
    document
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn forms_match_the_checked_in_document(component: Component) {
    let seen = described(component).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/describe.json");
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&seen).expect("JSON");
        fs::write(&file, text + "\n").expect("writing the document");
    }
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("the document")).expect("JSON");
    assert_eq!(
        seen, expected,
        "the forms changed: if the change is intended, run this test with UPDATE=1 and review the diff"
    );
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn published_keys_and_labels_are_present(component: Component) {
    let seen = described(component).await;
    let card = &seen["cards"][0];
    let fields = |part: &str| -> Vec<String> {
        let texts = |field: &Value| {
            let texts = ["key", "label", "kind"].map(|name| field[name].as_str().expect("a text"));
            texts.join(" | ")
        };
        let list = card[part].as_array().expect("a list");
        list.iter().map(texts).collect()
    };
    // The test repeats these fields so that an accidental update of `describe.json` is noticed.
    for published in [
        "options | useFunctionName | Use Function Name? | dropdown",
        "options | yourFunctions | Your Functions | dropdown",
        "options | functionName | Function Name | text",
        "inputs | invocationType | Invocation Type | dropdown",
        "inputs | logType | Log Type | dropdown",
        "inputs | clientContext | Client Context | object",
        "inputs | payload | Payload | object",
        "inputs | qualifier | Qualifier | text",
        "inputs | tenantId | Tenant ID | text",
        "inputs | durableExecutionName | Durable Execution Name | text",
        "inputs | traceId | Trace ID | text",
        "inputs | requestId | Request ID | text",
        "inputs | onFunctionError | On Function Error | dropdown",
        "inputs | onError | On Error | dropdown",
        "inputs | maxAttempts | Maximum Attempts | number",
        "inputs | responseTimeoutSeconds | Response Timeout (Seconds) | number",
        "inputs | idempotent | Idempotent | boolean",
        "outputs | statusCode | Status Code | number",
        "outputs | output | Output | text",
        "outputs | logResult | Log Result | text",
        "outputs | outputJson | Output JSON | object",
        "outputs | outputIsBase64 | Output Is Base64 | boolean",
        "outputs | executed | Executed | text",
        "outputs | retryable | Retryable | boolean",
        "outputs | hint | Hint | text",
        "outputs | functionName | Function Name | text",
        "outputs | durableExecutionArn | Durable Execution ARN | text",
        "outputs | traceId | Trace ID | text",
        "outputs | memorySizeMb | Memory Size (MB) | number",
        "outputs | gbSeconds | GB-Seconds | number",
        "outputs | failureCause | Failure Cause | text",
        "outputs | stackTrace | Stack Trace | text",
        "outputs | logTruncated | Log Truncated | boolean",
    ] {
        let (part, field) = published.split_once(" | ").expect("a part");
        assert!(fields(part).contains(&field.to_owned()), "{published}");
    }
}
