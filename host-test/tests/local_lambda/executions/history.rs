//! GetDurableExecutionHistory: what each event shows, its data, and pages.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{ARN, describe, events, path};
use crate::client::{get, invoke, lower, start, untyped};

const EVENT: &str = r#"{"steps":[
    {"step":{"name":"charge","result":{"ok":true}}},
    {"wait":{"ms":1}},
    {"group":{"name":"ship","steps":[{"step":{"name":"pack"}}]}}
]}"#;

/// The event without its times, and whether it has one.
fn timeless(event: &Value) -> Value {
    let mut event = event.clone();
    let members = event.as_object_mut().unwrap();
    assert!(members.remove("EventTimestamp").unwrap().as_f64().unwrap() > 1.7e9);
    for details in members.values_mut().filter_map(Value::as_object_mut) {
        for time in ["StartTimestamp", "EndTimestamp", "ScheduledEndTimestamp"] {
            if let Some(at) = details.remove(time) {
                assert!(at.as_f64().unwrap() > 1.7e9, "{at}");
            }
        }
    }
    event
}

#[tokio::test]
async fn history_has_every_event_in_order() {
    let lambda = start().await;
    let answer = invoke(&lambda, "workflow:1", EVENT).await;
    answer.assert_success(r#"{"results":[{"ok":true},null,[null]]}"#);
    let first_request = answer.header("x-amzn-requestid").unwrap();
    let events = events(&lambda, answer.header(ARN).unwrap()).await;
    // Lambda invoked the function again after the wait.
    let second_request = events[10]["InvocationCompletedDetails"]["RequestId"].clone();
    assert_ne!(second_request, first_request);
    let data = |payload: &str| json!({ "Payload": payload, "Truncated": false });
    let retries = json!({ "CurrentAttempt": 1 });
    let expected = json!([
        { "EventId": 1, "EventType": "ExecutionStarted",
          "ExecutionStartedDetails": { "Input": data(EVENT), "ExecutionTimeout": 86_400 } },
        { "EventId": 2, "EventType": "StepStarted", "SubType": "Step", "Id": "1", "Name": "charge",
          "StepStartedDetails": {} },
        { "EventId": 3, "EventType": "StepSucceeded", "SubType": "Step", "Id": "1", "Name": "charge",
          "StepSucceededDetails": { "Result": data(r#"{"ok":true}"#), "RetryDetails": retries } },
        { "EventId": 4, "EventType": "WaitStarted", "SubType": "Wait", "Id": "2",
          "WaitStartedDetails": { "Duration": 1 } },
        { "EventId": 5, "EventType": "InvocationCompleted",
          "InvocationCompletedDetails": { "RequestId": first_request } },
        { "EventId": 6, "EventType": "WaitSucceeded", "SubType": "Wait", "Id": "2",
          "WaitSucceededDetails": { "Duration": 1 } },
        { "EventId": 7, "EventType": "ContextStarted", "SubType": "RunInChildContext", "Id": "3",
          "Name": "ship", "ContextStartedDetails": {} },
        { "EventId": 8, "EventType": "StepStarted", "SubType": "Step", "Id": "3-1", "ParentId": "3",
          "Name": "pack", "StepStartedDetails": {} },
        { "EventId": 9, "EventType": "StepSucceeded", "SubType": "Step", "Id": "3-1",
          "ParentId": "3", "Name": "pack",
          "StepSucceededDetails": { "Result": data("null"), "RetryDetails": retries } },
        { "EventId": 10, "EventType": "ContextSucceeded", "SubType": "RunInChildContext", "Id": "3",
          "Name": "ship", "ContextSucceededDetails": { "Result": data("[null]") } },
        { "EventId": 11, "EventType": "InvocationCompleted",
          "InvocationCompletedDetails": { "RequestId": second_request } },
        { "EventId": 12, "EventType": "ExecutionSucceeded",
          "ExecutionSucceededDetails": { "Result": data(r#"{"results":[{"ok":true},null,[null]]}"#) } },
    ]);
    let seen: Vec<Value> = events.iter().map(timeless).collect();
    assert_eq!(json!(seen), expected);
}

#[tokio::test]
async fn times_of_a_history_agree_with_the_execution() {
    let lambda = start().await;
    let answer = invoke(&lambda, "workflow:1", EVENT).await;
    let arn = answer.header(ARN).unwrap();
    let (execution, events) = (describe(&lambda, arn).await, events(&lambda, arn).await);
    let at = |event: &Value| event["EventTimestamp"].as_f64().unwrap();
    assert!(events.iter().map(at).is_sorted());
    assert_eq!(execution["StartTimestamp"], events[0]["EventTimestamp"]);
    assert_eq!(execution["EndTimestamp"], events[11]["EventTimestamp"]);
    let waited = &events[3]["WaitStartedDetails"]["ScheduledEndTimestamp"];
    let ms = (waited.as_f64().unwrap() - at(&events[3])) * 1_000.0;
    assert_eq!(ms.round(), 1.0);
    let invoked = &events[10]["InvocationCompletedDetails"];
    assert_eq!(invoked["StartTimestamp"], events[5]["EventTimestamp"]);
    assert_eq!(invoked["EndTimestamp"], events[10]["EventTimestamp"]);
}

#[tokio::test]
async fn history_without_data_keeps_the_other_details() {
    let lambda = start().await;
    let answer = invoke(&lambda, "workflow:1", EVENT).await;
    let arn = answer.header(ARN).unwrap();
    let history = get(&lambda, path(arn, "/history?IncludeExecutionData=false")).await;
    let without = history.json();
    assert!(!without.to_string().contains("Payload"), "{without}");
    let cut = json!({ "Truncated": true });
    let started = json!({ "Input": cut, "ExecutionTimeout": 86_400 });
    assert_eq!(without["Events"][0]["ExecutionStartedDetails"], started);
    let step = json!({ "Result": cut, "RetryDetails": { "CurrentAttempt": 1 } });
    assert_eq!(without["Events"][2]["StepSucceededDetails"], step);
    let with = get(&lambda, path(arn, "/history?IncludeExecutionData=true")).await;
    assert_eq!(with.json()["Events"], json!(events(&lambda, arn).await));
}

#[tokio::test]
async fn history_is_paged_in_both_orders() {
    let lambda = start().await;
    let answer = invoke(&lambda, "workflow:1", EVENT).await;
    let arn = answer.header(ARN).unwrap();
    for (order, expected) in [
        ("", (1..=12).collect::<Vec<u64>>()),
        ("&ReverseOrder=false", (1..=12).collect()),
        ("&ReverseOrder=true", (1..=12).rev().collect()),
    ] {
        let (mut ids, mut sizes, mut marker) = (Vec::new(), Vec::new(), String::new());
        loop {
            let query = format!("/history?MaxItems=5{order}{marker}");
            let page = get(&lambda, path(arn, &query)).await.json();
            let shown = page["Events"].as_array().unwrap();
            sizes.push(shown.len());
            ids.extend(shown.iter().map(|event| event["EventId"].as_u64().unwrap()));
            let Some(next) = page["NextMarker"].as_str() else {
                break;
            };
            marker = format!("&Marker={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
        }
        assert_eq!((ids, sizes), (expected, vec![5, 5, 2]), "{order}");
    }
    // A value of 0 means the default.
    let page = get(&lambda, path(arn, "/history?MaxItems=0")).await.json();
    assert_eq!(page["Events"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn history_has_100_events_in_a_page_by_default() {
    let lambda = start().await;
    let event = json!({ "steps": vec![json!({ "step": {} }); 60] }).to_string();
    let answer = invoke(&lambda, "workflow:1", event).await;
    let history = path(answer.header(ARN).unwrap(), "/history");
    let page = get(&lambda, history.clone()).await.json();
    assert_eq!(page["Events"].as_array().unwrap().len(), 100);
    let next = utf8_percent_encode(page["NextMarker"].as_str().unwrap(), NON_ALPHANUMERIC);
    let last = get(&lambda, format!("{history}?Marker={next}"))
        .await
        .json();
    // The start, two events for each step, the end of the invocation and that of the execution.
    assert_eq!(last["Events"].as_array().unwrap().len(), 23);
    assert_eq!(last.get("NextMarker"), None);
}

#[tokio::test]
async fn invalid_parameter_of_a_history_is_rejected() {
    let lambda = start().await;
    let answer = invoke(&lambda, "workflow:1", r#"{"steps":[]}"#).await;
    let arn = answer.header(ARN).unwrap();
    for (query, value, field, constraint) in [
        (
            "MaxItems=1001",
            "1001",
            "maxItems",
            "have value less than or equal to 1000",
        ),
        (
            "MaxItems=-1",
            "-1",
            "maxItems",
            "have value greater than or equal to 0",
        ),
        ("MaxItems=x", "x", "maxItems", "be an integer"),
        ("ReverseOrder=1", "1", "reverseOrder", "be a boolean"),
        (
            "IncludeExecutionData=",
            "",
            "includeExecutionData",
            "be a boolean",
        ),
    ] {
        let answer = get(&lambda, path(arn, &format!("/history?{query}"))).await;
        let message = format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {constraint}"
        );
        answer.assert_error(400, "ValidationException", untyped(message));
    }
    let answer = get(&lambda, path(arn, "/history?Marker=x")).await;
    let message = "The Marker parameter is invalid";
    answer.assert_error(400, "InvalidParameterValueException", lower(message));
}
