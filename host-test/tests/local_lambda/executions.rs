//! Durable executions: each name runs once.

use local_lambda::LocalLambda;

use crate::client::{Answer, Call, invoke, lower, start, upper};

const ARN: &str = "x-amz-durable-execution-arn";

fn named(function: &str, name: &str, payload: &str) -> Call {
    Call::invoke(function, payload).header("x-amz-durable-execution-name", name)
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
