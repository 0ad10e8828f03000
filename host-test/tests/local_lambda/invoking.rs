//! Invocation types, headers, limits and rejections of Invoke.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testing::case;
use uuid::Uuid;

use crate::client::{Call, invoke, lower, start, untyped, upper};

#[tokio::test]
async fn synchronous_call_returns_the_payload_and_lambdas_headers() {
    let lambda = start().await;
    let payload = "{\"z\": 12345678901234567890123, \"a\":1,\"a\":2, \"é\":\"\\u00e9\"} ";
    let answer = invoke(&lambda, "echo", payload).await;
    answer.assert_success(payload);
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("x-amz-executed-version", Some("$LATEST")),
        ("x-amzn-remapped-content-length", Some("0")),
        ("x-amz-function-error", None),
        ("x-amz-log-result", None),
        ("x-amz-durable-execution-arn", None),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    Uuid::parse_str(answer.header("x-amzn-requestid").unwrap()).unwrap();
    let trace = answer.header("x-amzn-trace-id").unwrap();
    let fields: Vec<&str> = trace.split(';').collect();
    let [root, parent, sampled] = fields[..] else {
        panic!("{trace}")
    };
    let root = root.strip_prefix("root=").unwrap();
    let lengths: Vec<usize> = root.split('-').map(str::len).collect();
    assert_eq!(lengths, [1, 8, 24], "{trace}");
    assert_eq!(parent.strip_prefix("parent=").unwrap().len(), 16);
    assert_eq!(sampled, "sampled=0");
}

#[tokio::test]
async fn missing_payload_is_an_empty_object() {
    let lambda = start().await;
    invoke(&lambda, "echo", "").await.assert_success("{}");
}

#[tokio::test]
async fn event_is_accepted_without_a_body_and_runs_later() {
    let lambda = start().await;
    let call = Call::invoke("count", r#"{"key":"event"}"#).event();
    let call = call.header("x-amz-log-type", "Tail");
    let answer = call.send(&lambda).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    assert_eq!(answer.header("x-amz-executed-version"), None);
    assert_eq!(answer.header("x-amz-log-result"), None);
    Uuid::parse_str(answer.header("x-amzn-requestid").unwrap()).unwrap();
    // This loop hangs if the event never runs.
    while lambda.runs("event") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lambda.runs("event"), 1);
}

#[tokio::test]
async fn dry_run_checks_the_request_and_runs_nothing() {
    let lambda = start().await;
    let event = r#"{"key":"dry"}"#;
    let answer = Call::invoke("count", event).dry_run().send(&lambda).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("x-amz-executed-version"), None);
    let real = invoke(&lambda, "count", event).await;
    assert_eq!(real.json(), json!({ "key": "dry", "runs": 1 }));

    let answer = Call::invoke("missing", "{}").dry_run().send(&lambda).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn function_receives_every_request_option() {
    let lambda = start().await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let id = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";
    let client_context = STANDARD.encode(r#"{"custom":{"user":"Ada"}}"#);
    let call = Call::invoke("versioned?Qualifier=beta", "[1]")
        .header("x-amz-client-context", client_context)
        .header("x-amz-tenant-id", "Tenant  A/1")
        .header("x-amz-durable-execution-name", "order-7")
        .header("x-amzn-trace-id", trace)
        .header("x-amzn-requestid", id);
    let answer = call.send(&lambda).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amzn-trace-id"), Some(trace));
    assert_eq!(answer.header("x-amzn-requestid"), Some(id));
    assert_eq!(answer.header("x-amz-executed-version"), Some("3"));
    assert_eq!(
        answer.json(),
        json!({
            "functionName": "versioned",
            "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:versioned:beta",
            "qualifier": "beta",
            "version": "3",
            "awsRequestId": id,
            "clientContext": { "custom": { "user": "Ada" } },
            "tenantId": "Tenant  A/1",
            "traceId": trace,
            "durableExecutionName": "order-7",
            "payload": [1],
        })
    );
    let plain = invoke(&lambda, "context", "{}").await.json();
    for absent in [
        "clientContext",
        "tenantId",
        "qualifier",
        "durableExecutionName",
    ] {
        assert_eq!(plain[absent], Value::Null, "{absent}");
    }
}

#[tokio::test]
async fn payload_that_is_not_json_is_rejected() {
    let lambda = start().await;
    for payload in [&b"not json"[..], b"{\"a\":}", b"{} {}", b"\"\xff\""] {
        let _case = case(payload.escape_ascii());
        let answer = invoke(&lambda, "echo", payload).await;
        let body = answer.error(400, "InvalidRequestContentException");
        assert_eq!(body["Type"], "User");
        let message = body["message"].as_str().unwrap();
        let reason = "Could not parse request body into json: ";
        assert!(message.starts_with(reason), "{message}");
    }
}

#[tokio::test]
async fn request_limits_are_exact_to_the_byte() {
    let lambda = start().await;
    let echo = |bytes: usize| Call::invoke("echo", format!("\"{}\"", "x".repeat(bytes - 2)));
    let dry = echo(6_291_456).dry_run().send(&lambda).await;
    assert_eq!(dry.status, 204);
    let answer = echo(6_291_456).send(&lambda).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.len()),
        (200, 6_291_456)
    );
    let event = echo(1_048_576).event().send(&lambda).await;
    assert_eq!(event.status, 202);

    for (call, message) in [
        (
            echo(6_291_457),
            "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
        ),
        (
            echo(9_000_000),
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            echo(1_048_577).event(),
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ] {
        let answer = call.send(&lambda).await;
        answer.assert_error(413, "RequestEntityTooLargeException", upper(message));
    }
}

#[tokio::test]
async fn invalid_header_value_is_rejected() {
    let lambda = start().await;
    for (name, value, field, constraint) in [
        (
            "x-amz-invocation-type",
            "event",
            "invocationType",
            "satisfy enum value set: [Event, RequestResponse, DryRun]",
        ),
        (
            "x-amz-log-type",
            "All",
            "logType",
            "satisfy enum value set: [None, Tail]",
        ),
        (
            "x-amz-tenant-id",
            "a,b",
            "tenantId",
            r"satisfy regular expression pattern: [a-zA-Z0-9\._:\/=+\-@ ]+",
        ),
        (
            "x-amz-tenant-id",
            &"t".repeat(257),
            "tenantId",
            "have length less than or equal to 256",
        ),
        (
            "x-amz-durable-execution-name",
            "a.b",
            "durableExecutionName",
            "satisfy regular expression pattern: [a-zA-Z0-9-_]+",
        ),
    ] {
        let call = Call::invoke("count", r#"{"key":"rejected"}"#).header(name, value);
        let message = format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {constraint}"
        );
        let answer = call.send(&lambda).await;
        answer.assert_error(400, "ValidationException", untyped(message));
    }
    let call = Call::invoke("echo", "{}").header("x-amzn-requestid", "7");
    let message = "The x-amzn-RequestId header must be a valid UUID string.";
    let answer = call.send(&lambda).await;
    answer.assert_error(400, "InvalidRequestContentException", lower(message));
    assert_eq!(lambda.runs("rejected"), 0);
}

#[tokio::test]
async fn client_context_must_be_a_short_base64_object() {
    let lambda = start().await;
    let send = async |context: String| {
        let call = Call::invoke("context", "{}").header("x-amz-client-context", context);
        call.send(&lambda).await
    };
    // Base64 encodes 2,685 bytes as 3,580, and three more bytes as 3,584.
    let object_of = |bytes: usize| format!("{{\"k\":\"{}\"}}", "v".repeat(bytes - 8));
    let fits = object_of(2_685);
    let answer = send(STANDARD.encode(&fits)).await;
    assert_eq!(answer.json()["clientContext"].to_string(), fits);

    let not_an_object = "Client context must be a valid Base64-encoded JSON object.";
    let too_long = "Client context must be less than or equal to 3583 bytes";
    for (bad, message) in [
        ("%%%".to_owned(), not_an_object),
        (STANDARD.encode("[]"), not_an_object),
        (STANDARD.encode("{"), not_an_object),
        (STANDARD.encode("text"), not_an_object),
        (STANDARD.encode(object_of(2_688)), too_long),
    ] {
        let body = json!({ "Type": null, "message": message });
        let answer = send(bad).await;
        answer.assert_error(400, "InvalidRequestContentException", body);
    }
}

#[tokio::test]
async fn throttled_function_returns_429_but_queues_events() {
    let lambda = start().await;
    let answer = invoke(&lambda, "throttled", "{}").await;
    let body = json!({
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    });
    answer.assert_error(429, "TooManyRequestsException", body);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let call = || Call::invoke("throttled", "{}");
    assert_eq!(call().event().send(&lambda).await.status, 202);
    assert_eq!(call().dry_run().send(&lambda).await.status, 204);
}
