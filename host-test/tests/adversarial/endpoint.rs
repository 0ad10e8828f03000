//! An endpoint that is not Lambda, or that has been taken over.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_connector_host::bindings::lambda::FunctionPage;
use aws_lambda_connector_host::bindings::types::{
    Endpoint, Error, Executed, TransportKind as Kind,
};
use aws_lambda_connector_host::policy::Policy;
use flate2::Compression;
use flate2::write::GzEncoder;
use testing::outcome::{assert_transport, function_failed, service, text, transport};
use testing::server::{Canned, Server, read_request};
use testing::{Component, case, for_each_component, only, query, request, request_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{
    LAMBDA, LARGE, Result, call, component_answer, connection, invoked, invoked_by, with_length,
};

const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nx-amzn-requestid: 8f5e\r\n";

fn deep(open: &str, inside: &str, close: &str) -> String {
    let half = (LARGE - inside.len()) / (open.len() + close.len());
    open.repeat(half) + inside + &close.repeat(half)
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_response_head_is_rejected(component: Component) {
    let long = format!("{LAMBDA}x-long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("{LAMBDA}{}\r\n", "x-many: y\r\n".repeat(10_000));
    let reason = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(1 << 20));
    let endless_headers = "x-endless: y\r\n".repeat(1_000);
    for (name, answer) in [
        ("long header", Canned::raw(long)),
        ("many headers", Canned::raw(many)),
        ("long reason", Canned::raw(reason)),
        (
            "endless headers",
            Canned::raw(LAMBDA).then_forever(endless_headers),
        ),
        (
            "endless reason",
            Canned::raw("HTTP/1.1 200 ").then_forever("x".repeat(10_000)),
        ),
    ] {
        let _case = case(name);
        let result = invoked(component, answer).await;
        assert_transport(result, Kind::Malformed, Executed::Unknown, 1);
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trickling_head_and_endless_interim_responses_end_at_the_timeout(component: Component) {
    let trickle = Canned::raw(LAMBDA).then_forever("x: y\r\n");
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let both = Canned::raw(interim).then_forever(hints);
    for (name, answer) in [
        ("trickling head", trickle.slowly(Duration::from_millis(50))),
        (
            "endless 100",
            Canned::raw("").then_forever(interim.repeat(1_000)),
        ),
        (
            "endless 103",
            Canned::raw("").then_forever(hints.repeat(1_000)),
        ),
        ("slow 100 and 103", both.slowly(Duration::from_millis(50))),
    ] {
        let _case = case(name);
        let request = request_with("f", "{}", |delivery| {
            delivery.response_timeout_ms = Some(1_500);
        });
        let result = invoked_by(component, request, answer).await;
        assert_transport(result, Kind::Timeout, Executed::Unknown, 1);
    }
}

#[for_each_component]
#[tokio::test]
async fn interim_responses_are_skipped_and_status_101_is_an_error(component: Component) {
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx-amz-function-error: x\r\n\r\n";
    let answer = with_length(&format!("{}{LAMBDA}", interim.repeat(500)), "7");
    assert_eq!(text(invoked(component, answer).await), "7");

    let switched = Canned::raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: evil\r\n\r\nevil");
    let result = invoked(component, switched).await;
    let message = assert_transport(result, Kind::NotLambda, Executed::Unknown, 1);
    assert!(message.contains("status 101"), "{message}");

    let switched = Canned::raw(
        "HTTP/1.1 101 Switching Protocols\r\nx-amzn-requestid: 8f5e\r\nupgrade: evil\r\n\r\nevil",
    );
    let error = service(invoked(component, switched).await);
    assert_eq!((error.status_code, error.retryable), (101, false));
    assert_eq!(error.executed, Executed::Unknown);
}

/// Neither the component nor the host follows the redirect: the policy sees no second request.
#[for_each_component]
#[tokio::test]
async fn redirect_to_instance_credentials_is_an_error(component: Component) {
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/",
            "//169.254.169.254/",
            "file:///proc/self/environ",
        ] {
            let _case = case(format!("{status} {location}"));
            let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\n");
            let server = Server::start(&[with_length(&head, "")]).await;
            let policy = only(&server.url());
            let (connection, request) = (connection(server.url()), request("f", "{}"));
            let invoked = component.host().invoke(&policy, &connection, &request);
            let result = component_answer(invoked.await);
            let message = assert_transport(result, Kind::NotLambda, Executed::Unknown, 1);
            assert!(message.contains(&format!("status {status}")), "{message}");
            assert_eq!(policy.refusals(), [], "{location}");
            assert_eq!(server.requests(), 1);
        }
    }
}

/// The connector asks for no compression and does not decompress. Compressed bytes are not the
/// function's output.
#[for_each_component]
#[tokio::test]
async fn compressed_response_is_rejected_and_not_decompressed(component: Component) {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b'0'; 64 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let head = format!("{LAMBDA}content-encoding: gzip\r\n");
    let server = Server::start(&[with_length(&head, &bomb)]).await;
    let result = call(component, &server.url(), &request("f", "{}")).await;
    let message = assert_transport(result, Kind::Malformed, Executed::Yes, 1);
    assert!(message.contains("content-encoding `gzip`"), "{message}");
    assert_eq!(server.headers("accept-encoding"), ["identity"]);
}

/// If two readers disagree on where a response ends, the remainder becomes a response of its own
/// (response smuggling). A response of ambiguous length is therefore rejected.
#[for_each_component]
#[tokio::test]
async fn ambiguous_response_length_is_rejected(component: Component) {
    const CHUNKED: &str = "transfer-encoding: chunked\r\n";
    for (headers, body) in [
        ("content-length: 1\r\ncontent-length: 2\r\n", "77"),
        ("content-length: 1, 2\r\n", "77"),
        ("content-length: -1\r\n", "7"),
        ("content-length: +1\r\n", "7"),
        ("content-length: 0x1\r\n", "7"),
        ("content-length: \r\n", "7"),
        (CHUNKED, "-1\r\n7\r\n0\r\n\r\n"),
        (CHUNKED, "fffffffffffffffff\r\n7\r\n0\r\n\r\n"),
        (CHUNKED, "1\r\n77\r\n0\r\n\r\n"),
    ] {
        let answer = Canned::raw(format!("{LAMBDA}{headers}\r\n{body}"));
        let result = invoked(component, answer).await;
        let rejected = matches!(result, Err(Error::Transport(_)));
        assert!(rejected, "{headers:?} {body:?}: {result:?}");
    }
}

#[for_each_component]
#[tokio::test]
async fn malformed_header_line_is_rejected(component: Component) {
    for line in [
        "x-amzn-requestid: a\rx-amz-function-error: b\r\n",
        "x-amzn-requestid: a\0b\r\n",
        "x-amzn-requestid : a\r\n",
        "x amz: a\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "x-amzn-requestid: a\r\n folded: b\r\n",
    ] {
        let _case = case(format!("{line:?}"));
        let answer = with_length(&format!("{LAMBDA}{line}"), "7");
        let result = invoked(component, answer).await;
        assert_transport(result, Kind::Malformed, Executed::Unknown, 1);
    }
}

/// WIT strings are Unicode, but a server can send any bytes.
#[for_each_component]
#[tokio::test]
async fn response_bytes_that_are_not_utf8_are_tolerated(component: Component) {
    let header = |name: &str| {
        let head = [LAMBDA.as_bytes(), name.as_bytes(), b": a\xff\xfeb\r\n"].concat();
        Canned::raw([&head[..], b"content-length: 1\r\n\r\n7"].concat())
    };
    for name in [
        "x-amz-log-result",
        "x-amzn-trace-id",
        "content-type",
        "date",
    ] {
        let result = invoked(component, header(name)).await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
    function_failed(invoked(component, header("x-amz-function-error")).await);

    let answer = with_length(BAD_REQUEST, b"{\"message\":\"\xff\"}");
    let error = service(invoked(component, answer).await);
    assert_eq!(error.message, "the response has status 400 and no message");
}

/// The stack is 64 KiB, so parsers must not recurse.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deeply_nested_json_is_parsed_without_recursion(component: Component) {
    for body in [
        "[".repeat(LARGE),
        deep("[", "", "]"),
        deep("{\"a\":", "0", "}"),
    ] {
        let _case = case(&body[..10]);
        assert!(text(invoked(component, with_length(LAMBDA, &body)).await) == body);

        let failed = format!("{LAMBDA}x-amz-function-error: Unhandled\r\n");
        let failed = function_failed(invoked(component, with_length(&failed, &body)).await);
        let failure = failed.failure;
        assert_eq!((failure.error_type, failure.stack_trace.len()), (None, 0));

        let rejected = invoked(component, with_length(BAD_REQUEST, &body)).await;
        assert_eq!(service(rejected).code, "HTTP 400");

        let nested = format!("{{\"Functions\":[{{\"FunctionName\":\"f\",\"Layers\":{body}}}]}}");
        let listed = list(component, &nested[..nested.len().min(LARGE)]).await;
        assert_eq!(transport(listed).kind, Kind::Malformed);
    }
}

async fn list(component: Component, answer: &str) -> Result<FunctionPage> {
    let server = Server::start(&[with_length(LAMBDA, answer)]).await;
    let connection = connection(server.url());
    let (policy, query) = (only(&server.url()), query());
    let listed = component
        .host()
        .list_functions(&policy, &connection, &query);
    component_answer(listed.await)
}

/// Six megabytes of the smallest elements. Parsing must not take many times as much memory.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn document_with_a_million_elements_is_rejected(component: Component) {
    let repeat = |element: &str| element.repeat(LARGE / element.len() - 20);
    let fields = |field: &str| format!("{{{}\"a\":0}}", repeat(field));
    let rows = |row: &str| format!("{{\"Functions\":[{}{{}}]}}", repeat(row));
    for body in [
        rows("{\"FunctionName\":\"\"},"),
        rows("{},"),
        rows("0,"),
        fields("\"\":0,"),
    ] {
        let _case = case(&body[..20]);
        assert!(body.len() <= LARGE);
        let listed = list(component, &body).await;
        assert_eq!(transport(listed).kind, Kind::Malformed);
    }
    let rejected = invoked(component, with_length(BAD_REQUEST, fields("\"\":0,"))).await;
    assert_eq!(service(rejected).code, "HTTP 400");
}

/// The next call on a pooled connection may belong to another caller. An unsolicited response must
/// not be delivered to it.
#[for_each_component]
#[tokio::test]
async fn unsolicited_response_is_not_delivered_to_the_next_call(component: Component) {
    for together in [true, false] {
        let _case = case(format!("both responses in one write: {together}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = |body: &str| format!("{LAMBDA}content-length: {}\r\n\r\n{body}", body.len());
        let (mine, planted) = (answer("\"mine\""), answer("\"planted\""));
        let server = tokio::spawn(async move {
            let (mut first, _) = listener.accept().await.unwrap();
            let mut seen = vec![read_request(&mut first).await];
            let writes = match together {
                true => vec![mine.clone() + &planted],
                false => vec![mine.clone(), planted],
            };
            for bytes in writes {
                first.write_all(bytes.as_bytes()).await.unwrap();
            }
            // End of stream shows that the client has noticed, because it closes a connection that
            // it will not reuse.
            let mut rest = Vec::new();
            let _ = first.read_to_end(&mut rest).await;
            seen.push(String::from_utf8(rest).unwrap());
            let (mut second, _) = listener.accept().await.unwrap();
            seen.push(read_request(&mut second).await);
            second.write_all(mine.as_bytes()).await.unwrap();
            seen
        });
        for _ in 0..2 {
            let result = call(component, &url, &request("f", "{}")).await;
            assert_eq!(text(result), "\"mine\"");
        }
        // The planted connection received no further request.
        let seen = server.await.unwrap();
        assert_eq!(seen[1], "");
    }
}

/// The caller may choose any endpoint, but the host's policy decides which hosts are reachable.
#[for_each_component]
#[tokio::test]
async fn custom_endpoint_outside_the_policy_is_denied(component: Component) {
    let server = Server::start(&[with_length(LAMBDA, "7")]).await;
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let mut connection = connection(server.url());
    for url in [
        server.url(),
        "http://10.0.0.1/".to_owned(),
        "https://evil.example".to_owned(),
    ] {
        let _case = case(url.clone());
        connection.endpoint = Some(Endpoint::Url(url));
        let request = request("f", "{}");
        let invoked = component.host().invoke(&policy, &connection, &request);
        assert_transport(
            component_answer(invoked.await),
            Kind::Denied,
            Executed::No,
            1,
        );
    }
    assert_eq!(policy.refusals().len(), 3);
    assert_eq!(server.requests(), 0);
}
