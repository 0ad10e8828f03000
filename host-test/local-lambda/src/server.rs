//! Connections: accepts them, speaks HTTP/1.1 on each, with or without TLS, and ends them all when
//! the service stops. Does not interpret requests.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::routes;
use super::service::Service;

/// `accept` fails when the process has no file descriptor left: wait for one, do not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Lambda allows 1 MB of request line and headers.
const HEAD_LIMIT: usize = 1 << 20;

/// Serves until the service stops.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, service: Arc<Service>) {
    loop {
        let accepted = tokio::select! {
            () = service.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                service
                    .tasks
                    .spawn(connection(stream, tls.clone(), Arc::clone(&service)));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, service: Arc<Service>) {
    let stopping = service.stopping.clone();
    // Small answers must not wait for the acknowledgement of the one before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let serving = async {
        match tls {
            None => serve(stream, service).await,
            // A handshake that fails concerns the client only.
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, service).await;
                }
            }
        }
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = serving => {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, service: Arc<Service>) {
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(routes::answer(&service, request).await) }
    });
    // No timer: an idle connection stays until the client or a test ends it. An error is a
    // connection that the client broke.
    let _ = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}
