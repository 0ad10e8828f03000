//! Streamed responses on the command line.

use std::io::Read;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::json;
use testing::case;
use testing::event_stream::{Streamed, StreamingLambda, chunk, complete, complete_with, streamed};
use testing::server::{Canned, Server};
use tokio::task::spawn_blocking;

use super::{Finished, assert_contains, program, run};

/// Starts the program with a connection to this URL.
fn start(url: String, args: &[&str]) -> Child {
    program(args)
        .args(["--scope", "off"])
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_LAMBDA", url)
        .env("AWS_ACCESS_KEY_ID", "AKID")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn finish(child: Child) -> Finished {
    let output = spawn_blocking(move || child.wait_with_output().unwrap());
    Finished::new(output.await.unwrap())
}

/// Runs the program against a server with this response.
async fn against(answer: Canned, args: &[&str]) -> Finished {
    let server = Server::start(&[answer]).await;
    finish(start(server.url(), args)).await
}

fn whole(body: &[Vec<u8>]) -> Canned {
    let body = body.concat();
    streamed(&body, body.len())
}

/// Starts `invoke --stream`, and begins the response of its function.
async fn begin() -> (Child, Streamed) {
    let lambda = StreamingLambda::start().await;
    let child = start(lambda.url(), &["invoke", "f", "--stream"]);
    (child, lambda.begin().await)
}

async fn read(mut stdout: ChildStdout, bytes: usize) -> (ChildStdout, Vec<u8>) {
    let reading = spawn_blocking(move || {
        let mut read = vec![0; bytes];
        stdout.read_exact(&mut read).unwrap();
        (stdout, read)
    });
    reading.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn piece_reaches_a_pipe_while_the_next_one_is_held_back() {
    let (mut child, mut function) = begin().await;
    let mut stdout = child.stdout.take().unwrap();
    for piece in [&b"first, without a line feed"[..], b"\x00\xff\x1b[2J"] {
        function.send(chunk(piece)).await;
        let (rest, read) = read(stdout, piece.len()).await;
        assert_eq!(read, piece);
        stdout = rest;
    }
    function.send(complete()).await;
    function.finish().await;
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    assert_eq!(finish(child).await.stderr(0), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_pipe_ends_a_stream_without_an_error() {
    let (mut child, mut function) = begin().await;
    function.send(chunk("1")).await;
    let (stdout, _) = read(child.stdout.take().unwrap(), 1).await;
    drop(stdout);
    // It fails once the program has closed the connection.
    while function.try_send(&chunk("2")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(finish(child).await.stderr(0), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_a_stream_goes_to_standard_error() {
    let log = complete_with(r#"{"LogResult":"TE9H"}"#);
    let answer = whole(&[chunk("a"), chunk("b"), log]);
    let ran = against(answer, &["invoke", "f", "--stream", "--log"]).await;
    assert_eq!(ran.stdout(0), "ab");
    assert_eq!(ran.stderr, "log:\nLOG\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_stream_exits_with_3_and_reports_on_standard_error() {
    let end =
        complete_with(r#"{"ErrorCode":"Unhandled","ErrorDetails":"{\"errorType\":\"KeyError\"}"}"#);
    let answer = whole(&[chunk("partial"), end]);
    let ran = against(answer, &["invoke", "f", "--stream"]).await;
    assert_eq!(ran.stdout(3), "partial");
    assert!(
        ran.stderr.starts_with("function failed: thrown (Unhandled"),
        "{ran:?}"
    );
    assert_contains(&ran.stderr, &["error type:\nKeyError"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_without_a_usable_end_exits_with_1() {
    let answer = whole(&[chunk("partial")]);
    let ran = against(answer, &["invoke", "f", "--stream"]).await;
    assert_eq!(ran.stdout(1), "partial");
    assert!(
        ran.stderr
            .starts_with("error: no usable response (cut-off)"),
        "{ran:?}"
    );
    assert_contains(&ran.stderr, &["function ran: yes"]);

    let head = "404 Not Found\nx-amzn-requestid: 1\nx-amzn-errortype: ResourceNotFoundException";
    let answer = Canned::with_length(head, "{}");
    let ran = against(answer, &["invoke", "f", "--stream"]).await;
    assert_contains(ran.stderr(1), &["ResourceNotFoundException (404)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn component_that_cannot_stream_is_an_error() {
    let args = [
        "invoke",
        "f",
        "--stream",
        "--component",
        built_component::P2,
    ];
    let ran = finish(start("http://127.0.0.1:9".to_owned(), &args)).await;
    assert_contains(ran.stderr(1), &["WASI 0.3"]);
}

#[test]
fn conflicting_arguments_of_a_stream_exit_with_2() {
    for args in [
        &["--stream", "--json"][..],
        &["--stream", "--response-mode", "streamed"],
        &["--stream", "--max-response-bytes", "1"],
        &["--response-mode", "live"],
        &["--split-prelude"],
    ] {
        let _case = case(args.join(" "));
        run(&[&["invoke", "f"][..], args].concat()).stderr(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prelude_goes_to_standard_error() {
    const PRELUDE: &str = r#"{"statusCode":201,"cookies":["a=1"]}"#;
    let answer = || {
        let separator = chunk(format!("{}\0\0\0", &PRELUDE[9..]));
        whole(&[
            chunk(&PRELUDE[..9]),
            separator,
            chunk("\0\0\0\0\0<p>"),
            chunk("Hello</p>"),
            complete(),
        ])
    };
    let ran = against(answer(), &["invoke", "f", "--stream", "--split-prelude"]).await;
    assert_eq!(ran.stdout(0), "<p>Hello</p>");
    assert_eq!(ran.stderr, format!("{PRELUDE}\n"));

    let args = [
        "invoke",
        "f",
        "--response-mode",
        "streamed",
        "--split-prelude",
    ];
    let ran = against(answer(), &args).await;
    assert!(
        ran.stdout(0).ends_with("\n\noutput:\n<p>Hello</p>\n"),
        "{ran:?}"
    );
    assert_eq!(ran.stderr, format!("{PRELUDE}\n"));

    // Without the option, and without a prelude, nothing changes.
    let ran = against(answer(), &["invoke", "f", "--stream"]).await;
    assert_eq!(
        ran.stdout(0),
        format!("{PRELUDE}\0\0\0\0\0\0\0\0<p>Hello</p>")
    );
    for output in [r#"{"a":1}"#, "plain", ""] {
        let answer = whole(&[chunk(output), complete()]);
        let ran = against(answer, &["invoke", "f", "--stream", "--split-prelude"]).await;
        assert_eq!((ran.stdout(0), ran.stderr.as_str()), (output, ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collected_stream_is_printed_like_any_output() {
    let answer = || whole(&[chunk("[1,"), chunk("2]"), complete()]);
    let limited = |limit| {
        [
            "invoke",
            "f",
            "--response-mode",
            "streamed",
            "--max-response-bytes",
            limit,
            "--json",
        ]
    };
    let document = against(answer(), &limited("5")).await.document(0);
    assert_eq!(document["ok"]["output"], json!({ "text": "[1,2]" }));
    let document = against(answer(), &limited("4")).await.document(1);
    let error = &document["error"]["transport"];
    assert_eq!(error["executed"], "yes", "{document}");
}
