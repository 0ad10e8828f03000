//! TCP connections: accepts them, serves HTTP/1.1 on each one, with or without TLS, and closes all
//! of them when the server stops. Does not interpret requests.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The pause after a failed `accept`. It fails when the process has run out of file descriptors,
/// and an immediate retry would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The largest request line with headers, in bytes. Lambda allows 1 MB.
const HEAD_LIMIT: usize = 1 << 20;

/// A server on the caller's tokio runtime. Dropping it stops the server; [`stop`](Self::stop) also
/// waits until every connection has ended.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    listener: Arc<TcpListener>,
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
            _stop_on_drop: stopping.clone().drop_guard(),
            stopping,
            tasks: TaskTracker::new(),
        })
    }

    /// Serves HTTP/1.1. If `answer` returns an error, the connection is closed without a response.
    pub fn serve_http<F, E>(
        &self,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = Result<Response<Full<Bytes>>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.serve(move |stream| {
            let (tls, answer) = (tls.clone(), answer.clone());
            async move {
                match tls {
                    None => speak_http(stream, answer).await,
                    // A failed handshake concerns the client only.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            speak_http(stream, answer).await;
                        }
                    }
                }
            }
        });
    }

    /// Serves each connection with `connection`, in any protocol.
    pub fn serve<F>(&self, connection: impl Fn(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, tasks) = (Arc::clone(&self.listener), self.tasks.clone());
        let (stopping, stopped) = (self.stopping.clone(), self.stopping.clone());
        let accepting = async move {
            loop {
                match listener.accept().await {
                    // With Nagle's algorithm, a small response would wait for the acknowledgement
                    // of the one before.
                    Ok((stream, _)) if stream.set_nodelay(true).is_ok() => {
                        let serving = connection(stream);
                        tasks.spawn(stopping.clone().run_until_cancelled_owned(serving));
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
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

async fn speak_http<F, E>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Result<Response<Full<Bytes>>, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    // There is no timer: an idle connection stays open until the client or a test closes it. An
    // error means that the client broke the connection.
    let _ = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}
