//! The built-in functions, their failures and their logs.

use local_lambda::Config;
use serde_json::{Value, json};

use crate::client::{Answer, Call, start};

#[track_caller]
fn assert_failed(answer: &Answer) -> (Value, String) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    assert_eq!(answer.header("x-amz-executed-version"), Some("$LATEST"));
    (
        answer.json(),
        answer.header("x-amzn-requestid").unwrap().to_owned(),
    )
}

#[tokio::test]
async fn greet_greets() {
    let lambda = start().await;
    let answer = Call::invoke("greet", r#"{"name":"Ada"}"#)
        .send(&lambda)
        .await;
    assert_eq!(answer.json(), json!({ "message": "Hello, Ada!" }));
    let (document, _) = assert_failed(&Call::invoke("greet", "{}").send(&lambda).await);
    assert_eq!(document["errorType"], "TypeError");
}

#[tokio::test]
async fn fail_throws_as_python_does() {
    let lambda = start().await;
    let (document, id) = assert_failed(&Call::invoke("fail", "").send(&lambda).await);
    assert_eq!(
        document,
        json!({
            "errorMessage": "This function always fails",
            "errorType": "ValueError",
            "requestId": id,
            "stackTrace": ["  File \"/var/task/app.py\", line 7, in handler\n    raise ValueError(message)\n"],
        })
    );
    let answer = Call::invoke("fail", r#"{"type":"KeyError","message":"größe"}"#)
        .tail()
        .send(&lambda)
        .await;
    let (document, _) = assert_failed(&answer);
    assert_eq!(
        (&document["errorType"], &document["errorMessage"]),
        (&json!("KeyError"), &json!("größe"))
    );
    let log = String::from_utf8(answer.log()).unwrap();
    assert!(
        log.contains("\n[ERROR] KeyError: größe\nTraceback (most recent call last):\n"),
        "{log}"
    );
}

#[tokio::test]
async fn the_platforms_own_failures() {
    let lambda = start().await;
    let answer = Call::invoke("timeout", "{}").tail().send(&lambda).await;
    let (document, id) = assert_failed(&answer);
    let message = format!("RequestId: {id} Error: Task timed out after 1.00 seconds");
    assert_eq!(
        document,
        json!({ "errorType": "Sandbox.Timedout", "errorMessage": message })
    );
    let log = String::from_utf8(answer.log()).unwrap();
    assert!(log.contains("\tDuration: 1000.00 ms\t"), "{log}");
    assert!(log.ends_with("\tStatus: timeout\n"), "{log}");

    let answer = Call::invoke("oom", "{}").tail().send(&lambda).await;
    let (document, id) = assert_failed(&answer);
    let message = format!("RequestId: {id} Error: Runtime exited with error: signal: killed");
    assert_eq!(
        document,
        json!({ "errorType": "Runtime.ExitError", "errorMessage": message })
    );
    let log = String::from_utf8(answer.log()).unwrap();
    assert!(
        log.contains("\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t"),
        "{log}"
    );
    assert!(
        log.ends_with("\tStatus: error\tError Type: Runtime.ExitError\n"),
        "{log}"
    );
}

#[tokio::test]
async fn responses_are_limited_to_the_byte() {
    let lambda = start().await;
    let answer = Call::invoke("big", r#"{"bytes":6291556}"#)
        .send(&lambda)
        .await;
    assert_eq!(answer.header("x-amz-function-error"), None);
    assert_eq!(answer.body.len(), 6_291_556);
    let (document, _) = assert_failed(
        &Call::invoke("big", r#"{"bytes":6291557}"#)
            .send(&lambda)
            .await,
    );
    assert_eq!(
        document,
        json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        })
    );
    let answer = Call::invoke("big", r#"{"bytes":5}"#).send(&lambda).await;
    assert_eq!(answer.body, "\"xxx\"");
}

#[tokio::test]
async fn binary_is_neither_json_nor_text() {
    let lambda = start().await;
    let answer = Call::invoke("binary", "{}").send(&lambda).await;
    assert_eq!(answer.status, 200);
    assert_eq!(&answer.body[..], b"\x89PNG\r\n\x1a\n\x00\xff\xfe");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn count_counts_each_key_apart() {
    let lambda = start().await;
    for (key, runs) in [("a", 1), ("a", 2), ("b", 1)] {
        let answer = Call::invoke("count", json!({ "key": key }).to_string())
            .send(&lambda)
            .await;
        assert_eq!(answer.json(), json!({ "key": key, "runs": runs }));
    }
    let waited = Call::invoke("count", r#"{"key":"a","ms":1}"#)
        .send(&lambda)
        .await;
    assert_eq!(waited.json(), json!({ "key": "a", "runs": 3 }));
    let padded = Call::invoke("count", r#"{"key":"d","bytes":3}"#)
        .send(&lambda)
        .await;
    assert_eq!(
        padded.json(),
        json!({ "key": "d", "padding": "xxx", "runs": 1 })
    );
    assert_eq!(
        [lambda.runs("a"), lambda.runs("b"), lambda.runs("c")],
        [3, 1, 0]
    );
}

#[tokio::test]
async fn slow_waits_and_answers() {
    let lambda = start().await;
    let answer = Call::invoke("slow", r#"{"ms":20}"#)
        .tail()
        .send(&lambda)
        .await;
    assert_eq!(answer.json(), json!({ "sleptMs": 20 }));
    let log = String::from_utf8(answer.log()).unwrap();
    let (_, rest) = log.split_once("\tDuration: ").unwrap();
    let (ms, _) = rest.split_once(" ms").unwrap();
    assert!(ms.parse::<f64>().unwrap() >= 20.0, "{log}");
}

#[tokio::test]
async fn a_log_has_its_platform_lines() {
    let lambda = start().await;
    let call = || Call::invoke("log", r#"{"lines":["first","größer ✓"]}"#).tail();
    let answer = call().send(&lambda).await;
    assert_eq!(answer.json(), json!({ "written": 2 }));
    let id = answer.header("x-amzn-requestid").unwrap();
    let log = String::from_utf8(answer.log()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let [start, first, second, end, report] = lines[..] else {
        panic!("{log}")
    };
    assert_eq!(start, format!("START RequestId: {id} Version: $LATEST"));
    assert_eq!([first, second], ["first", "größer ✓"]);
    assert_eq!(end, format!("END RequestId: {id}"));
    let fields: Vec<&str> = report.split('\t').collect();
    assert_eq!(fields[0], format!("REPORT RequestId: {id}"));
    assert!(
        fields[1].starts_with("Duration: ") && fields[1].ends_with(" ms"),
        "{report}"
    );
    assert!(
        fields[2].starts_with("Billed Duration: ") && fields[2].ends_with(" ms"),
        "{report}"
    );
    assert_eq!(
        fields[3..],
        [
            "Memory Size: 128 MB",
            "Max Memory Used: 36 MB",
            "Init Duration: 112.34 ms",
            ""
        ]
    );

    let again = String::from_utf8(call().send(&lambda).await.log()).unwrap();
    assert!(
        !again.contains("Init Duration"),
        "only a cold start initialises: {again}"
    );
}

#[tokio::test]
async fn a_long_log_keeps_its_last_4096_bytes_even_within_a_character() {
    let lambda = start().await;
    // The log's length in bytes decides where it is cut: one byte more each time, so a cut
    // falls within the two bytes of a character in some of them.
    let mut cut_within = 0;
    for extra in 0..4 {
        let lines = json!({ "lines": ["ä".repeat(100), "x".repeat(extra)], "repeat": 100 });
        let answer = Call::invoke("log", lines.to_string())
            .tail()
            .send(&lambda)
            .await;
        let log = answer.log();
        assert_eq!(log.len(), 4_096);
        let report = String::from_utf8_lossy(&log);
        assert!(
            report
                .lines()
                .last()
                .unwrap()
                .starts_with("REPORT RequestId: "),
            "{report}"
        );
        cut_within += usize::from(std::str::from_utf8(&log).is_err());
    }
    assert!(cut_within > 0, "no cut fell within a character");
}

#[tokio::test]
async fn a_tenant_isolated_function_needs_a_tenant() {
    let lambda = start().await;
    Call::invoke("tenant", "{}")
        .send(&lambda)
        .await
        .assert_error(
            400,
            "InvalidParameterValueException",
            json!({ "Type": "User", "message":
            "The invoked function is enabled with tenancy configuration. \
             Add a valid tenant ID in your request and try again." }),
        );
    let answer = Call::invoke("tenant", "{}")
        .header("x-amz-tenant-id", "blue")
        .send(&lambda)
        .await;
    assert_eq!(answer.json()["tenantId"], "blue");
}

#[tokio::test]
async fn extra_functions_return_their_event() {
    let lambda = testing::lambda_with(Config {
        extra_functions: 2,
        ..Config::default()
    })
    .await;
    let answer = Call::invoke("Orders-worker-0001", "[7]")
        .send(&lambda)
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"[7]"[..])
    );
}
