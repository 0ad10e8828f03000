//! The HTTPS client against misbehaving servers: what is sent, how often, and whether the error
//! reports "nothing was sent" or "outcome unknown".

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_connector_host::outbound::{Body, Outbound, OutboundOptions, Resolve};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use testing::case;
use testing::server::read_request;
use wasmtime_wasi_http::{Error, RequestOptions};

mod server;
mod tls;

use server::{accept, answer, close_and_wait, closed_port, listener, reset, write};

fn client() -> Outbound {
    resolving(Resolve::default())
}

fn resolving(resolve: Resolve) -> Outbound {
    Outbound::new(&OutboundOptions {
        resolve,
        ..OutboundOptions::default()
    })
    .unwrap()
}

/// A request as `wasi:http` passes it to the client, including the `host` header.
fn request(uri: &str, body: &'static str) -> Request<Body> {
    let authority = uri.split('/').nth(2).unwrap().to_owned();
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    Request::post(uri)
        .header("host", authority)
        .header("content-length", http_body::Body::size_hint(&body).lower())
        .body(body.boxed_unsync())
        .unwrap()
}

fn get(address: SocketAddr) -> Request<Body> {
    request(&format!("http://{address}/"), "")
}

async fn send(client: &Outbound, request: Request<Body>) -> Result<Response<Body>, Error> {
    client.send(request, RequestOptions::default()).await
}

/// Sends the request and asserts that it gets the test server's answer.
async fn assert_answered(client: &Outbound, request: Request<Body>) {
    let answer = text(send(client, request).await).await;
    assert_eq!(answer.unwrap(), "ok");
}

async fn text(response: Result<Response<Body>, Error>) -> Result<String, Error> {
    let body = response?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn outcome<T>(result: Result<T, Error>) -> String {
    result.err().map_or("ok".to_owned(), |e| format!("{e:?}"))
}

fn millis(n: u64) -> Option<Duration> {
    Some(Duration::from_millis(n))
}

#[tokio::test]
async fn host_and_path_are_sent_as_written() {
    let listener = listener().await;
    let port = listener.local_addr().unwrap().port();
    let client = resolving([("lambda.example", listener.local_addr().unwrap())].into());
    for (authority, path) in [
        (
            format!("127.0.0.1:{port}"),
            "/2015-03-31/functions/a%3Ab%2fc/invocations?Qualifier=%24LATEST",
        ),
        (
            format!("Lambda.Example:{port}"),
            "/base//./x/../y?b=2&a=&a=%20+~",
        ),
        ("lambda.example".to_owned(), "/"),
    ] {
        let request = request(&format!("http://{authority}{path}"), "{}");
        let (sent, served) = tokio::join!(send(&client, request), async {
            answer(&mut accept(&listener).await).await
        });
        assert_eq!(outcome(sent), "ok");
        let written =
            format!("POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: 2\r\n\r\n{{}}");
        assert_eq!(served, written);
    }
}

#[tokio::test]
async fn connections_are_reused_across_clones() {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        for _ in 0..3 {
            answer(&mut stream).await;
        }
    });
    let client = client();
    for _ in 0..3 {
        assert_answered(&client.clone(), get(address)).await;
    }
    server.await.unwrap();
}

#[tokio::test]
async fn dead_pooled_connection_is_replaced() {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let client = client();
    for _ in 0..3 {
        let ((), stream) = tokio::join!(assert_answered(&client, get(address)), async {
            let mut stream = accept(&listener).await;
            answer(&mut stream).await;
            stream
        });
        close_and_wait(stream).await;
    }
}

/// Covers fresh and pooled connections, each ended by a reset and by a regular close.
#[tokio::test]
async fn request_is_never_repeated_when_the_connection_ends_after_it() {
    for pooled in [false, true] {
        for by_reset in [false, true] {
            let _case = case(format!("pooled {pooled}, reset {by_reset}"));
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            let server = tokio::spawn(async move {
                let mut stream = accept(&listener).await;
                if pooled {
                    answer(&mut stream).await;
                }
                let cut = read_request(&mut stream).await;
                if by_reset {
                    reset(stream);
                } else {
                    drop(stream);
                }
                // A repeated request would arrive before this one.
                let next = answer(&mut accept(&listener).await).await;
                (cut, next)
            });
            let client = client();
            let uri = format!("http://{address}/");
            if pooled {
                assert_answered(&client, request(&uri, "first")).await;
            }
            let cut = outcome(send(&client, request(&uri, "cut")).await);
            assert_eq!(cut, "ConnectionTerminated");
            assert_answered(&client, request(&uri, "next")).await;
            let (cut, next) = server.await.unwrap();
            assert!(cut.ends_with("\r\n\r\ncut"), "{cut}");
            assert!(next.ends_with("\r\n\r\nnext"), "{next}");
        }
    }
}

#[tokio::test]
async fn refused_connection_is_reported() {
    let refused = send(&client(), get(closed_port().await)).await;
    assert_eq!(outcome(refused), "ConnectionRefused");
}

#[tokio::test]
async fn unresolvable_name_is_a_dns_error() {
    // A label of 64 characters is invalid, so no DNS query is sent.
    let uri = format!("http://{}.example/", "a".repeat(64));
    let error = send(&client(), request(&uri, "")).await.err().unwrap();
    assert!(
        matches!(&error, Error::DnsError { rcode: Some(words), .. } if !words.is_empty()),
        "{error:?}"
    );
}

/// Covers names of which any address is link-local, and a spelling of an address that only the
/// resolver understands.
#[tokio::test]
async fn name_that_resolves_to_a_link_local_address_is_prohibited() {
    let loopback = closed_port().await;
    let parse = |address: &str| address.parse().unwrap();
    let addresses = [
        ("metadata.example", parse("169.254.169.254:80")),
        ("mixed.example", loopback),
        ("mixed.example", parse("[::ffff:169.254.169.254]:80")),
        ("six.example", parse("[fd00:ec2::254]:80")),
    ];
    let client = resolving(addresses.into());
    for host in [
        "metadata.example",
        "mixed.example",
        "six.example",
        "2852039166",
    ] {
        let prohibited = send(&client, request(&format!("http://{host}/"), "")).await;
        assert_eq!(outcome(prohibited), "DestinationIpProhibited", "{host}");
    }
}

#[tokio::test]
async fn missing_response_times_out() {
    let listener = listener().await;
    let options = RequestOptions {
        first_byte_timeout: millis(30),
        ..RequestOptions::default()
    };
    let client = client();
    let request = get(listener.local_addr().unwrap());
    let (sent, _stream) = tokio::join!(client.send(request, options), async {
        let mut stream = accept(&listener).await;
        read_request(&mut stream).await;
        stream
    });
    assert_eq!(outcome(sent), "HttpResponseTimeout");
}

/// The body of this answer. The server then closes the connection, or keeps it open if `hold` is
/// set.
async fn body_of(answer: &'static str, hold: bool) -> String {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let server = async {
        let mut stream = accept(&listener).await;
        read_request(&mut stream).await;
        write(&mut stream, answer).await;
        hold.then_some(stream)
    };
    let options = RequestOptions {
        between_bytes_timeout: millis(30),
        ..RequestOptions::default()
    };
    let client = client();
    let sent = async { text(client.send(get(address), options).await).await };
    let (_stream, got) = tokio::join!(server, sent);
    outcome(got)
}

#[tokio::test]
async fn incomplete_body_is_an_error() {
    let part = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart";
    assert_eq!(body_of(part, false).await, "HttpResponseIncomplete");
    assert_eq!(body_of(part, true).await, "ConnectionReadTimeout");
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n";
    assert_eq!(body_of(chunked, false).await, "HttpResponseIncomplete");
    let nonsense = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
    let broken = body_of(nonsense, true).await;
    assert_eq!(broken, "HttpResponseTransferCoding(None)");
}

/// Nothing shows whether the server or a break ended such a body.
#[tokio::test]
async fn body_that_ends_with_its_connection_is_incomplete() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n{\"a\":1}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\n\r\n{}",
    ] {
        let ended = body_of(answer, false).await;
        assert_eq!(ended, "HttpResponseIncomplete", "{answer:?}");
    }
}

#[tokio::test]
async fn body_with_a_length_chunks_or_a_status_without_a_body_is_complete() {
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
        for hold in [false, true] {
            assert_eq!(body_of(answer, hold).await, "ok", "{answer:?}");
        }
    }
}

#[tokio::test]
async fn chunks_beside_another_content_length_are_malformed() {
    for length in ["1", "3", "8388609", "18446744073709551614"] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
        );
        let read = body_of(answer.leak(), true).await;
        assert_eq!(read, "HttpResponseTransferCoding(None)", "{length}");
    }
    let broken = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{";
    assert_eq!(body_of(broken, false).await, "HttpResponseIncomplete");
    assert_eq!(body_of(broken, true).await, "ConnectionReadTimeout");
}

/// `HttpProtocolError` would be ambiguous: wasmtime's own client reports it for a reset as well.
#[tokio::test]
async fn response_that_is_not_http_is_not_reported_as_a_broken_connection() {
    let ended = body_of("SSH-2.0-OpenSSH_9.2\r\n\r\n", true).await;
    assert_eq!(ended, "HttpResponseHeaderSectionSize(None)");
}

#[tokio::test]
async fn redirect_is_returned_and_not_followed() {
    let listener = listener().await;
    let client = client();
    let (sent, ()) = tokio::join!(send(&client, get(listener.local_addr().unwrap())), async {
        let mut stream = accept(&listener).await;
        read_request(&mut stream).await;
        let head = "HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        write(&mut stream, head).await;
    });
    assert_eq!(sent.unwrap().status(), 307);
}
