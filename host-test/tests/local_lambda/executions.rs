//! Durable executions: each name runs once, and its execution can be read, stopped and completed.

mod botocore;
mod callbacks;
mod history;
mod lists;
mod permissions;
mod reading;
mod stopping;
mod workflows;

use local_lambda::LocalLambda;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::client::{Answer, Call, get, invoke, lower, start, upper};

const ARN: &str = "x-amz-durable-execution-arn";
const EXECUTIONS: &str = "/2025-12-01/durable-executions";

/// Starts a service in which every execution is visible at once.
async fn visible() -> LocalLambda {
    testing::lambda_with(|config| config.invisible_reads = 0).await
}

/// The path of an execution, and of what follows it.
fn path(arn: &str, rest: &str) -> String {
    let arn = utf8_percent_encode(arn, NON_ALPHANUMERIC);
    format!("{EXECUTIONS}/{arn}{rest}")
}

fn named(function: &str, name: &str, payload: &str) -> Call {
    Call::invoke(function, payload).header("x-amz-durable-execution-name", name)
}

/// Starts an execution and returns its ARN.
async fn begin_event(lambda: &LocalLambda, function: &str, payload: &str) -> String {
    let answer = Call::invoke(function, payload).event().send(lambda).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    answer.header(ARN).unwrap().to_owned()
}

async fn describe(lambda: &LocalLambda, arn: &str) -> Value {
    let answer = get(lambda, path(arn, "")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.json()
}

async fn events(lambda: &LocalLambda, arn: &str) -> Vec<Value> {
    let answer = get(lambda, path(arn, "/history")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.json().get("NextMarker"), None);
    answer.json()["Events"].as_array().unwrap().clone()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let events = events.iter();
    events
        .map(|event| event["EventType"].as_str().unwrap())
        .collect()
}

/// Waits until an execution waits for a callback, and returns the ID of the last one. Hangs if there
/// is none.
async fn callback_id(lambda: &LocalLambda, arn: &str) -> String {
    loop {
        let events = events(lambda, arn).await;
        if let Some(started) = events
            .iter()
            .rfind(|event| event["EventType"] == "CallbackStarted")
        {
            let id = &started["CallbackStartedDetails"]["CallbackId"];
            return id.as_str().unwrap().to_owned();
        }
        tokio::task::yield_now().await;
    }
}

/// A request that completes a callback. `last` is the last part of its path.
fn complete(id: &str, last: &str, body: impl Into<Vec<u8>>) -> Call {
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    Call {
        body: body.into(),
        ..Call::new(
            "POST",
            format!("/2025-12-01/durable-execution-callbacks/{id}/{last}"),
        )
    }
}

fn stop(arn: &str, body: impl Into<Vec<u8>>) -> Call {
    Call {
        body: body.into(),
        ..Call::new("POST", path(arn, "/stop"))
    }
}

async fn begin(lambda: &LocalLambda, name: &str, payload: &str) -> Answer {
    named("durable:live", name, payload).send(lambda).await
}

#[tokio::test]
async fn execution_name_starts_one_execution() {
    let lambda = start().await;
    let first = begin(&lambda, "order-1", r#"{"n":1,"key":"k"}"#).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("x-amz-executed-version"), Some("1"));
    assert_eq!(first.json()["durableExecutionName"], "order-1");
    let id = first.header("x-amzn-requestid").unwrap();
    let arn = format!(
        "arn:aws:lambda:us-east-1:123456789012:function:durable:1/durable-execution/order-1/{id}"
    );
    assert_eq!(first.header(ARN), Some(&*arn));

    // The result names the request that ran, so an identical result means the same run.
    let again = begin(&lambda, "order-1", r#"{"n":1,"key":"k"}"#).await;
    assert_eq!(again.header(ARN), Some(&*arn));
    assert_eq!(again.body, first.body);
    assert_eq!(lambda.runs("k"), 1);

    let different = begin(&lambda, "order-1", r#"{"n":2}"#).await;
    let message = format!("The execution {arn} was already started with a different payload");
    let code = "DurableExecutionAlreadyStartedException";
    different.assert_error(409, code, upper(message));
    let other = begin(&lambda, "order-2", r#"{"n":1}"#).await;
    assert_ne!(other.header(ARN), first.header(ARN));
}

#[tokio::test]
async fn event_response_names_the_execution_it_started() {
    let lambda = start().await;
    let event = async || {
        let call = named("durable:1", "later", "{}").event();
        call.send(&lambda).await
    };
    let first = event().await;
    assert_eq!((first.status.as_u16(), first.body.len()), (202, 0));
    let arn = first.header(ARN).unwrap();
    let execution = ":function:durable:1/durable-execution/later/";
    assert!(arn.contains(execution), "{arn}");
    assert_eq!(event().await.header(ARN), Some(arn));
    // The alias resolves to the same version, and so to the same execution.
    let synchronous = begin(&lambda, "later", "{}").await;
    assert_eq!(synchronous.header(ARN), Some(arn));
    let unpublished = named("durable:$LATEST", "later", "{}");
    assert_ne!(unpublished.send(&lambda).await.header(ARN), Some(arn));
}

#[tokio::test]
async fn durable_function_needs_a_qualifier_but_not_a_name() {
    let lambda = start().await;
    let unqualified = invoke(&lambda, "durable", "{}").await;
    let message = "You cannot invoke a durable function using an unqualified ARN.";
    unqualified.assert_error(400, "InvalidParameterValueException", lower(message));
    let answer = invoke(&lambda, "durable?Qualifier=%24LATEST", "{}").await;
    let arn = answer.header(ARN).unwrap();
    let execution = ":function:durable:$LATEST/durable-execution/";
    assert!(arn.contains(execution), "{arn}");
}
