//! ListDurableExecutionsByFunction: filters, order and pages.

use local_lambda::LocalLambda;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use testing::case;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{ARN, begin_event, describe, named, stop, visible};
use crate::client::{Answer, get, invoke, lower, start, untyped, upper};

async fn list(lambda: &LocalLambda, function: &str, query: &str) -> Answer {
    let path = format!("/2025-12-01/functions/{function}/durable-executions?{query}");
    get(lambda, path).await
}

/// The names on the only page.
async fn names(lambda: &LocalLambda, function: &str, query: &str) -> Vec<String> {
    let answer = list(lambda, function, query).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let page = answer.json();
    assert_eq!(page.get("NextMarker"), None);
    shown(&page)
}

fn shown(page: &Value) -> Vec<String> {
    let rows = page["DurableExecutions"].as_array().unwrap().iter();
    rows.map(|row| row["DurableExecutionName"].as_str().unwrap().to_owned())
        .collect()
}

async fn run(lambda: &LocalLambda, function: &str, name: &str, event: &str) -> String {
    let answer = named(function, name, event).send(lambda).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.header(ARN).unwrap().to_owned()
}

/// Starts one execution of each status, with the status as its name.
async fn one_of_each_status() -> LocalLambda {
    let lambda = visible().await;
    let wait = r#"{"steps":[{"callback":{}}]}"#;
    for (name, event) in [
        ("SUCCEEDED", r#"{"steps":[]}"#),
        ("FAILED", r#"{"steps":[{"fail":{}}]}"#),
        (
            "TIMED_OUT",
            r#"{"steps":[{"callback":{}}],"executionTimeoutMs":1}"#,
        ),
    ] {
        run(&lambda, "workflow:live", name, event).await;
    }
    for name in ["STOPPED", "RUNNING"] {
        let call = named("workflow:1", name, wait).event();
        let answer = call.send(&lambda).await;
        if name == "STOPPED" {
            let arn = answer.header(ARN).unwrap();
            assert_eq!(stop(arn, "").send(&lambda).await.status, 200);
        }
    }
    lambda
}

#[tokio::test]
async fn row_has_the_times_and_no_data() {
    let lambda = start().await;
    let arn = run(&lambda, "durable:live", "order-1", "{}").await;
    let page = list(&lambda, "durable", "").await.json();
    let execution = describe(&lambda, &arn).await;
    let row = json!({
        "DurableExecutionArn": arn,
        "DurableExecutionName": "order-1",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:durable",
        "Status": "SUCCEEDED",
        "StartTimestamp": execution["StartTimestamp"],
        "EndTimestamp": execution["EndTimestamp"],
    });
    assert_eq!(page, json!({ "DurableExecutions": [row] }));
}

#[tokio::test]
async fn statuses_filter_the_list() {
    let lambda = one_of_each_status().await;
    for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "RUNNING"] {
        let query = format!("Statuses={status}");
        assert_eq!(names(&lambda, "workflow", &query).await, [status]);
    }
    let two = names(&lambda, "workflow", "Statuses=RUNNING&Statuses=SUCCEEDED").await;
    assert_eq!(two, ["RUNNING", "SUCCEEDED"]);
    let none = names(&lambda, "workflow", "Statuses=PAUSED").await;
    assert_eq!(none, [""; 0]);
    let running = list(&lambda, "workflow", "Statuses=RUNNING").await.json();
    assert_eq!(running["DurableExecutions"][0].get("EndTimestamp"), None);
}

#[tokio::test]
async fn newest_execution_is_listed_first_unless_the_order_is_reversed() {
    let lambda = one_of_each_status().await;
    let oldest_first = ["SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "RUNNING"];
    let newest_first: Vec<&str> = oldest_first.iter().rev().copied().collect();
    assert_eq!(names(&lambda, "workflow", "").await, newest_first);
    assert_eq!(
        names(&lambda, "workflow", "ReverseOrder=false").await,
        newest_first
    );
    assert_eq!(
        names(&lambda, "workflow", "ReverseOrder=true").await,
        oldest_first
    );
}

#[tokio::test]
async fn qualifier_and_name_filter_the_list() {
    let lambda = start().await;
    run(&lambda, "durable:live", "a", "{}").await;
    run(&lambda, "durable:$LATEST", "a", "{}").await;
    run(&lambda, "durable:1", "b", "{}").await;
    run(&lambda, "workflow:1", "a", r#"{"steps":[]}"#).await;
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Adurable";
    for (function, query, expected) in [
        ("durable", "", &["b", "a", "a"][..]),
        (arn, "", &["b", "a", "a"]),
        // The alias resolves to its version.
        ("durable", "Qualifier=live", &["b", "a"]),
        ("durable", "Qualifier=1", &["b", "a"]),
        ("durable%3A1", "", &["b", "a"]),
        ("durable", "Qualifier=%24LATEST", &["a"]),
        ("durable", "DurableExecutionName=a", &["a", "a"]),
        ("durable", "DurableExecutionName=a&Qualifier=1", &["a"]),
        ("durable", "DurableExecutionName=c", &[]),
        ("workflow", "", &["a"]),
        ("approval", "", &[]),
        ("echo", "", &[]),
    ] {
        let _case = case(format!("{function} {query}"));
        assert_eq!(names(&lambda, function, query).await, expected);
    }
}

#[tokio::test]
async fn start_times_filter_the_list() {
    let lambda = start().await;
    let arn = run(&lambda, "durable:1", "a", "{}").await;
    let started = describe(&lambda, &arn).await["StartTimestamp"]
        .as_f64()
        .unwrap();
    let at = |offset_ms: i128| {
        let ms = (started * 1_000.0).round() as i128 + offset_ms;
        let at = OffsetDateTime::from_unix_timestamp_nanos(ms * 1_000_000).unwrap();
        let text = at.format(&Rfc3339).unwrap();
        utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
    };
    for (query, rows) in [
        (format!("StartedAfter={}", at(-1)), 1),
        (format!("StartedAfter={}", at(0)), 0),
        (format!("StartedBefore={}", at(1)), 1),
        (format!("StartedBefore={}", at(0)), 0),
        (
            format!("StartedAfter={}&StartedBefore={}", at(-1), at(1)),
            1,
        ),
        ("StartedAfter=2026-11-01T00%3A00%3A00%2B01%3A00".into(), 1),
        ("StartedBefore=2026-11-01T00%3A00%3A00.500000Z".into(), 0),
    ] {
        let _case = case(&query);
        assert_eq!(names(&lambda, "durable", &query).await.len(), rows);
    }
}

#[tokio::test]
async fn list_is_paged_in_both_orders() {
    let lambda = start().await;
    for name in ["a", "b", "c", "d", "e"] {
        run(&lambda, "durable:1", name, "{}").await;
    }
    for (order, expected) in [
        ("", ["e", "d", "c", "b", "a"]),
        ("&ReverseOrder=true", ["a", "b", "c", "d", "e"]),
    ] {
        let (mut all, mut sizes, mut marker) = (Vec::new(), Vec::new(), String::new());
        loop {
            let query = format!("MaxItems=2{order}{marker}");
            let page = list(&lambda, "durable", &query).await.json();
            let names = shown(&page);
            sizes.push(names.len());
            all.extend(names);
            let Some(next) = page["NextMarker"].as_str() else {
                break;
            };
            marker = format!("&Marker={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
        }
        assert_eq!(
            (all, sizes),
            (expected.map(str::to_owned).into(), vec![2, 2, 1])
        );
    }
}

#[tokio::test]
async fn marker_stays_valid_while_executions_begin_and_end() {
    let lambda = visible().await;
    run(&lambda, "approval:1", "old", "7").await;
    let running = begin_event(&lambda, "approval:1", "{}").await;
    let query = "MaxItems=1&Statuses=RUNNING&Statuses=FAILED";
    let page = list(&lambda, "approval", query).await.json();
    assert_eq!(page["DurableExecutions"][0]["DurableExecutionArn"], running);
    let next = utf8_percent_encode(page["NextMarker"].as_str().unwrap(), NON_ALPHANUMERIC);
    // The row of the marker leaves the list, and a newer one joins it.
    assert_eq!(stop(&running, "").send(&lambda).await.status, 200);
    begin_event(&lambda, "approval:1", "{}").await;
    let query = format!("{query}&Marker={next}");
    assert_eq!(names(&lambda, "approval", &query).await, ["old"]);
}

#[tokio::test]
async fn page_has_100_executions_by_default() {
    let lambda = start().await;
    for _ in 0..101 {
        invoke(&lambda, "durable:1", "{}").await;
    }
    for (query, rows) in [("", 100), ("MaxItems=0", 100), ("MaxItems=1000", 101)] {
        let page = list(&lambda, "durable", query).await.json();
        assert_eq!(shown(&page).len(), rows, "{query}");
        assert_eq!(page.get("NextMarker").is_some(), rows == 100);
    }
}

#[tokio::test]
async fn invalid_parameter_of_a_list_is_rejected() {
    let lambda = start().await;
    let statuses = "satisfy constraint: [Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, STOPPED, DELETING, PAUSING, PAUSED]]";
    let eleven = ["Statuses=RUNNING"; 11].join("&");
    let shown = format!("[{}]", ["RUNNING"; 11].join(", "));
    for (query, value, field, constraint) in [
        ("Statuses=NEW", "[NEW]", "statuses", statuses),
        ("Statuses=", "[]", "statuses", statuses),
        (
            &*eleven,
            &*shown,
            "statuses",
            "have length less than or equal to 10",
        ),
        (
            "StartedAfter=1795780800",
            "1795780800",
            "startedAfter",
            "be a timestamp in ISO 8601 format",
        ),
        (
            "StartedBefore=2026-13-01T00%3A00%3A00Z",
            "2026-13-01T00:00:00Z",
            "startedBefore",
            "be a timestamp in ISO 8601 format",
        ),
        (
            "DurableExecutionName=a.b",
            "a.b",
            "durableExecutionName",
            "satisfy regular expression pattern: [a-zA-Z0-9-_]+",
        ),
        ("ReverseOrder=TRUE", "TRUE", "reverseOrder", "be a boolean"),
        (
            "MaxItems=1001",
            "1001",
            "maxItems",
            "have value less than or equal to 1000",
        ),
    ] {
        let answer = list(&lambda, "durable", query).await;
        let message = format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {constraint}"
        );
        answer.assert_error(400, "ValidationException", untyped(message));
    }
    let answer = list(&lambda, "durable", "Marker=x").await;
    let message = "The Marker parameter is invalid";
    answer.assert_error(400, "InvalidParameterValueException", lower(message));
}

#[tokio::test]
async fn list_of_an_unknown_function_or_qualifier_is_not_found() {
    let lambda = start().await;
    for (function, query, arn) in [
        ("missing", "", "missing"),
        ("durable", "Qualifier=2", "durable:2"),
        ("durable", "Qualifier=beta", "durable:beta"),
    ] {
        let answer = list(&lambda, function, query).await;
        let message =
            format!("Function not found: arn:aws:lambda:us-east-1:123456789012:function:{arn}");
        answer.assert_error(404, "ResourceNotFoundException", upper(message));
    }
    let answer = list(&lambda, "210987654321%3Afunction%3Adurable", "").await;
    answer.error(403, "AccessDeniedException");
}
