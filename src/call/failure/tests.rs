//! Error documents as the runtimes and the platform write them.

use super::*;

fn failure(body: &str) -> FunctionFailure {
    read("Unhandled".into(), body.as_bytes())
}

fn thrown(error_type: &str, message: &str, stack_trace: &[&str]) -> FunctionFailure {
    FunctionFailure {
        marker: "Unhandled".into(),
        cause: FailureCause::Thrown,
        error_type: Some(error_type.into()),
        error_message: Some(message.into()),
        stack_trace: stack_trace.iter().map(|line| (*line).into()).collect(),
    }
}

#[test]
fn the_document_of_every_runtime_is_read() {
    for (runtime, body, failed) in [
        (
            "Python",
            r#"{"errorMessage": "no such order", "errorType": "KeyError", "requestId": "1-2", "stackTrace": ["  File \"/var/task/app.py\", line 4, in handler\n    raise KeyError()\n"]}"#,
            thrown(
                "KeyError",
                "no such order",
                &["  File \"/var/task/app.py\", line 4, in handler\n    raise KeyError()\n"],
            ),
        ),
        (
            "Node.js writes `trace`",
            r#"{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at handler (/var/task/index.js:2:9)"]}"#,
            thrown(
                "Error",
                "boom",
                &["Error: boom", "    at handler (/var/task/index.js:2:9)"],
            ),
        ),
        (
            "Java may have no trace, or a cause",
            r#"{"errorMessage":"bad","errorType":"java.lang.IllegalStateException","stackTrace":null,"cause":{"errorMessage":"inner"}}"#,
            thrown("java.lang.IllegalStateException", "bad", &[]),
        ),
        (
            ".NET nests causes",
            r#"{"errorType":"AggregateException","errorMessage":"one","stackTrace":["at A()"],"cause":{"errorType":"X"},"causes":[{"errorType":"X"}]}"#,
            thrown("AggregateException", "one", &["at A()"]),
        ),
        (
            "Ruby",
            r#"{"errorMessage":"oops","errorType":"Function<RuntimeError>","stackTrace":["/var/task/f.rb:2:in `handler'"]}"#,
            thrown(
                "Function<RuntimeError>",
                "oops",
                &["/var/task/f.rb:2:in `handler'"],
            ),
        ),
        (
            "Go's frames are objects",
            r#"{"errorMessage":"nil map","errorType":"plainError","stackTrace":[{"path":"main.go","line":12,"label":"handler"},{"path":"x"}]}"#,
            thrown(
                "plainError",
                "nil map",
                &["main.go:12 handler", r#"{"path":"x"}"#],
            ),
        ),
        (
            "Rust and custom runtimes",
            r#"{"errorType":"&alloc::boxed::Box<dyn core::error::Error>","errorMessage":"io"}"#,
            thrown("&alloc::boxed::Box<dyn core::error::Error>", "io", &[]),
        ),
    ] {
        assert_eq!(failure(body), failed, "{runtime}");
    }
}

#[test]
fn failures_of_the_platform_have_their_cause() {
    use FailureCause::*;
    for (error_type, message, cause) in [
        (
            "Sandbox.Timedout",
            "RequestId: 1-2 Error: Task timed out after 1.00 seconds",
            TimedOut,
        ),
        (
            "Runtime.ExitError",
            "RequestId: 1-2 Error: Runtime exited with error: signal: killed",
            OutOfMemory,
        ),
        ("Runtime.OutOfMemory", "x", OutOfMemory),
        (
            "Runtime.ExitError",
            "RequestId: 1-2 Error: Runtime exited with error: exit status 127",
            Exited,
        ),
        (
            "Runtime.ExitError",
            "RequestId: 1-2 Error: Runtime exited without providing a reason",
            Exited,
        ),
        (
            "Runtime.ImportModuleError",
            "Unable to import module 'app'",
            FailedToStart,
        ),
        ("Runtime.InvalidEntrypoint", "x", FailedToStart),
        (
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            ResponseTooLarge,
        ),
        ("Runtime.Unknown", "x", Unknown),
    ] {
        let body = format!(
            r#"{{"errorType":"{error_type}","errorMessage":"{message}","requestId":"","stackTrace":[]}}"#
        );
        assert_eq!(failure(&body).cause, cause, "{body}");
    }
    // Older documents have no type.
    for (message, cause) in [
        (
            "2023-01-01T00:00:00.000Z 1-2 Task timed out after 3.00 seconds",
            TimedOut,
        ),
        (
            "RequestId: 1-2 Process exited before completing request",
            Exited,
        ),
    ] {
        let body = format!(r#"{{"errorMessage":"{message}"}}"#);
        assert_eq!(failure(&body).cause, cause, "{body}");
    }
}

#[test]
fn a_thrown_error_whose_message_mentions_a_time_out_is_thrown() {
    let body = r#"{"errorType":"TimeoutError","errorMessage":"the database said: Task timed out after 3 s"}"#;
    assert_eq!(failure(body).cause, FailureCause::Thrown);
}

#[test]
fn any_other_document_is_read_as_far_as_possible() {
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
    let message = failure(r#"{"errorMessage":"boom"}"#);
    assert_eq!(
        (message.cause, message.error_message.as_deref()),
        (FailureCause::Thrown, Some("boom"))
    );
    assert_eq!(
        failure(r#"{"errorType":7,"errorMessage":{"code":1},"stackTrace":"a\nb"}"#),
        thrown("7", r#"{"code":1}"#, &["a", "b"])
    );
    assert_eq!(
        failure(r#"{"errorType":"E","errorMessage":"\ud83d","stackTrace":[["x"],1]}"#),
        thrown("E", r#""\ud83d""#, &[r#"["x"]"#, "1"])
    );
}

#[test]
fn a_stack_trace_of_too_many_frames_is_left_out() {
    let frames = |number: usize| {
        let list = format!("{}\"\"", "\"\",".repeat(number - 1));
        let body = format!(r#"{{"errorType":"E","stackTrace":[{list}]}}"#);
        let failure = failure(&body);
        assert_eq!(failure.error_type.as_deref(), Some("E"));
        failure.stack_trace.len()
    };
    assert_eq!(
        (frames(MAX_ELEMENTS), frames(MAX_ELEMENTS + 1)),
        (MAX_ELEMENTS, 0)
    );
    let lines = format!(r#"{{"trace":"{}"}}"#, "a\\n".repeat(MAX_ELEMENTS + 1));
    assert_eq!(failure(&lines).stack_trace.len(), MAX_ELEMENTS);
}
