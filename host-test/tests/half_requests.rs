//! Clients that never finish their requests. The studio and the local Lambda still answer others.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use bytes::Bytes;
use host_test::studio::{self, Studio};
use http::{Request, StatusCode};
use http_body_util::Full;
use local_lambda::LocalLambda;
use testing::http1::send_on;
use testing::{Component, connection_to, invoke_in, lambda, outcome, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than a server's connections.
const HALVES: usize = 300;

const HALF_HEAD: &str = "GET / HTTP/1.1\r\nhost: 127.0";
/// The studio and the local Lambda read a body before they look at the rest of the request.
const HALF_BODY: &str = "POST /api/run HTTP/1.1\r\nhost: HOST\r\n\
    content-type: application/json\r\ncontent-length: 9\r\n\r\n{";

/// A server of this process.
enum Served {
    Studio(Studio),
    Lambda(LocalLambda),
}

impl Served {
    async fn both() -> [Self; 2] {
        let host = Component::Wasi02.host().clone();
        let studio = Studio::start(host, studio::Config::default()).await;
        [Self::Studio(studio.unwrap()), Self::Lambda(lambda().await)]
    }

    fn addr(&self) -> SocketAddr {
        match self {
            Self::Studio(studio) => studio.addr(),
            Self::Lambda(lambda) => lambda.addr(),
        }
    }

    /// What it answers to `GET /`. The local Lambda has no page.
    fn status(&self) -> StatusCode {
        match self {
            Self::Studio(_) => StatusCode::OK,
            Self::Lambda(_) => StatusCode::NOT_FOUND,
        }
    }
}

async fn open(addr: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let text = text.replace("HOST", &addr.to_string());
    // A server that has too many connections may have closed this one.
    let _ = stream.write_all(text.as_bytes()).await;
    stream
}

async fn open_halves(addr: SocketAddr, text: &str) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..HALVES {
        streams.push(open(addr, text).await);
    }
    streams
}

async fn get(addr: SocketAddr) -> StatusCode {
    let stream = TcpStream::connect(addr).await.unwrap();
    let request = Request::get("/").header("host", addr.to_string());
    let request = request.body(Full::new(Bytes::new())).unwrap();
    send_on(stream, request).await.unwrap().status()
}

/// The first connection stays open for ever if their number has no limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oldest_unfinished_request_is_closed_for_a_new_one() {
    for half in [HALF_HEAD, HALF_BODY] {
        for server in Served::both().await {
            let mut halves = open_halves(server.addr(), half).await;
            assert_eq!(get(server.addr()).await, server.status());
            let mut rest = Vec::new();
            // The end of the stream or a reset.
            let _ = halves[0].read_to_end(&mut rest).await;
            assert_eq!(String::from_utf8(rest).unwrap(), "");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_that_is_being_answered_is_not_closed_for_a_new_one() {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    let running = tokio::spawn(async move {
        let host = Component::Wasi02.host();
        let request = request("count", r#"{"key":"k","ms":300}"#);
        invoke_in(host, &connection, &request).await
    });
    while lambda.runs("k") == 0 {
        tokio::task::yield_now().await;
    }
    let _halves = open_halves(lambda.addr(), HALF_HEAD).await;
    let answer = outcome::text(running.await.unwrap());
    assert_eq!(answer, r#"{"key":"k","runs":1}"#);
}

#[tokio::test]
async fn head_beyond_its_limit_is_rejected() {
    let [studio, lambda] = Served::both().await;
    for (server, limit) in [(studio, 64 << 10), (lambda, 1 << 20)] {
        let head = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(limit));
        let mut stream = open(server.addr(), &head).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer.as_slice(), b"HTTP/1.1 431");
    }
}

/// A process with few file descriptors. Dropping it ends the process.
struct Limited(Child);

impl Limited {
    /// Starts a command, and returns the address that it prints in a line with this word.
    fn start(command: &str, word: &str) -> (Self, SocketAddr) {
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -n 640 && exec \"$0\" \"$@\""])
            .arg(cargo_bin!("lambda-connector"))
            .arg(command)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let process = Self(process);
        let line = lines.map(Result::unwrap).find(|line| line.contains(word));
        let (_, url) = line.as_ref().unwrap().split_once("http://").unwrap();
        let addr: String = url
            .chars()
            .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
            .collect();
        (process, addr.parse().unwrap())
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Without a limit, the process runs out of file descriptors and never answers.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_unfinished_requests_than_file_descriptors_do_not_stop_the_page() {
    for (command, word, status) in [
        ("studio", "Studio", StatusCode::OK),
        ("serve", "AWS_ENDPOINT_URL_LAMBDA", StatusCode::NOT_FOUND),
    ] {
        let (_process, addr) = Limited::start(command, word);
        let mut halves = Vec::new();
        for _ in 0..3 {
            halves.extend(open_halves(addr, HALF_HEAD).await);
        }
        assert_eq!(get(addr).await, status, "{command}");
    }
}
