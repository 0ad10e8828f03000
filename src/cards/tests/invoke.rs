//! The card `invoke`, from its values to its outputs.

use super::*;
use crate::call::error::{Executed, TransportKind};
use crate::testing::{failure, transport_error};

#[test]
fn json_reaches_the_function_unchanged() {
    let lambda = account(&["echo"]);
    let payload = r#"{"b": 12345678901234567890, "a":1.50e2,"a":2,  "ü":"\u00fc"}"#;
    let values = format!(
        r#"{{"yourFunctions":"echo","payload":{payload},"clientContext":{{"custom": {{}}}}}}"#
    );
    let json = block_on(run(&lambda, CONNECT, "invoke", &values)).unwrap();
    let (_, sent) = &lambda.service.invoked.borrow()[0];
    assert_eq!(sent.body, payload);
    let context = sent.header("x-amz-client-context");
    assert_eq!(context, "eyJjdXN0b20iOiB7fX0=");
    assert_contains(&json, [&format!(r#""outputJson":{payload}"#)]);
    let outputs: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(outputs["output"], payload);
}

#[test]
fn any_json_value_is_accepted_as_payload() {
    for payload in ["null", "0", "\"x\"", "[1]", "{}", "true"] {
        let lambda = account(&["echo"]);
        let values = format!(r#"{{"yourFunctions":"echo","payload":{payload}}}"#);
        assert_eq!(invoke(&lambda, &values).unwrap()["output"], payload);
        assert_eq!(lambda.service.invoked.borrow()[0].1.body, payload);
    }
}

#[test]
fn every_promised_output_is_present() {
    let lambda = account(&["log", "bytes"]);
    let outputs = invoke(&lambda, r#"{"yourFunctions":"log","logType":"Tail"}"#).unwrap();
    let keys = outputs.as_object().unwrap().keys();
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    let promised = Card::Invoke.description().outputs;
    let mut promised: Vec<&str> = promised.iter().map(|field| field.key).collect();
    keys.sort_unstable();
    promised.sort_unstable();
    assert_eq!(keys, promised);
    assert!(outputs["logResult"].as_str().unwrap().starts_with("REPORT"));
    let numbers = [
        "statusCode",
        "attempts",
        "durationMs",
        "billedDurationMs",
        "maxMemoryUsedMb",
        "initDurationMs",
    ];
    assert_eq!(
        numbers.map(|key| outputs[key].to_string()),
        ["200", "1", "12.34", "13", "40", "100"]
    );
    assert_eq!(outputs["executedVersion"], "7");
    assert_eq!(outputs["requestId"], "r");
    assert_eq!(outputs["output"], "null");
    assert_eq!(outputs["outputJson"], Value::Null);
    assert_eq!(outputs["outputIsBase64"], false);
    assert_eq!(outputs["functionError"], Value::Null);

    let outputs = invoke(&lambda, r#"{"yourFunctions":"bytes"}"#).unwrap();
    assert_eq!(outputs["output"], "/wA=");
    assert_eq!(outputs["outputIsBase64"], true);
}

#[test]
fn failed_function_fails_the_step_unless_set_to_continue() {
    let lambda = account(&["fail"]);
    assert!(matches!(
        invoke(&lambda, r#"{"yourFunctions":"fail"}"#),
        Err(Error::FunctionFailed(_))
    ));
    let values = r#"{"yourFunctions":"fail","onFunctionError":"Continue"}"#;
    let outputs = invoke(&lambda, values).unwrap();
    assert_eq!(outputs["functionError"], "Unhandled");
    assert_eq!(outputs["errorType"], "KeyError");
    assert_eq!(outputs["errorMessage"], "'id'");
}

/// Invokes a function by a typed name or a part of it.
fn typed(lambda: &Scripted<Lambda>, name: &str) -> Result<Value, Error> {
    let values = json!({"useFunctionName": "Yes", "functionName": name});
    invoke(lambda, &values.to_string())
}

#[test]
fn partial_name_must_match_exactly_one_function() {
    let lambda = account(&["orders", "orders-eu", "mail-sender"]);
    let invoked = || {
        let invoked = lambda.service.invoked.borrow();
        let names = invoked.iter().map(|(name, _)| name.clone());
        names.collect::<Vec<_>>()
    };

    typed(&lambda, "orders").unwrap();
    assert_eq!(invoked(), ["orders"], "a complete name is used unchanged");
    typed(&lambda, "SENDER").unwrap();
    assert_eq!(invoked(), ["orders", "mail-sender"]);
    let input = refused(typed(&lambda, "order"));
    assert_eq!(input.field, "functionName");
    assert!(input.message.ends_with("orders, orders-eu"), "{input:?}");
    let error = service_error(typed(&lambda, "nothing"));
    assert_eq!(error.code, "ResourceNotFoundException");
    // The function of that name has no such alias.
    service_error(typed(&lambda, "sender:beta"));
    assert_eq!(invoked().len(), 2);
    typed(&lambda, "sender:live").unwrap();
    assert_eq!(invoked()[2..], ["mail-sender:live"]);
}

#[test]
fn typed_name_is_used_unchanged_when_listing_is_denied() {
    let lambda = closed_account(&["orders"]);
    typed(&lambda, "orders").unwrap();
    let error = service_error(typed(&lambda, "order"));
    assert_eq!(error.code, "ResourceNotFoundException");
}

#[test]
fn partial_name_is_unique_only_after_the_last_page() {
    let mut functions = vec!["part-one"];
    functions.extend(core::iter::repeat_n("other", 120));
    functions.push("part-two");
    let lambda = account(&functions);
    let message = refused(typed(&lambda, "part-")).message;
    assert!(message.ends_with("part-one, part-two"), "{message}");
}

#[test]
fn errors_name_the_form_field() {
    let lambda = account(&["echo"]);
    for (values, field) in [
        ("[]", "values"),
        ("{", "values"),
        ("{}", "yourFunctions"),
        (r#"{"useFunctionName":"Yes"}"#, "functionName"),
    ] {
        assert_eq!(refused(invoke(&lambda, values)).field, field, "{values}");
    }
    assert_eq!(refused(typed(&lambda, "..")).field, "functionName");
    for (field, wrong) in [
        ("useFunctionName", json!("Perhaps")),
        ("yourFunctions", json!("..")),
        ("yourFunctions", json!(["echo"])),
        ("invocationType", json!("Sync")),
        ("logType", json!("All")),
        ("clientContext", json!([])),
        ("qualifier", json!("$latest")),
        ("tenantId", json!("é")),
        ("durableExecutionName", json!("a b")),
        ("traceId", json!("a b")),
        ("onFunctionError", json!("Ignore")),
        ("onError", json!("Ignore")),
        ("maxAttempts", json!(11)),
        ("maxAttempts", json!(1.5)),
        ("maxAttempts", json!(300)),
        ("responseTimeoutSeconds", json!(0)),
        ("responseTimeoutSeconds", json!(-1)),
        ("idempotent", json!("yes")),
    ] {
        let mut values = json!({"yourFunctions": "echo"});
        values[field] = wrong;
        let input = refused(invoke(&lambda, &values.to_string()));
        assert_eq!(input.field, field, "{values}");
    }
    for invocation_type in ["RequestResponse", "DryRun", "Event"] {
        let mut values = json!({"yourFunctions": "echo", "invocationType": invocation_type});
        values["clientContext"] = json!([]);
        let input = refused(invoke(&lambda, &values.to_string()));
        assert_eq!(input.field, "clientContext", "{invocation_type}");
    }

    let connected = |connection: &str| {
        let values = r#"{"yourFunctions":"echo"}"#;
        refused(block_on(run(&lambda, connection, "invoke", values))).field
    };
    assert_eq!(connected("7"), "connection");
    let complete: Value = serde_json::from_str(CONNECT).unwrap();
    for field in ["region", "accessKeyId", "secretAccessKey"] {
        let mut connection = complete.clone();
        connection.as_object_mut().unwrap().remove(field);
        assert_eq!(connected(&connection.to_string()), field, "{connection}");
    }
    for (field, wrong) in [
        ("sessionToken", " "),
        ("endpoint", "ftp://x"),
        ("credentialType", "magic"),
    ] {
        let mut connection = complete.clone();
        connection[field] = json!(wrong);
        assert_eq!(connected(&connection.to_string()), field, "{connection}");
    }
    assert_eq!(refused(run_card(&lambda, "fly", "{}")).field, "card");
    assert_eq!(lambda.attempts(), 0, "nothing was sent");
}

#[test]
fn blank_fields_and_numbers_as_text_are_accepted() {
    let lambda = account(&["echo"]);
    invoke(
        &lambda,
        r#"{"useFunctionName":"","yourFunctions":"echo","invocationType":null,"logType":"","qualifier":"","tenantId":null,
            "clientContext":null,"maxAttempts":"2","responseTimeoutSeconds":30.0,"idempotent":"true"}"#,
    )
    .unwrap();
    let (_, sent) = &lambda.service.invoked.borrow()[0];
    for header in ["x-amz-client-context", "x-amz-tenant-id"] {
        assert!(sent.headers.iter().all(|(name, _)| *name != header));
    }
    assert_eq!(sent.body, "");
}

#[test]
fn timeout_and_attempts_follow_the_form() {
    for (mut values, attempts, timeout_ms) in [
        (json!({}), 1, 1_815_000),
        (json!({"invocationType": "Event"}), 1, 30_000),
        (json!({"idempotent": true}), 3, 1_815_000),
        (
            json!({"idempotent": true, "maxAttempts": 5, "responseTimeoutSeconds": 7}),
            5,
            7_000,
        ),
        (json!({"idempotent": false, "maxAttempts": 5}), 1, 1_815_000),
    ] {
        values["yourFunctions"] = json!("f");
        // Whether the function ran is unknown.
        let timeout = |_: &_| Err(failure(TransportKind::Timeout, Executed::Unknown));
        let silent = Scripted::new(timeout);
        let ran = block_on(run(&silent, CONNECT, "invoke", &values.to_string()));
        transport_error(ran);
        assert_eq!(silent.attempts(), attempts, "{values}");
        let limits = silent.sent.borrow()[0].limits;
        assert_eq!(limits.first_byte_ms, timeout_ms, "{values}");
    }
}
