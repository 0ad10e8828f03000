//! Answers that are too large, too short, or never end.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, Payload, TransportKind};
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Key, RESPONSE_LIMIT};

use super::{COMPONENT, HOST, LAMBDA, Result, STOCK, answered, lambda, service, transport};
use testing::server::{Canned, Server};
use testing::{AnyHost, connection, request};

/// Less than four times what Lambda can send.
static SMALL: LazyLock<AnyHost> = LazyLock::new(|| {
    AnyHost::reference(
        COMPONENT,
        Options {
            memory_limit: 24 << 20,
            ..Options::default()
        },
    )
});

async fn in_little_memory(answer: Canned) -> (Result, usize) {
    let server = Server::start(&[answer]).await;
    let connection = connection(&Key::default(), server.url());
    let result = SMALL.invoke(&connection, &request("f", "{}")).await;
    (result, server.requests())
}

/// 64 KiB of a chunked body.
fn chunk() -> String {
    format!("10000\r\n{}\r\n", "x".repeat(0x10000))
}

#[tokio::test]
async fn the_largest_answer_fits_into_little_memory() {
    let lambda = lambda().await;
    let connection = connection(lambda.key(), lambda.url());
    let event = format!(r#"{{"bytes":{RESPONSE_LIMIT}}}"#);
    let invocation = SMALL
        .invoke(&connection, &request("big", event))
        .await
        .unwrap();
    let Some(Payload::Text(text)) = invocation.output else {
        panic!("{:?}", invocation.status_code);
    };
    assert_eq!(text.len(), RESPONSE_LIMIT);
}

#[tokio::test]
async fn more_than_lambda_sends_is_refused_and_not_held() {
    let announced = format!("{LAMBDA}\ncontent-length: {}", 64 << 20);
    let announced = Canned::new(&announced, [b'x'; 1 << 16]).repeated(1024);
    let chunked = format!("{LAMBDA}\ntransfer-encoding: chunked");
    let chunked = Canned::new(&chunked, chunk()).repeated(1024);
    let until_closed = Canned::new(LAMBDA, [b'x'; 1 << 16]).repeated(1024);
    for answer in [announced, chunked, until_closed] {
        let (result, requests) = in_little_memory(answer).await;
        let message = transport(result, TransportKind::Malformed, Executed::Yes, 1);
        assert_eq!(
            message,
            "the answer is larger than Lambda can send (6,291,556 bytes): check the endpoint"
        );
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn a_length_that_no_memory_holds_is_only_a_number() {
    for length in ["4294967296", "18446744073709551615", "99999999999999999999"] {
        let head = format!("{LAMBDA}\ncontent-length: {length}");
        let (result, requests) = in_little_memory(Canned::new(&head, "{}")).await;
        match length.len() {
            // hyper refuses what is no number of 64 bits.
            20 => transport(result, TransportKind::Malformed, Executed::Unknown, 1),
            _ => transport(result, TransportKind::Malformed, Executed::Yes, 1),
        };
        assert_eq!(requests, 1, "{length}");
    }
}

#[tokio::test]
async fn an_errors_endless_text_does_not_hide_its_status() {
    let head = "400 Bad Request\nx-amzn-errortype: InvalidParameterValueException";
    let endless = Canned::new(&format!("{head}\ntransfer-encoding: chunked"), chunk());
    let (result, requests) = in_little_memory(endless.repeated(1024)).await;
    let error = service(result);
    assert_eq!(
        (
            error.code.as_str(),
            error.category,
            error.executed,
            requests
        ),
        (
            "InvalidParameterValueException",
            ErrorCategory::InvalidRequest,
            Executed::No,
            1
        )
    );
}

#[tokio::test]
async fn a_body_that_ends_before_its_length() {
    for (length, body) in [(100, "{\"a\":1}"), (1, ""), (65_537, &"x".repeat(65_536))] {
        let head = format!("{LAMBDA}\ncontent-length: {length}");
        let (result, requests) = answered(Canned::new(&head, body)).await;
        transport(result, TransportKind::CutOff, Executed::Yes, 1);
        assert_eq!(requests, 1, "{length}");
    }
}

#[tokio::test]
async fn a_chunked_body_without_its_end() {
    // In the middle of a chunk, after a chunk, and before the last empty line.
    for body in [
        "7\r\n{\"a\"",
        "7\r\n{\"a\":1}\r\n",
        "7\r\n{\"a\":1}\r\n0\r\n",
    ] {
        let head = format!("{LAMBDA}\ntransfer-encoding: chunked");
        let (result, requests) = answered(Canned::new(&head, body)).await;
        transport(result, TransportKind::CutOff, Executed::Yes, 1);
        assert_eq!(requests, 1, "{body}");
    }
    let head = format!("{LAMBDA}\ntransfer-encoding: chunked");
    let whole = Canned::new(&head, "7\r\n{\"a\":1}\r\n0\r\n\r\n");
    let (result, _) = answered(whole).await;
    let output = result.unwrap().output;
    assert!(
        matches!(&output, Some(Payload::Text(text)) if text == r#"{"a":1}"#),
        "{output:?}"
    );
}

/// Each piece comes soon enough, and their end would come after 20 s.
#[tokio::test]
async fn a_trickle_ends_when_the_options_say_so() {
    let head = format!("{LAMBDA}\ncontent-length: 220");
    let trickle = Canned::new(&head, "1234567890 ")
        .repeated(20)
        .slowly(Duration::from_secs(1));
    for host in [HOST.clone(), AnyHost::Stock(Box::new(STOCK.clone()))] {
        let server = Server::start(std::slice::from_ref(&trickle)).await;
        let mut request = request("f", "{}");
        request.delivery.as_mut().unwrap().response_timeout_ms = Some(3_000);
        let connection = connection(&Key::default(), server.url());
        let result = host.invoke(&connection, &request).await;
        let message = transport(result, TransportKind::CutOff, Executed::Yes, 1);
        assert_eq!(message, "the rest of the answer did not come in time");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_but_continue() {
    // An interim answer is none.
    let (result, requests) = answered(Canned::new("100 Continue", "")).await;
    transport(result, TransportKind::CutOff, Executed::Unknown, 1);
    assert_eq!(requests, 1);
}
