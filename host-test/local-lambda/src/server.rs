//! TCP connections: accepts them, serves HTTP/1.1 on each one, with or without TLS, and closes all
//! of them when the server stops. Does not interpret requests.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::limits::DEFAULT_CONNECTIONS;
use super::places::{Place, Places};

/// The pause after a failed `accept`. It fails when the process has run out of file descriptors,
/// and an immediate retry would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take for the head of a request, and how long a connection may be idle.
/// Clients that close idle connections do so earlier, so that they do not lose a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// What a server accepts from its clients, all of them together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most open connections. If there are more, those that have waited for their clients for
    /// the longest time are closed. Connections whose request is being answered are not closed: a
    /// further client waits for one of them. Default: 256, a quarter of the usual limit of open
    /// files.
    pub connections: usize,
    /// The largest request line with headers, in bytes, 8192 or more. Default: 1 MiB, which is what
    /// Lambda allows.
    pub head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: DEFAULT_CONNECTIONS,
            head: 1 << 20,
        }
    }
}

/// A server on the caller's tokio runtime. Dropping it stops the server; [`stop`](Self::stop) also
/// waits until every connection has ended.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    listener: Arc<TcpListener>,
    limits: Limits,
    pub(super) stopping: CancellationToken,
    pub(super) tasks: TaskTracker,
    _stop_on_drop: DropGuard,
}

impl Server {
    /// Listens on `wanted`. Connections wait until [`serve`](Self::serve) or
    /// [`serve_http`](Self::serve_http) is called.
    ///
    /// # Errors
    /// Returns an error if the address cannot be listened on.
    pub async fn listen(wanted: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(wanted).await.with_context(|| {
            format!("cannot listen on {wanted}: choose another port, or 0 for a free one")
        })?;
        Self::on(listener)
    }

    /// Creates a server on a listener that is already open.
    ///
    /// # Errors
    /// Returns an error if the listener does not have a local address.
    pub fn on(listener: TcpListener) -> Result<Self> {
        let stopping = CancellationToken::new();
        Ok(Self {
            addr: listener.local_addr()?,
            listener: Arc::new(listener),
            limits: Limits::default(),
            _stop_on_drop: stopping.clone().drop_guard(),
            stopping,
            tasks: TaskTracker::new(),
        })
    }

    /// Changes the limits. They apply to connections that are served afterwards.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Serves HTTP/1.1. If `answer` returns an error, the connection is closed without a response.
    pub fn serve_http<F, B, E>(
        &self,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let head = self.limits.head;
        self.accept(move |stream, place| {
            let (tls, answer) = (tls.clone(), answer.clone());
            async move {
                match tls {
                    None => speak_http(stream, head, place, answer).await,
                    // A failed handshake concerns the client only.
                    Some(tls) => {
                        let handshake = tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream));
                        if let Ok(Ok(stream)) = handshake.await {
                            speak_http(stream, head, place, answer).await;
                        }
                    }
                }
            }
        });
    }

    /// Serves each connection with `connection`, in any protocol. No connection is closed to make
    /// room for another.
    pub fn serve<F>(&self, connection: impl Fn(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.accept(move |stream, place| {
            let serving = connection(stream);
            async move {
                let _answering = place.answering();
                serving.await;
            }
        });
    }

    fn accept<F>(&self, connection: impl Fn(TcpStream, Place) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, tasks) = (Arc::clone(&self.listener), self.tasks.clone());
        let (stopping, stopped) = (self.stopping.clone(), self.stopping.clone());
        let places = Places::new(self.limits.connections);
        let accepting = async move {
            loop {
                match listener.accept().await {
                    // With Nagle's algorithm, a small response would wait for the acknowledgement
                    // of the one before.
                    Ok((stream, _)) if stream.set_nodelay(true).is_ok() => {
                        let closing = stopping.child_token();
                        let place = places.take(closing.clone()).await;
                        let serving = connection(stream, place);
                        tasks.spawn(closing.run_until_cancelled_owned(serving));
                    }
                    Ok(_) => {}
                    Err(_) => {
                        places.close_oldest();
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        self.tasks
            .spawn(stopped.run_until_cancelled_owned(accepting));
    }

    /// Returns the address that the server listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes all connections and waits until they have ended.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits for Ctrl-C, then stops.
    ///
    /// # Errors
    /// Returns an error if the process cannot listen for Ctrl-C.
    pub async fn wait(self) -> Result<()> {
        tokio::signal::ctrl_c()
            .await
            .context("cannot listen for Ctrl-C")?;
        self.stop().await;
        Ok(())
    }
}

async fn speak_http<F, B, E>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    head: usize,
    place: Place,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let answer = move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(place.clone());
        let (place, answer) = (place.clone(), answer(request));
        async move {
            let _answering = place.answering();
            answer.await
        }
    };
    // An error means that the client broke the connection or was too slow.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(head.max(8192))
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::Full;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    /// Serves one connection to a client, and returns what the client received and how many seconds
    /// the connection lasted.
    async fn seconds_until_closed<F>(
        client: impl FnOnce(tokio::io::DuplexStream) -> F,
    ) -> (String, u64)
    where
        F: Future<Output = tokio::io::DuplexStream>,
    {
        let (near, far) = duplex(1 << 10);
        let place = Places::new(1).take(CancellationToken::new()).await;
        let begin = Instant::now();
        let answer = |_| async { Ok::<_, Infallible>(Response::new(Full::from("hello"))) };
        let serve = async {
            speak_http(far, 8 << 10, place, answer).await;
            begin.elapsed().as_secs()
        };
        let (mut near, seconds) = tokio::join!(client(near), serve);
        let mut received = String::new();
        near.read_to_string(&mut received).await.unwrap();
        (received, seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn connection_without_a_request_is_closed_after_a_minute() {
        let silent = async |near| near;
        assert_eq!(seconds_until_closed(silent).await, (String::new(), 60));
    }

    /// A limit on each pause would let the client hold the connection for ever.
    #[tokio::test(start_paused = true)]
    async fn head_that_arrives_in_pieces_is_cut_off_after_a_minute() {
        let slow = async |mut near: tokio::io::DuplexStream| {
            for byte in b"GET / HTTP/1.1\r\nhost: localhost" {
                if near.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            near
        };
        assert_eq!(seconds_until_closed(slow).await, (String::new(), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connection_is_closed_a_minute_after_its_response() {
        let once = async |mut near: tokio::io::DuplexStream| {
            tokio::time::sleep(Duration::from_secs(50)).await;
            let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
            near.write_all(request).await.unwrap();
            near
        };
        let (received, seconds) = seconds_until_closed(once).await;
        assert!(received.ends_with("\r\n\r\nhello"), "{received}");
        assert_eq!(seconds, 110);
    }
}
