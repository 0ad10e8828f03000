//! GetDurableExecution, and which requests find an execution.

use serde_json::json;
use testing::case;

use super::{ARN, begin_event, callback_id, complete, describe, named, path, stop, visible};
use crate::client::{get, invoke, start, untyped, upper};

const UNKNOWN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:durable:1/durable-execution/order-7/2f6b1c0e";

#[tokio::test]
async fn execution_shows_its_data_unless_it_is_left_out() {
    let lambda = start().await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let call = named("workflow:live", "order-7", r#"{"steps":[]}"#);
    let answer = call.header("x-amzn-trace-id", trace).send(&lambda).await;
    let arn = answer.header(ARN).unwrap();
    let mut whole = describe(&lambda, arn).await;
    for time in ["StartTimestamp", "EndTimestamp"] {
        let at = whole.as_object_mut().unwrap().remove(time).unwrap();
        assert!(at.as_f64().unwrap() > 1.7e9, "{at}");
    }
    let mut expected = json!({
        "DurableExecutionArn": arn,
        "DurableExecutionName": "order-7",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:workflow",
        "Version": "1",
        "Status": "SUCCEEDED",
        "InputPayload": r#"{"steps":[]}"#,
        "Result": r#"{"results":[]}"#,
        "TraceHeader": { "XAmznTraceId": trace },
        "DurableConfig": { "ExecutionTimeout": 86_400, "RetentionPeriodInDays": 14 },
        "ExecutionDataIncluded": true,
    });
    assert_eq!(whole, expected);

    let without = get(&lambda, path(arn, "?IncludeExecutionData=false")).await;
    let mut without = without.json();
    for time in ["StartTimestamp", "EndTimestamp"] {
        without.as_object_mut().unwrap().remove(time).unwrap();
    }
    for data in ["InputPayload", "Result"] {
        expected.as_object_mut().unwrap().remove(data);
    }
    expected["ExecutionDataIncluded"] = json!(false);
    assert_eq!(without, expected);
}

#[tokio::test]
async fn running_execution_has_neither_an_end_nor_a_result() {
    let lambda = visible().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let execution = describe(&lambda, &arn).await;
    assert_eq!(execution["Status"], "RUNNING");
    for absent in ["EndTimestamp", "Result", "Error"] {
        assert_eq!(execution.get(absent), None, "{absent}");
    }
    assert_eq!(execution["InputPayload"], "{}");
    let at = |member: &str| execution[member].as_f64().unwrap();
    let day = at("ExpectedExecutionTimeoutTimestamp") - at("StartTimestamp");
    assert_eq!(day.round(), 86_400.0);
}

#[tokio::test]
async fn function_that_returns_at_once_has_an_execution_as_well() {
    let lambda = start().await;
    let answer = invoke(&lambda, "durable:$LATEST", r#"{"key":"k"}"#).await;
    let execution = describe(&lambda, answer.header(ARN).unwrap()).await;
    assert_eq!(execution["Version"], "$LATEST");
    assert_eq!(execution["Status"], "SUCCEEDED");
    assert_eq!(
        execution["Result"].as_str().unwrap().as_bytes(),
        answer.body
    );
    assert_eq!(
        execution["DurableExecutionName"],
        answer.json()["durableExecutionName"]
    );
    assert_eq!(lambda.runs("k"), 1);
}

#[tokio::test]
async fn event_execution_is_invisible_to_the_first_requests() {
    for invisible in [0, 1, 3] {
        let lambda = testing::lambda_with(|config| config.invisible_reads = invisible).await;
        let arn = begin_event(&lambda, "approval:1", "{}").await;
        for request in 0..invisible {
            // Each kind of lookup counts.
            let answer = match request % 3 {
                0 => get(&lambda, path(&arn, "")).await,
                1 => get(&lambda, path(&arn, "/history")).await,
                _ => stop(&arn, "").send(&lambda).await,
            };
            let message = format!("Durable execution not found: {arn}");
            answer.assert_error(404, "ResourceNotFoundException", upper(message));
        }
        assert_eq!(describe(&lambda, &arn).await["Status"], "RUNNING");
    }
    // By default, one request does not find it, and the next one does.
    let lambda = start().await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    assert_eq!(get(&lambda, path(&arn, "")).await.status, 404);
    assert_eq!(get(&lambda, path(&arn, "")).await.status, 200);
}

#[tokio::test]
async fn list_leaves_out_an_invisible_execution() {
    let lambda = start().await;
    begin_event(&lambda, "approval:1", "{}").await;
    let list = "/2025-12-01/functions/approval/durable-executions";
    for shown in [0, 1, 1] {
        let page = get(&lambda, list).await.json();
        assert_eq!(page["DurableExecutions"].as_array().unwrap().len(), shown);
    }
}

#[tokio::test]
async fn synchronous_invocation_attaches_to_a_running_execution() {
    let lambda = visible().await;
    let event = named("approval:live", "order-1", "{}").event();
    let started = event.send(&lambda).await;
    let arn = started.header(ARN).unwrap();
    let other = named("approval:live", "order-1", r#"{"name":"x"}"#);
    let code = "DurableExecutionAlreadyStartedException";
    other.send(&lambda).await.error(409, code);

    let attached = named("approval:live", "order-1", "{}");
    let approve = async {
        let id = callback_id(&lambda, arn).await;
        complete(&id, "succeed", "7").send(&lambda).await
    };
    let (attached, approved) = tokio::join!(attached.send(&lambda), approve);
    assert_eq!(approved.status, 200);
    attached.assert_success(r#"{"approval":7}"#);
    assert_eq!(attached.header(ARN), Some(arn));
}

#[tokio::test]
async fn unknown_execution_is_not_found() {
    let lambda = start().await;
    let answer = invoke(&lambda, "durable:1", "{}").await;
    let arn = answer.header(ARN).unwrap();
    for unknown in [
        UNKNOWN.to_owned(),
        // The ID belongs to the identity.
        format!("{arn}x"),
        arn.replace(":1/", ":2/"),
        arn.replace("us-east-1", "eu-west-1"),
    ] {
        let _case = case(&unknown);
        let message = format!("Durable execution not found: {unknown}");
        let answers = [
            get(&lambda, path(&unknown, "")).await,
            get(&lambda, path(&unknown, "/history")).await,
            stop(&unknown, "{}").send(&lambda).await,
        ];
        for answer in answers {
            answer.assert_error(404, "ResourceNotFoundException", upper(&message));
        }
    }
}

#[tokio::test]
async fn text_that_is_not_the_arn_of_an_execution_is_rejected() {
    let lambda = start().await;
    for text in [
        "durable".to_owned(),
        UNKNOWN.replace(":1/", ":live/"),
        UNKNOWN.replace("/2f6b1c0e", ""),
        format!("{UNKNOWN}/x"),
        format!("{UNKNOWN}{}", "x".repeat(1_024)),
    ] {
        let _case = case(&text);
        let answer = get(&lambda, path(&text, "")).await;
        let body = answer.error(400, "ValidationException");
        let message = body["message"].as_str().unwrap();
        let rejected = format!(
            "1 validation error detected: Value '{text}' at 'durableExecutionArn' failed to satisfy constraint: Member must "
        );
        assert!(message.starts_with(&rejected), "{message}");
    }
    let answer = get(&lambda, path(UNKNOWN, "?IncludeExecutionData=yes")).await;
    let message = "1 validation error detected: Value 'yes' at 'includeExecutionData' failed to satisfy constraint: Member must be a boolean";
    answer.assert_error(400, "ValidationException", untyped(message));
}
