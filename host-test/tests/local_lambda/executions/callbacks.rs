//! SendDurableExecutionCallbackSuccess, …Failure and …Heartbeat.

use local_lambda::LocalLambda;
use serde_json::{Value, json};
use testing::case;

use super::{ARN, begin_event, callback_id, complete, describe, events, kinds, stop, visible};
use crate::client::{Answer, invoke, lower, untyped, upper};

const CLOSED: &str = "The callback ID token has either expired or the callback associated with the token has already been closed.";

/// Starts an approval, completes its callback, and returns the execution once it has ended.
async fn completed(lambda: &LocalLambda, last: &str, body: &[u8]) -> (String, Value) {
    let arn = begin_event(lambda, "approval:live", "{}").await;
    let id = callback_id(lambda, &arn).await;
    let answer = complete(&id, last, body).send(lambda).await;
    assert_empty(&answer);
    lambda.wait_until_idle().await;
    let execution = describe(lambda, &arn).await;
    (arn, execution)
}

#[track_caller]
fn assert_empty(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"{}"[..]));
}

#[tokio::test]
async fn result_of_the_callback_becomes_that_of_the_approval() {
    let lambda = visible().await;
    for (body, result) in [
        (
            r#"{"approved": true}"#,
            r#"{"approval":{"approved": true}}"#,
        ),
        (
            "12345678901234567890123",
            r#"{"approval":12345678901234567890123}"#,
        ),
        ("", r#"{"approval":null}"#),
        // A result need not be JSON.
        ("go ahead", r#"{"approval":"go ahead"}"#),
    ] {
        let _case = case(body);
        let (_, execution) = completed(&lambda, "succeed", body.as_bytes()).await;
        assert_eq!(execution["Status"], "SUCCEEDED");
        assert_eq!(execution["Result"], result);
    }
}

#[tokio::test]
async fn history_of_an_approval_shows_its_callback() {
    let lambda = visible().await;
    let event = r#"{"name":"by the manager","timeoutMs":90000,"heartbeatTimeoutMs":60001}"#;
    let arn = begin_event(&lambda, "approval:live", event).await;
    let id = callback_id(&lambda, &arn).await;
    // A client must encode the ID in a path.
    assert!(
        ["+", "/", "=="].iter().all(|part| id.contains(part)),
        "{id}"
    );
    assert_empty(&complete(&id, "succeed", "7").send(&lambda).await);
    lambda.wait_until_idle().await;
    let events = events(&lambda, &arn).await;
    let seen = kinds(&events);
    let expected = [
        "ExecutionStarted",
        "StepStarted",
        "StepSucceeded",
        "CallbackStarted",
        "InvocationCompleted",
        "CallbackSucceeded",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ];
    assert_eq!(seen, expected);
    let started = json!({ "CallbackId": id, "Timeout": 90, "HeartbeatTimeout": 61 });
    assert_eq!(events[3]["CallbackStartedDetails"], started);
    for event in [&events[3], &events[5]] {
        assert_eq!(
            (&event["Id"], &event["Name"]),
            (&json!("2"), &json!("by the manager"))
        );
    }
    let result = json!({ "Result": { "Payload": "7", "Truncated": false } });
    assert_eq!(events[5]["CallbackSucceededDetails"], result);
}

#[tokio::test]
async fn failed_callback_fails_the_execution_with_its_error() {
    let lambda = visible().await;
    for (body, error) in [
        (
            r#"{"ErrorMessage": "too expensive", "ErrorType": "Rejected", "ErrorData": "7", "StackTrace": ["a"]}"#,
            json!({ "ErrorMessage": "too expensive", "ErrorType": "Rejected", "ErrorData": "7", "StackTrace": ["a"] }),
        ),
        ("{}", json!({})),
        ("", json!({})),
    ] {
        let _case = case(body);
        let (arn, execution) = completed(&lambda, "fail", body.as_bytes()).await;
        assert_eq!(execution["Status"], "FAILED");
        assert_eq!(execution["Error"], error);
        let events = events(&lambda, &arn).await;
        assert_eq!(events[5]["EventType"], "CallbackFailed");
        let data = json!({ "Payload": error, "Truncated": false });
        assert_eq!(events[5]["CallbackFailedDetails"], json!({ "Error": data }));
    }
}

#[tokio::test]
async fn heartbeat_leaves_the_callback_open() {
    let lambda = visible().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let id = callback_id(&lambda, &arn).await;
    let before = events(&lambda, &arn).await;
    for _ in 0..3 {
        assert_empty(&complete(&id, "heartbeat", "").send(&lambda).await);
    }
    // A heartbeat is not an event.
    assert_eq!(events(&lambda, &arn).await, before);
    assert_eq!(describe(&lambda, &arn).await["Status"], "RUNNING");
    assert_empty(&complete(&id, "succeed", "").send(&lambda).await);
}

/// No request completes the callback, so its time ends however short it is.
#[tokio::test]
async fn callback_that_times_out_fails_the_execution() {
    let lambda = visible().await;
    for (event, message) in [
        (r#"{"timeoutMs":1}"#, "Callback timed out"),
        (
            r#"{"heartbeatTimeoutMs":1}"#,
            "Callback heartbeat timed out",
        ),
    ] {
        let _case = case(event);
        let answer = invoke(&lambda, "approval:1", event).await;
        let document = json!({ "errorType": "CallbackTimeout", "errorMessage": message });
        assert_eq!(answer.json(), document);
        let arn = answer.header(ARN).unwrap();
        // Only the execution's own time-out gives it the status `TIMED_OUT`.
        assert_eq!(describe(&lambda, arn).await["Status"], "FAILED");
        let events = events(&lambda, arn).await;
        assert_eq!(events[5]["EventType"], "CallbackTimedOut");
        let error = json!({ "ErrorType": "CallbackTimeout", "ErrorMessage": message });
        let data = json!({ "Payload": error, "Truncated": false });
        assert_eq!(
            events[5]["CallbackTimedOutDetails"],
            json!({ "Error": data })
        );
        let id = callback_id(&lambda, arn).await;
        let late = complete(&id, "succeed", "").send(&lambda).await;
        late.assert_error(400, "CallbackTimeoutException", lower(CLOSED));
    }
}

#[tokio::test]
async fn closed_callback_cannot_be_completed() {
    let lambda = visible().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let completed = callback_id(&lambda, &arn).await;
    assert_empty(&complete(&completed, "succeed", "1").send(&lambda).await);
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let stopped = callback_id(&lambda, &arn).await;
    assert_eq!(stop(&arn, "").send(&lambda).await.status, 200);
    for id in [&completed, &stopped] {
        for last in ["succeed", "fail", "heartbeat"] {
            let answer = complete(id, last, "").send(&lambda).await;
            answer.assert_error(400, "CallbackTimeoutException", lower(CLOSED));
        }
    }
}

#[tokio::test]
async fn execution_can_wait_for_one_callback_after_another() {
    let lambda = visible().await;
    let event = r#"{"steps":[{"callback":{"name":"first"}},{"callback":{"name":"second"}}]}"#;
    let arn = begin_event(&lambda, "workflow:1", event).await;
    let first = callback_id(&lambda, &arn).await;
    assert_empty(&complete(&first, "succeed", "1").send(&lambda).await);
    let second = loop {
        let id = callback_id(&lambda, &arn).await;
        if id != first {
            break id;
        }
        tokio::task::yield_now().await;
    };
    assert_empty(&complete(&second, "succeed", "2").send(&lambda).await);
    lambda.wait_until_idle().await;
    assert_eq!(
        describe(&lambda, &arn).await["Result"],
        r#"{"results":[1,2]}"#
    );
}

#[tokio::test]
async fn unknown_callback_is_not_found() {
    let lambda = visible().await;
    for last in ["succeed", "fail", "heartbeat"] {
        let answer = complete("Ab+/cd0==", last, "").send(&lambda).await;
        let message = "Callback not found: Ab+/cd0==";
        answer.assert_error(404, "ResourceNotFoundException", upper(message));
    }
    let answer = complete("Ab+/cd0==", "cancel", "").send(&lambda).await;
    answer.error(404, "UnknownOperationException");
}

#[tokio::test]
async fn text_that_is_not_the_id_of_a_callback_is_rejected() {
    let lambda = visible().await;
    for (id, constraint) in [
        (
            "a-b",
            "satisfy regular expression pattern: [A-Za-z0-9+/]+={0,2}",
        ),
        (
            "ab===",
            "satisfy regular expression pattern: [A-Za-z0-9+/]+={0,2}",
        ),
        (&"a".repeat(1_025), "have length less than or equal to 1024"),
    ] {
        let answer = complete(id, "succeed", "").send(&lambda).await;
        let message = format!(
            "1 validation error detected: Value '{id}' at 'callbackId' failed to satisfy constraint: Member must {constraint}"
        );
        answer.assert_error(400, "ValidationException", untyped(message));
    }
}

#[tokio::test]
async fn result_and_error_are_limited_to_1_mib() {
    let lambda = visible().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let id = callback_id(&lambda, &arn).await;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let answer = complete(&id, "succeed", text(1_048_577))
        .send(&lambda)
        .await;
    let message = "1 validation error detected: Value at 'result' failed to satisfy constraint: Member must have length less than or equal to 1048576";
    answer.assert_error(400, "ValidationException", untyped(message));
    let error = json!({ "ErrorData": "x".repeat(1_048_577) }).to_string();
    let answer = complete(&id, "fail", error).send(&lambda).await;
    let message = "The combined size of all error fields must be at most 1048576 bytes.";
    answer.assert_error(400, "InvalidParameterValueException", lower(message));
    let answer = complete(&id, "fail", "7").send(&lambda).await;
    answer.error(400, "InvalidRequestContentException");

    assert_empty(
        &complete(&id, "succeed", text(1_048_576))
            .send(&lambda)
            .await,
    );
    lambda.wait_until_idle().await;
    let result = describe(&lambda, &arn).await["Result"]
        .as_str()
        .unwrap()
        .len();
    assert_eq!(result, 1_048_576 + r#"{"approval":}"#.len());
}
