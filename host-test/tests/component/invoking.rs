//! Every request option reaches the function, and the caller receives every part of the response.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{InvocationType, InvokeRequest, LogType};
use aws_lambda_connector_host::bindings::types::{FailedInvocation, FailureCause};
use serde_json::{Value, json};
use testing::outcome::{function_failed, service, text};
use testing::{Component, Local, case, for_each_component};

use crate::request;

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_reaches_the_function(component: Component) {
    let local = Local::start(component).await;
    let request = InvokeRequest {
        client_context: Some(r#"{"custom": {"who": "Ada"}}"#.into()),
        tenant_id: Some("tenant  a/b=c+d@e".into()),
        trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".into()),
        request_id: Some("7F3A1B6E-0C52-4B4F-9A86-3B1F6A0F2C11".into()),
        durable_execution_name: Some("job-1".into()),
        ..request("context", r#"{"n": 12345678901234567890}"#)
    };
    let seen: Value = serde_json::from_str(&text(local.invoke(request).await)).unwrap();
    assert_eq!(seen["clientContext"], json!({"custom": {"who": "Ada"}}));
    assert_eq!(seen["tenantId"], "tenant  a/b=c+d@e", "both spaces");
    assert_eq!(seen["durableExecutionName"], "job-1");
    let trace = seen["traceId"].as_str().unwrap();
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    assert!(trace.contains(root), "{trace}");
    assert_eq!(seen["awsRequestId"], "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11");
    let payload = json!({ "n": 12_345_678_901_234_567_890_u64 });
    assert_eq!(seen["payload"], payload);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn traceparent_reaches_the_function_as_its_trace(component: Component) {
    let local = Local::start(component).await;
    let request = InvokeRequest {
        trace_id: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        ..request("context", "{}")
    };
    let seen: Value = serde_json::from_str(&text(local.invoke(request).await)).unwrap();
    assert_eq!(
        seen["traceId"],
        "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"
    );
}

/// The local Lambda names an invocation by the requested ID in the same places as Lambda.
#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn requested_id_is_in_the_response_the_log_and_the_error_of_the_function(
    component: Component,
) {
    const ID: &str = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";
    let local = Local::start(component).await;
    let with_id = |function: &str| InvokeRequest {
        request_id: Some(ID.into()),
        log_type: Some(LogType::Tail),
        ..request(function, r#"{"lines":[]}"#)
    };
    let invocation = local.invoke(with_id("log")).await.unwrap();
    assert_eq!(invocation.request_id.as_deref(), Some(ID));
    let log = invocation.log.expect("a log").text;
    for line in ["START", "END", "REPORT"] {
        assert!(log.contains(&format!("{line} RequestId: {ID}")), "{log}");
    }

    let failed = function_failed(local.invoke(with_id("fail")).await);
    assert_eq!(failed.invocation.request_id.as_deref(), Some(ID));
    let document: Value = serde_json::from_str(&text(Ok(failed.invocation))).unwrap();
    assert_eq!(document["requestId"], ID);

    let missing = service(local.invoke(with_id("missing")).await);
    assert_eq!(missing.request_id.as_deref(), Some(ID));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_name_and_qualifier_runs_the_right_version(component: Component) {
    let local = Local::start(component).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:versioned";
    for (function, qualifier, version) in [
        ("versioned", None, "$LATEST"),
        ("versioned", Some("$LATEST"), "$LATEST"),
        ("versioned", Some("1"), "1"),
        ("versioned", Some("beta"), "3"),
        ("versioned:beta", None, "3"),
        ("versioned:beta", Some("beta"), "3"),
        ("versioned:$LATEST", None, "$LATEST"),
        ("123456789012:function:versioned", None, "$LATEST"),
        ("123456789012:function:versioned:2", None, "2"),
        (arn, None, "$LATEST"),
        (arn, Some("2"), "2"),
        (&format!("{arn}:$LATEST"), None, "$LATEST"),
        (&format!("{arn}:beta"), None, "3"),
    ] {
        let request = InvokeRequest {
            qualifier: qualifier.map(Into::into),
            ..InvokeRequest::new(function)
        };
        let invocation = local.invoke(request).await.expect("the function works");
        let executed = invocation.executed_version.as_deref();
        assert_eq!(executed, Some(version), "{function} {qualifier:?}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn invocation_carries_its_ids_and_one_attempt(component: Component) {
    let local = Local::start(component).await;
    let invocation = local.invoke(InvokeRequest::new("context")).await.unwrap();
    assert_eq!((invocation.status_code, invocation.attempts), (200, 1));
    let seen: Value = serde_json::from_str(&text(Ok(invocation.clone()))).unwrap();
    let request_id = invocation.request_id.as_deref();
    assert_eq!(request_id, seen["awsRequestId"].as_str());
    let trace = invocation.trace_id.unwrap().to_ascii_lowercase();
    assert!(trace.starts_with("root=1-"), "{trace}");
    assert!(invocation.log.is_none() && invocation.durable_execution_arn.is_none());
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn dry_run_does_not_run_and_event_runs_without_output(component: Component) {
    let local = Local::start(component).await;
    let count = async |kind, key: &str| {
        let request = InvokeRequest {
            invocation_type: Some(kind),
            ..request("count", &format!(r#"{{"key":"{key}"}}"#))
        };
        local.invoke(request).await
    };
    let dry = count(InvocationType::DryRun, "dry").await.unwrap();
    assert_eq!((dry.status_code, dry.output.is_none()), (204, true));
    let event = count(InvocationType::Event, "event").await.unwrap();
    assert_eq!((event.status_code, event.output.is_none()), (202, true));
    assert!(event.request_id.is_some());
    let sync = count(InvocationType::RequestResponse, "sync").await;
    assert_eq!(text(sync), r#"{"key":"sync","runs":1}"#);
    local.lambda.wait_until_idle().await;
    let runs = ["dry", "event", "sync"].map(|key| local.lambda.runs(key));
    assert_eq!(runs, [0, 1, 1]);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn durable_execution_is_started_once(component: Component) {
    let local = Local::start(component).await;
    let start = |payload: &str| InvokeRequest {
        qualifier: Some("live".into()),
        durable_execution_name: Some("order-7".into()),
        ..request("durable", payload)
    };
    let first = local.invoke(start("{}")).await.unwrap();
    let again = local.invoke(start("{}")).await.unwrap();
    assert!(first.durable_execution_arn.is_some());
    assert_eq!(first.durable_execution_arn, again.durable_execution_arn);
    let other = service(local.invoke(start("[]")).await);
    assert_eq!(other.code, "DurableExecutionAlreadyStartedException");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn log_tail_is_decoded_and_its_report_parsed(component: Component) {
    let local = Local::start(component).await;
    let log_of = async |payload: &str| {
        let request = InvokeRequest {
            log_type: Some(LogType::Tail),
            ..request("log", payload)
        };
        local.invoke(request).await.unwrap().log.expect("a log")
    };
    let log = log_of(r#"{"lines":["Grüße 你好"]}"#).await;
    assert!(log.text.starts_with("START RequestId: "), "{}", log.text);
    assert!(log.text.contains("Grüße 你好\n"), "{}", log.text);
    assert!(!log.truncated);
    let report = log.report.expect("a report");
    assert_eq!(report.memory_size_mb, Some(128));
    assert!(report.billed_duration_ms >= Some(1) && report.duration_ms > 0.0);
    assert!(report.max_memory_used_mb > Some(0));

    let log = log_of(r#"{"lines":["你好你好你好你好你好你好"],"repeat":1000}"#).await;
    assert!(log.truncated && log.report.is_some());
    // A truncated character is dropped, not replaced.
    assert!(!log.text.contains('\u{fffd}'));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn failed_function_reports_error_invocation_and_log(component: Component) {
    let local = Local::start(component).await;
    let failing = InvokeRequest {
        log_type: Some(LogType::Tail),
        ..request("fail", r#"{"type":"KeyError","message":"no such order"}"#)
    };
    let FailedInvocation {
        failure,
        invocation,
    } = function_failed(local.invoke(failing).await);
    assert_eq!(failure.marker, "Unhandled");
    assert_eq!(failure.cause, FailureCause::Thrown);
    assert_eq!(failure.error_type.as_deref(), Some("KeyError"));
    assert_eq!(failure.error_message.as_deref(), Some("no such order"));
    let mut frames = failure.stack_trace.iter();
    assert!(frames.any(|frame| frame.contains("raise KeyError")));
    assert_eq!(invocation.status_code, 200);
    assert_eq!(invocation.executed_version.as_deref(), Some("$LATEST"));
    let log = invocation.log.as_ref().unwrap();
    assert!(log.report.is_some(), "{log:?}");
    assert!(text(Ok(invocation)).contains("KeyError"));

    for (function, cause) in [
        ("timeout", FailureCause::TimedOut),
        ("oom", FailureCause::OutOfMemory),
    ] {
        let _case = case(function);
        let failed = function_failed(local.invoke(InvokeRequest::new(function)).await);
        assert_eq!(failed.failure.cause, cause);
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn output_that_looks_like_an_error_is_a_success(component: Component) {
    let local = Local::start(component).await;
    let document = r#"{"errorType":"KeyError","errorMessage":"x","stackTrace":[]}"#;
    assert_eq!(local.output("echo", document).await, document);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_get_their_own_responses(component: Component) {
    let local = Arc::new(Local::start(component).await);
    let calls: Vec<_> = (0..64)
        .map(|number| {
            let local = local.clone();
            tokio::spawn(async move { (number, local.output("echo", &number.to_string()).await) })
        })
        .collect();
    for call in calls {
        let (number, output) = call.await.expect("the task ends");
        assert_eq!(output, number.to_string());
    }
}
