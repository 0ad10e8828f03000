//! An endpoint that is not Lambda, or is not itself any more.

use std::io::Write as _;
use std::time::Duration;

use aws_lambda_connector_host::bindings::lambda::FunctionQuery;
use aws_lambda_connector_host::bindings::types::{
    Endpoint, Error, Executed, FailedInvocation, Payload, TransportKind as Kind,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::raw::{Bytes, Raw};
use crate::{LAMBDA, PATIENCE, answered, connection, each, each_waiting, hosts, only, transport};
use testing::server::read_request;

/// What Lambda can send, and a bit less than the connector takes.
const LARGE: usize = 6_291_556;

fn deep(open: &str, inside: &str, close: &str) -> String {
    let half = (LARGE - inside.len()) / (open.len() + close.len());
    open.repeat(half) + inside + &close.repeat(half)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_is_limited_in_size_and_number() {
    let long = format!("{LAMBDA}x-long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("{LAMBDA}{}\r\n", "x-many: y\r\n".repeat(10_000));
    let reason = format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(1 << 20));
    for answer in [
        Bytes::new(long),
        Bytes::new(many),
        Bytes::new(reason),
        Bytes::new(LAMBDA).then_for_ever("x-endless: y\r\n".repeat(1_000)),
        Bytes::new("HTTP/1.1 200 ").then_for_ever("x".repeat(10_000)),
    ] {
        each(&answer, |wasi, result| {
            let error = transport(result);
            assert_eq!(
                (error.kind, error.executed, error.attempts),
                (Kind::Malformed, Executed::Unknown, 1),
                "{wasi}: {}",
                error.message
            );
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_and_interim_answers_without_end_are_waited_for_no_longer_than_asked()
{
    let trickle = Bytes::new(LAMBDA).then_for_ever("x: y\r\n");
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    for answer in [
        trickle.slowly(Duration::from_millis(50)),
        Bytes::new("").then_for_ever(interim.repeat(1_000)),
        Bytes::new("").then_for_ever(hints.repeat(1_000)),
        Bytes::new(interim)
            .then_for_ever(hints)
            .slowly(Duration::from_millis(50)),
    ] {
        each_waiting(Some(PATIENCE), &answer, |wasi, result| {
            let error = transport(result);
            assert_eq!(
                (error.kind, error.executed, error.attempts),
                (Kind::Timeout, Executed::Unknown, 1),
                "{wasi}: {}",
                error.message
            );
        })
        .await;
    }
}

#[tokio::test]
async fn interim_answers_are_none() {
    let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx-amz-function-error: x\r\n\r\n";
    let answer = Bytes::whole(&format!("{}{LAMBDA}", interim.repeat(500)), "7");
    each(&answer, |wasi, result| {
        let output = result.unwrap().output;
        assert!(
            matches!(&output, Some(Payload::Text(text)) if text == "7"),
            "{wasi}: {output:?}"
        );
    })
    .await;

    let switched = Bytes::new("HTTP/1.1 101 Switching Protocols\r\nupgrade: evil\r\n\r\nevil");
    each(&switched, |wasi, result| match result {
        Err(Error::Service(error)) => assert_eq!(
            (error.status_code, error.executed, error.retryable),
            (101, Executed::Unknown, false),
            "{wasi}"
        ),
        other => panic!("{wasi}: {other:?}"),
    })
    .await;
}

/// Neither the component nor the host follows: nothing else is even asked of the policy.
#[tokio::test]
async fn a_redirect_to_the_machines_own_credentials_is_an_error() {
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/",
            "//169.254.169.254/",
            "file:///proc/self/environ",
        ] {
            let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\n");
            let server = Raw::start(Bytes::whole(&head, "")).await;
            for (wasi, host) in hosts() {
                let policy = only(&server.url());
                let request = testing::request("f", "{}");
                let result = host
                    .invoke(&policy, &connection(server.url()), &request)
                    .await;
                match answered(result) {
                    Err(Error::Service(error)) => assert_eq!(error.status_code, status, "{wasi}"),
                    other => panic!("{wasi}: {other:?}"),
                }
                assert_eq!(policy.refusals(), [], "{wasi}: {location}");
            }
            assert_eq!(server.requests().len(), 2);
        }
    }
}

/// Nothing is asked for compressed, and nothing is decompressed: the bytes are what they are.
#[tokio::test]
async fn a_compressed_answer_stays_as_small_as_it_is() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![b'0'; 64 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    for (wasi, host) in hosts() {
        let head = format!("{LAMBDA}content-encoding: gzip\r\n");
        let server = Raw::start(Bytes::whole(&head, &bomb)).await;
        let result = crate::call(host, &server.url(), &testing::request("f", "{}")).await;
        match result.unwrap().output {
            Some(Payload::Binary(bytes)) => assert!(bytes == bomb, "{wasi}"),
            other => panic!("{wasi}: {other:?}"),
        }
        let asked = server.requests().concat().to_lowercase();
        assert!(!asked.contains("accept-encoding"), "{asked}");
    }
}

/// Where one reader sees an answer's end and another sees it elsewhere, the rest becomes an answer of
/// its own: what leaves the length in doubt is no answer.
#[tokio::test]
async fn a_length_in_doubt_is_no_answer() {
    for (headers, body) in [
        ("content-length: 1\r\ncontent-length: 2\r\n", "77"),
        ("content-length: 1, 2\r\n", "77"),
        ("content-length: -1\r\n", "7"),
        ("content-length: +1\r\n", "7"),
        ("content-length: 0x1\r\n", "7"),
        ("content-length: \r\n", "7"),
        ("transfer-encoding: chunked\r\n", "-1\r\n7\r\n0\r\n\r\n"),
        (
            "transfer-encoding: chunked\r\n",
            "fffffffffffffffff\r\n7\r\n0\r\n\r\n",
        ),
        ("transfer-encoding: chunked\r\n", "1\r\n77\r\n0\r\n\r\n"),
    ] {
        each(
            &Bytes::new(format!("{LAMBDA}{headers}\r\n{body}")),
            |wasi, result| {
                assert!(
                    matches!(result, Err(Error::Transport(_))),
                    "{wasi}, {headers:?} {body:?}: {result:?}"
                );
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_head_that_breaks_lines_is_no_answer() {
    for line in [
        "x-amzn-requestid: a\rx-amz-function-error: b\r\n",
        "x-amzn-requestid: a\0b\r\n",
        "x-amzn-requestid : a\r\n",
        "x amz: a\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "x-amzn-requestid: a\r\n folded: b\r\n",
    ] {
        let answer = Bytes::whole(&format!("{LAMBDA}{line}"), "7");
        each(&answer, |wasi, result| {
            let error = transport(result);
            assert_eq!(
                (error.kind, error.executed),
                (Kind::Malformed, Executed::Unknown),
                "{wasi}, {line:?}: {}",
                error.message
            );
        })
        .await;
    }
}

/// WIT's strings are Unicode, whatever arrives.
#[tokio::test]
async fn bytes_that_are_no_text_become_text_or_bytes() {
    let header = |name: &str| {
        let head = [LAMBDA.as_bytes(), name.as_bytes(), b": a\xff\xfeb\r\n"].concat();
        Bytes::new([&head[..], b"content-length: 1\r\n\r\n7"].concat())
    };
    for name in [
        "x-amz-log-result",
        "x-amzn-trace-id",
        "content-type",
        "date",
    ] {
        each(&header(name), |wasi, result| {
            assert!(result.is_ok(), "{wasi}, {name}: {result:?}");
        })
        .await;
    }
    each(&header("x-amz-function-error"), |wasi, result| {
        assert!(
            matches!(result, Err(Error::FunctionFailed(_))),
            "{wasi}: {result:?}"
        );
    })
    .await;

    let refusal = "HTTP/1.1 400 Bad Request\r\n";
    each(
        &Bytes::whole(refusal, b"{\"message\":\"\xff\"}"),
        |wasi, result| match result {
            Err(Error::Service(error)) => {
                assert_eq!(
                    error.message, "the answer has status 400 and no message",
                    "{wasi}"
                );
            }
            other => panic!("{wasi}: {other:?}"),
        },
    )
    .await;
}

/// The stack has 64 KiB: whatever is read is read without recursion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_of_any_depth_in_any_place() {
    for body in [
        "[".repeat(LARGE),
        deep("[", "", "]"),
        deep("{\"a\":", "0", "}"),
    ] {
        each(&Bytes::whole(LAMBDA, &body), |wasi, result| {
            match result.unwrap().output {
                Some(Payload::Text(text)) => assert!(text == body, "{wasi}"),
                other => panic!("{wasi}: {:.100}", format!("{other:?}")),
            }
        })
        .await;

        let failed = format!("{LAMBDA}x-amz-function-error: Unhandled\r\n");
        each(&Bytes::whole(&failed, &body), |wasi, result| match result {
            Err(Error::FunctionFailed(FailedInvocation { failure, .. })) => {
                assert_eq!(
                    (failure.error_type, failure.stack_trace.len()),
                    (None, 0),
                    "{wasi}"
                );
            }
            other => panic!("{wasi}: {:.100}", format!("{other:?}")),
        })
        .await;

        let refused = "HTTP/1.1 400 Bad Request\r\n";
        each(&Bytes::whole(refused, &body), |wasi, result| match result {
            Err(Error::Service(error)) => assert_eq!(error.code, "HTTP 400", "{wasi}"),
            other => panic!("{wasi}: {:.100}", format!("{other:?}")),
        })
        .await;

        let nested = format!("{{\"Functions\":[{{\"FunctionName\":\"f\",\"Layers\":{body}}}]}}");
        let server = Raw::start(Bytes::whole(LAMBDA, &nested[..nested.len().min(LARGE)])).await;
        for (wasi, host) in hosts() {
            let listed = list(host, &server.url()).await;
            assert_eq!(
                transport(listed.map(|_| unreachable!())).kind,
                Kind::Malformed,
                "{wasi}"
            );
        }
    }
}

async fn list(
    host: &aws_lambda_connector_host::host::Host,
    url: &str,
) -> crate::Result<aws_lambda_connector_host::bindings::lambda::FunctionPage> {
    let query = FunctionQuery {
        name_contains: None,
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    };
    answered(
        host.list_functions(&only(url), &connection(url.to_owned()), &query)
            .await,
    )
}

/// Six megabytes of the smallest parts: what is made of them must not take many times as much.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_a_million_parts_is_none_of_lambdas() {
    let fields = |part: &str| format!("{{{}\"a\":0}}", part.repeat(LARGE / part.len() - 20));
    let rows = |part: &str| {
        format!(
            "{{\"Functions\":[{}{{}}]}}",
            part.repeat(LARGE / part.len() - 20)
        )
    };
    for body in [
        rows("{\"FunctionName\":\"\"},"),
        rows("{},"),
        rows("0,"),
        fields("\"\":0,"),
    ] {
        assert!(body.len() <= LARGE);
        let server = Raw::start(Bytes::whole(LAMBDA, &body)).await;
        for (wasi, host) in hosts() {
            let listed = list(host, &server.url()).await;
            assert_eq!(
                transport(listed.map(|_| unreachable!())).kind,
                Kind::Malformed,
                "{wasi}"
            );
        }
    }
    let refused = "HTTP/1.1 400 Bad Request\r\n";
    each(
        &Bytes::whole(refused, fields("\"\":0,")),
        |wasi, result| match result {
            Err(Error::Service(error)) => assert_eq!(error.code, "HTTP 400", "{wasi}"),
            other => panic!("{wasi}: {other:?}"),
        },
    )
    .await;
}

/// A pooled connection is the next call's, perhaps another caller's: an answer that nobody asked for
/// must not wait on it.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_nobodys() {
    for together in [true, false] {
        for (wasi, host) in hosts() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let answer =
                |body: &str| format!("{LAMBDA}content-length: {}\r\n\r\n{body}", body.len());
            let (mine, planted) = (answer("\"mine\""), answer("\"planted\""));
            let server = tokio::spawn(async move {
                let (mut first, _) = listener.accept().await.unwrap();
                let mut seen = vec![read_request(&mut first).await];
                use tokio::io::AsyncWriteExt;
                if together {
                    first
                        .write_all((mine.clone() + &planted).as_bytes())
                        .await
                        .unwrap();
                } else {
                    first.write_all(mine.as_bytes()).await.unwrap();
                    first.write_all(planted.as_bytes()).await.unwrap();
                }
                // The client closes what it will not use again: it has noticed.
                let mut rest = Vec::new();
                let _ = first.read_to_end(&mut rest).await;
                seen.push(String::from_utf8(rest).unwrap());
                let (mut second, _) = listener.accept().await.unwrap();
                seen.push(read_request(&mut second).await);
                second.write_all(mine.as_bytes()).await.unwrap();
                seen
            });
            for _ in 0..2 {
                let result = crate::call(host, &url, &testing::request("f", "{}")).await;
                let output = result.unwrap().output;
                assert!(
                    matches!(&output, Some(Payload::Text(text)) if text == "\"mine\""),
                    "{wasi}, {together}: {output:?}"
                );
            }
            let seen = server.await.unwrap();
            assert_eq!(
                seen[1], "",
                "{wasi}, {together}: asked again on the planted connection"
            );
        }
    }
}

/// Whoever may choose the endpoint may choose any host: the policy is the host's, not the caller's.
#[tokio::test]
async fn an_endpoint_of_the_callers_reaches_no_further_than_the_policy() {
    let server = Raw::start(Bytes::whole(LAMBDA, "7")).await;
    for (wasi, host) in hosts() {
        let policy = std::sync::Arc::new(aws_lambda_connector_host::policy::Policy::for_region(
            "us-east-1",
        ));
        let mut connection = connection(server.url());
        for url in [
            server.url(),
            "http://10.0.0.1/".to_owned(),
            "https://evil.example".to_owned(),
        ] {
            connection.endpoint = Some(Endpoint::Url(url));
            let request = testing::request("f", "{}");
            let error = transport(answered(host.invoke(&policy, &connection, &request).await));
            assert_eq!(
                (error.kind, error.executed),
                (Kind::Denied, Executed::No),
                "{wasi}"
            );
        }
        assert_eq!(policy.refusals().len(), 3, "{wasi}");
    }
    assert_eq!(server.requests().len(), 0);
}
