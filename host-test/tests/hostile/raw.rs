//! A server that says, byte for byte, what it was told to, to one request a connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use testing::server::read_request;

/// An answer, its head included.
#[derive(Clone)]
pub struct Bytes {
    first: Arc<[u8]>,
    then: Arc<[u8]>,
    times: usize,
    pause: Duration,
}

impl Bytes {
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            first: Arc::from(bytes.as_ref()),
            then: Arc::from([].as_slice()),
            times: 0,
            pause: Duration::ZERO,
        }
    }

    /// A head and a body of the length that the head says.
    pub fn whole(head: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        Self::new([head.as_bytes(), body].concat())
    }

    /// And so often these.
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

    /// Waits before each of them.
    pub fn slowly(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// Dropping it ends it.
pub struct Raw {
    addr: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _end: DropGuard,
}

impl Raw {
    pub async fn start(answer: Bytes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let ended = CancellationToken::new();
        let (seen, end) = (Arc::clone(&requests), ended.clone());
        tokio::spawn(ended.clone().run_until_cancelled_owned(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let served = serve(client, answer.clone(), Arc::clone(&seen));
                tokio::spawn(end.clone().run_until_cancelled_owned(served));
            }
        }));
        Self {
            addr,
            requests,
            _end: ended.drop_guard(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// As they arrived.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut client: TcpStream, answer: Bytes, seen: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut client).await;
    seen.lock().unwrap().push(request);
    // A client that has seen enough may go.
    let _ = send(&mut client, &answer).await;
    let _ = copy(&mut client, &mut sink()).await;
}

async fn send(client: &mut TcpStream, answer: &Bytes) -> std::io::Result<()> {
    client.write_all(&answer.first).await?;
    for _ in 0..answer.times {
        sleep(answer.pause).await;
        client.write_all(&answer.then).await?;
    }
    client.shutdown().await
}
