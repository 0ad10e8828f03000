//! Durable executions: one run for each name.

use local_lambda::LocalLambda;
use serde_json::json;

use crate::client::{Answer, Call, start};

const ARN: &str = "x-amz-durable-execution-arn";

async fn begin(lambda: &LocalLambda, name: &str, payload: &str) -> Answer {
    Call::invoke("durable:live", payload)
        .header("x-amz-durable-execution-name", name)
        .send(lambda)
        .await
}

#[tokio::test]
async fn a_name_starts_one_execution() {
    let lambda = start().await;
    let first = begin(&lambda, "order-1", r#"{"n":1,"key":"k"}"#).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("x-amz-executed-version"), Some("1"));
    assert_eq!(first.json()["durableExecutionName"], "order-1");
    let id = first.header("x-amzn-requestid").unwrap();
    let arn = format!(
        "arn:aws:lambda:us-east-1:123456789012:function:durable:1/durable-execution/order-1/{id}"
    );
    assert_eq!(first.header(ARN), Some(arn.as_str()));

    // The result names the request that ran, so the same bytes are the same run.
    let again = begin(&lambda, "order-1", r#"{"n":1,"key":"k"}"#).await;
    assert_eq!(
        (again.header(ARN), &again.body),
        (Some(arn.as_str()), &first.body)
    );
    assert_eq!(lambda.runs("k"), 1);

    begin(&lambda, "order-1", r#"{"n":2}"#).await.assert_error(
        409,
        "DurableExecutionAlreadyStartedException",
        json!({ "Type": "User", "Message":
            format!("The execution {arn} was already started with a different payload") }),
    );
    let other = begin(&lambda, "order-2", r#"{"n":1}"#).await;
    assert_ne!(other.header(ARN), first.header(ARN));
}

#[tokio::test]
async fn an_event_says_which_execution_it_started() {
    let lambda = start().await;
    let call = || {
        Call::invoke("durable:1", "{}")
            .header("x-amz-durable-execution-name", "later")
            .event()
    };
    let first = call().send(&lambda).await;
    assert_eq!((first.status.as_u16(), first.body.len()), (202, 0));
    let arn = first.header(ARN).unwrap();
    assert!(
        arn.contains(":function:durable:1/durable-execution/later/"),
        "{arn}"
    );
    assert_eq!(call().send(&lambda).await.header(ARN), Some(arn));
    // The alias leads to the same version, so to the same execution.
    let synchronous = begin(&lambda, "later", "{}").await;
    assert_eq!(synchronous.header(ARN), Some(arn));
    let unpublished = Call::invoke("durable:$LATEST", "{}")
        .header("x-amz-durable-execution-name", "later")
        .send(&lambda)
        .await;
    assert_ne!(unpublished.header(ARN), Some(arn));
}

#[tokio::test]
async fn a_durable_function_needs_a_qualifier_but_no_name() {
    let lambda = start().await;
    Call::invoke("durable", "{}").send(&lambda).await.assert_error(
        400,
        "InvalidParameterValueException",
        json!({ "Type": "User", "message": "You cannot invoke a durable function using an unqualified ARN." }),
    );
    let answer = Call::invoke("durable?Qualifier=%24LATEST", "{}")
        .send(&lambda)
        .await;
    let arn = answer.header(ARN).unwrap();
    assert!(
        arn.contains(":function:durable:$LATEST/durable-execution/"),
        "{arn}"
    );
}
