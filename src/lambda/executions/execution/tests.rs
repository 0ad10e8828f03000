//! Responses of every operation, and what the requests reject before they are sent.

use serde_json::{Value, json};

use super::*;
use crate::call::operation::Operation;
use crate::lambda::executions::complete_callback::{CallbackResult, CompleteCallback};
use crate::lambda::executions::get::{GetDurableExecution, MAX_DATA_BYTES};
use crate::lambda::executions::history::{GetDurableExecutionHistory, HistoryEvent, HistoryQuery};
use crate::lambda::executions::list::{ExecutionQuery, ListDurableExecutions};
use crate::lambda::executions::stop::StopDurableExecution;
use crate::testing::{
    assert_contains, coded, connection, json as ok, lambdas, refused, service_error,
    transport_error,
};

pub const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";

fn read<O: Operation>(mut operation: O, response: Response) -> Result<O::Output, Error> {
    operation.read(response, 1)?;
    Ok(operation.take_output().expect("one response is enough"))
}

fn get(with_data: bool) -> GetDurableExecution {
    GetDurableExecution::new(connection(), ARN, with_data).unwrap()
}

fn running() -> Value {
    json!({
        "DurableExecutionArn": ARN,
        "DurableExecutionName": "order-7",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "StartTimestamp": 1_795_780_800.25,
        "Status": "RUNNING",
        "Version": "1",
        "TraceHeader": {"XAmznTraceId": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        "ExecutionDataIncluded": false,
        "DurableConfig": {"ExecutionTimeout": 60},
        "New": [1]
    })
}

#[test]
fn running_execution_is_read_without_data() {
    assert_eq!(
        read(get(false), ok(&running())).unwrap(),
        Execution {
            arn: ARN.into(),
            name: "order-7".into(),
            function_arn: "arn:aws:lambda:us-east-1:123456789012:function:f".into(),
            version: Some("1".into()),
            status: ExecutionStatus::Running,
            started_at_ms: 1_795_780_800_250,
            ended_at_ms: None,
            trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793".into()),
            input: None,
            output: None,
            failure: None,
        }
    );
}

#[test]
fn data_that_was_not_requested_is_left_out() {
    let mut body = running();
    body["InputPayload"] = "{}".into();
    body["Result"] = "7".into();
    body["Error"] = json!({"ErrorType": "E"});
    let execution = read(get(false), ok(&body)).unwrap();
    let data = (execution.input, execution.output, execution.failure);
    assert_eq!(data, (None, None, None));
    let execution = read(get(true), ok(&body)).unwrap();
    assert_eq!(execution.input.as_deref(), Some("{}"));
    assert!(execution.output.is_some() && execution.failure.is_some());
}

/// JSON text inside JSON is unescaped once.
#[test]
fn input_and_result_are_returned_byte_for_byte() {
    let input = r#"{"a":"é \"quoted\" \\ 🚀\n", "n": 1.0e2}"#;
    let output = "\"plain\u{0}\u{1f}\u{2028}\"";
    let mut body = running();
    body["Status"] = "SUCCEEDED".into();
    body["EndTimestamp"] = json!(1_795_780_801);
    body["InputPayload"] = input.into();
    body["Result"] = output.into();
    let execution = read(get(true), ok(&body)).unwrap();
    assert_eq!(execution.input.as_deref(), Some(input));
    assert_eq!(execution.output.as_deref(), Some(output));
    assert_eq!(execution.ended_at_ms, Some(1_795_780_801_000));
    let shown = format!("{execution:?}");
    assert!(!shown.contains("quoted"), "{shown}");
}

#[test]
fn failure_is_read_with_each_part_that_it_has() {
    let mut body = running();
    body["Status"] = "FAILED".into();
    body["Error"] = json!({
        "ErrorType": "Declined", "ErrorMessage": "card declined", "ErrorData": "{\"by\":\"bank\"}",
        "StackTrace": ["a", "b"]
    });
    let failure = read(get(true), ok(&body)).unwrap().failure.unwrap();
    assert_eq!(
        failure,
        ExecutionFailure {
            error_type: Some("Declined".into()),
            error_message: Some("card declined".into()),
            error_data: Some("{\"by\":\"bank\"}".into()),
            stack_trace: vec!["a".into(), "b".into()],
        }
    );
    assert_eq!(format!("{failure:?}"), "ExecutionFailure(36 bytes)");
    body["Error"] = json!({});
    let failure = read(get(true), ok(&body)).unwrap().failure.unwrap();
    assert_eq!(failure, ExecutionFailure::default());
}

#[test]
fn status_is_known_by_its_name_and_final_only_when_nothing_can_follow() {
    use ExecutionStatus::{
        Deleting, Failed, Other, Paused, Pausing, Running, Stopped, Succeeded, TimedOut,
    };
    for (name, status, is_final) in [
        ("RUNNING", Running, false),
        ("PAUSING", Pausing, false),
        ("PAUSED", Paused, false),
        ("SUCCEEDED", Succeeded, true),
        ("FAILED", Failed, true),
        ("TIMED_OUT", TimedOut, true),
        ("STOPPED", Stopped, true),
        ("DELETING", Deleting, true),
        ("REVIEWING", Other("REVIEWING".into()), false),
        ("running", Other("running".into()), false),
        ("", Other(String::new()), false),
    ] {
        assert_eq!(ExecutionStatus::read(name), status);
        assert_eq!(status.as_str(), name);
        assert_eq!(status.is_final(), is_final, "{name}");
    }
}

#[test]
fn response_that_lambda_does_not_send_is_malformed() {
    let without = |field: &str| {
        let mut body = running();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let with = |field: &str, value: Value| {
        let mut body = running();
        body[field] = value;
        body
    };
    for body in [
        json!([]),
        json!({}),
        without("DurableExecutionArn"),
        without("DurableExecutionName"),
        without("Status"),
        without("StartTimestamp"),
        with("Status", json!(1)),
        with("StartTimestamp", json!("soon")),
        with("DurableExecutionArn", json!(format!("{ARN}x"))),
    ] {
        let error = transport_error(read(get(false), ok(&body)));
        assert_eq!(error.kind, crate::call::error::TransportKind::Malformed);
        assert_eq!(error.executed, Executed::No, "{body}");
    }
    // Whether it was stopped is not known.
    let stop = StopDurableExecution::new(connection(), ARN, None).unwrap();
    let error = transport_error(read(stop, lambdas(200, &[], "{}")));
    assert_eq!(error.executed, Executed::Unknown);
}

#[test]
fn only_a_read_with_data_may_be_larger_than_an_invocation() {
    use crate::aws::message::MAX_RESPONSE_BYTES;
    use crate::call::operation::Exchange;

    let history = |with_data| {
        let query = HistoryQuery {
            arn: ARN.into(),
            with_data,
            ..HistoryQuery::default()
        };
        GetDurableExecutionHistory::new(connection(), &query).unwrap()
    };
    for (with_data, most) in [(false, MAX_RESPONSE_BYTES), (true, MAX_DATA_BYTES)] {
        assert_eq!(get(with_data).request().max_response_bytes, most);
        let history = history(with_data);
        let request = history.request();
        assert_eq!(request.max_response_bytes, most);
        let included = request
            .query
            .iter()
            .find(|(key, _)| *key == "IncludeExecutionData");
        assert_eq!(included.unwrap().1, with_data.to_string());
    }
    // Two texts of 6 MiB, each character escaped.
    const { assert!(MAX_DATA_BYTES > 2 * 2 * 6_291_456) };
}

#[test]
fn denial_names_the_execution_and_not_the_function() {
    let denied = || coded(403, "AccessDeniedException");
    let query = HistoryQuery {
        arn: ARN.into(),
        ..HistoryQuery::default()
    };
    let history = GetDurableExecutionHistory::new(connection(), &query).unwrap();
    let stop = StopDurableExecution::new(connection(), ARN, None).unwrap();
    for (error, action) in [
        (
            read(get(false), denied()).map(drop),
            "lambda:GetDurableExecution on",
        ),
        (
            read(history, denied()).map(drop),
            "lambda:GetDurableExecutionHistory on",
        ),
        (
            read(stop, denied()).map(drop),
            "lambda:StopDurableExecution on",
        ),
    ] {
        assert_contains(&service_error(error).hint.unwrap(), [action, ARN]);
    }
    let missing = service_error(read(get(false), coded(404, "ResourceNotFoundException")));
    assert_contains(&missing.hint.unwrap(), ["retention period"]);
}

fn list(change: impl FnOnce(&mut ExecutionQuery)) -> Result<ListDurableExecutions, Error> {
    let mut query = ExecutionQuery {
        function: "f".into(),
        ..ExecutionQuery::default()
    };
    change(&mut query);
    ListDurableExecutions::new(connection(), query)
}

/// The sizes of the pages that were requested, and the rows and cursor in the end.
fn paged(limit: u32, pages: &[(usize, Option<&str>)]) -> (Vec<String>, usize, Option<String>) {
    use crate::call::operation::Exchange;

    let mut operation = list(|query| query.limit = Some(limit)).unwrap();
    let mut asked = Vec::new();
    for (rows, marker) in pages {
        let request = operation.request();
        let value = |name| {
            let mut query = request.query.iter();
            let (_, value) = query.find(|(key, _)| *key == name)?;
            Some(value.to_string())
        };
        asked.push(value("MaxItems").unwrap());
        drop(request);
        let body = json!({"DurableExecutions": vec![running(); *rows], "NextMarker": marker});
        operation.read(ok(&body), 1).unwrap();
        if let Some(page) = operation.take_output() {
            return (asked, page.executions.len(), page.next);
        }
    }
    panic!("the listing did not end: {asked:?}");
}

#[test]
fn listing_reads_pages_until_its_limit() {
    let strings = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).into())
            .collect::<Vec<String>>()
    };
    assert_eq!(paged(100, &[(2, None)]), (strings(&["100"]), 2, None));
    // A filter can leave a page empty.
    assert_eq!(
        paged(3, &[(0, Some("a")), (2, Some("b")), (1, Some("c"))]),
        (strings(&["3", "3", "1"]), 3, Some("c".into()))
    );
    assert_eq!(
        paged(2, &[(1, Some("a")), (0, None)]),
        (strings(&["2", "1"]), 1, None)
    );
}

#[test]
fn listing_that_repeats_a_marker_ends_with_an_error() {
    let mut operation = list(|query| query.cursor = Some("a".into())).unwrap();
    let body = json!({"DurableExecutions": [], "NextMarker": "a"});
    use crate::call::operation::Exchange;
    let error = transport_error(operation.read(ok(&body), 1));
    assert_contains(&error.message, ["never end"]);

    // New markers for ever end as well.
    let mut operation = list(|_| {}).unwrap();
    for number in 1..=200 {
        let marker = format!("m{number}");
        let body = json!({"DurableExecutions": [], "NextMarker": marker});
        operation.read(ok(&body), 1).unwrap();
        let output = operation.take_output();
        assert_eq!(output.is_some(), number == 200, "{number}");
        if let Some(page) = output {
            assert_eq!(page.next, Some(marker));
        }
    }
}

#[test]
fn query_that_lambda_would_reject_is_rejected_by_field() {
    let many = || vec![ExecutionStatus::Running; 11];
    for (rejected, field) in [
        (
            refused(list(|q| q.function = "..".into())),
            "query.function",
        ),
        (
            refused(list(|q| q.qualifier = Some("$latest".into()))),
            "query.qualifier",
        ),
        (
            refused(list(|q| q.name = Some(String::new()))),
            "query.name",
        ),
        (refused(list(|q| q.statuses = many())), "query.statuses"),
        (
            refused(list(|q| {
                q.statuses = vec![ExecutionStatus::Other("a b".into())]
            })),
            "query.statuses[0]",
        ),
        (refused(list(|q| q.limit = Some(0))), "query.limit"),
        (refused(list(|q| q.limit = Some(1_001))), "query.limit"),
        (
            refused(list(|q| q.cursor = Some(String::new()))),
            "query.cursor",
        ),
        (
            refused(list(|q| q.cursor = Some("x".repeat(16_385)))),
            "query.cursor",
        ),
    ] {
        assert_eq!(rejected.field, field, "{}", rejected.message);
    }
}

#[test]
fn event_keeps_its_details_as_they_were_sent() {
    let details = r#"{ "Duration" : 1.50, "New": "é" }"#;
    let body = format!(
        r#"{{"Events":[{{"EventType":"WaitStarted","EventId":3,"EventTimestamp":1.795780800123E9,"Id":"op","ParentId":"up","Name":"pause","StepStartedDetails":null,"WaitStartedDetails":{details}}},{{"EventType":"Reviewed","EventId":4,"EventTimestamp":1795780801,"ReviewedDetails":[1]}},{{"EventType":"New","EventId":5,"EventTimestamp":0}},{{"EventType":"StepFailed","EventId":6,"EventTimestamp":0,"RetryDetails":{{}},"StepFailedDetails":[2]}}]}}"#
    );
    let query = HistoryQuery {
        arn: ARN.into(),
        ..HistoryQuery::default()
    };
    let history = GetDurableExecutionHistory::new(connection(), &query).unwrap();
    let events = read(history, lambdas(200, &[], body)).unwrap().events;
    let event = |id, event_type: &str, at_ms, details: Option<&str>| HistoryEvent {
        id,
        event_type: event_type.into(),
        at_ms,
        operation_id: None,
        parent_id: None,
        name: None,
        details: details.map(Into::into),
    };
    assert_eq!(
        events,
        [
            HistoryEvent {
                operation_id: Some("op".into()),
                parent_id: Some("up".into()),
                name: Some("pause".into()),
                ..event(3, "WaitStarted", 1_795_780_800_123, Some(details))
            },
            event(4, "Reviewed", 1_795_780_801_000, Some("[1]")),
            event(5, "New", 0, None),
            event(6, "StepFailed", 0, Some("[2]")),
        ]
    );
}

#[test]
fn failure_of_a_request_is_written_as_botocore_writes_it() {
    let failure = ExecutionFailure {
        error_type: Some("T".into()),
        error_message: Some("a \"b\"\n".into()),
        error_data: None,
        stack_trace: vec!["x".into(), "y".into()],
    };
    assert_eq!(
        failure.request_json("failure").unwrap(),
        r#"{"ErrorMessage": "a \"b\"\n", "ErrorType": "T", "StackTrace": ["x", "y"]}"#
    );
    assert_eq!(
        ExecutionFailure::default().request_json("failure").unwrap(),
        "{}"
    );
    let large = |bytes: usize| ExecutionFailure {
        error_data: Some("x".repeat(bytes - 1)),
        stack_trace: vec!["y".into()],
        ..ExecutionFailure::default()
    };
    assert!(large(1_048_576).request_json("failure").is_ok());
    let rejected = refused(large(1_048_577).request_json("failure"));
    assert_eq!(rejected.field, "failure");
    let rejected = refused(StopDurableExecution::new(
        connection(),
        ARN,
        Some(&large(1_048_577)),
    ));
    assert_eq!(rejected.field, "failure");
}

fn callback(id: &str, outcome: CallbackResult) -> Result<CompleteCallback, Error> {
    CompleteCallback::new(connection(), id, outcome)
}

#[test]
fn callback_that_lambda_would_reject_is_rejected_by_field() {
    let large = |bytes| CallbackResult::Succeeded(Some(vec![0; bytes]));
    assert!(callback("Ab+/cd0==", large(1_048_576)).is_ok());
    for (id, outcome, field) in [
        ("", CallbackResult::Heartbeat, "callback-id"),
        ("a b", CallbackResult::Heartbeat, "callback-id"),
        ("a/../b?", CallbackResult::Heartbeat, "callback-id"),
        (&"a".repeat(1_025), CallbackResult::Heartbeat, "callback-id"),
        ("a", large(1_048_577), "outcome.succeeded"),
    ] {
        assert_eq!(refused(callback(id, outcome)).field, field);
    }
}

#[test]
fn hint_for_a_closed_callback_names_an_earlier_attempt() {
    for outcome in [
        CallbackResult::Succeeded(None),
        CallbackResult::Failed(ExecutionFailure::default()),
        CallbackResult::Heartbeat,
    ] {
        let closed = coded(400, "CallbackTimeoutException");
        let error = service_error(read(callback("a", outcome.clone()).unwrap(), closed));
        assert_eq!(
            (error.category, error.retryable),
            (Category::Conflict, false)
        );
        assert_contains(
            &error.hint.unwrap(),
            ["already closed", "an earlier attempt"],
        );
        read(callback("a", outcome).unwrap(), lambdas(200, &[], "{}")).unwrap();
    }
}
