//! Durable executions, through the components. `src/lambda/executions/` tests the documents, and
//! `src/executions/tests.rs` the waits.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, ExecutionFailure, ExecutionQuery, ExecutionStatus, HistoryQuery,
};
use aws_lambda_connector_host::bindings::types::{
    Connection, ErrorCategory, Executed, TransportKind,
};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Key;
use testing::outcome::{assert_transport, invalid_input, service};
use testing::server::{Canned, Server};
use testing::{Component, connection, for_each_component, only};

const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";
const PATH: &str = "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Forder-7%2F2f6b1c0e";

fn ok(body: &str) -> Canned {
    Canned::with_length("200 OK\nx-amzn-requestid: 8f5e", body)
}

fn document(status: &str, more: &str) -> String {
    format!(
        r#"{{"DurableExecutionArn":"{ARN}","DurableExecutionName":"order-7","FunctionArn":"arn:f","StartTimestamp":1795780800.25,"Status":"{status}","Version":"1"{more}}}"#
    )
}

async fn serve(answers: &[Canned]) -> (Server, Connection, Arc<Policy>) {
    let server = Server::start(answers).await;
    let connection = connection(&Key::default(), server.url());
    let policy = only(&server.url());
    (server, connection, policy)
}

/// The request lines that arrived.
fn requested(server: &Server) -> Vec<String> {
    let line = |request: &String| request.lines().next().unwrap_or_default().to_owned();
    server.received().iter().map(line).collect()
}

#[for_each_component]
#[tokio::test]
async fn wait_returns_the_execution_with_its_data(component: Component) {
    let running = ok(&document("REVIEWING", ""));
    let ended = ok(&document("SUCCEEDED", ""));
    let more = r#","EndTimestamp":1795780801,"InputPayload":"{\"a\": 1}","Result":"\"\\u00e9\"""#;
    let whole = ok(&document("SUCCEEDED", more));
    let (server, connection, policy) = serve(&[running, ended, whole]).await;
    let host = component.host();
    let waited = host.wait_for_execution(&policy, &connection, ARN, 60_000);
    let execution = waited.await.unwrap().unwrap();
    assert_eq!(execution.arn, ARN);
    assert_eq!(execution.name, "order-7");
    assert_eq!(execution.function_arn, "arn:f");
    assert_eq!(execution.version.as_deref(), Some("1"));
    assert!(matches!(execution.status, ExecutionStatus::Succeeded));
    assert_eq!(execution.started_at_ms, 1_795_780_800_250);
    assert_eq!(execution.ended_at_ms, Some(1_795_780_801_000));
    assert_eq!(execution.input.as_deref(), Some("{\"a\": 1}"));
    assert_eq!(execution.output.as_deref(), Some("\"\\u00e9\""));
    let poll = format!("GET {PATH}?IncludeExecutionData=false HTTP/1.1");
    assert_eq!(
        requested(&server),
        [poll.clone(), poll, format!("GET {PATH} HTTP/1.1")]
    );
}

#[for_each_component]
#[tokio::test]
async fn read_with_data_may_have_twice_the_size_of_a_response_of_lambda(component: Component) {
    // Each quote takes two bytes on the wire.
    let text = r#"\""#.repeat(6_291_456);
    let more = format!(r#","InputPayload":"{text}","Result":"{text}""#);
    let (_server, connection, policy) = serve(&[ok(&document("SUCCEEDED", &more))]).await;
    let read = component.host().execution(&policy, &connection, ARN, true);
    let execution = read.await.unwrap().unwrap();
    for data in [execution.input, execution.output] {
        let data = data.unwrap();
        assert!(data.len() == 6_291_456 && data.bytes().all(|byte| byte == b'"'));
    }
}

#[for_each_component]
#[tokio::test]
async fn listings_convert_every_field(component: Component) {
    let page = format!(
        r#"{{"DurableExecutions":[{}],"NextMarker":"m"}}"#,
        document("TIMED_OUT", "")
    );
    let history = r#"{"Events":[{"EventType":"StepFailed","EventId":7,"EventTimestamp":1,"Id":"o","ParentId":"p","Name":"n","StepFailedDetails":{"a" : 1}}]}"#;
    let (server, connection, policy) = serve(&[ok(&page), ok(history)]).await;
    let host = component.host();
    let query = ExecutionQuery {
        statuses: vec![
            ExecutionStatus::TimedOut,
            ExecutionStatus::Other("NEW".into()),
        ],
        started_after_ms: Some(1),
        oldest_first: true,
        limit: Some(1),
        ..ExecutionQuery::new("f")
    };
    let listed = host.list_executions(&policy, &connection, &query).await;
    let page = listed.unwrap().unwrap();
    assert_eq!(
        (page.executions.len(), page.next.as_deref()),
        (1, Some("m"))
    );
    assert!(matches!(
        page.executions[0].status,
        ExecutionStatus::TimedOut
    ));

    let query = HistoryQuery {
        newest_first: true,
        cursor: Some("m".into()),
        ..HistoryQuery::new(ARN)
    };
    let read = host.execution_history(&policy, &connection, &query).await;
    let page = read.unwrap().unwrap();
    let [event] = &page.events[..] else {
        panic!("{page:?}");
    };
    assert_eq!(
        (event.id, &*event.event_type, event.at_ms),
        (7, "StepFailed", 1_000)
    );
    assert_eq!(event.operation_id.as_deref(), Some("o"));
    assert_eq!(event.parent_id.as_deref(), Some("p"));
    assert_eq!(event.name.as_deref(), Some("n"));
    assert_eq!(event.details.as_deref(), Some(r#"{"a" : 1}"#));
    assert_eq!(page.next, None);
    assert_eq!(
        requested(&server),
        [
            "GET /2025-12-01/functions/f/durable-executions?Statuses=TIMED_OUT&Statuses=NEW&StartedAfter=1970-01-01T00%3A00%3A00.001000Z&ReverseOrder=true&MaxItems=1 HTTP/1.1".to_owned(),
            format!("GET {PATH}/history?IncludeExecutionData=false&MaxItems=100&Marker=m&ReverseOrder=true HTTP/1.1"),
        ]
    );
}

fn failure() -> ExecutionFailure {
    ExecutionFailure {
        error_type: Some("Declined".into()),
        error_message: None,
        error_data: None,
        stack_trace: vec![],
    }
}

#[for_each_component]
#[tokio::test]
async fn stop_and_callbacks_send_their_data_once(component: Component) {
    let answers = [ok(r#"{"StopTimestamp":1795780800.5}"#), ok("{}")];
    let (server, connection, policy) = serve(&answers).await;
    let host = component.host();
    let recorded = failure();
    let stopped = host.stop_execution(&policy, &connection, ARN, Some(&recorded));
    assert_eq!(stopped.await.unwrap().unwrap(), 1_795_780_800_500);
    for outcome in [
        CallbackResult::Succeeded(Some(b"{\"approved\":true}".to_vec())),
        CallbackResult::Failed(failure()),
        CallbackResult::Heartbeat,
    ] {
        let completed = host.complete_callback(&policy, &connection, "Ab+/", &outcome);
        completed.await.unwrap().unwrap();
    }
    let callbacks = "POST /2025-12-01/durable-execution-callbacks/Ab%2B%2F";
    assert_eq!(
        requested(&server),
        [
            format!("POST {PATH}/stop HTTP/1.1"),
            format!("{callbacks}/succeed HTTP/1.1"),
            format!("{callbacks}/fail HTTP/1.1"),
            format!("{callbacks}/heartbeat HTTP/1.1"),
        ]
    );
    let bodies = ["{\"ErrorType\": \"Declined\"}", "{\"approved\":true}"];
    for (request, body) in server.received().iter().zip(bodies) {
        assert!(request.ends_with(body), "{request}");
    }
}

/// Neither is idempotent: only an error that precedes the effect is retried.
#[for_each_component]
#[tokio::test]
async fn unknown_outcome_of_stop_or_callback_is_not_repeated(component: Component) {
    let failed = Canned::with_length("500 Oops\nx-amzn-requestid: 8f5e", "{}");
    let throttled = Canned::with_length(
        "429 Slow\nx-amzn-requestid: 8f5e\nx-amzn-errortype: TooManyRequestsException",
        "{}",
    );
    let host = component.host();
    for (answer, attempts, executed) in
        [(failed, 1, Executed::Unknown), (throttled, 3, Executed::No)]
    {
        let (server, connection, policy) = serve(&[answer]).await;
        let stopped = host.stop_execution(&policy, &connection, ARN, None).await;
        let error = service(stopped.unwrap());
        assert_eq!((error.attempts, error.executed), (attempts, executed));
        let outcome = CallbackResult::Succeeded(None);
        let completed = host.complete_callback(&policy, &connection, "a", &outcome);
        let error = service(completed.await.unwrap());
        assert_eq!((error.attempts, error.executed), (attempts, executed));
        assert_eq!(server.requests(), 2 * usize::from(attempts));
    }
    // A gateway may have passed the request on before it gave up.
    let (server, connection, policy) = serve(&[Canned::with_length("504 Late", "")]).await;
    let stopped = host.stop_execution(&policy, &connection, ARN, None).await;
    let outcome = CallbackResult::Heartbeat;
    let completed = host.complete_callback(&policy, &connection, "a", &outcome);
    let (kind, unknown) = (TransportKind::NotLambda, Executed::Unknown);
    assert_transport(stopped.unwrap(), kind, unknown, 1);
    assert_transport(completed.await.unwrap(), kind, unknown, 1);
    assert_eq!(server.requests(), 2);
    let closed = Canned::with_length(
        "400 Bad\nx-amzn-requestid: 8f5e\nx-amzn-errortype: CallbackTimeoutException",
        "{}",
    );
    let (_server, connection, policy) = serve(&[closed]).await;
    let outcome = CallbackResult::Heartbeat;
    let completed = host.complete_callback(&policy, &connection, "a", &outcome);
    let error = service(completed.await.unwrap());
    assert_eq!(error.category, ErrorCategory::Conflict);
}

#[for_each_component]
#[tokio::test]
async fn arn_of_another_region_is_rejected_before_a_request(component: Component) {
    let (server, connection, policy) = serve(&[ok("{}")]).await;
    let arn = ARN.replace("us-east-1", "eu-west-1");
    let read = component
        .host()
        .execution(&policy, &connection, &arn, false);
    assert_eq!(invalid_input(read.await.unwrap()).field, "arn");
    assert_eq!(server.requests(), 0);
}
