//! The outputs of the card `invoke`, for everything that Lambda may answer.

use super::*;
use crate::testing::lambdas;
use crate::testing::scripted::Script;

/// Runs the card with a function `f` and these values, for these answers in turn.
fn outputs_of(answers: Vec<Answer>, values: &str) -> Result<Value, Error> {
    let lambda: Scripted<Script> = Scripted::script(answers);
    let mut form: Value = serde_json::from_str(values).unwrap();
    form["yourFunctions"] = json!("f:live");
    let outputs = block_on(run(&lambda, CONNECT, "invoke", &form.to_string()))?;
    Ok(serde_json::from_str(&outputs).unwrap())
}

/// Asserts the outputs of these keys.
#[track_caller]
fn assert_outputs(outputs: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(outputs.get(key), Some(value), "{key}");
    }
}

fn tail(log: &str) -> String {
    STANDARD.encode(log)
}

const REPORT: &str = "REPORT RequestId: 1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t\n";

#[test]
fn everything_that_lambda_reports_is_an_output() {
    let headers = [
        ("x-amzn-requestid", "8f5e"),
        ("x-amz-executed-version", "7"),
        (
            "x-amzn-trace-id",
            "root=1-5759e988-bd862e3fe1be46a994272793;sampled=1",
        ),
        ("x-amz-durable-execution-arn", "arn:aws:lambda:durable"),
        ("x-amz-log-result", &tail(REPORT)),
    ];
    let outputs = outputs_of(vec![Ok(lambdas(200, &headers, "7"))], "{}").unwrap();
    assert_outputs(
        &outputs,
        &json!({
            "statusCode": 200, "output": "7", "outputJson": 7, "outputIsBase64": false,
            "functionName": "f:live", "executedVersion": "7", "requestId": "8f5e",
            "traceId": "root=1-5759e988-bd862e3fe1be46a994272793;sampled=1",
            "durableExecutionArn": "arn:aws:lambda:durable", "attempts": 1,
            "logResult": REPORT, "logTruncated": false, "durationMs": 12.34,
            "billedDurationMs": 13, "memorySizeMb": 128, "gbSeconds": 0.001_625,
            "maxMemoryUsedMb": 40, "initDurationMs": null,
            "functionError": null, "errorType": null, "errorMessage": null,
            "failureCause": null, "stackTrace": null,
        }),
    );
}

#[test]
fn output_without_a_value_is_null() {
    let outputs = outputs_of(vec![Ok(lambdas(200, &[], "x"))], "{}").unwrap();
    assert_outputs(
        &outputs,
        &json!({
            "output": "x", "outputJson": null, "executedVersion": null, "traceId": null,
            "durableExecutionArn": null, "logResult": null, "logTruncated": null,
            "durationMs": null, "billedDurationMs": null, "memorySizeMb": null,
            "gbSeconds": null, "maxMemoryUsedMb": null, "initDurationMs": null,
        }),
    );
    // A managed instance reports the duration only.
    let log = tail("REPORT RequestId: 1\tDuration: 1.5 ms");
    let response = lambdas(200, &[("x-amz-log-result", &log)], "null");
    let outputs = outputs_of(vec![Ok(response)], "{}").unwrap();
    assert_outputs(
        &outputs,
        &json!({"durationMs": 1.5, "memorySizeMb": null, "gbSeconds": null}),
    );
}

#[test]
fn log_that_is_longer_than_the_tail_is_reported_as_truncated() {
    let log = tail(&"x".repeat(4_096));
    let response = lambdas(200, &[("x-amz-log-result", &log)], "null");
    let outputs = outputs_of(vec![Ok(response)], "{}").unwrap();
    assert_outputs(&outputs, &json!({"logTruncated": true}));
}

/// A failed function's response.
fn failed(document: &str) -> Answer {
    Ok(lambdas(
        200,
        &[("x-amz-function-error", "Unhandled")],
        document,
    ))
}

#[test]
fn cause_and_stack_trace_of_a_failed_function_are_outputs() {
    for (document, expected) in [
        (
            r#"{"errorType":"KeyError","errorMessage":"'id'","stackTrace":["a.py:1","b.py:2"]}"#,
            json!({"errorType": "KeyError", "errorMessage": "'id'", "failureCause": "thrown", "stackTrace": "a.py:1\nb.py:2"}),
        ),
        (
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}"#,
            json!({"failureCause": "timed-out", "stackTrace": null}),
        ),
        (
            r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"x","stackTrace":[]}"#,
            json!({"failureCause": "out-of-memory", "stackTrace": null}),
        ),
        (
            r#"{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}"#,
            json!({"failureCause": "exited"}),
        ),
        (
            r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"x"}"#,
            json!({"failureCause": "failed-to-start"}),
        ),
        (
            r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"x"}"#,
            json!({"failureCause": "response-too-large"}),
        ),
        (
            "no JSON",
            json!({"errorType": null, "errorMessage": null, "failureCause": "unknown", "output": "no JSON"}),
        ),
    ] {
        let values = r#"{"onFunctionError":"Continue"}"#;
        let outputs = outputs_of(vec![failed(document)], values).unwrap();
        assert_outputs(&outputs, &expected);
        assert_outputs(
            &outputs,
            &json!({"functionError": "Unhandled", "statusCode": 200, "output": document}),
        );
    }
}

#[test]
fn long_error_message_and_stack_trace_are_cut_and_the_output_is_not() {
    let message = "m".repeat(70_000);
    let frames = vec!["f".repeat(9_999); 8];
    let document = json!({"errorMessage": message, "stackTrace": frames}).to_string();
    let values = r#"{"onFunctionError":"Continue"}"#;
    let outputs = outputs_of(vec![failed(&document)], values).unwrap();
    assert_eq!(outputs["output"], document);
    let mark = "… (cut: Output has the rest)";
    let stack = frames.join("\n");
    assert_outputs(
        &outputs,
        &json!({
            "errorMessage": format!("{}{mark}", &message[..65_536]),
            "stackTrace": format!("{}{mark}", &stack[..65_536]),
        }),
    );
}

#[test]
fn function_that_completes_a_partial_name_is_an_output() {
    let lambda = account(&["mail-sender"]);
    for (text, function) in [
        ("SENDER", "mail-sender"),
        (" sender:live ", "mail-sender:live"),
        ("mail-sender", "mail-sender"),
    ] {
        let values = json!({"useFunctionName": "Yes", "functionName": text});
        let outputs = invoke(&lambda, &values.to_string()).unwrap();
        assert_eq!(outputs["functionName"], function, "{text}");
    }
}

const CONTINUE: &str = r#"{"onError":"Continue","maxAttempts":1}"#;

fn error_response(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({ "message": message }).to_string();
    Ok(lambdas(status, &[("x-amzn-errortype", code)], body))
}

#[test]
fn error_of_aws_is_returned_as_outputs_if_the_step_continues() {
    for (status, code, executed, retryable) in [
        (403, "AccessDeniedException", "no", false),
        (404, "ResourceNotFoundException", "no", false),
        (413, "RequestTooLargeException", "no", false),
        (429, "TooManyRequestsException", "no", true),
        (500, "ServiceException", "unknown", true),
        // AWS rejects the credentials.
        (403, "UnrecognizedClientException", "no", false),
        (403, "ExpiredTokenException", "no", false),
    ] {
        let refused = || vec![error_response(status, code, "because")];
        let outputs = outputs_of(refused(), CONTINUE).unwrap();
        assert_outputs(
            &outputs,
            &json!({
                "statusCode": status, "errorType": code, "errorMessage": "because",
                "executed": executed, "retryable": retryable, "requestId": "8f5e",
                "functionName": "f:live", "attempts": 1, "functionError": null,
                "failureCause": null, "stackTrace": null, "output": null, "outputJson": null,
                "outputIsBase64": false, "executedVersion": null, "logResult": null,
            }),
        );
        assert!(
            outputs["hint"]
                .as_str()
                .is_some_and(|hint| !hint.is_empty()),
            "{code}"
        );
        for fails in [
            r#"{"maxAttempts":1}"#,
            r#"{"maxAttempts":1,"onError":"Fail"}"#,
            r#"{"maxAttempts":1,"onFunctionError":"Continue"}"#,
        ] {
            let error = outputs_of(refused(), fails).unwrap_err();
            assert!(
                matches!(error, Error::Service(_) | Error::Unauthenticated(_)),
                "{error:?}"
            );
        }
    }
}

#[test]
fn missing_response_is_returned_as_outputs_if_the_step_continues() {
    use crate::call::error::{Executed, TransportKind as Kind};
    use crate::testing::{failure, transport_error};

    for (kind, name, retryable) in [
        (Kind::Dns, "dns", true),
        (Kind::Connect, "connect", true),
        (Kind::Tls, "tls", false),
        (Kind::Timeout, "timeout", true),
        (Kind::CutOff, "cut-off", true),
        (Kind::Denied, "denied", false),
        (Kind::NotLambda, "not-lambda", false),
        (Kind::Malformed, "malformed", true),
        (Kind::Other, "other", false),
    ] {
        for (executed, word, request_id) in [
            (Executed::No, "no", Value::Null),
            (Executed::Unknown, "unknown", Value::Null),
            // The response broke off after its headers.
            (Executed::Yes, "yes", json!("8f5e")),
        ] {
            let outputs = outputs_of(vec![Err(failure(kind, executed))], CONTINUE).unwrap();
            assert_outputs(
                &outputs,
                &json!({
                    "statusCode": null, "errorType": name,
                    "executed": word,
                    "retryable": retryable, "hint": null, "requestId": request_id, "output": null,
                    "functionName": "f:live", "attempts": 1, "functionError": null,
                }),
            );
            let message = outputs["errorMessage"].as_str().unwrap();
            assert!(message.starts_with("no response, as scripted"), "{message}");
        }
        let silent = vec![Err(failure(kind, Executed::Unknown))];
        let fails = r#"{"maxAttempts":1,"onFunctionError":"Continue"}"#;
        assert_eq!(transport_error(outputs_of(silent, fails)).kind, kind);
    }
}

/// A gateway may recover, and a web page stays.
#[test]
fn response_of_something_else_is_returned_as_outputs_if_the_step_continues() {
    for (status, executed, retryable) in [
        (200, "unknown", false),
        (404, "unknown", false),
        (407, "no", false),
        (504, "unknown", true),
    ] {
        let response = crate::testing::answer(status, &[("server", "envoy")], "<html>");
        let outputs = outputs_of(vec![Ok(response)], CONTINUE).unwrap();
        assert_outputs(
            &outputs,
            &json!({
                "statusCode": null, "errorType": "not-lambda", "executed": executed,
                "retryable": retryable, "output": null, "functionError": null,
            }),
        );
        let message = outputs["errorMessage"].as_str().unwrap();
        assert_contains(message, [&format!("status {status}"), "envoy"]);
    }
}

#[test]
fn failed_function_fails_the_step_that_continues_after_other_errors() {
    let error = outputs_of(vec![failed("{}")], CONTINUE).unwrap_err();
    assert!(matches!(error, Error::FunctionFailed(_)), "{error:?}");
}

#[test]
fn invalid_input_fails_the_step_that_continues_after_errors() {
    let lambda = account(&["mail-a", "mail-b"]);
    for (values, field) in [
        (
            r#"{"yourFunctions":"..","onError":"Continue"}"#,
            "yourFunctions",
        ),
        (
            r#"{"useFunctionName":"Yes","functionName":"mail","onError":"Continue"}"#,
            "functionName",
        ),
        (r#"{"yourFunctions":"f","onError":"Ignore"}"#, "onError"),
    ] {
        assert_eq!(refused(invoke(&lambda, values)).field, field);
    }
    assert!(lambda.service.invoked.borrow().is_empty());
}

#[test]
fn executed_and_retryable_of_a_response_follow_the_invocation_type() {
    for (invocation_type, status, executed) in [
        ("RequestResponse", 200, "yes"),
        ("Event", 202, "unknown"),
        ("DryRun", 204, "no"),
    ] {
        let response = lambdas(status, &[], if status == 200 { "7" } else { "" });
        let values = json!({"invocationType": invocation_type, "onError": "Continue"});
        let outputs = outputs_of(vec![Ok(response)], &values.to_string()).unwrap();
        assert_outputs(
            &outputs,
            &json!({
                "statusCode": status, "executed": executed, "retryable": null, "hint": null,
                "errorType": null, "functionError": null,
            }),
        );
    }
    let values = r#"{"onFunctionError":"Continue"}"#;
    let outputs = outputs_of(vec![failed("{}")], values).unwrap();
    assert_outputs(
        &outputs,
        &json!({"executed": "yes", "retryable": null, "hint": null}),
    );
}

/// The hint is the reason why a partial name was not completed.
#[test]
fn refused_partial_name_is_returned_as_outputs_with_the_hint() {
    let lambda = closed_account(&["mail-sender"]);
    let values = r#"{"useFunctionName":"Yes","functionName":"sender","onError":"Continue"}"#;
    let outputs = invoke(&lambda, values).unwrap();
    assert_outputs(
        &outputs,
        &json!({"statusCode": 404, "functionName": "sender"}),
    );
    let hint = outputs["hint"].as_str().unwrap();
    assert_contains(
        hint,
        ["check the function's name", "the name was not completed"],
    );
}

#[test]
fn response_mode_and_limit_reach_the_request() {
    let mut response = lambdas(200, &[], "12345");
    response.completion = Some(Box::default());
    let lambda: Scripted<Script> = Scripted::script(vec![Ok(response)]);
    let form = json!({
        "yourFunctions": "f", "responseMode": "Streamed", "maxResponseBytes": "1000",
    });
    let outputs = block_on(run(&lambda, CONNECT, "invoke", &form.to_string())).unwrap();
    let outputs: Value = serde_json::from_str(&outputs).unwrap();
    assert_outputs(&outputs, &json!({"output": "12345", "outputJson": 12345}));
    let path = &lambda.sent.borrow()[0].path;
    assert_eq!(
        path,
        "/2021-11-15/functions/f/response-streaming-invocations"
    );

    let nothing: Scripted<Script> = Scripted::script(Vec::new());
    for (form, field) in [
        (
            json!({"responseMode": "Streamed", "invocationType": "Event"}),
            "responseMode",
        ),
        (json!({"maxResponseBytes": 6_291_557}), "maxResponseBytes"),
        (json!({"responseMode": "Streaming"}), "responseMode"),
    ] {
        let mut form = form;
        form["yourFunctions"] = json!("f");
        let refusal = refused(block_on(run(
            &nothing,
            CONNECT,
            "invoke",
            &form.to_string(),
        )));
        assert_eq!(refusal.field, field);
    }
}
