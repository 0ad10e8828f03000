//! StopDurableExecution.

use serde_json::json;
use testing::case;

use super::{ARN, begin_event, callback_id, describe, events, kinds, named, stop, visible};
use crate::client::{invoke, lower};

#[tokio::test]
async fn stopped_execution_ends_at_once_with_the_error_of_the_request() {
    let lambda = visible().await;
    let event = r#"{"steps":[{"callback":{}}]}"#;
    let arn = begin_event(&lambda, "workflow:1", event).await;
    callback_id(&lambda, &arn).await;
    let error = json!({
        "ErrorType": "Cancelled",
        "ErrorMessage": "cancelled by the workflow",
        "ErrorData": "{\"by\":\"me\"}",
        "StackTrace": ["a", "b"],
    });
    let answer = stop(&arn, error.to_string()).send(&lambda).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let execution = describe(&lambda, &arn).await;
    assert_eq!(execution["Status"], "STOPPED");
    assert_eq!(execution["Error"], error);
    let stopped = json!({ "StopTimestamp": execution["EndTimestamp"] });
    assert_eq!(answer.json(), stopped);
    let events = events(&lambda, &arn).await;
    let seen = kinds(&events);
    let expected = [
        "ExecutionStarted",
        "CallbackStarted",
        "InvocationCompleted",
        "ExecutionStopped",
    ];
    assert_eq!(seen, expected);
    let data = json!({ "Payload": error, "Truncated": false });
    assert_eq!(
        events[3]["ExecutionStoppedDetails"],
        json!({ "Error": data })
    );
    // The task has ended: otherwise this would wait for ever.
    lambda.wait_until_idle().await;
}

#[tokio::test]
async fn stop_needs_no_error() {
    let lambda = visible().await;
    for body in ["", "{}", r#"{"ErrorType":null,"Other":7}"#] {
        let _case = case(body);
        let arn = begin_event(&lambda, "approval:1", "{}").await;
        assert_eq!(stop(&arn, body).send(&lambda).await.status, 200);
        let execution = describe(&lambda, &arn).await;
        assert_eq!(execution["Status"], "STOPPED");
        let error = json!({ "ErrorMessage": "Execution stopped by user request" });
        assert_eq!(execution["Error"], error);
    }
}

#[tokio::test]
async fn caller_who_waits_for_a_stopped_execution_receives_its_error() {
    let lambda = visible().await;
    let event = named("approval:1", "order-1", "{}").event();
    let started = event.send(&lambda).await;
    let arn = started.header(ARN).unwrap();
    let waiting = named("approval:1", "order-1", "{}");
    let stopping = async {
        callback_id(&lambda, arn).await;
        let error = r#"{"ErrorType":"Cancelled","ErrorMessage":"no"}"#;
        stop(arn, error).send(&lambda).await
    };
    let (waited, stopped) = tokio::join!(waiting.send(&lambda), stopping);
    assert_eq!(stopped.status, 200);
    assert_eq!(waited.status, 200);
    assert_eq!(waited.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(waited.header(ARN), Some(arn));
    let document = json!({ "errorType": "Cancelled", "errorMessage": "no" });
    assert_eq!(waited.json(), document);
}

#[tokio::test]
async fn execution_that_has_ended_stays_as_it_is() {
    let lambda = visible().await;
    let running = begin_event(&lambda, "approval:1", "{}").await;
    let first = stop(&running, "").send(&lambda).await;
    let again = stop(&running, r#"{"ErrorType":"X"}"#).send(&lambda).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), first.json());

    let succeeded = invoke(&lambda, "workflow:1", r#"{"steps":[]}"#).await;
    let arn = succeeded.header(ARN).unwrap();
    let before = describe(&lambda, arn).await;
    let answer = stop(arn, "{}").send(&lambda).await;
    assert_eq!(answer.json()["StopTimestamp"], before["EndTimestamp"]);
    assert_eq!(describe(&lambda, arn).await, before);
}

#[tokio::test]
async fn invalid_error_is_rejected_and_stops_nothing() {
    let lambda = visible().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    for body in [
        "x",
        "[",
        "{} {}",
        r#"{"ErrorType":7}"#,
        r#"{"StackTrace":"x"}"#,
    ] {
        let _case = case(body);
        let answer = stop(&arn, body).send(&lambda).await;
        let body = answer.error(400, "InvalidRequestContentException");
        let message = body["message"].as_str().unwrap();
        let reason = "Could not parse request body into json: ";
        assert!(message.starts_with(reason), "{message}");
    }
    let half = "x".repeat(524_288);
    let large = |more: &str| json!({ "ErrorData": half, "StackTrace": [half, more] }).to_string();
    let answer = stop(&arn, large("x")).send(&lambda).await;
    let message = "The combined size of all error fields must be at most 1048576 bytes.";
    answer.assert_error(400, "InvalidParameterValueException", lower(message));
    assert_eq!(describe(&lambda, &arn).await["Status"], "RUNNING");
    assert_eq!(stop(&arn, large("")).send(&lambda).await.status, 200);
}

#[tokio::test]
async fn service_that_stops_ends_the_executions_that_wait() {
    let lambda = visible().await;
    for function in ["approval:1", "workflow:1"] {
        let event = r#"{"steps":[{"wait":{"ms":86400000}}]}"#;
        begin_event(&lambda, function, event).await;
    }
    // This would wait for a day.
    lambda.stop().await;
}
