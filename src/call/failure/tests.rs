//! Failure documents as the runtimes and the platform write them.

use super::*;

fn failure(body: &str) -> FunctionFailure {
    let failure = read("Unhandled".into(), body.as_bytes());
    assert_eq!(failure.marker, "Unhandled");
    failure
}

fn read_back(body: &str) -> (FailureCause, Option<String>, Option<String>, Vec<String>) {
    let failure = failure(body);
    (
        failure.cause,
        failure.error_type,
        failure.error_message,
        failure.stack_trace,
    )
}

fn thrown(
    kind: &str,
    message: &str,
    trace: &[&str],
) -> (FailureCause, Option<String>, Option<String>, Vec<String>) {
    (
        FailureCause::Thrown,
        Some(kind.into()),
        Some(message.into()),
        trace.iter().map(|line| (*line).into()).collect(),
    )
}

#[test]
fn python() {
    assert_eq!(
        read_back(
            r#"{"errorMessage": "no such order", "errorType": "KeyError", "requestId": "1-2", "stackTrace": ["  File \"/var/task/app.py\", line 4, in handler\n    raise KeyError()\n"]}"#
        ),
        thrown(
            "KeyError",
            "no such order",
            &["  File \"/var/task/app.py\", line 4, in handler\n    raise KeyError()\n"]
        )
    );
}

#[test]
fn node_writes_trace() {
    assert_eq!(
        read_back(
            r#"{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at handler (/var/task/index.js:2:9)"]}"#
        ),
        thrown(
            "Error",
            "boom",
            &["Error: boom", "    at handler (/var/task/index.js:2:9)"]
        )
    );
}

#[test]
fn java_may_have_no_trace_or_a_cause() {
    assert_eq!(
        read_back(
            r#"{"errorMessage":"bad","errorType":"java.lang.IllegalStateException","stackTrace":null,"cause":{"errorMessage":"inner"}}"#
        ),
        thrown("java.lang.IllegalStateException", "bad", &[])
    );
}

#[test]
fn dotnet_nests_causes() {
    assert_eq!(
        read_back(
            r#"{"errorType":"AggregateException","errorMessage":"one","stackTrace":["at A()"],"cause":{"errorType":"X"},"causes":[{"errorType":"X"}]}"#
        ),
        thrown("AggregateException", "one", &["at A()"])
    );
}

#[test]
fn ruby() {
    assert_eq!(
        read_back(
            r#"{"errorMessage":"oops","errorType":"Function<RuntimeError>","stackTrace":["/var/task/f.rb:2:in `handler'"]}"#
        ),
        thrown(
            "Function<RuntimeError>",
            "oops",
            &["/var/task/f.rb:2:in `handler'"]
        )
    );
}

#[test]
fn go_frames_are_objects() {
    assert_eq!(
        read_back(
            r#"{"errorMessage":"nil map","errorType":"plainError","stackTrace":[{"path":"main.go","line":12,"label":"handler"},{"path":"x"}]}"#
        ),
        thrown(
            "plainError",
            "nil map",
            &["main.go:12 handler", r#"{"path":"x"}"#]
        )
    );
}

#[test]
fn rust_and_custom_runtimes() {
    assert_eq!(
        read_back(
            r#"{"errorType":"&alloc::boxed::Box<dyn core::error::Error>","errorMessage":"io"}"#
        ),
        thrown("&alloc::boxed::Box<dyn core::error::Error>", "io", &[])
    );
}

#[test]
fn the_platforms_own_failures() {
    for (body, cause) in [
        (
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1-2 Error: Task timed out after 1.00 seconds"}"#,
            FailureCause::TimedOut,
        ),
        (
            r#"{"errorMessage":"2023-01-01T00:00:00.000Z 1-2 Task timed out after 3.00 seconds"}"#,
            FailureCause::TimedOut,
        ),
        (
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1-2 Error: Runtime exited with error: signal: killed"}"#,
            FailureCause::OutOfMemory,
        ),
        (
            r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"x"}"#,
            FailureCause::OutOfMemory,
        ),
        (
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1-2 Error: Runtime exited with error: exit status 127"}"#,
            FailureCause::Exited,
        ),
        (
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1-2 Error: Runtime exited without providing a reason"}"#,
            FailureCause::Exited,
        ),
        (
            r#"{"errorMessage":"RequestId: 1-2 Process exited before completing request"}"#,
            FailureCause::Exited,
        ),
        (
            r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"Unable to import module 'app'","requestId":"","stackTrace":[]}"#,
            FailureCause::FailedToStart,
        ),
        (
            r#"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"x"}"#,
            FailureCause::FailedToStart,
        ),
        (
            r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#,
            FailureCause::ResponseTooLarge,
        ),
        (
            r#"{"errorType":"Runtime.Unknown","errorMessage":"x"}"#,
            FailureCause::Unknown,
        ),
    ] {
        assert_eq!(failure(body).cause, cause, "{body}");
    }
}

#[test]
fn a_thrown_error_that_speaks_of_a_time_out_was_thrown() {
    let body = r#"{"errorType":"TimeoutError","errorMessage":"the database said: Task timed out after 3 s"}"#;
    assert_eq!(failure(body).cause, FailureCause::Thrown);
}

#[test]
fn anything_else_is_read_as_far_as_it_goes() {
    let unknown = |body: &[u8]| {
        let failure = read("Handled".into(), body);
        assert_eq!(
            failure,
            FunctionFailure {
                marker: "Handled".into(),
                cause: FailureCause::Unknown,
                error_type: None,
                error_message: None,
                stack_trace: Vec::new(),
            }
        );
    };
    for body in ["", "null", "\"boom\"", "[1]", "{}", "{", "<html>"] {
        unknown(body.as_bytes());
    }
    unknown(b"\xff\xfe");
    assert_eq!(
        read_back(r#"{"errorType":7,"errorMessage":{"code":1},"stackTrace":"a\nb"}"#),
        thrown("7", r#"{"code":1}"#, &["a", "b"])
    );
    assert_eq!(
        read_back(r#"{"errorType":"E","errorMessage":"\ud83d","stackTrace":[["x"],1]}"#),
        thrown("E", r#""\ud83d""#, &[r#"["x"]"#, "1"])
    );
}

#[test]
fn a_trace_deeper_than_any_stack_is_in_the_output_only() {
    let frames = |number: usize| {
        let list = format!("{}\"\"", "\"\",".repeat(number - 1));
        let body = format!(r#"{{"errorType":"E","stackTrace":[{list}]}}"#);
        let failure = failure(&body);
        assert_eq!(failure.error_type.as_deref(), Some("E"));
        failure.stack_trace.len()
    };
    assert_eq!((frames(MAX_PARTS), frames(MAX_PARTS + 1)), (MAX_PARTS, 0));
    let lines = format!(r#"{{"trace":"{}"}}"#, "a\\n".repeat(MAX_PARTS + 1));
    assert_eq!(failure(&lines).stack_trace.len(), MAX_PARTS);
}
