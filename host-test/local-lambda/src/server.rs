//! Connections: accepts them, speaks HTTP/1.1 on each, with or without TLS, and ends them all when
//! the server stops. Does not interpret requests.

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

/// `accept` fails when the process has no file descriptor left: wait for one, do not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Lambda allows 1 MB of request line and headers.
const HEAD_LIMIT: usize = 1 << 20;

/// A server on the caller's tokio runtime. Dropping it ends it; [`stop`](Self::stop) also waits for
/// the end.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    listener: Arc<TcpListener>,
    pub(super) stopping: CancellationToken,
    pub(super) tasks: TaskTracker,
    _stop_on_drop: DropGuard,
}

impl Server {
    /// Listens. Connections wait until they are served.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn listen(wanted: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(wanted).await.with_context(|| {
            format!("cannot listen on {wanted}: choose another port, or 0 for a free one")
        })?;
        Self::on(listener)
    }

    /// The same on a port that is open already.
    ///
    /// # Errors
    /// The listener has no address.
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

    /// Serves HTTP/1.1. An error in place of an answer breaks the connection.
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
                    // A handshake that fails concerns the client only.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            speak_http(stream, answer).await;
                        }
                    }
                }
            }
        });
    }

    /// Serves connections in whatever is spoken on them.
    pub fn serve<F>(&self, connection: impl Fn(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, tasks) = (Arc::clone(&self.listener), self.tasks.clone());
        let (stopping, stopped) = (self.stopping.clone(), self.stopping.clone());
        let accepting = async move {
            loop {
                match listener.accept().await {
                    // Small answers must not wait for the acknowledgement of the one before.
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

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Cuts the connections and waits until all of them are gone.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits for Ctrl-C, then stops.
    ///
    /// # Errors
    /// The process cannot listen for Ctrl-C.
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
    // No timer: an idle connection stays until the client or a test ends it. An error is a
    // connection that the client broke.
    let _ = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}
