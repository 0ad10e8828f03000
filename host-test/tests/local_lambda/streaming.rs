//! InvokeWithResponseStream: its frames, when they arrive, how a stream ends, and what is rejected.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::{HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use local_lambda::{Key, LocalLambda, RESPONSE_LIMIT, STREAM_LIMIT};
use serde_json::{Value, json};
use testing::{case, changed};
use tokio::task::JoinHandle;

use crate::client::{Call, connect, invoke, lower, start, untyped, upper};

/// The longest payload of an event, in bytes.
const CHUNK: usize = 1 << 20;

#[derive(Debug, PartialEq)]
enum Event {
    Chunk(Bytes),
    /// The decoded payload of `InvokeComplete`.
    Complete(Value),
}

/// A streamed response. Dropping it closes the connection.
struct Stream {
    headers: HeaderMap,
    body: Incoming,
    received: BytesMut,
    decoder: MessageFrameDecoder,
    connection: JoinHandle<()>,
}

impl Stream {
    async fn open(lambda: &LocalLambda, call: Call) -> Self {
        let (mut sender, connection) = connect(lambda).await;
        let answer = sender.send_request(call.sign(lambda)).await.unwrap();
        let (head, body) = answer.into_parts();
        assert_eq!(head.status, 200);
        Self {
            headers: head.headers,
            body,
            received: BytesMut::new(),
            decoder: MessageFrameDecoder::new(),
            connection,
        }
    }

    /// Waits for the next event. Returns `None` at the end of the body.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let decoded = self.decoder.decode_frame(&mut self.received).unwrap();
            if let DecodedFrame::Complete(message) = decoded {
                return Some(event(&message));
            }
            let Some(frame) = self.body.frame().await else {
                assert_eq!(self.received.len(), 0, "the body ends within a frame");
                return None;
            };
            let data = frame.unwrap().into_data().unwrap();
            self.received.extend_from_slice(&data);
        }
    }

    async fn chunk(&mut self) -> Bytes {
        match self.next().await {
            Some(Event::Chunk(chunk)) => chunk,
            other => panic!("{other:?} is not a chunk"),
        }
    }

    /// Waits for the end. Returns the remaining chunks and the payload of the last event.
    async fn finish(mut self) -> (Vec<Bytes>, Value) {
        let mut chunks = Vec::new();
        loop {
            match self.next().await.unwrap() {
                Event::Chunk(chunk) => chunks.push(chunk),
                Event::Complete(complete) => {
                    assert_eq!(self.next().await, None);
                    return (chunks, complete);
                }
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn event(message: &Message) -> Event {
    let headers: Vec<(&str, &str)> = message
        .headers()
        .iter()
        .map(|header| match header.value() {
            HeaderValue::String(value) => (header.name().as_str(), value.as_str()),
            other => panic!("{other:?} is not a string"),
        })
        .collect();
    let headers_of = |event_type, content_type| {
        [
            (":event-type", event_type),
            (":content-type", content_type),
            (":message-type", "event"),
        ]
    };
    if headers == headers_of("PayloadChunk", "application/octet-stream") {
        return Event::Chunk(message.payload().clone());
    }
    assert_eq!(headers, headers_of("InvokeComplete", "application/json"));
    Event::Complete(serde_json::from_slice(message.payload()).unwrap())
}

/// Streams the response of a function, to its end.
async fn stream(lambda: &LocalLambda, function: &str, event: &Value) -> (Vec<Bytes>, Value) {
    let call = Call::stream(function, event.to_string());
    Stream::open(lambda, call).await.finish().await
}

/// The last event of a run that succeeded.
fn success() -> Value {
    json!({ "ErrorCode": null, "ErrorDetails": null, "LogResult": null })
}

/// Asserts that a run failed with an error of this type. Returns the error document.
#[track_caller]
fn failure(complete: &Value, code: &str) -> Value {
    assert_eq!(complete["ErrorCode"], code);
    let details = complete["ErrorDetails"].as_str().unwrap();
    let document: Value = serde_json::from_str(details).unwrap();
    assert_eq!(document["errorType"], code);
    document
}

#[tokio::test]
async fn response_is_byte_for_byte_that_of_lambda() {
    /// A chunk with `{"ok":true}` and the end of a run that succeeded, as Lambda sends them.
    const GOLDEN: &str = "000000750000005adfae083c0b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700056576656e747b226f6b223a747275657df7697da2\
        0000009b00000054aff25c850b3a6576656e742d7479706507000e496e766f6b65436f6d706c6574650d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b224572726f72436f6465223a6e756c6c2c224572726f7244657461696c73223a6e756c6c2c224c6f67526573756c74223a6e756c6c7db4aa60de";
    let lambda = start().await;
    let id = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";
    let whole = json!({ "chunks": [{ "text": "{\"ok\":true}" }] }).to_string();
    for (function, event) in [("stream", &*whole), ("echo", r#"{"ok":true}"#)] {
        let _case = case(function);
        let call = Call::stream(function, event).header("x-amzn-requestid", id);
        let answer = call.send(&lambda).await;
        assert_eq!(answer.status, 200);
        let hex: String = answer.body.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, GOLDEN);
        for (name, value) in [
            ("content-type", Some("application/vnd.amazon.eventstream")),
            ("transfer-encoding", Some("chunked")),
            ("content-length", None),
            ("x-amz-executed-version", Some("$LATEST")),
            ("x-amzn-requestid", Some(id)),
            ("x-amz-function-error", None),
            ("x-amz-log-result", None),
            ("x-amzn-remapped-content-length", None),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
    }
}

#[tokio::test]
async fn steps_become_chunks_in_their_order() {
    let lambda = start().await;
    let event = json!({
        "prelude": { "statusCode": 201, "headers": { "x-a": "1" } },
        "chunks": [{ "text": "größe" }, { "base64": "/wA=" }, { "text": "" }, { "bytes": 28 }],
        "repeat": 2,
    });
    let (chunks, complete) = stream(&lambda, "stream", &event).await;
    let prelude = b"{\"headers\":{\"x-a\":\"1\"},\"statusCode\":201}\0\0\0\0\0\0\0\0";
    let round = [
        "größe".as_bytes(),
        b"\xff\x00",
        b"abcdefghijklmnopqrstuvwxyzab",
    ];
    assert_eq!(chunks, [&[&prelude[..]], &round[..], &round[..]].concat());
    assert_eq!(complete, success());
    let (chunks, complete) = stream(&lambda, "stream", &json!({})).await;
    assert_eq!((chunks, complete), (vec![], success()));
}

#[tokio::test]
async fn long_write_is_split_into_chunks_of_a_mebibyte() {
    let lambda = start().await;
    let lengths = |chunks: &[Bytes]| chunks.iter().map(Bytes::len).collect::<Vec<_>>();
    let event = json!({ "chunks": [{ "bytes": 2 * CHUNK + 5 }, { "bytes": CHUNK }] });
    let (chunks, complete) = stream(&lambda, "stream", &event).await;
    assert_eq!(lengths(&chunks), [CHUNK, CHUNK, 5, CHUNK]);
    let letters: Vec<u8> = (b'a'..=b'z').cycle().take(2 * CHUNK + 5).collect();
    assert!(chunks[..3].concat() == letters && chunks[3] == letters[..CHUNK]);
    assert_eq!(complete, success());

    // The limit of a function that does not stream.
    let (chunks, complete) = stream(&lambda, "big", &json!({ "bytes": RESPONSE_LIMIT })).await;
    let full = [CHUNK; 6].iter().copied().chain([100]);
    assert_eq!(lengths(&chunks), full.collect::<Vec<_>>());
    assert_eq!(complete, success());
    let event = json!({ "bytes": RESPONSE_LIMIT + 1 });
    let (chunks, complete) = stream(&lambda, "big", &event).await;
    assert_eq!(chunks, [""; 0]);
    failure(&complete, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn chunk_arrives_while_the_function_still_runs() {
    let lambda = start().await;
    let event = json!({ "chunks": [
        { "text": "first" }, { "gate": "a" }, { "count": "passed" }, { "text": "second" },
        { "gate": "b" },
    ] });
    let call = Call::stream("stream", event.to_string());
    let mut stream = Stream::open(&lambda, call).await;
    assert_eq!(stream.chunk().await, "first");
    assert_eq!(lambda.runs("passed"), 0);
    lambda.open_gate("a");
    assert_eq!(stream.chunk().await, "second");
    assert_eq!(lambda.runs("passed"), 1);
    lambda.open_gate("b");
    assert_eq!(stream.finish().await, (vec![], success()));
}

#[tokio::test]
async fn gate_is_opened_by_another_run() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "gate": "g" }, { "text": "released" }] });
    let call = Call::stream("stream", event.to_string());
    let waiting = Stream::open(&lambda, call).await;
    let event = json!({ "chunks": [{ "open": "g" }] });
    let (_, ended) = stream(&lambda, "stream", &event).await;
    assert_eq!(ended, success());
    let released = vec!["released".into()];
    assert_eq!(waiting.finish().await, (released, success()));
}

#[tokio::test]
async fn head_arrives_before_the_first_chunk() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "gate": "g" }, { "text": "late" }] });
    let call = Call::stream("stream", event.to_string());
    let stream = Stream::open(&lambda, call).await;
    assert_eq!(stream.headers["x-amz-executed-version"], "$LATEST");
    lambda.open_gate("g");
    assert_eq!(stream.finish().await, (vec!["late".into()], success()));
}

#[tokio::test]
async fn failure_is_reported_after_the_chunks() {
    let lambda = start().await;
    let event = json!({
        "chunks": [{ "text": "partial" }],
        "fail": { "type": "KeyError", "message": "größe" },
    });
    let call = Call::stream("stream", event.to_string());
    let call = call.header("x-amz-log-type", "Tail");
    let stream_of = Stream::open(&lambda, call).await;
    let id = stream_of.headers["x-amzn-requestid"].clone();
    let (chunks, complete) = stream_of.finish().await;
    assert_eq!(chunks, ["partial"]);
    assert_eq!(
        failure(&complete, "KeyError"),
        json!({
            "errorMessage": "größe",
            "errorType": "KeyError",
            "requestId": id.to_str().unwrap(),
            "stackTrace": ["  File \"/var/task/app.py\", line 7, in handler\n    raise KeyError(message)\n"],
        })
    );
    let log = STANDARD.decode(complete["LogResult"].as_str().unwrap());
    let log = String::from_utf8(log.unwrap()).unwrap();
    assert!(log.contains("\n[ERROR] KeyError: größe\n"), "{log}");

    for (function, event, code) in [
        ("fail", json!({}), "ValueError"),
        ("stream", json!({ "fail": {} }), "ValueError"),
        (
            "stream",
            json!({ "chunks": [{ "base64": "?" }] }),
            "TypeError",
        ),
        ("stream", json!([1]), "TypeError"),
        ("timeout", json!({}), "Sandbox.Timedout"),
        ("oom", json!({}), "Runtime.ExitError"),
    ] {
        let _case = case(format!("{function} {event}"));
        let (chunks, complete) = stream(&lambda, function, &event).await;
        assert_eq!(chunks, [""; 0]);
        failure(&complete, code);
        assert_eq!(complete["LogResult"], Value::Null);
    }
}

#[tokio::test]
async fn function_receives_the_options_that_streaming_has() {
    let lambda = start().await;
    let call = Call::stream("versioned?Qualifier=beta", "[1]")
        .header("x-amz-client-context", STANDARD.encode(r#"{"a":1}"#))
        .header("x-amz-tenant-id", "t")
        // It belongs to Invoke only.
        .header("x-amz-durable-execution-name", "not.valid")
        .header("x-amz-log-type", "Tail");
    let stream_of = Stream::open(&lambda, call).await;
    assert_eq!(stream_of.headers["x-amz-executed-version"], "3");
    let (chunks, complete) = stream_of.finish().await;
    let received: Value = serde_json::from_slice(&chunks.concat()).unwrap();
    for (name, value) in [
        ("version", json!("3")),
        ("clientContext", json!({ "a": 1 })),
        ("tenantId", json!("t")),
        ("durableExecutionName", json!(null)),
        ("payload", json!([1])),
    ] {
        assert_eq!(received[name], value, "{name}");
    }
    let log = STANDARD.decode(complete["LogResult"].as_str().unwrap());
    assert!(log.unwrap().starts_with(b"START RequestId: "));
}

#[tokio::test]
async fn durable_function_answers_as_any_other() {
    let lambda = start().await;
    let event = json!({ "steps": [{ "step": { "result": 7 } }, { "wait": { "ms": 1 } }] });
    let (chunks, complete) = stream(&lambda, "workflow:live", &event).await;
    assert_eq!(
        (&chunks[..], complete),
        (&[r#"{"results":[7,null]}"#.into()][..], success())
    );
    let event = json!({ "steps": [{ "fail": { "type": "E", "message": "m" } }] });
    let (chunks, complete) = stream(&lambda, "workflow:live", &event).await;
    assert_eq!(chunks, [""; 0]);
    let document = json!({ "errorType": "E", "errorMessage": "m" });
    assert_eq!(failure(&complete, "E"), document);
}

#[tokio::test]
async fn dry_run_checks_the_request_and_runs_nothing() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "count": "dry" }] }).to_string();
    let answer = Call::stream("stream", event).dry_run().send(&lambda).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("content-type"), None);
    let answer = Call::stream("missing", "{}").dry_run().send(&lambda).await;
    assert_eq!(answer.status, 404);
    lambda.wait_until_idle().await;
    assert_eq!(lambda.runs("dry"), 0);
}

#[tokio::test]
async fn invalid_request_is_rejected_as_by_invoke() {
    let denied = changed(&Key::default(), |key| {
        key.access_key_id = "AKIDDENIED".to_owned();
        key.denied_actions = vec!["lambda:InvokeFunction".to_owned()];
    });
    let lambda = testing::lambda_with(|config| config.keys.push(denied.clone())).await;
    let call = |function: &str| Call::stream(function, r#"{"chunks":[{"count":"rejected"}]}"#);
    let invalid = |message: &str| untyped(format!("1 validation error detected: {message}"));
    for (call, status, code, body) in [
        (
            call("stream").event(),
            400,
            "ValidationException",
            invalid(
                "Value 'Event' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, DryRun]",
            ),
        ),
        (
            call("stream").header("x-amz-log-type", "All"),
            400,
            "ValidationException",
            invalid(
                "Value 'All' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]",
            ),
        ),
        (
            call("stream?Qualifier=9"),
            404,
            "ResourceNotFoundException",
            upper("Function not found: arn:aws:lambda:us-east-1:123456789012:function:stream:9"),
        ),
        (
            call("tenant"),
            400,
            "InvalidParameterValueException",
            lower(
                "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.",
            ),
        ),
        (
            call("workflow"),
            400,
            "InvalidParameterValueException",
            lower("You cannot invoke a durable function using an unqualified ARN."),
        ),
        (
            call("stream").header("x-amz-client-context", "%"),
            400,
            "InvalidRequestContentException",
            json!({ "Type": null, "message": "Client context must be a valid Base64-encoded JSON object." }),
        ),
        (
            Call::stream("stream", "{").dry_run(),
            400,
            "InvalidRequestContentException",
            lower(
                "Could not parse request body into json: Could not parse payload into json: EOF while parsing an object at line 1 column 1",
            ),
        ),
        (
            Call::stream("echo", format!("\"{}\"", "x".repeat(6_291_455))),
            413,
            "RequestEntityTooLargeException",
            upper(
                "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
            ),
        ),
        (
            call("throttled"),
            429,
            "TooManyRequestsException",
            json!({
                "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                "Type": "User",
                "message": "Rate Exceeded.",
            }),
        ),
        (
            call("stream").key(denied),
            403,
            "AccessDeniedException",
            json!({ "Message": "User: arn:aws:iam::123456789012:user/local-lambda is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:stream because no identity-based policy allows the lambda:InvokeFunction action" }),
        ),
    ] {
        let _case = case(call.path_and_query.clone());
        call.send(&lambda).await.assert_error(status, code, body);
    }
    let wrong = changed(&Key::default(), |key| {
        key.secret_access_key = "wrong".to_owned();
    });
    let answer = call("stream").key(wrong).send(&lambda).await;
    answer.error(403, "InvalidSignatureException");
    assert_eq!(lambda.runs("rejected"), 0);
}

#[tokio::test]
async fn invoke_collects_what_the_function_writes() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "text": "a" }, { "bytes": 2 }], "repeat": 3 });
    let answer = invoke(&lambda, "stream", event.to_string()).await;
    answer.assert_success("aabaabaab");
    let event = json!({ "chunks": [{ "bytes": RESPONSE_LIMIT }] });
    let answer = invoke(&lambda, "stream", event.to_string()).await;
    assert_eq!(answer.body.len(), RESPONSE_LIMIT);
    assert_eq!(answer.header("x-amz-function-error"), None);
    let event = json!({ "chunks": [{ "bytes": RESPONSE_LIMIT }, { "text": "a" }] });
    let answer = invoke(&lambda, "stream", event.to_string()).await;
    assert_eq!(answer.header("x-amz-function-error"), Some("Unhandled"));
    let error = json!({
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    assert_eq!(answer.json(), error);
}

/// The function is never far ahead of the reader, so the service does not hold the stream.
#[tokio::test]
async fn stream_over_the_limit_is_cut_there_and_read_as_it_is_written() {
    /// Bytes on the way, in chunks: in the service, in hyper's buffers and in those of two sockets.
    const ON_THE_WAY: u64 = 20;
    let lambda = start().await;
    let event = json!({ "chunks": [{ "bytes": CHUNK }, { "count": "written" }], "repeat": 1_000 });
    let call = Call::stream("stream", event.to_string());
    let mut stream = Stream::open(&lambda, call).await;
    let (mut read, mut chunks) = (0, 0);
    let complete = loop {
        match stream.next().await.unwrap() {
            Event::Chunk(chunk) => {
                read += chunk.len();
                chunks += 1;
            }
            Event::Complete(complete) => break complete,
        }
        let written = lambda.runs("written");
        assert!(written <= chunks + ON_THE_WAY, "{written}, {chunks} read");
    };
    assert_eq!((read, chunks), (STREAM_LIMIT, 200));
    let document = failure(&complete, "Function.ResponseSizeTooLarge");
    let message = "Response payload size exceeded maximum allowed payload size (209715200 bytes).";
    assert_eq!(document["errorMessage"], message);
}

#[tokio::test]
async fn run_continues_without_its_reader_and_ends() {
    let lambda = start().await;
    let event = json!({ "chunks": [
        { "text": "first" }, { "gate": "never opened" }, { "bytes": 50 * CHUNK }, { "count": "end" },
    ] });
    let call = Call::stream("stream", event.to_string());
    let mut stream = Stream::open(&lambda, call).await;
    assert_eq!(stream.chunk().await, "first");
    assert_eq!(lambda.runs("end"), 0);
    drop(stream);
    lambda.wait_until_idle().await;
    assert_eq!(lambda.runs("end"), 1);
}

#[tokio::test]
async fn service_is_busy_until_the_stream_is_sent() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "gate": "g" }, { "text": "sent" }] });
    let call = Call::stream("stream", event.to_string());
    let stream = Stream::open(&lambda, call).await;
    {
        let idle = lambda.wait_until_idle();
        tokio::pin!(idle);
        tokio::select! {
            biased;
            () = &mut idle => panic!("the function still runs"),
            () = tokio::task::yield_now() => {}
        }
    }
    lambda.open_gate("g");
    assert_eq!(stream.finish().await.0, ["sent"]);
    lambda.wait_until_idle().await;
}

#[tokio::test]
async fn stop_cuts_a_stream() {
    let lambda = start().await;
    let event = json!({ "chunks": [{ "text": "first" }, { "gate": "never opened" }] });
    let call = Call::stream("stream", event.to_string());
    let mut stream = Stream::open(&lambda, call).await;
    assert_eq!(stream.chunk().await, "first");
    lambda.stop().await;
    // The end would look like that of a whole body without an error.
    assert!(stream.body.frame().await.unwrap().is_err());
}
