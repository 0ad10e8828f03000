//! The built-in functions, their failures and their logs.

use serde_json::{Value, json};

use crate::client::{Answer, Call, invoke, invoke_with_log, lower, start};

/// Returns the error document of a failed function and the request ID.
#[track_caller]
fn failed(answer: &Answer) -> (Value, &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    (answer.json(), answer.header("x-amzn-requestid").unwrap())
}

#[tokio::test]
async fn greet_returns_a_greeting() {
    let lambda = start().await;
    let answer = invoke(&lambda, "greet", r#"{"name":"Ada"}"#).await;
    assert_eq!(answer.json(), json!({ "message": "Hello, Ada!" }));
    let nameless = invoke(&lambda, "greet", "{}").await;
    assert_eq!(failed(&nameless).0["errorType"], "TypeError");
}

#[tokio::test]
async fn fail_reports_an_exception_as_python_does() {
    let lambda = start().await;
    let answer = invoke(&lambda, "fail", "").await;
    let (document, id) = failed(&answer);
    assert_eq!(
        document,
        json!({
            "errorMessage": "This function always fails",
            "errorType": "ValueError",
            "requestId": id,
            "stackTrace": ["  File \"/var/task/app.py\", line 7, in handler\n    raise ValueError(message)\n"],
        })
    );
    let event = r#"{"type":"KeyError","message":"größe"}"#;
    let answer = invoke_with_log(&lambda, "fail", event).await;
    let (document, _) = failed(&answer);
    assert_eq!(document["errorType"], "KeyError");
    assert_eq!(document["errorMessage"], "größe");
    let log = answer.log();
    let thrown = "\n[ERROR] KeyError: größe\nTraceback (most recent call last):\n";
    assert!(log.contains(thrown), "{log}");
}

#[tokio::test]
async fn timeout_and_out_of_memory_are_reported_by_the_platform() {
    let lambda = start().await;
    for (function, error_type, message, contained, end) in [
        (
            "timeout",
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
            "\tDuration: 1000.00 ms\t",
            "\tStatus: timeout\n",
        ),
        (
            "oom",
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
            "\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t",
            "\tStatus: error\tError Type: Runtime.ExitError\n",
        ),
    ] {
        let answer = invoke_with_log(&lambda, function, "{}").await;
        let (document, id) = failed(&answer);
        let message = format!("RequestId: {id} Error: {message}");
        let expected = json!({ "errorType": error_type, "errorMessage": message });
        assert_eq!(document, expected);
        let log = answer.log();
        assert!(log.contains(contained) && log.ends_with(end), "{log}");
    }
}

#[tokio::test]
async fn response_limit_is_exact_to_the_byte() {
    let lambda = start().await;
    let answer = invoke(&lambda, "big", r#"{"bytes":6291556}"#).await;
    assert_eq!(answer.header("x-amz-function-error"), None);
    assert_eq!(answer.body.len(), 6_291_556);
    let over = invoke(&lambda, "big", r#"{"bytes":6291557}"#).await;
    assert_eq!(
        failed(&over).0,
        json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        })
    );
    let answer = invoke(&lambda, "big", r#"{"bytes":5}"#).await;
    assert_eq!(answer.body, "\"xxx\"");
}

#[tokio::test]
async fn binary_returns_bytes_that_are_not_text() {
    let lambda = start().await;
    let answer = invoke(&lambda, "binary", "{}").await;
    answer.assert_success(b"\x89PNG\r\n\x1a\n\x00\xff\xfe");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn count_counts_each_key_separately() {
    let lambda = start().await;
    for (event, answer) in [
        (json!({ "key": "a" }), json!({ "key": "a", "runs": 1 })),
        (json!({ "key": "a" }), json!({ "key": "a", "runs": 2 })),
        (json!({ "key": "b" }), json!({ "key": "b", "runs": 1 })),
        (
            json!({ "key": "a", "ms": 1 }),
            json!({ "key": "a", "runs": 3 }),
        ),
        (
            json!({ "key": "d", "bytes": 3 }),
            json!({ "key": "d", "padding": "xxx", "runs": 1 }),
        ),
    ] {
        let counted = invoke(&lambda, "count", event.to_string()).await;
        assert_eq!(counted.json(), answer);
    }
    assert_eq!(["a", "b", "c"].map(|key| lambda.runs(key)), [3, 1, 0]);
}

#[tokio::test]
async fn slow_waits_before_it_returns() {
    let lambda = start().await;
    let answer = invoke_with_log(&lambda, "slow", r#"{"ms":20}"#).await;
    assert_eq!(answer.json(), json!({ "sleptMs": 20 }));
    let log = answer.log();
    let (_, rest) = log.split_once("\tDuration: ").unwrap();
    let (ms, _) = rest.split_once(" ms").unwrap();
    assert!(ms.parse::<f64>().unwrap() >= 20.0, "{log}");
}

#[tokio::test]
async fn log_contains_the_platform_lines() {
    let lambda = start().await;
    let event = r#"{"lines":["first","größer ✓"]}"#;
    let answer = invoke_with_log(&lambda, "log", event).await;
    assert_eq!(answer.json(), json!({ "written": 2 }));
    let id = answer.header("x-amzn-requestid").unwrap();
    let log = answer.log();
    let lines: Vec<&str> = log.lines().collect();
    let [start, first, second, end, report] = lines[..] else {
        panic!("{log}")
    };
    assert_eq!(start, format!("START RequestId: {id} Version: $LATEST"));
    assert_eq!([first, second], ["first", "größer ✓"]);
    assert_eq!(end, format!("END RequestId: {id}"));
    let fields: Vec<&str> = report.split('\t').collect();
    assert_eq!(fields[0], format!("REPORT RequestId: {id}"));
    for (field, name) in [(fields[1], "Duration: "), (fields[2], "Billed Duration: ")] {
        assert!(
            field.starts_with(name) && field.ends_with(" ms"),
            "{report}"
        );
    }
    assert_eq!(
        fields[3..],
        [
            "Memory Size: 128 MB",
            "Max Memory Used: 36 MB",
            "Init Duration: 112.34 ms",
            ""
        ]
    );

    // Only a cold start runs the initialisation.
    let again = invoke_with_log(&lambda, "log", event).await.log();
    assert!(!again.contains("Init Duration"), "{again}");
}

#[tokio::test]
async fn long_log_is_truncated_to_its_last_4096_bytes() {
    let lambda = start().await;
    // The log is truncated by bytes. Each step adds one byte, so some logs are cut within a
    // two-byte character.
    let mut cut_within = 0;
    for extra in 0..4 {
        let lines = json!({ "lines": ["ä".repeat(100), "x".repeat(extra)], "repeat": 100 });
        let answer = invoke_with_log(&lambda, "log", lines.to_string()).await;
        let log = answer.log_bytes();
        assert_eq!(log.len(), 4_096);
        let text = String::from_utf8_lossy(&log);
        let report = text.lines().last().unwrap();
        assert!(report.starts_with("REPORT RequestId: "), "{text}");
        cut_within += usize::from(std::str::from_utf8(&log).is_err());
    }
    assert!(cut_within > 0, "no cut fell within a character");
}

#[tokio::test]
async fn tenant_isolated_function_requires_a_tenant() {
    let lambda = start().await;
    let without_tenant = invoke(&lambda, "tenant", "{}").await;
    let message = "The invoked function is enabled with tenancy configuration. \
                   Add a valid tenant ID in your request and try again.";
    without_tenant.assert_error(400, "InvalidParameterValueException", lower(message));
    let call = Call::invoke("tenant", "{}").header("x-amz-tenant-id", "blue");
    assert_eq!(call.send(&lambda).await.json()["tenantId"], "blue");
}

#[tokio::test]
async fn extra_functions_return_their_event() {
    let lambda = testing::lambda_with(|config| config.extra_functions = 2).await;
    let answer = invoke(&lambda, "Orders-worker-0001", "[7]").await;
    answer.assert_success("[7]");
}
