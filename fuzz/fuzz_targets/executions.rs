//! Requests about durable executions, and the responses to them. A document is read as serde_json
//! reads it, or is rejected as a whole. An accepted ARN or callback's ID is one label of the path. The
//! script's call has the arguments.
#![no_main]

use aws_lambda_connector::aws::json;
use aws_lambda_connector::aws::message::{Request, Response};
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::operation::{Exchange, Operation};
use aws_lambda_connector::lambda::executions::complete_callback::CompleteCallback;
use aws_lambda_connector::lambda::executions::execution::Execution;
use aws_lambda_connector::lambda::executions::get::GetDurableExecution;
use aws_lambda_connector::lambda::executions::history::{GetDurableExecutionHistory, HistoryEvent};
use aws_lambda_connector::lambda::executions::list::ListDurableExecutions;
use aws_lambda_connector::lambda::executions::stop::StopDurableExecution;
use aws_lambda_connector_fuzz::call::{
    arn, callback_id, callback_result, connection, execution_query, failure, history_query,
};
use aws_lambda_connector_fuzz::evidence;
use aws_lambda_connector_fuzz::script::{self, Lines};
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let (lines, answers) = script::read(data);
    let responses = answers.into_iter().filter_map(|answer| answer.outcome.ok());
    let responses: Vec<Response> = responses.collect();
    let connection = connection(&lines);

    if let Some(failure) = failure(&lines) {
        let value: Value = serde_json::from_str(&failure.json()).expect("a failure is JSON");
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(text("ErrorType"), failure.error_type);
        assert_eq!(text("ErrorMessage"), failure.error_message);
        assert_eq!(text("ErrorData"), failure.error_data);
    }
    let with_data = lines.has("data");
    let get = GetDurableExecution::new(connection.clone(), arn(&lines), with_data);
    if let Some(mut get) = accepted(get, &["arn"]) {
        check_path(&get.request(), arn(&lines));
        if let Some(execution) = output(&mut get, &responses, false) {
            let document = document(&responses);
            assert_eq!(execution.arn, arn(&lines));
            check_execution(&execution, &document, with_data);
        }
    }
    let query = execution_query(&lines);
    let listed = ListDurableExecutions::new(connection.clone(), query.clone());
    if let Some(mut list) = accepted(listed, &["query."]) {
        if let Some(page) = output(&mut list, &responses[..responses.len().min(1)], false) {
            let document = document(&responses);
            let rows = rows(&document, "DurableExecutions");
            assert_eq!(
                page.executions.len(),
                rows.map_or(page.executions.len(), Vec::len)
            );
            for (execution, row) in page.executions.iter().zip(rows.into_iter().flatten()) {
                check_execution(execution, &Some(row.clone()), true);
            }
            if page.next.is_some() {
                let mut next = query;
                next.cursor = page.next;
                ListDurableExecutions::new(connection.clone(), next).expect("a returned cursor");
            }
        }
    }
    let history = GetDurableExecutionHistory::new(connection.clone(), &history_query(&lines));
    if let Some(mut history) = accepted(history, &["query."]) {
        check_path(&history.request(), arn(&lines));
        if let Some(page) = output(&mut history, &responses[..responses.len().min(1)], false) {
            let document = document(&responses);
            let rows = rows(&document, "Events");
            assert_eq!(page.events.len(), rows.map_or(page.events.len(), Vec::len));
            let body = std::str::from_utf8(&responses[0].body).expect("JSON is text");
            for event in &page.events {
                let details = event.details.as_deref().unwrap_or("null");
                assert!(body.contains(details) || details == "null", "{details}");
                json::check(details).expect("details are JSON");
            }
            for (event, row) in page.events.iter().zip(rows.into_iter().flatten()) {
                check_event(event, row);
            }
        }
    }
    changes(&lines, &responses);
});

/// Stops an execution and completes a callback.
fn changes(lines: &Lines, responses: &[Response]) {
    let connection = connection(lines);
    let stop = StopDurableExecution::new(connection.clone(), arn(lines), failure(lines).as_ref());
    if let Some(mut stop) = accepted(stop, &["arn", "failure"]) {
        check_path(&stop.request(), arn(lines));
        if let Some(at_ms) = output(&mut stop, responses, true) {
            let document = document(responses);
            check_time(Some(at_ms), document.as_ref(), "StopTimestamp");
        }
    }
    let complete = CompleteCallback::new(connection, callback_id(lines), callback_result(lines));
    if let Some(mut complete) = accepted(complete, &["callback-id", "outcome."]) {
        check_path(&complete.request(), callback_id(lines));
        output(&mut complete, responses, true);
    }
}

/// The operation, or `None` if its arguments were rejected. The rejected field is the connection or
/// begins with one of `fields`.
fn accepted<O>(operation: Result<O, Error>, fields: &[&str]) -> Option<O> {
    match operation {
        Ok(operation) => Some(operation),
        Err(Error::InvalidInput(input)) => {
            let mut known = fields.iter().chain(&["connection."]);
            assert!(
                known.any(|known| input.field.starts_with(known)),
                "{input:?}"
            );
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// Asserts that one label of the path is `subject`.
fn check_path(request: &Request<'_>, subject: &str) {
    let mut labels = request.path.split('/');
    let decoded = |label: &str| percent_decode_str(label).decode_utf8().map(String::from);
    assert!(labels.any(|label| decoded(label).is_ok_and(|label| label == subject)));
    let wire = request.path_with_query();
    assert!(wire.bytes().all(|byte| byte.is_ascii_graphic()), "{wire}");
}

/// Returns the output after the first response. Checks the error of a response that is rejected.
fn output<O: Operation>(
    operation: &mut O,
    responses: &[Response],
    changes: bool,
) -> Option<O::Output> {
    let response = responses.first()?;
    match operation.read(response.clone(), 1) {
        Ok(()) => {
            assert_eq!(response.status, 200);
            operation.take_output()
        }
        Err(error) => {
            check_error(&error, response, changes);
            assert!(operation.take_output().is_none());
            None
        }
    }
}

fn check_error(error: &Error, response: &Response, changes: bool) {
    match error {
        Error::Transport(error) => {
            assert_eq!(
                (response.status, error.kind),
                (200, TransportKind::Malformed)
            );
            let executed = if changes {
                Executed::Unknown
            } else {
                Executed::No
            };
            assert_eq!(error.executed, executed);
            assert!(error.message.len() < 300, "{}", error.message);
        }
        Error::Service(error) | Error::Unauthenticated(error) => {
            assert_ne!(response.status, 200);
            assert_eq!(error.status_code, response.status);
            assert_ne!(error.executed, Executed::Yes);
            if changes && error.executed == Executed::No {
                assert!(response.header("x-amz-function-error").is_none());
                assert!(evidence::rejects(response, &error.code), "{error:?}");
            }
            assert!(changes || error.executed == Executed::No);
        }
        other => panic!("{other:?}"),
    }
}

/// The first response as serde_json reads it, which rejects some valid texts, such as half of a
/// surrogate pair.
fn document(responses: &[Response]) -> Option<Value> {
    serde_json::from_slice(&responses.first()?.body).ok()
}

fn rows<'a>(document: &'a Option<Value>, name: &str) -> Option<&'a Vec<Value>> {
    document.as_ref()?.get(name)?.as_array()
}

/// Compares an execution with its document.
fn check_execution(execution: &Execution, document: &Option<Value>, with_data: bool) {
    let Some(document) = document else {
        return;
    };
    let string = |name| document.get(name).and_then(Value::as_str);
    assert_eq!(Some(&*execution.arn), string("DurableExecutionArn"));
    assert_eq!(Some(&*execution.name), string("DurableExecutionName"));
    assert_eq!(
        execution.function_arn,
        string("FunctionArn").unwrap_or_default()
    );
    let status = string("Status").expect("a status");
    assert_eq!(execution.status.as_str(), status);
    let ended = ["SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING"];
    assert_eq!(execution.status.is_final(), ended.contains(&status));
    check_time(
        Some(execution.started_at_ms),
        Some(document),
        "StartTimestamp",
    );
    check_time(execution.ended_at_ms, Some(document), "EndTimestamp");
    check_text(execution.version.as_deref(), document.get("Version"));
    let trace = document.get("TraceHeader");
    check_text(
        execution.trace_id.as_deref(),
        trace.and_then(|trace| trace.get("XAmznTraceId")),
    );
    let data = |name| document.get(name).filter(|_| with_data);
    check_text(execution.input.as_deref(), data("InputPayload"));
    check_text(execution.output.as_deref(), data("Result"));
    let error = data("Error").filter(|error| error.is_object());
    assert_eq!(execution.failure.is_some(), error.is_some());
    if let (Some(failure), Some(error)) = (&execution.failure, error) {
        check_text(failure.error_type.as_deref(), error.get("ErrorType"));
        check_text(failure.error_message.as_deref(), error.get("ErrorMessage"));
        check_text(failure.error_data.as_deref(), error.get("ErrorData"));
        let frames = error.get("StackTrace").and_then(Value::as_array);
        assert_eq!(failure.stack_trace.len(), frames.map_or(0, Vec::len));
    }
}

fn check_event(event: &HistoryEvent, row: &Value) {
    assert_eq!(
        row.get("EventType").and_then(Value::as_str),
        Some(&*event.event_type)
    );
    assert_eq!(row.get("EventId").and_then(Value::as_u64), Some(event.id));
    check_time(Some(event.at_ms), Some(row), "EventTimestamp");
    check_text(event.operation_id.as_deref(), row.get("Id"));
    check_text(event.parent_id.as_deref(), row.get("ParentId"));
    check_text(event.name.as_deref(), row.get("Name"));
    let fields = row.as_object().expect("an event is an object");
    let has_details = fields
        .iter()
        .any(|(name, value)| name.ends_with("Details") && !value.is_null());
    assert!(event.details.is_some() || !has_details);
}

/// A string is unescaped once. Any other value is the same value.
fn check_text(text: Option<&str>, value: Option<&Value>) {
    match value.filter(|value| !value.is_null()) {
        None => assert_eq!(text, None),
        Some(Value::String(content)) => assert_eq!(text, Some(&**content)),
        Some(value) => {
            let text = text.expect("the value as it was sent");
            assert_eq!(
                serde_json::from_str::<Value>(text).ok().as_ref(),
                Some(value)
            );
        }
    }
}

/// Compares a time with a number of seconds, to the precision of a float.
fn check_time(ms: Option<u64>, document: Option<&Value>, name: &str) {
    let value = document.and_then(|document| document.get(name));
    let (Some(ms), Some(seconds)) = (ms, value.and_then(Value::as_f64)) else {
        return;
    };
    let expected = seconds * 1_000.0;
    let shown = ms as f64;
    assert!(
        (shown - expected).abs() <= 1.0 + expected * 1e-12,
        "{ms}: {seconds}"
    );
}
