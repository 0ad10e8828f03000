//! The functions `workflow` and `approval`, invoked synchronously: results, failures and limits.

use serde_json::{Value, json};
use testing::case;

use super::{ARN, describe, events, kinds, visible};
use crate::client::{Call, invoke, start};

#[tokio::test]
async fn workflow_returns_the_result_of_every_operation() {
    let lambda = start().await;
    let event = r#"{"steps":[
        {"step":{"name":"charge","result":{"z":12345678901234567890123,"a":1.0}}},
        {"step":{}},
        {"wait":{"name":"cool down","ms":1}},
        {"group":{"name":"ship","steps":[{"step":{"result":"x"}},{"group":{"steps":[]}}]}}
    ]}"#;
    let answer = invoke(&lambda, "workflow:live", event).await;
    let results = r#"{"results":[{"z":12345678901234567890123,"a":1.0},null,null,["x",[]]]}"#;
    answer.assert_success(results);
    assert_eq!(answer.header("x-amz-function-error"), None);
    assert_eq!(answer.header("x-amz-executed-version"), Some("1"));
    let execution = describe(&lambda, answer.header(ARN).unwrap()).await;
    assert_eq!(execution["Status"], "SUCCEEDED");
    assert_eq!(execution["Result"], results);
    assert_eq!(execution["InputPayload"], event);
}

#[tokio::test]
async fn failed_step_fails_the_execution_with_its_error() {
    let lambda = start().await;
    let event = r#"{"steps":[
        {"step":{"name":"first","result":1}},
        {"fail":{"name":"check","type":"OutOfStock","message":"größe","data":"{\"sku\":7}"}},
        {"step":{"name":"never"}}
    ]}"#;
    let answer = Call::invoke("workflow:1", event)
        .header("x-amz-log-type", "Tail")
        .send(&lambda)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    let document = json!({
        "errorType": "OutOfStock",
        "errorMessage": "größe",
        "errorData": "{\"sku\":7}",
    });
    assert_eq!(answer.json(), document);
    assert!(answer.log().contains("\n[ERROR] OutOfStock: größe\n"));

    let arn = answer.header(ARN).unwrap();
    let error = json!({
        "ErrorType": "OutOfStock",
        "ErrorMessage": "größe",
        "ErrorData": "{\"sku\":7}",
    });
    let execution = describe(&lambda, arn).await;
    assert_eq!(execution["Status"], "FAILED");
    assert_eq!(execution["Error"], error);
    assert_eq!(execution.get("Result"), None);
    let events = events(&lambda, arn).await;
    let seen = kinds(&events);
    let expected = [
        "ExecutionStarted",
        "StepStarted",
        "StepSucceeded",
        "StepStarted",
        "StepFailed",
        "InvocationCompleted",
        "ExecutionFailed",
    ];
    assert_eq!(seen, expected);
    let data = json!({ "Payload": error, "Truncated": false });
    let details = json!({ "Error": data, "RetryDetails": { "CurrentAttempt": 1 } });
    assert_eq!(events[4]["StepFailedDetails"], details);
    assert_eq!(
        events[6]["ExecutionFailedDetails"],
        json!({ "Error": data })
    );
}

#[tokio::test]
async fn failure_within_a_group_fails_the_group() {
    let lambda = start().await;
    let event = r#"{"steps":[{"group":{"name":"g","steps":[{"fail":{}}]}}]}"#;
    let answer = invoke(&lambda, "workflow:1", event).await;
    let document = json!({ "errorType": "ValueError", "errorMessage": "This step always fails" });
    assert_eq!(answer.json(), document);
    let events = events(&lambda, answer.header(ARN).unwrap()).await;
    let seen = kinds(&events);
    assert_eq!(seen[3..5], ["StepFailed", "ContextFailed"]);
    assert_eq!(
        events[4]["ContextFailedDetails"]["Error"]["Payload"]["ErrorType"],
        "ValueError"
    );
    assert_eq!(
        (&events[4]["Id"], &events[4]["Name"]),
        (&json!("1"), &json!("g"))
    );
}

/// The callback is never completed, so the execution reaches its time-out however short that is.
#[tokio::test]
async fn execution_that_reaches_its_timeout_has_timed_out() {
    let lambda = start().await;
    let event = r#"{"steps":[{"callback":{}}],"executionTimeoutMs":1}"#;
    let answer = invoke(&lambda, "workflow:1", event).await;
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    let message = "Execution timed out after 0.001 seconds.";
    let document = json!({ "errorType": "ExecutionTimedOut", "errorMessage": message });
    assert_eq!(answer.json(), document);
    let arn = answer.header(ARN).unwrap();
    let execution = describe(&lambda, arn).await;
    assert_eq!(execution["Status"], "TIMED_OUT");
    let error = json!({ "ErrorType": "ExecutionTimedOut", "ErrorMessage": message });
    assert_eq!(execution["Error"], error);
    // A part of a second counts as a second.
    assert_eq!(execution["DurableConfig"]["ExecutionTimeout"], 1);
    let events = events(&lambda, arn).await;
    let seen = kinds(&events);
    let expected = [
        "ExecutionStarted",
        "CallbackStarted",
        "InvocationCompleted",
        "ExecutionTimedOut",
    ];
    assert_eq!(seen, expected);
    let data = json!({ "Payload": error, "Truncated": false });
    assert_eq!(
        events[3]["ExecutionTimedOutDetails"],
        json!({ "Error": data })
    );
}

#[tokio::test]
async fn event_that_the_function_rejects_fails_the_execution() {
    let lambda = start().await;
    for (function, event) in [
        ("workflow:1", "{}"),
        ("workflow:1", r#"{"steps":[{"jump":{}}]}"#),
        ("workflow:1", r#"{"steps":[{"wait":{}}]}"#),
        ("approval:1", "7"),
        ("approval:1", r#"{"timeoutMs":-1}"#),
    ] {
        let _case = case(event);
        let answer = invoke(&lambda, function, event).await;
        assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
        assert_eq!(answer.json()["errorType"], "TypeError");
        let execution = describe(&lambda, answer.header(ARN).unwrap()).await;
        assert_eq!(execution["Status"], "FAILED");
        let error = &execution["Error"];
        assert_eq!(error["ErrorType"], "TypeError");
        assert_eq!(error["ErrorMessage"], answer.json()["errorMessage"]);
        assert_eq!(error["StackTrace"], answer.json()["stackTrace"]);
    }
}

#[tokio::test]
async fn operations_are_limited() {
    let lambda = visible().await;
    let steps = |count: usize| vec![json!({ "step": {} }); count];
    let nested = |depth: usize| {
        let empty = json!({ "steps": [] });
        (0..depth).fold(empty, |inner, _| json!({ "steps": [{ "group": inner }] }))
    };
    let step_named = |name: &str| json!({ "steps": [{ "step": { "name": name } }] });
    for (event, rejected) in [
        (json!({ "steps": steps(1_000) }), None),
        (
            json!({ "steps": steps(1_001) }),
            Some("The execution has more than 1000 operations"),
        ),
        (nested(8), None),
        (nested(9), Some("Groups are nested deeper than 8")),
        (step_named(&"n".repeat(256)), None),
        (
            step_named(&"n".repeat(257)),
            Some("The name of an operation must be 1 to 256 printable ASCII characters"),
        ),
        (
            step_named("größe"),
            Some("The name of an operation must be 1 to 256 printable ASCII characters"),
        ),
    ] {
        let answer = invoke(&lambda, "workflow:1", event.to_string()).await;
        let failed = answer.header("x-amz-function-error").is_some();
        let message = &answer.json()["errorMessage"];
        let expected = rejected.map_or(Value::Null, Value::from);
        assert_eq!((failed, message), (rejected.is_some(), &expected));
    }
}
