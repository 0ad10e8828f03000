//! A server that sends raw bytes, for responses that an HTTP server library would not send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_lambda::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// A response to one request. The connection is closed after it.
#[derive(Clone)]
pub struct Canned {
    first: Arc<[u8]>,
    then: Arc<[u8]>,
    times: usize,
    pause: Duration,
}

impl Canned {
    /// Sends these bytes, which begin with the status line.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            first: Arc::from(bytes.as_ref()),
            then: Arc::default(),
            times: 0,
            pause: Duration::ZERO,
        }
    }

    /// Sends a head and a body. `head` is the status code with its text, and then the headers, one
    /// per line. `connection: close` follows, so that no client sends its next request on this
    /// connection.
    pub fn new(head: &str, body: impl AsRef<[u8]>) -> Self {
        let head = head.replace('\n', "\r\n");
        Self::raw(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n")).then(body, 1)
    }

    /// Sends a head and a body, with the `content-length` of the body.
    pub fn with_length(head: &str, body: &str) -> Self {
        Self::new(&format!("{head}\ncontent-length: {}", body.len()), body)
    }

    /// Then sends these bytes, repeated `times` times.
    pub fn then(self, bytes: impl AsRef<[u8]>, times: usize) -> Self {
        Self {
            then: Arc::from(bytes.as_ref()),
            times,
            ..self
        }
    }

    /// Then sends these bytes until the client closes the connection.
    pub fn then_forever(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(bytes, usize::MAX)
    }

    /// Sends the body this many times.
    pub fn repeated(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Waits for `pause` before each repetition.
    pub fn slowly(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// A server that sends its responses in turn and repeats the last one forever. Dropping it stops
/// the server.
pub struct Server {
    server: local_lambda::Server,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(answers: &[Canned]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, None, answers)
    }

    /// Serves on a listener that is already open, with HTTPS if there is a certificate.
    pub fn on(listener: TcpListener, tls: Option<Tls>, answers: &[Canned]) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let script = Script {
            answers: answers.into(),
            requests: Arc::clone(&requests),
        };
        let server = local_lambda::Server::on(listener).unwrap();
        server.serve(move |client| {
            let (tls, script) = (tls.clone(), script.clone());
            async move {
                match tls.as_ref().map(Tls::acceptor) {
                    None => script.answer(client).await,
                    Some(tls) => script.answer(tls.accept(client).await.unwrap()).await,
                }
            }
        });
        Self { server, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    /// Returns the number of requests that arrived completely.
    pub fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Returns the requests as they arrived.
    pub fn received(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the value of one header in each request. It is empty if the request does not have
    /// that header.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let header = |request: &String| {
            request
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .unwrap_or_default()
                .to_owned()
        };
        self.received().iter().map(header).collect()
    }
}

#[derive(Clone)]
struct Script {
    answers: Arc<[Canned]>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn answer(self, mut client: impl AsyncRead + AsyncWrite + Unpin) {
        let request = read_request(&mut client).await;
        let nth = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        let answer = &self.answers[nth.min(self.answers.len() - 1)];
        // A client may close the connection before it has read everything, so errors are ignored.
        let _ = send(&mut client, answer).await;
        let _ = copy(&mut client, &mut sink()).await;
    }
}

/// Sends the answer, and ends the server's side of the connection.
pub(crate) async fn send(
    client: &mut (impl AsyncWrite + Unpin),
    answer: &Canned,
) -> std::io::Result<()> {
    client.write_all(&answer.first).await?;
    for _ in 0..answer.times {
        sleep(answer.pause).await;
        client.write_all(&answer.then).await?;
    }
    client.shutdown().await
}

/// Reads one request: the head, and the number of body bytes in its `content-length`.
pub async fn read_request(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text.into_owned();
            }
        }
        let mut part = [0; 4096];
        let n = client.read(&mut part).await.unwrap();
        assert_ne!(n, 0, "the client closed the connection after {read:?}");
        read.extend_from_slice(&part[..n]);
    }
}
