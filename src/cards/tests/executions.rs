//! The cards of durable executions, and their choices.

use super::*;
use crate::call::error::{Executed, TransportKind};
use crate::call::invocation::Payload;
use crate::cards::choices::ChoicePage;
use crate::testing::scripted::Script;
use crate::testing::{failure, json as ok};

const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";
const PATH: &str = "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Forder-7%2F2f6b1c0e";

/// The execution as Lambda describes it, with the members of `more`.
fn execution(status: &str, more: &Value) -> Answer {
    let mut body = json!({
        "DurableExecutionArn": ARN, "DurableExecutionName": "order-7", "Status": status,
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f", "Version": "1",
        "StartTimestamp": 1_795_348_800.5,
    });
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    Ok(ok(&body))
}

fn accepted(arn: &str) -> Answer {
    let headers = [
        ("x-amz-durable-execution-arn", arn),
        ("x-amzn-requestid", "2f6b1c0e"),
    ];
    Ok(answer(202, &headers, ""))
}

fn script(answers: Vec<Answer>) -> Scripted<Script> {
    Scripted::script(answers)
}

fn card(aws: &Scripted<Script>, card: &str, values: &Value) -> Result<Value, Error> {
    let outputs = block_on(run(aws, CONNECT, card, &values.to_string()))?;
    Ok(serde_json::from_str(&outputs).unwrap())
}

/// Invokes the durable function with an event, and waits up to a minute.
fn waited(answers: Vec<Answer>, more: &Value) -> Result<Value, Error> {
    let mut form = json!({
        "yourFunctions": "f:1", "invocationType": "Event", "waitForResultSeconds": 60,
    });
    let fields = form.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    card(&script(answers), "invoke", &form)
}

#[track_caller]
fn assert_outputs(outputs: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(outputs.get(key), Some(value), "{key}");
    }
}

#[test]
fn event_that_is_waited_for_has_the_result_of_its_execution() {
    let result =
        json!({"Result": "{\"n\": 1.0}", "InputPayload": "{}", "EndTimestamp": 1_795_348_860});
    let outputs = waited(
        vec![
            accepted(ARN),
            execution("RUNNING", &json!({})),
            execution("SUCCEEDED", &json!({})),
            execution("SUCCEEDED", &result),
        ],
        &json!({}),
    );
    assert_outputs(
        &outputs.unwrap(),
        &json!({
            "statusCode": 202, "executionStatus": "SUCCEEDED", "output": "{\"n\": 1.0}",
            "outputJson": {"n": 1.0}, "startedAt": "2026-11-22T12:00:00.500Z",
            "endedAt": "2026-11-22T12:01:00.000Z", "durableExecutionArn": ARN,
            "requestId": "2f6b1c0e", "executed": "yes", "functionError": null, "errorType": null,
            "attempts": 1,
        }),
    );
}

#[test]
fn execution_that_has_not_ended_in_time_is_not_reported_as_a_success() {
    for status in ["RUNNING", "PAUSED", "DELETING"] {
        let outputs = waited(
            vec![
                accepted(ARN),
                execution(status, &json!({})),
                execution(status, &json!({"InputPayload": "{}"})),
            ],
            &json!({"waitForResultSeconds": 0}),
        );
        assert_outputs(
            &outputs.unwrap(),
            &json!({
                "executionStatus": status, "output": null, "outputJson": null, "endedAt": null,
                "executed": "unknown", "durableExecutionArn": ARN,
            }),
        );
    }
}

#[test]
fn failed_execution_fails_the_step_with_its_error() {
    let error = json!({"Error": {
        "ErrorType": "Rejected", "ErrorMessage": "no budget", "ErrorData": "{\"by\":\"ada\"}",
        "StackTrace": ["at a", "at b"],
    }, "EndTimestamp": 1_795_348_860});
    let answers = || {
        vec![
            accepted(ARN),
            execution("FAILED", &json!({})),
            execution("FAILED", &error),
        ]
    };
    let output = r#"{"ErrorMessage": "no budget", "ErrorType": "Rejected", "ErrorData": "{\"by\":\"ada\"}", "StackTrace": ["at a", "at b"]}"#;
    let Err(Error::FunctionFailed(failed)) = waited(answers(), &json!({})) else {
        panic!("the execution failed");
    };
    assert_eq!(
        (
            &*failed.failure.marker,
            failed.failure.error_type.as_deref()
        ),
        ("FAILED", Some("Rejected"))
    );
    assert_eq!(failed.invocation.output, Some(Payload::Text(output.into())));
    assert_eq!(
        failed.invocation.durable_execution_arn.as_deref(),
        Some(ARN)
    );

    let outputs = waited(answers(), &json!({"onFunctionError": "Continue"})).unwrap();
    assert_outputs(
        &outputs,
        &json!({
            "executionStatus": "FAILED", "functionError": "FAILED", "errorType": "Rejected",
            "errorMessage": "no budget", "failureCause": "thrown", "stackTrace": "at a\nat b",
            "output": output, "executed": "yes", "startedAt": "2026-11-22T12:00:00.500Z",
            "endedAt": "2026-11-22T12:01:00.000Z",
        }),
    );
    assert_eq!(outputs["outputJson"]["ErrorData"], r#"{"by":"ada"}"#);
}

#[test]
fn execution_that_timed_out_or_was_stopped_is_a_failure_without_an_error() {
    for (status, cause) in [("TIMED_OUT", "timed-out"), ("STOPPED", "unknown")] {
        let answers = || {
            vec![
                accepted(ARN),
                execution(status, &json!({})),
                execution(status, &json!({})),
            ]
        };
        let failed = waited(answers(), &json!({}));
        assert!(
            matches!(failed, Err(Error::FunctionFailed(_))),
            "{failed:?}"
        );
        let outputs = waited(answers(), &json!({"onFunctionError": "Continue"})).unwrap();
        assert_outputs(
            &outputs,
            &json!({
                "functionError": status, "executionStatus": status, "failureCause": cause,
                "errorType": null, "output": null, "executed": "unknown",
            }),
        );
    }
}

#[test]
fn event_of_a_function_that_is_not_durable_is_not_sent_again() {
    let plain = || vec![Ok(answer(202, &[("x-amzn-requestid", "2f6b1c0e")], ""))];
    let Err(Error::Transport(error)) = waited(plain(), &json!({})) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(
        (error.executed, error.transient),
        (Executed::Unknown, false)
    );
    assert_eq!(error.request_id.as_deref(), Some("2f6b1c0e"));
    assert_contains(
        &error.message,
        ["accepted the event", "unless the function is durable"],
    );
    let outputs = waited(plain(), &json!({"onError": "Continue"})).unwrap();
    assert_outputs(
        &outputs,
        &json!({
            "errorType": "malformed", "executed": "unknown", "retryable": false,
            "requestId": "2f6b1c0e", "executionStatus": null, "durableExecutionArn": null,
        }),
    );
}

#[test]
fn error_of_the_wait_does_not_permit_another_invocation() {
    let denied = || vec![accepted(ARN), Ok(coded(403, "AccessDeniedException"))];
    let busy = || {
        let busy = || Ok(coded(429, "TooManyRequestsException"));
        vec![accepted(ARN), busy(), busy(), busy(), busy(), busy()]
    };
    for (answers, code) in [
        (denied as fn() -> Vec<Answer>, "AccessDeniedException"),
        (busy, "TooManyRequestsException"),
    ] {
        let error = service_error(waited(answers(), &json!({})));
        assert_eq!(
            (error.executed, error.retryable, error.attempts),
            (Executed::Unknown, false, 1)
        );
        assert_contains(
            &error.hint.unwrap(),
            ["accepted the event", ARN, "Get Execution"],
        );
        let outputs = waited(answers(), &json!({"onError": "Continue"})).unwrap();
        assert_outputs(
            &outputs,
            &json!({
                "errorType": code, "executed": "unknown", "retryable": false,
                "requestId": "2f6b1c0e", "durableExecutionArn": ARN, "executionStatus": null,
            }),
        );
    }
    let elsewhere = ARN.replace("us-east-1", "us-west-2");
    let error = waited(vec![accepted(&elsewhere)], &json!({}));
    let Err(Error::Transport(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (error.executed, error.transient),
        (Executed::Unknown, false)
    );
}

#[test]
fn hidden_wait_is_ignored() {
    for wait in [json!(60), json!("left over")] {
        let form = json!({"yourFunctions": "f:1", "waitForResultSeconds": wait});
        let headers = [("x-amz-durable-execution-arn", ARN)];
        let aws = script(vec![Ok(answer(200, &headers, "7"))]);
        let outputs = card(&aws, "invoke", &form).unwrap();
        assert_outputs(&outputs, &json!({"output": "7", "executionStatus": null}));
    }
}

#[test]
fn execution_is_read_with_its_data() {
    let data = json!({
        "InputPayload": "[1]", "Result": "\"done\"", "EndTimestamp": 1_795_348_860.25,
        "TraceHeader": {"XAmznTraceId": "Root=1-2"},
    });
    let aws = script(vec![execution("SUCCEEDED", &data)]);
    let outputs = card(&aws, "get-execution", &json!({"executionArn": ARN})).unwrap();
    assert_eq!(
        outputs,
        json!({
            "executionStatus": "SUCCEEDED", "output": "\"done\"", "outputJson": "done",
            "input": "[1]", "errorType": null, "errorMessage": null, "stackTrace": null,
            "startedAt": "2026-11-22T12:00:00.500Z", "endedAt": "2026-11-22T12:01:00.250Z",
            "executionName": "order-7", "durableExecutionArn": ARN,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "executedVersion": "1", "traceId": "Root=1-2",
        })
    );
    let sent = &aws.sent.borrow()[0];
    assert_eq!((&*sent.path, sent.query.len()), (PATH, 0));
}

#[test]
fn execution_is_read_once_it_has_ended() {
    let aws = script(vec![
        execution("RUNNING", &json!({})),
        execution("A_NEW_STATUS", &json!({})),
        execution("FAILED", &json!({})),
        execution(
            "FAILED",
            &json!({"Error": {"ErrorType": "E", "ErrorMessage": "m"}}),
        ),
    ]);
    let values = json!({"executionArn": ARN, "waitSeconds": "60"});
    let outputs = card(&aws, "get-execution", &values).unwrap();
    assert_outputs(
        &outputs,
        &json!({
            "executionStatus": "FAILED", "errorType": "E", "errorMessage": "m",
            "output": r#"{"ErrorMessage": "m", "ErrorType": "E"}"#,
        }),
    );
    assert_eq!(aws.attempts(), 4);
    let aws = script(vec![execution("A_NEW_STATUS", &json!({}))]);
    let outputs = card(&aws, "get-execution", &json!({"executionArn": ARN})).unwrap();
    assert_eq!(outputs["executionStatus"], "A_NEW_STATUS");
}

#[test]
fn executions_are_listed_as_the_form_selects_them() {
    let rows = json!({"DurableExecutions": [
        {"DurableExecutionArn": ARN, "DurableExecutionName": "order-7", "Status": "RUNNING",
         "FunctionArn": "arn:f", "StartTimestamp": 1_795_348_800},
    ], "NextMarker": "m2"});
    let aws = script(vec![Ok(ok(&rows))]);
    let form = json!({
        "functionName": "f", "qualifier": "live", "status": "RUNNING", "executionName": "order-7",
        "startedAfter": "2026-11-22T00:00:00Z", "startedBefore": "2026-11-23T00:00:00Z",
        "oldestFirst": true, "limit": 1, "cursor": "m1",
    });
    let outputs = card(&aws, "list-executions", &form).unwrap();
    assert_eq!(
        outputs,
        json!({"executions": [{
            "durableExecutionArn": ARN, "executionName": "order-7", "executionStatus": "RUNNING",
            "functionArn": "arn:f", "executedVersion": null,
            "startedAt": "2026-11-22T12:00:00.000Z", "endedAt": null,
        }], "next": "m2"})
    );
    let definition = Card::ListExecutions.description().outputs[0].definition;
    let named = definition.strip_prefix("An array of objects: ").unwrap();
    let mut named: Vec<&str> = named.trim_end_matches('.').split(", ").collect();
    let row = outputs["executions"][0].as_object().unwrap();
    let mut keys: Vec<&str> = row.keys().map(|key| &**key).collect();
    keys.sort_unstable();
    named.sort_unstable();
    assert_eq!(keys, named);
    let sent = &aws.sent.borrow()[0];
    assert_eq!(sent.path, "/2025-12-01/functions/f/durable-executions");
    let expected = [
        ("Qualifier", "live"),
        ("DurableExecutionName", "order-7"),
        ("Statuses", "RUNNING"),
        ("StartedAfter", "2026-11-22T00:00:00Z"),
        ("StartedBefore", "2026-11-23T00:00:00Z"),
        ("ReverseOrder", "true"),
        ("MaxItems", "1"),
        ("Marker", "m1"),
    ];
    assert_eq!(sent.query, expected.map(|(key, text)| (key, text.into())));
}

#[test]
fn invalid_value_is_rejected_by_the_key_of_its_field() {
    for (id, form, field) in [
        ("get-execution", json!({}), "executionArn"),
        (
            "get-execution",
            json!({"executionArn": "arn:x"}),
            "executionArn",
        ),
        (
            "get-execution",
            json!({"executionArn": ARN, "waitSeconds": -1}),
            "waitSeconds",
        ),
        ("list-executions", json!({}), "functionName"),
        (
            "list-executions",
            json!({"functionName": "f g"}),
            "functionName",
        ),
        (
            "list-executions",
            json!({"functionName": "f", "status": "running"}),
            "status",
        ),
        (
            "list-executions",
            json!({"functionName": "f", "executionName": "a b"}),
            "executionName",
        ),
        (
            "list-executions",
            json!({"functionName": "f", "startedAfter": "today"}),
            "startedAfter",
        ),
        (
            "list-executions",
            json!({"functionName": "f", "startedBefore": "7"}),
            "startedBefore",
        ),
        (
            "list-executions",
            json!({"functionName": "f", "limit": 1_001}),
            "limit",
        ),
        (
            "stop-execution",
            json!({"executionArn": "arn:x"}),
            "executionArn",
        ),
        (
            "stop-execution",
            json!({"executionArn": ARN, "errorMessage": "x".repeat(1_048_577)}),
            "errorType",
        ),
        (
            "complete-callback",
            json!({"decision": "Succeed"}),
            "callbackId",
        ),
        (
            "complete-callback",
            json!({"callbackId": "a b", "decision": "Succeed"}),
            "callbackId",
        ),
        (
            "complete-callback",
            json!({"callbackId": "Y2I="}),
            "decision",
        ),
        (
            "complete-callback",
            json!({"callbackId": "Y2I=", "decision": "Approve"}),
            "decision",
        ),
        (
            "complete-callback",
            json!({"callbackId": "Y2I=", "decision": "Succeed", "result": "x".repeat(1_048_576)}),
            "result",
        ),
    ] {
        let aws = script(Vec::new());
        assert_eq!(
            refused(card(&aws, id, &form)).field,
            field,
            "{id} {form:.60}"
        );
    }
}

#[test]
fn execution_is_stopped_with_the_error_of_the_form() {
    let stopped = || vec![Ok(ok(&json!({"StopTimestamp": 1_795_348_860.5})))];
    for (more, body) in [
        (json!({}), "{}"),
        (
            json!({"errorType": "Cancelled", "errorMessage": "by ada"}),
            r#"{"ErrorMessage": "by ada", "ErrorType": "Cancelled"}"#,
        ),
    ] {
        let aws = script(stopped());
        let mut form = json!({"executionArn": ARN});
        form.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let outputs = card(&aws, "stop-execution", &form).unwrap();
        assert_eq!(
            outputs,
            json!({
                "executionStatus": "STOPPED", "endedAt": "2026-11-22T12:01:00.500Z",
                "durableExecutionArn": ARN,
            })
        );
        let sent = &aws.sent.borrow()[0];
        assert_eq!((&*sent.path, &*sent.body), (&*format!("{PATH}/stop"), body));
    }
}

#[test]
fn callback_is_answered_as_decided() {
    let left_over = json!({"result": {"by": "ada"}, "errorType": "T", "errorMessage": "m"});
    for (decision, path, body) in [
        ("Succeed", "succeed", r#"{"by":"ada"}"#),
        ("Fail", "fail", r#"{"ErrorMessage": "m", "ErrorType": "T"}"#),
        ("Heartbeat", "heartbeat", ""),
    ] {
        let aws = script(vec![Ok(ok(&json!({})))]);
        let mut form = json!({"callbackId": "Y2I=", "decision": decision});
        form.as_object_mut()
            .unwrap()
            .extend(left_over.as_object().unwrap().clone());
        let outputs = card(&aws, "complete-callback", &form).unwrap();
        assert_eq!(outputs, json!({"callbackId": "Y2I=", "decision": decision}));
        let sent = &aws.sent.borrow()[0];
        let expected = format!("/2025-12-01/durable-execution-callbacks/Y2I%3D/{path}");
        assert_eq!((&*sent.path, &*sent.body), (&*expected, body));
    }
}

#[test]
fn lost_answer_leaves_the_callback_in_doubt_and_is_not_repeated() {
    let lost = failure(TransportKind::CutOff, Executed::Unknown);
    let aws = script(vec![Err(lost)]);
    let form = json!({"callbackId": "Y2I=", "decision": "Succeed"});
    let Err(Error::Transport(error)) = card(&aws, "complete-callback", &form) else {
        panic!("the answer was lost");
    };
    assert_eq!(error.executed, Executed::Unknown);
    assert_eq!(aws.attempts(), 1);
}

fn page(
    aws: &Scripted<Script>,
    card: &str,
    field: &str,
    values: &Value,
    search: Option<&str>,
) -> Result<ChoicePage, Error> {
    let values = values.to_string();
    block_on(choices(aws, CONNECT, card, field, &values, search, None))
}

#[test]
fn execution_choices_are_those_of_the_function_and_the_status() {
    let row = |name: &str, status: &str| {
        json!({
            "DurableExecutionArn": ARN.replace("order-7", name), "DurableExecutionName": name,
            "Status": status, "StartTimestamp": 1_795_348_800,
        })
    };
    let rows = json!({
        "DurableExecutions": [row("order-8", "RUNNING"), row("bill-9", "RUNNING")],
        "NextMarker": "m",
    });
    let last = json!({"DurableExecutions": [row("order-1", "RUNNING")]});
    for (card, values, statuses) in [
        ("get-execution", json!({"functionName": "f"}), None),
        (
            "get-execution",
            json!({"functionName": "f", "status": "FAILED"}),
            Some("FAILED"),
        ),
        (
            "stop-execution",
            json!({"functionName": "f"}),
            Some("RUNNING"),
        ),
        (
            "complete-callback",
            json!({"functionName": "f", "status": "Any"}),
            None,
        ),
    ] {
        let aws = script(vec![Ok(ok(&rows)), Ok(ok(&last))]);
        let page = page(&aws, card, "executionArn", &values, None).unwrap();
        assert_eq!((page.choices.len(), page.next), (3, None), "{card}");
        let first = &page.choices[0];
        assert_eq!(first.value, ARN.replace("order-7", "order-8"));
        assert_eq!(first.label, "order-8");
        assert_eq!(
            first.description,
            "RUNNING, started 2026-11-22T12:00:00.000Z"
        );
        let sent = &aws.sent.borrow()[0];
        assert_eq!(
            (sent.parameter("Statuses"), sent.parameter("MaxItems")),
            (statuses, Some("50"))
        );
    }
    let aws = script(vec![Ok(ok(
        &json!({"DurableExecutions": [row("order-8", "RUNNING"), row("bill-9", "RUNNING")]}),
    ))]);
    let found = page(
        &aws,
        "get-execution",
        "executionArn",
        &json!({"functionName": "f"}),
        Some("BILL"),
    );
    let found = found.unwrap();
    assert_eq!(
        (found.choices.len(), &*found.choices[0].label),
        (1, "bill-9")
    );
    let aws = script(Vec::new());
    let rejected = refused(page(
        &aws,
        "get-execution",
        "executionArn",
        &json!({}),
        None,
    ));
    assert_eq!(rejected.field, "functionName");
}

#[test]
fn callback_choices_are_those_that_are_open() {
    let event = |id: u32, kind: &str, operation: &str, more: Value| {
        let mut event = json!({
            "EventId": id, "EventType": kind, "EventTimestamp": 1_795_348_800, "Id": operation,
        });
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    let started = |id, operation, callback: &str, name: Value| {
        let details = json!({"CallbackStartedDetails": {"CallbackId": callback}, "Name": name});
        event(id, "CallbackStarted", operation, details)
    };
    let events = json!({"Events": [
        started(6, "o4", "Y2I0", json!("second approval")),
        event(5, "CallbackFailed", "o1", json!({"CallbackFailedDetails": {}})),
        started(4, "o3", "Y2Iz", json!(null)),
        event(3, "StepStarted", "o2", json!({})),
        started(2, "o1", "Y2Ix", json!("approval")),
        event(1, "ExecutionStarted", "e", json!({})),
    ]});
    let aws = script(vec![Ok(ok(&events))]);
    let values = json!({"executionArn": ARN});
    let found = page(&aws, "complete-callback", "callbackId", &values, None).unwrap();
    let shown: Vec<_> = found
        .choices
        .iter()
        .map(|choice| (&*choice.value, &*choice.label, &*choice.description))
        .collect();
    let since = "open since 2026-11-22T12:00:00.000Z";
    assert_eq!(
        shown,
        [("Y2I0", "second approval", since), ("Y2Iz", "Y2Iz", since)]
    );
    let sent = &aws.sent.borrow()[0];
    assert_eq!(sent.path, format!("{PATH}/history"));
    assert_eq!(sent.parameter("ReverseOrder"), Some("true"));
    let aws = script(Vec::new());
    let rejected = refused(page(
        &aws,
        "complete-callback",
        "callbackId",
        &json!({}),
        None,
    ));
    assert_eq!(rejected.field, "executionArn");
}
