//! The card `invoke`, from its values to its outputs.

use super::*;

#[test]
fn json_reaches_the_function_as_it_came() {
    let lambda = Lambda::new(&["echo"]);
    let payload = r#"{"b": 12345678901234567890, "a":1.50e2,"a":2,  "ü":"\u00fc"}"#;
    let values = format!(
        r#"{{"yourFunctions":"echo","payload":{payload},"clientContext":{{"custom": {{}}}}}}"#
    );
    let json = block_on(run(&lambda, CONNECT, "invoke", &values)).unwrap();
    let (_, headers, body) = lambda.invoked.borrow()[0].clone();
    assert_eq!(body, payload);
    assert!(
        headers.contains("x-amz-client-context: eyJjdXN0b20iOiB7fX0=\n"),
        "{headers}"
    );
    assert!(
        json.contains(&format!(r#""outputJson":{payload}"#)),
        "{json}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["output"],
        payload
    );
}

#[test]
fn any_json_value_is_a_payload() {
    for payload in ["null", "0", "\"\"", "[1]", "true"] {
        let lambda = Lambda::new(&["echo"]);
        let values = format!(r#"{{"yourFunctions":"echo","payload":{payload}}}"#);
        assert_eq!(invoke(&lambda, &values).unwrap()["output"], payload);
        assert_eq!(lambda.invoked.borrow()[0].2, payload);
    }
}

#[test]
fn every_output_is_there() {
    let lambda = Lambda::new(&["log", "bytes"]);
    let outputs = invoke(&lambda, r#"{"yourFunctions":"log","logType":"Tail"}"#).unwrap();
    let mut keys: Vec<&str> = outputs
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    let promised = Card::Invoke.description().outputs;
    let mut promised: Vec<&str> = promised.iter().map(|field| field.key).collect();
    keys.sort_unstable();
    promised.sort_unstable();
    assert_eq!(keys, promised);
    assert!(outputs["logResult"].as_str().unwrap().starts_with("REPORT"));
    let figures = [
        "statusCode",
        "attempts",
        "durationMs",
        "billedDurationMs",
        "maxMemoryUsedMb",
        "initDurationMs",
    ];
    assert_eq!(
        figures.map(|key| outputs[key].to_string()),
        ["200", "1", "12.34", "13", "40", "100"]
    );
    assert_eq!(
        (&outputs["executedVersion"], &outputs["requestId"]),
        (&json!("7"), &json!("r"))
    );
    assert_eq!(
        (
            &outputs["output"],
            &outputs["outputJson"],
            &outputs["outputIsBase64"]
        ),
        (&json!("null"), &Value::Null, &json!(false))
    );
    assert_eq!(outputs["functionError"], Value::Null);

    let outputs = invoke(&lambda, r#"{"yourFunctions":"bytes"}"#).unwrap();
    assert_eq!(
        (&outputs["output"], &outputs["outputIsBase64"]),
        (&json!("/wA="), &json!(true))
    );
}

#[test]
fn a_failed_function_fails_the_step_unless_told_otherwise() {
    let lambda = Lambda::new(&["fail"]);
    assert!(matches!(
        invoke(&lambda, r#"{"yourFunctions":"fail"}"#),
        Err(Error::FunctionFailed(_))
    ));
    let outputs = invoke(
        &lambda,
        r#"{"yourFunctions":"fail","onFunctionError":"Continue"}"#,
    )
    .unwrap();
    assert_eq!(
        [
            &outputs["functionError"],
            &outputs["errorType"],
            &outputs["errorMessage"]
        ],
        [&json!("Unhandled"), &json!("KeyError"), &json!("'id'")]
    );
}

#[test]
fn a_part_of_a_name_must_match_exactly_one_function() {
    let lambda = Lambda::new(&["orders", "orders-eu", "mail-sender"]);
    let typed = |name: &str| {
        invoke(
            &lambda,
            &format!(r#"{{"useFunctionName":"Yes","functionName":"{name}"}}"#),
        )
    };
    let invoked = || {
        lambda
            .invoked
            .borrow()
            .iter()
            .map(|(name, ..)| name.clone())
            .collect::<Vec<_>>()
    };

    typed("orders").unwrap();
    assert_eq!(invoked(), ["orders"], "a complete name is used as it is");
    typed("SENDER").unwrap();
    assert_eq!(invoked(), ["orders", "mail-sender"]);
    let (field, message) = refused(typed("order"));
    assert_eq!(field, "functionName");
    assert!(message.ends_with("orders, orders-eu"), "{message}");
    assert!(
        matches!(typed("nothing"), Err(Error::Service(error)) if error.code == "ResourceNotFoundException")
    );
    assert!(
        matches!(typed("sender:live"), Err(Error::Service(_))),
        "a qualifier belongs to a complete name"
    );
    assert_eq!(invoked().len(), 2);
}

#[test]
fn without_the_permission_to_list_a_typed_name_is_used_as_it_is() {
    let lambda = Lambda {
        allowed: false,
        ..Lambda::new(&["orders"])
    };
    let typed = |name: &str| {
        invoke(
            &lambda,
            &format!(r#"{{"useFunctionName":"Yes","functionName":"{name}"}}"#),
        )
    };
    typed("orders").unwrap();
    assert!(
        matches!(typed("order"), Err(Error::Service(error)) if error.code == "ResourceNotFoundException")
    );
}

#[test]
fn one_match_counts_only_when_the_whole_account_was_seen() {
    let mut functions = vec!["part-one"];
    functions.extend(core::iter::repeat_n("other", 120));
    functions.push("part-two");
    let lambda = Lambda::new(&functions);
    let (_, message) = refused(invoke(
        &lambda,
        r#"{"useFunctionName":"Yes","functionName":"part-"}"#,
    ));
    assert!(message.ends_with("part-one, part-two"), "{message}");
}

#[test]
fn errors_name_the_form_field() {
    let lambda = Lambda::new(&["echo"]);
    for (values, field) in [
        ("[]", "values"),
        ("{", "values"),
        ("{}", "yourFunctions"),
        (r#"{"useFunctionName":"Yes"}"#, "functionName"),
        (r#"{"useFunctionName":"Perhaps"}"#, "useFunctionName"),
        (
            r#"{"useFunctionName":"Yes","functionName":".."}"#,
            "functionName",
        ),
        (r#"{"yourFunctions":".."}"#, "yourFunctions"),
        (r#"{"yourFunctions":["echo"]}"#, "yourFunctions"),
        (
            r#"{"yourFunctions":"echo","invocationType":"Sync"}"#,
            "invocationType",
        ),
        (r#"{"yourFunctions":"echo","logType":"All"}"#, "logType"),
        (
            r#"{"yourFunctions":"echo","clientContext":[]}"#,
            "clientContext",
        ),
        (
            r#"{"yourFunctions":"echo","invocationType":"Event","clientContext":{}}"#,
            "clientContext",
        ),
        (
            r#"{"yourFunctions":"echo","qualifier":"$latest"}"#,
            "qualifier",
        ),
        (r#"{"yourFunctions":"echo","tenantId":"é"}"#, "tenantId"),
        (
            r#"{"yourFunctions":"echo","durableExecutionName":"a b"}"#,
            "durableExecutionName",
        ),
        (r#"{"yourFunctions":"echo","traceId":"a b"}"#, "traceId"),
        (
            r#"{"yourFunctions":"echo","onFunctionError":"Ignore"}"#,
            "onFunctionError",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":11}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":1.5}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":300}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","responseTimeoutSeconds":0}"#,
            "responseTimeoutSeconds",
        ),
        (
            r#"{"yourFunctions":"echo","responseTimeoutSeconds":-1}"#,
            "responseTimeoutSeconds",
        ),
        (
            r#"{"yourFunctions":"echo","idempotent":"yes"}"#,
            "idempotent",
        ),
    ] {
        assert_eq!(refused(invoke(&lambda, values)).0, field, "{values}");
    }
    let connected = |connection: &str| {
        let result = block_on(run(
            &lambda,
            connection,
            "invoke",
            r#"{"yourFunctions":"echo"}"#,
        ));
        refused(result.map(Value::String)).0
    };
    for (connection, field) in [
        ("7", "connection"),
        (r#"{"accessKeyId":"A","secretAccessKey":"s"}"#, "region"),
        (
            r#"{"region":"us-east-1","secretAccessKey":"s"}"#,
            "accessKeyId",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A"}"#,
            "secretAccessKey",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","sessionToken":" "}"#,
            "sessionToken",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","endpoint":"ftp://x"}"#,
            "endpoint",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","credentialType":"magic"}"#,
            "credentialType",
        ),
    ] {
        assert_eq!(connected(connection), field, "{connection}");
    }
    assert_eq!(
        refused(block_on(run(&lambda, CONNECT, "fly", "{}")).map(Value::String)).0,
        "card"
    );
    assert!(lambda.invoked.borrow().is_empty(), "nothing was sent");
}

#[test]
fn blank_fields_and_numbers_as_text_are_understood() {
    let lambda = Lambda::new(&["echo"]);
    invoke(
        &lambda,
        r#"{"useFunctionName":"","yourFunctions":"echo","invocationType":null,"logType":"","qualifier":"","tenantId":null,
            "clientContext":null,"maxAttempts":"2","responseTimeoutSeconds":30.0,"idempotent":"true"}"#,
    )
    .unwrap();
    let (_, headers, body) = lambda.invoked.borrow()[0].clone();
    assert!(
        !headers.contains("x-amz-client-context") && !headers.contains("x-amz-tenant-id"),
        "{headers}"
    );
    assert_eq!(body, "");
}

/// Answers nothing, so that nobody can tell whether the function ran.
#[derive(Default)]
struct Silent(RefCell<Vec<TimeLimits>>, SessionCache);

impl Transport for Silent {
    fn now_s(&self) -> u64 {
        1_795_348_800
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, _: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.0.borrow_mut().push(*limits);
        Err(Failure {
            kind: TransportKind::Timeout,
            message: "x".into(),
            executed: Executed::Unknown,
        })
    }

    fn sessions(&self) -> &SessionCache {
        &self.1
    }
}

#[test]
fn the_step_is_as_patient_and_persistent_as_the_form_says() {
    for (values, attempts, timeout_ms) in [
        (r#"{"yourFunctions":"f"}"#, 1, 915_000),
        (
            r#"{"yourFunctions":"f","invocationType":"Event"}"#,
            1,
            30_000,
        ),
        (r#"{"yourFunctions":"f","idempotent":true}"#, 3, 915_000),
        (
            r#"{"yourFunctions":"f","idempotent":true,"maxAttempts":5,"responseTimeoutSeconds":7}"#,
            5,
            7_000,
        ),
        (
            r#"{"yourFunctions":"f","idempotent":false,"maxAttempts":5}"#,
            1,
            915_000,
        ),
    ] {
        let silent = Silent::default();
        assert!(matches!(
            block_on(run(&silent, CONNECT, "invoke", values)),
            Err(Error::Transport(_))
        ));
        let sent = silent.0.borrow();
        assert_eq!(sent.len(), attempts, "{values}");
        assert_eq!(sent[0].first_byte_ms, timeout_ms, "{values}");
    }
}
