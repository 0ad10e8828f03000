//! A server that answers in bytes, for what no HTTP server library would send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_lambda::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// One answer to one request, on a connection of its own that is closed afterwards.
#[derive(Clone)]
pub struct Canned {
    first: Arc<[u8]>,
    then: Arc<[u8]>,
    times: usize,
    pause: Duration,
}

impl Canned {
    /// These bytes, from the status line on.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            first: Arc::from(bytes.as_ref()),
            then: Arc::default(),
            times: 0,
            pause: Duration::ZERO,
        }
    }

    /// `head` is the status line's code and text and the headers, a line each.
    pub fn new(head: &str, body: impl AsRef<[u8]>) -> Self {
        let head = head.replace('\n', "\r\n");
        Self::raw(format!("HTTP/1.1 {head}\r\n\r\n")).then(body, 1)
    }

    /// The same with the body's `content-length`.
    pub fn whole(head: &str, body: &str) -> Self {
        Self::new(&format!("{head}\ncontent-length: {}", body.len()), body)
    }

    /// And then these bytes, this many times.
    pub fn then(self, bytes: impl AsRef<[u8]>, times: usize) -> Self {
        Self {
            then: Arc::from(bytes.as_ref()),
            times,
            ..self
        }
    }

    /// Until the client has had enough.
    pub fn then_for_ever(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(bytes, usize::MAX)
    }

    /// Sends the body this many times.
    pub fn repeated(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Waits before each of these times.
    pub fn slowly(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// Gives its answers in turn, and the last one for ever. Dropping it ends it.
pub struct Server {
    server: local_lambda::Server,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(answers: &[Canned]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, None, answers)
    }

    /// Serves HTTPS where there is a certificate.
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

    /// How many requests arrived whole.
    pub fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The requests as they arrived.
    pub fn received(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A header of each request; empty where there is none.
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
        // A client that has seen enough may go.
        let _ = send(&mut client, answer).await;
        let _ = copy(&mut client, &mut sink()).await;
    }
}

async fn send(client: &mut (impl AsyncWrite + Unpin), answer: &Canned) -> std::io::Result<()> {
    client.write_all(&answer.first).await?;
    for _ in 0..answer.times {
        sleep(answer.pause).await;
        client.write_all(&answer.then).await?;
    }
    client.shutdown().await
}

/// The head, and as much body as its `content-length` says.
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
        assert_ne!(n, 0, "the client closed after {read:?}");
        read.extend_from_slice(&part[..n]);
    }
}
