//! Documents of durable executions, of any shape. A document is read as serde_json reads each of its
//! members, or it is rejected as a whole.

use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::block_on::block_on;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::executions::wait;
use aws_lambda_connector::lambda::executions::complete_callback::{
    CallbackResult, CompleteCallback,
};
use aws_lambda_connector::lambda::executions::execution::{Execution, ExecutionStatus};
use aws_lambda_connector::lambda::executions::get::GetDurableExecution;
use aws_lambda_connector::lambda::executions::history::{
    GetDurableExecutionHistory, HistoryEvent, HistoryQuery,
};
use aws_lambda_connector::lambda::executions::list::{ExecutionQuery, ListDurableExecutions};
use aws_lambda_connector::lambda::executions::stop::StopDurableExecution;
use aws_lambda_connector::perform::perform;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::answers::{check_error, response};
use crate::pure::any_json;
use crate::{Script, assert_no_secret, config, connection};

const ARN: &str =
    "arn:aws:lambda:eu-central-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";
const NOW: u64 = 1_795_348_800;

/// A signature takes ten times as long as all else.
fn unsigned() -> Connection {
    Connection {
        credentials: Credentials::HostSigned,
        ..connection()
    }
}

/// The members of a document in their order. Each value is JSON text.
type Members = Vec<(String, String)>;

fn document(members: &[(String, String)]) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("{} : {value}", quoted(name)));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(" ,\n"))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The last member of this name, if it is not null.
fn get<'a>(members: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = members.iter().rfind(|(member, _)| member == name)?;
    (value != "null").then_some(value)
}

/// The content of a string. `None` for anything else, and for a string that is not Unicode.
fn string(members: &[(String, String)], name: &str) -> Option<String> {
    serde_json::from_str(get(members, name)?).ok()
}

/// The content of a string, unescaped once. Anything else as it was sent.
fn text(members: &[(String, String)], name: &str) -> Option<String> {
    let value = get(members, name)?;
    Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()))
}

/// The members of a member that is an object. The objects of these tests are either these or empty.
fn object(members: &[(String, String)], name: &str) -> Option<Members> {
    let value = get(members, name)?;
    if !value.starts_with('{') {
        return None;
    }
    let shown = SHOWN
        .iter()
        .find(|(_, nested)| document(&owned(nested)) == *value);
    Some(shown.map_or_else(Vec::new, |(_, nested)| owned(nested)))
}

fn owned(members: &[(&str, &str)]) -> Members {
    let member = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    members.iter().map(member).collect()
}

/// Objects that the connector looks into, by the member that has them.
const SHOWN: [(&str, &[(&str, &str)]); 4] = [
    (
        "Error",
        &[
            ("ErrorType", r#""Declined""#),
            ("ErrorMessage", r#""a \"b\" \u00e9 \\n""#),
            ("ErrorData", "[1.50, 2]"),
            ("StackTrace", r#"["x", 1.0, "\ud800", null]"#),
        ],
    ),
    ("Error", &[("ErrorType", "null"), ("StackTrace", r#""x""#)]),
    ("TraceHeader", &[("XAmznTraceId", r#""Root=1-5759e988""#)]),
    ("TraceHeader", &[("XAmznTraceId", "7e0")]),
];

/// The frames of the first failure of [`SHOWN`].
const FRAMES: [&str; 4] = ["x", "1.0", r#""\ud800""#, "null"];

/// A string in any notation, also with escapes that are not Unicode.
fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| quoted(&text)),
        r#""([a-z]|é|\\u[0-9a-fA-F]{4}|\\ud8[0-9a-f]{2}|\\ude[0-9a-f]{2}|\\[bfnrt"/\\])*""#,
        any_json().prop_map(|value| quoted(&value.to_string())),
    ]
}

/// JSON text of any kind.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any_string(),
        2 => "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
        1 => select(&["null", "true", "false", "[]", "{}", "\"\""][..]).prop_map(Into::into),
        1 => any_json().prop_map(|value| value.to_string()),
        1 => (1..200_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
        1 => select(&SHOWN[..]).prop_map(|(_, nested)| document(&owned(nested))),
    ]
}

/// A time in milliseconds, and its seconds in any notation.
fn time() -> impl Strategy<Value = (u64, String)> {
    let ms = prop_oneof![0..10_000_u64, 1_700_000_000_000..1_900_000_000_000_u64];
    (ms, 0..6_u32, any::<bool>(), "[0-9]{0,6}").prop_map(|(ms, shift, exponent, beyond)| {
        let text = if exponent {
            // The point moves to the left, and the exponent moves it back.
            let scale = 10_u64.pow(shift + 3);
            let (whole, fraction) = (ms / scale, ms % scale);
            let digits = usize::try_from(shift).unwrap() + 3;
            format!("{whole}.{fraction:0digits$}{beyond}e{shift}")
        } else {
            format!("{}.{:03}{beyond}", ms / 1_000, ms % 1_000)
        };
        (ms, text)
    })
}

/// The milliseconds of a number of seconds, by the digits of its text.
fn ms(value: &str) -> Option<u64> {
    let value = value.replace('E', "e");
    let (mantissa, exponent) = value.split_once('e').unwrap_or((&value, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let places = whole.len().cast_signed() + exponent.parse::<isize>().ok()? + 3;
    let places = usize::try_from(places.max(0)).unwrap();
    let digits = format!("0{:0<places$.places$}", format!("{whole}{fraction}"));
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    digits.parse().ok().filter(|_| is_number)
}

const STATUSES: [(&str, ExecutionStatus, bool); 8] = [
    ("RUNNING", ExecutionStatus::Running, false),
    ("PAUSING", ExecutionStatus::Pausing, false),
    ("PAUSED", ExecutionStatus::Paused, false),
    ("SUCCEEDED", ExecutionStatus::Succeeded, true),
    ("FAILED", ExecutionStatus::Failed, true),
    ("TIMED_OUT", ExecutionStatus::TimedOut, true),
    ("STOPPED", ExecutionStatus::Stopped, true),
    ("DELETING", ExecutionStatus::Deleting, true),
];

/// A time as [`time`] writes it, or something that is not a time in any notation.
fn timestamp() -> impl Strategy<Value = String> {
    let no_time = [
        "null", "true", "-1.0", "[]", "{}", "\"soon\"", "\"\"", "1e99",
    ];
    prop_oneof![
        9 => time().prop_map(|(_, text)| text),
        1 => select(no_time.to_vec()).prop_map(Into::into),
    ]
}

fn member(
    name: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<(String, String)> {
    value.prop_map(|value| (name.to_owned(), value)).boxed()
}

/// The usual value of a member, and now and then any other.
fn mostly(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    prop_oneof![9 => value, 1 => any_value()].boxed()
}

fn status() -> BoxedStrategy<String> {
    let known = select(&STATUSES[..]).prop_map(|(name, ..)| quoted(name));
    prop_oneof![3 => known, 1 => any_string(), 1 => "\"[A-Z_]{1,12}\""].boxed()
}

fn shown(of: &'static str) -> BoxedStrategy<String> {
    let shown = SHOWN.iter().filter(move |(name, _)| *name == of);
    let texts: Vec<_> = shown.map(|(_, nested)| document(&owned(nested))).collect();
    mostly(select(texts))
}

/// Each member once, in any order, with some that are left out, some that are there twice, and some
/// that are not known.
fn members(known: Vec<BoxedStrategy<(String, String)>>) -> impl Strategy<Value = Members> {
    let count = known.len();
    let again = vec((0..count, any_value()), 0..2);
    let unknown = vec(("[A-Z][a-z]{0,6}", any_value()), 0..3);
    let left_out = prop::option::weighted(0.2, 0..count);
    (known, again, unknown, left_out, any::<bool>())
        .prop_map(|(mut members, again, unknown, left_out, twice)| {
            for (at, value) in again.into_iter().filter(|_| twice) {
                let name = members.get(at).unwrap().0.clone();
                members.push((name, value));
            }
            if let Some(at) = left_out {
                members.remove(at);
            }
            members.extend(unknown);
            members
        })
        .prop_shuffle()
}

fn execution_members() -> impl Strategy<Value = Members> {
    members(vec![
        member("DurableExecutionArn", Just(quoted(ARN))),
        member("DurableExecutionName", mostly(any_string().boxed())),
        member("FunctionArn", mostly(any_string().boxed())),
        member("Version", any_value()),
        member("Status", mostly(status())),
        member("StartTimestamp", timestamp()),
        member("EndTimestamp", timestamp()),
        member("TraceHeader", shown("TraceHeader")),
        member("InputPayload", any_value()),
        member("Result", any_value()),
        member("Error", shown("Error")),
    ])
}

fn event_members() -> impl Strategy<Value = Members> {
    let id = prop_oneof![
        any::<u64>().prop_map(|id| id.to_string()),
        Just("1.0".to_owned())
    ];
    let event_type = select(&["StepSucceeded", "New", "Reviewed"][..]).prop_map(quoted);
    members(vec![
        member("EventType", mostly(prop_oneof![any_string(), event_type])),
        member("EventId", id),
        member("EventTimestamp", timestamp()),
        member("Id", any_value()),
        member("ParentId", any_value()),
        member("Name", any_value()),
        member("StepSucceededDetails", any_value()),
        member("NewDetails", any_value()),
    ])
}

/// Compares an execution with its document.
fn check_execution(execution: &Execution, members: &[(String, String)], with_data: bool) {
    let sent = string(members, "Status").unwrap();
    let known = STATUSES.iter().find(|(name, ..)| *name == sent);
    let (status, is_final) = known.map_or_else(
        || (ExecutionStatus::Other(sent.clone()), false),
        |(_, status, is_final)| (status.clone(), *is_final),
    );
    assert_eq!(execution.status, status);
    assert_eq!(execution.status.as_str(), sent);
    assert_eq!(execution.status.is_final(), is_final);
    assert_eq!(
        Some(&execution.arn),
        string(members, "DurableExecutionArn").as_ref()
    );
    assert_eq!(
        Some(&execution.name),
        string(members, "DurableExecutionName").as_ref()
    );
    assert_eq!(
        execution.function_arn,
        string(members, "FunctionArn").unwrap_or_default()
    );
    assert_eq!(execution.version, text(members, "Version"));
    assert_eq!(
        Some(execution.started_at_ms),
        get(members, "StartTimestamp").and_then(ms)
    );
    assert_eq!(
        execution.ended_at_ms,
        get(members, "EndTimestamp").and_then(ms)
    );
    let trace = object(members, "TraceHeader");
    assert_eq!(
        execution.trace_id,
        trace.and_then(|trace| text(&trace, "XAmznTraceId"))
    );
    let data = |name| text(members, name).filter(|_| with_data);
    assert_eq!(execution.input, data("InputPayload"));
    assert_eq!(execution.output, data("Result"));
    let error = object(members, "Error").filter(|_| with_data);
    assert_eq!(execution.failure.is_some(), error.is_some());
    if let (Some(failure), Some(error)) = (&execution.failure, error) {
        assert_eq!(failure.error_type, text(&error, "ErrorType"));
        assert_eq!(failure.error_message, text(&error, "ErrorMessage"));
        assert_eq!(failure.error_data, text(&error, "ErrorData"));
        let has_frames = get(&error, "StackTrace").is_some_and(|frames| frames.starts_with('['));
        let frames = if has_frames { &FRAMES[..] } else { &[] };
        assert_eq!(failure.stack_trace, frames);
    }
}

fn is_execution(members: &[(String, String)]) -> bool {
    string(members, "DurableExecutionArn").is_some()
        && string(members, "DurableExecutionName").is_some()
        && string(members, "Status").is_some()
        && get(members, "StartTimestamp").and_then(ms).is_some()
}

fn check_event(event: &HistoryEvent, members: &[(String, String)]) {
    assert_eq!(
        Some(&event.event_type),
        string(members, "EventType").as_ref()
    );
    assert_eq!(
        Some(event.id),
        get(members, "EventId").and_then(|id| id.parse().ok())
    );
    assert_eq!(
        Some(event.at_ms),
        get(members, "EventTimestamp").and_then(ms)
    );
    assert_eq!(event.operation_id, text(members, "Id"));
    assert_eq!(event.parent_id, text(members, "ParentId"));
    assert_eq!(event.name, text(members, "Name"));
    let mut details = members
        .iter()
        .filter(|(name, value)| name.ends_with("Details") && value != "null")
        .map(|(_, value)| value);
    let own = get(members, &format!("{}Details", event.event_type));
    match &event.details {
        Some(shown) if own.is_some() => assert_eq!(own, Some(&**shown)),
        Some(shown) => assert!(details.any(|sent| sent == shown), "{shown}"),
        None => assert_eq!(details.next(), None),
    }
}

fn is_event(members: &[(String, String)]) -> bool {
    string(members, "EventType").is_some()
        && get(members, "EventId").is_some_and(|id| id.parse::<u64>().is_ok())
        && get(members, "EventTimestamp").and_then(ms).is_some()
}

/// A response of Lambda that each of up to three attempts receives.
fn script(body: &str) -> Script {
    let response = Response {
        status: 200,
        headers: vec![("x-amzn-requestid".into(), "8f5e".into())],
        body: body.into(),
        ..Response::default()
    };
    Script::new(vec![response; 3], NOW)
}

/// A document that is not the API's is an error, which repeats nothing of it.
#[track_caller]
fn assert_malformed(error: &Error, executed: Executed) {
    let Error::Transport(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (error.kind, error.executed),
        (TransportKind::Malformed, executed)
    );
    assert!(
        error
            .message
            .starts_with("the response is not the JSON that Lambda sends"),
        "{}",
        error.message
    );
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn execution_is_read_as_serde_json_reads_it_or_rejected(members in execution_members(), with_data in any::<bool>()) {
        let body = document(&members);
        let get = GetDurableExecution::new(unsigned(), ARN, with_data).unwrap();
        let is_whole = is_execution(&members) && string(&members, "DurableExecutionArn").unwrap() == ARN;
        match block_on(perform(&script(&body), get)) {
            Ok(execution) => {
                prop_assert!(is_whole, "{body}");
                check_execution(&execution, &members, with_data);
            }
            Err(error) => {
                prop_assert!(!is_whole, "{body}");
                assert_malformed(&error, Executed::No);
            }
        }
    }

    /// A wait ends by its time limit, with any status, and returns the execution as it is.
    #[test]
    fn wait_without_time_returns_the_execution_that_was_read(members in execution_members()) {
        let body = document(&members);
        let is_whole = is_execution(&members) && string(&members, "DurableExecutionArn").unwrap() == ARN;
        match block_on(wait(&script(&body), unsigned(), ARN, 0)) {
            Ok(execution) => {
                prop_assert!(is_whole, "{body}");
                check_execution(&execution, &members, true);
            }
            Err(error) => {
                prop_assert!(!is_whole, "{body}");
                assert_malformed(&error, Executed::No);
            }
        }
    }

    #[test]
    fn list_is_read_as_serde_json_reads_it_or_rejected(rows in vec(execution_members(), 1..4), marker in any_value()) {
        let documents: Vec<_> = rows.iter().map(|row| document(row)).collect();
        let body = format!(r#"{{"NextMarker":{marker},"DurableExecutions":[{}]}}"#, documents.join(","));
        let query = ExecutionQuery { function: "f".into(), limit: Some(1), ..ExecutionQuery::default() };
        let list = ListDurableExecutions::new(unsigned(), query).unwrap();
        let is_whole = rows.iter().all(|row| is_execution(row));
        match block_on(perform(&script(&body), list)) {
            Ok(page) => {
                prop_assert!(is_whole, "{body}");
                prop_assert_eq!(page.executions.len(), rows.len());
                for (execution, row) in page.executions.iter().zip(&rows) {
                    check_execution(execution, row, true);
                }
                let marker = text(&[("m".into(), marker)], "m");
                prop_assert_eq!(page.next, marker.filter(|marker| !marker.is_empty()));
            }
            Err(error) => {
                prop_assert!(!is_whole, "{body}");
                assert_malformed(&error, Executed::No);
            }
        }
    }

    #[test]
    fn history_is_read_as_serde_json_reads_it_or_rejected(rows in vec(event_members(), 1..4), with_data in any::<bool>()) {
        let documents: Vec<_> = rows.iter().map(|row| document(row)).collect();
        let body = format!(r#"{{"Events":[{}]}}"#, documents.join(","));
        let query = HistoryQuery { arn: ARN.into(), with_data, ..HistoryQuery::default() };
        let history = GetDurableExecutionHistory::new(unsigned(), &query).unwrap();
        let is_whole = rows.iter().all(|row| is_event(row));
        match block_on(perform(&script(&body), history)) {
            Ok(page) => {
                prop_assert!(is_whole, "{body}");
                prop_assert_eq!((page.events.len(), page.next), (rows.len(), None));
                for (event, row) in page.events.iter().zip(&rows) {
                    check_event(event, row);
                }
            }
            Err(error) => {
                prop_assert!(!is_whole, "{body}");
                assert_malformed(&error, Executed::No);
            }
        }
    }

    /// A stop succeeds only with the time at which the execution stopped, and is sent only once.
    #[test]
    fn stop_succeeds_only_with_its_time(time in timestamp(), more in vec(("[A-Z][a-z]{0,6}", any_value()), 0..3)) {
        let mut members = more;
        members.insert(0, ("StopTimestamp".into(), time));
        let body = document(&members);
        let script = script(&body);
        let stop = StopDurableExecution::new(unsigned(), ARN, None).unwrap();
        let expected = get(&members, "StopTimestamp").and_then(ms);
        match block_on(perform(&script, stop)) {
            Ok(at_ms) => prop_assert_eq!(Some(at_ms), expected, "{}", body),
            Err(error) => {
                prop_assert_eq!(expected, None, "{}", body);
                assert_malformed(&error, Executed::Unknown);
            }
        }
        prop_assert_eq!(script.sent.get(), 1);
    }

    #[test]
    fn calls_about_executions_survive_any_response(answers in vec(response(), 1..4), now in prop_oneof![Just(NOW), any::<u64>()]) {
        let last = || Script::new(answers.clone(), now);
        let succeeded = answers.iter().any(|answer| (200..300).contains(&answer.status));
        let query = ExecutionQuery { function: "f".into(), limit: Some(2), ..ExecutionQuery::default() };
        let history = HistoryQuery { arn: ARN.into(), limit: Some(2), ..HistoryQuery::default() };
        let get = GetDurableExecution::new(connection(), ARN, true).unwrap();
        let list = ListDurableExecutions::new(connection(), query).unwrap();
        let history = GetDurableExecutionHistory::new(connection(), &history).unwrap();
        let checked = |shown: String, error: Option<&Error>, changes| {
            assert_no_secret(&shown);
            match error {
                Some(error) => check_error(error, changes),
                None => assert!(succeeded, "{shown}"),
            }
        };
        let got = block_on(perform(&last(), get));
        checked(format!("{got:?}"), got.as_ref().err(), false);
        let listed = block_on(perform(&last(), list));
        checked(format!("{listed:?}"), listed.as_ref().err(), false);
        let read = block_on(perform(&last(), history));
        checked(format!("{read:?}"), read.as_ref().err(), false);

        let stop = StopDurableExecution::new(connection(), ARN, None).unwrap();
        let stopped = block_on(perform(&last(), stop));
        checked(format!("{stopped:?}"), stopped.as_ref().err(), true);
        for outcome in [CallbackResult::Succeeded(Some(b"{}".to_vec())), CallbackResult::Heartbeat] {
            let complete = CompleteCallback::new(connection(), "Ab+/", outcome).unwrap();
            let completed = block_on(perform(&last(), complete));
            checked(format!("{completed:?}"), completed.as_ref().err(), true);
        }
    }
}
