//! Streamed responses: live, through the component for WASI 0.3, and collected, through both
//! components.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_lambda_connector_host::bindings::lambda::{InvokeRequest, LogType, ResponseMode};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Error, ErrorCategory, Executed, FailureCause, TransportKind,
};
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::host::{CallResult, Host, ResponseStream};
use aws_lambda_connector_host::sandbox::{HostError, Options};
use local_lambda::Key;
use testing::event_stream::{Streamed, StreamingLambda, chunk, complete, complete_with, streamed};
use testing::outcome::{
    assert_service, assert_transport, binary, function_failed, service, text, transport,
};
use testing::server::{Canned, Server};
use testing::{
    Component, access_key, changed, connection, for_each_component, invoke_in, only, request, url,
};

fn to(url: String) -> Connection {
    connection(&Key::default(), url)
}

/// Opens a live stream.
async fn open(
    host: &Host,
    connection: &Connection,
    request: &InvokeRequest,
) -> CallResult<ResponseStream> {
    let policy = only(url(connection));
    host.invoke_with_response_stream(&policy, connection, request)
        .await
}

/// Opens a live stream of this server, with default options.
async fn open_at(component: Component, url: String) -> CallResult<ResponseStream> {
    open(component.host(), &to(url), &request("f", "7")).await
}

/// Starts a function whose response has begun: what the host reads, and what the server writes.
async fn begin(host: &Host, lambda: &StreamingLambda) -> (ResponseStream, Streamed) {
    let (connection, request) = (to(lambda.url()), request("f", "7"));
    let (stream, streamed) = tokio::join!(open(host, &connection, &request), lambda.begin());
    (stream.unwrap().unwrap(), streamed)
}

/// Reads a stream to its end, which must be a result of the component.
async fn read(mut stream: ResponseStream) -> (Vec<u8>, Result<(), Error>) {
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        bytes.extend(piece);
    }
    (bytes, stream.end().await.unwrap().map(|_| ()))
}

#[tokio::test(flavor = "multi_thread")]
async fn piece_arrives_while_the_next_one_is_held_back() {
    let lambda = StreamingLambda::start().await;
    let (mut stream, mut function) = begin(Component::Wasi03.host(), &lambda).await;
    assert!(
        function.request.starts_with(
            "POST /2021-11-15/functions/f/response-streaming-invocations HTTP/1.1\r\n"
        )
    );
    let head = stream.head();
    assert_eq!((head.status_code, head.attempts), (200, 1));
    assert_eq!(head.request_id.as_deref(), Some("8f5e"));
    assert_eq!(head.executed_version.as_deref(), Some("7"));

    for piece in ["first", "second", "\u{fc}\0"] {
        function.send(chunk(piece)).await;
        assert_eq!(stream.next().await.unwrap(), piece);
    }
    // The bytes of a frame do not wait for its end.
    let frame = chunk("in two parts");
    let (first, second) = frame.split_at(frame.len() - 10);
    function.send(first).await;
    assert_eq!(stream.next().await.unwrap(), "in two");
    function.send([second, &complete()].concat()).await;
    function.finish().await;
    assert_eq!(read(stream).await.0, b" parts");
}

#[tokio::test(flavor = "multi_thread")]
async fn end_has_the_log_of_a_function_that_succeeded() {
    let lambda = StreamingLambda::start().await;
    let request = InvokeRequest {
        log_type: Some(LogType::Tail),
        ..request("f", "7")
    };
    let connection = to(lambda.url());
    let host = Component::Wasi03.host();
    let (stream, mut function) = tokio::join!(open(host, &connection, &request), lambda.begin());
    assert!(function.request.contains("x-amz-log-type: Tail"));
    function.send(chunk("1")).await;
    function
        .send(complete_with(r#"{"LogResult":"TE9H"}"#))
        .await;
    function.finish().await;
    // Bytes that were not read are discarded.
    let end = stream.unwrap().unwrap().end().await.unwrap().unwrap();
    assert_eq!(end.log.unwrap().text, "LOG");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_function_is_an_error_after_its_bytes() {
    let lambda = StreamingLambda::start().await;
    let (stream, mut function) = begin(Component::Wasi03.host(), &lambda).await;
    function.send(chunk("partial")).await;
    let details = r#"{\"errorType\":\"KeyError\",\"errorMessage\":\"no order\"}"#;
    let end = format!(r#"{{"ErrorCode":"Unhandled","ErrorDetails":"{details}"}}"#);
    function.send(complete_with(&end)).await;
    function.finish().await;
    let (bytes, end) = read(stream).await;
    assert_eq!(bytes, b"partial");
    let failed = function_failed(end);
    assert_eq!(failed.failure.marker, "Unhandled");
    assert_eq!(failed.failure.cause, FailureCause::Thrown);
    assert_eq!(failed.failure.error_type.as_deref(), Some("KeyError"));
    assert_eq!(failed.failure.error_message.as_deref(), Some("no order"));
    assert_eq!(failed.invocation.request_id.as_deref(), Some("8f5e"));
    assert!(failed.invocation.output.is_none());
}

/// A frame whose checksum does not match its payload.
fn corrupted(mut frame: Vec<u8>) -> Vec<u8> {
    let last = frame.len() - 5;
    frame[last] ^= 1;
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_without_a_valid_end_is_a_transport_error_and_is_not_retried() {
    use TransportKind::{CutOff, Malformed};
    let (frame, html) = (chunk("more"), b"<html>not a stream</html>".to_vec());
    for (case, rest, finishes, kind, read_before) in [
        ("no last event", vec![], true, CutOff, "begun"),
        ("half a frame", frame[..9].to_vec(), true, CutOff, "begun"),
        (
            "half a frame, cut",
            frame[..9].to_vec(),
            false,
            CutOff,
            "begun",
        ),
        ("connection cut", vec![], false, CutOff, "begun"),
        // The checksum follows the bytes.
        (
            "wrong checksum",
            corrupted(frame.clone()),
            true,
            Malformed,
            "begunmord",
        ),
        ("no frame", html, true, Malformed, "begun"),
    ] {
        let server = StreamingLambda::start().await;
        let connection = to(server.url());
        let call = testing::request_with("f", "7", |delivery| delivery.idempotent = Some(true));
        let host = Component::Wasi03.host();
        let (stream, mut function) = tokio::join!(open(host, &connection, &call), server.begin());
        function.send(chunk("begun")).await;
        if !rest.is_empty() {
            function.send(rest).await;
        }
        if finishes {
            function.finish().await;
        }
        drop(function);
        let (bytes, end) = read(stream.unwrap().unwrap()).await;
        assert_eq!(bytes, read_before.as_bytes(), "{case}");
        let message = assert_transport(end, kind, Executed::Yes, 1);
        assert!(message.contains("8f5e"), "{case}: {message}");
        assert!(server.has_no_more_connections(), "{case}: retried");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn error_before_the_head_is_an_error_of_the_call() {
    let answer = |status: &str, code: &str| {
        let head = format!("{status}\nx-amzn-requestid: 8f5e\nx-amzn-errortype: {code}");
        Canned::with_length(&head, r#"{"Message":"no"}"#)
    };
    for (status, code, category) in [
        (
            "404 Not Found",
            "ResourceNotFoundException",
            ErrorCategory::NotFound,
        ),
        (
            "403 Forbidden",
            "AccessDeniedException",
            ErrorCategory::AccessDenied,
        ),
    ] {
        let server = Server::start(&[answer(status, code)]).await;
        let opened = open_at(Component::Wasi03, server.url());
        let error = service(opened.await.unwrap());
        assert_service(&error, category, Executed::No, 1);
        assert_eq!((error.code.as_str(), server.requests()), (code, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_is_retried_before_the_head() {
    let throttled = "429 Too Many Requests\nx-amzn-requestid: 8f5e\n\
                     x-amzn-errortype: TooManyRequestsException";
    let body = [chunk("1"), complete()].concat();
    let server = Server::start(&[
        Canned::with_length(throttled, "{}"),
        streamed(&body, body.len()),
    ])
    .await;
    let opened = open_at(Component::Wasi03, server.url());
    let stream = opened.await.unwrap().unwrap();
    assert_eq!(stream.head().attempts, 2);
    let (bytes, end) = read(stream).await;
    assert_eq!((bytes.as_slice(), end.is_ok()), (&b"1"[..], true));
    assert_eq!(server.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn component_for_wasi_0_2_cannot_stream() {
    let opened = open_at(Component::Wasi02, "http://127.0.0.1:9".to_owned());
    let error = opened.await.err();
    assert!(matches!(error, Some(HostError::NotStreaming)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_closes_when_the_stream_is_dropped() {
    let lambda = StreamingLambda::start().await;
    let host = Component::Wasi03.host();
    let (mut stream, mut function) = begin(host, &lambda).await;
    function.send(chunk("1")).await;
    assert_eq!(stream.next().await.unwrap(), "1");
    drop(stream);
    function.closed().await;

    // The same applies to a call that waits for the head.
    let connection = to(lambda.url());
    let waiting = tokio::spawn(async move {
        let _ = open(host, &connection, &request("f", "7")).await;
    });
    let mut function = lambda.accept().await;
    waiting.abort();
    function.closed().await;
}

/// The function writes 200 MiB. The sizes of the socket's buffers bound what it writes ahead.
#[tokio::test(flavor = "multi_thread")]
async fn reader_that_pauses_blocks_the_function_and_one_mebibyte_suffices() {
    const PAYLOAD: usize = 1 << 20;
    const PIECES: usize = 200;
    let host = Component::Wasi03.host_with(Options {
        memory_limit: 1 << 20,
        ..Options::default()
    });
    let lambda = StreamingLambda::start().await;
    let (mut stream, mut function) = begin(&host, &lambda).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let writing = tokio::spawn(async move {
        let frame = chunk(vec![b'x'; PAYLOAD]);
        for _ in 0..PIECES {
            for part in frame.chunks(64 << 10) {
                function.send(part).await;
                counter.fetch_add(part.len(), Ordering::Relaxed);
            }
        }
        function.send(complete()).await;
        function.finish().await;
        function
    });
    let mut received = stream.next().await.unwrap().len();
    // The function is blocked if it makes no progress.
    let mut before = usize::MAX;
    while sent.load(Ordering::Relaxed) != before {
        before = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(before < 16 << 20, "{before} bytes were written ahead");

    while let Some(piece) = stream.next().await {
        assert!(piece.iter().all(|byte| *byte == b'x'));
        received += piece.len();
    }
    assert_eq!(received, PIECES * PAYLOAD);
    assert!(stream.end().await.unwrap().is_ok());
    writing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_of_a_call_limits_each_wait_of_a_stream() {
    const LIMIT: Duration = Duration::from_secs(4);
    let host = Component::Wasi03.host_with(Options {
        call_timeout: LIMIT,
        ..Options::default()
    });
    let lambda = StreamingLambda::start().await;
    let (mut stream, mut function) = begin(&host, &lambda).await;
    for _ in 0..3 {
        tokio::time::sleep(LIMIT / 2).await;
        function.send(chunk("alive")).await;
        assert_eq!(stream.next().await.unwrap(), "alive");
    }
    assert!(stream.next().await.is_none());
    assert_timed_out(stream, function, LIMIT).await;
}

/// Asserts that this limit ended the stream, and that its connection is closed.
async fn assert_timed_out(stream: ResponseStream, mut function: Streamed, expected: Duration) {
    let end = stream.end().await;
    assert!(
        matches!(end, Err(HostError::Timeout { limit }) if limit == expected),
        "{end:?}"
    );
    function.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_of_a_stream_limits_it_as_a_whole() {
    const LIMIT: Duration = Duration::from_millis(200);
    let host = Component::Wasi03.host_with(Options {
        stream_timeout: LIMIT,
        ..Options::default()
    });
    let lambda = StreamingLambda::start().await;
    let (mut stream, function) = begin(&host, &lambda).await;
    while stream.next().await.is_some() {}
    assert_timed_out(stream, function, LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_streams_with_the_key_of_its_connection() {
    let lambda = StreamingLambda::start().await;
    let key = AccessKey {
        access_key_id: "AKID".to_owned(),
        ..access_key(&Key::default())
    };
    // The component rejects a key for another day.
    let key = signing_key(&key, "us-east-1", SystemTime::now());
    let connection = Connection {
        credentials: Credentials::SigningKey(key),
        ..to(lambda.url())
    };
    let host = Component::Wasi03.host().clone();
    let caller = Caller::new(host, connection, "us-east-1", &[], SessionCache::default()).unwrap();
    let call = request("f", "7");
    let (stream, mut function) =
        tokio::join!(caller.invoke_with_response_stream(&call), lambda.begin());
    assert!(function.request.contains("Credential=AKID/"));
    function.send(chunk("1")).await;
    function.send(complete()).await;
    function.finish().await;
    let (bytes, end) = read(stream.unwrap().unwrap()).await;
    assert_eq!((bytes.as_slice(), end.is_ok()), (&b"1"[..], true));
}

/// A request whose response is collected.
fn collected(max_response_bytes: Option<u32>) -> InvokeRequest {
    InvokeRequest {
        response_mode: Some(ResponseMode::Streamed),
        max_response_bytes,
        ..request("f", "7")
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn collected_response_larger_than_a_buffered_one_arrives_whole(component: Component) {
    let mut payload: Vec<u8> = (0..7_u32 << 18).flat_map(u32::to_be_bytes).collect();
    payload.push(0xff);
    let mut body: Vec<u8> = payload.chunks(1_000_000).flat_map(chunk).collect();
    body.extend(complete());
    let server = Server::start(&[streamed(&body, body.len())]).await;
    let result = invoke_in(component.host(), &to(server.url()), &collected(None)).await;
    assert_eq!(
        result
            .as_ref()
            .map(|it| it.executed_version.as_deref())
            .ok(),
        Some(Some("7"))
    );
    assert!(binary(result) == payload);
    assert!(
        server.received()[0].starts_with(
            "POST /2021-11-15/functions/f/response-streaming-invocations HTTP/1.1\r\n"
        )
    );
}

/// Its length is not known before its end.
#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn collected_response_needs_its_size_and_one_mebibyte(component: Component) {
    const SIZE: usize = 24 << 20;
    let host = component.host_with(Options {
        memory_limit: SIZE + (1 << 20),
        ..Options::default()
    });
    for pieces in [1_000, 1_000_000] {
        let mut body: Vec<u8> = vec![b'x'; SIZE].chunks(pieces).flat_map(chunk).collect();
        body.extend(complete());
        let server = Server::start(&[streamed(&body, body.len())]).await;
        let result = invoke_in(&host, &to(server.url()), &collected(Some(SIZE as u32))).await;
        assert!(text(result) == "x".repeat(SIZE));
    }
}

/// wasmtime copies at most 128 MiB out of an instance at once by default.
#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn largest_collected_response_arrives_whole(component: Component) {
    const LARGEST: usize = 200 << 20;
    let host = component.host_with(Options {
        memory_limit: LARGEST + (1 << 20),
        ..Options::default()
    });
    let lambda = StreamingLambda::start().await;
    let write = async {
        let mut function = lambda.begin().await;
        let piece = chunk("x".repeat(1 << 20));
        for _ in 0..LARGEST >> 20 {
            function.send(&piece).await;
        }
        function.send(complete()).await;
        function.finish().await;
        function
    };
    let connection = to(lambda.url());
    let request = collected(Some(LARGEST as u32));
    let (result, _function) = tokio::join!(invoke_in(&host, &connection, &request), write);
    assert!(text(result) == "x".repeat(LARGEST));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn collected_response_has_the_limit_of_the_request(component: Component) {
    let body = [chunk("12345"), chunk("67890"), complete()].concat();
    let server = Server::start(&[streamed(&body, body.len())]).await;
    let invoke = async |limit| {
        let (host, connection) = (component.host(), to(server.url()));
        invoke_in(host, &connection, &collected(Some(limit))).await
    };
    assert_eq!(text(invoke(10).await), "1234567890");
    let error = transport(invoke(9).await);
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (TransportKind::Malformed, Executed::Yes, 1),
        "{}",
        error.message
    );
    assert!(error.message.contains('9'), "{}", error.message);
    assert_eq!(server.requests(), 2);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn collected_response_of_a_failed_function_is_an_error(component: Component) {
    let end = r#"{"ErrorCode":"Runtime.ExitError","ErrorDetails":"{\"errorType\":\"Runtime.ExitError\"}","LogResult":"TE9H"}"#;
    let body = [chunk("partial"), complete_with(end)].concat();
    let server = Server::start(&[streamed(&body, body.len())]).await;
    let result = invoke_in(component.host(), &to(server.url()), &collected(None)).await;
    let failed = function_failed(result);
    assert_eq!(failed.failure.cause, FailureCause::Exited);
    assert_eq!(failed.invocation.log.unwrap().text, "LOG");
    assert_eq!(failed.invocation.request_id.as_deref(), Some("8f5e"));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn collected_response_without_a_valid_end_is_a_transport_error(component: Component) {
    let whole = [chunk("12345"), complete()].concat();
    let without_end = chunk("12345");
    let wrong = [corrupted(chunk("12345")), complete()].concat();
    for (case, answer, kind) in [
        (
            "cut",
            streamed(&whole[..whole.len() - 1], whole.len()),
            TransportKind::CutOff,
        ),
        (
            "in a frame",
            streamed(&whole[..whole.len() - 1], whole.len() - 1),
            TransportKind::CutOff,
        ),
        (
            "no last event",
            streamed(&without_end, without_end.len()),
            TransportKind::CutOff,
        ),
        (
            "wrong checksum",
            streamed(&wrong, wrong.len()),
            TransportKind::Malformed,
        ),
    ] {
        let server = Server::start(&[answer]).await;
        let call = changed(&collected(None), |call| {
            if let Some(delivery) = &mut call.delivery {
                delivery.max_attempts = Some(1);
            }
        });
        let result = invoke_in(component.host(), &to(server.url()), &call).await;
        let error = transport(result);
        assert_eq!(
            (error.kind, error.executed),
            (kind, Executed::Yes),
            "{case}: {}",
            error.message
        );
    }
}
