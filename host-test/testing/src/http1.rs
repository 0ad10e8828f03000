//! HTTP/1.1 without the connector: a client, and a server whose responses the test computes.

use std::io;
use std::net::Ipv4Addr;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use local_lambda::Server;
use tokio::io::{AsyncRead, AsyncWrite};

/// An HTTP server. Dropping it stops the server.
pub struct HttpServer(Server);

impl HttpServer {
    /// Starts the server. If `answer` returns an error, the connection is closed without a
    /// response.
    pub async fn start<F>(
        answer: impl Fn(Request<Bytes>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = io::Result<Response<Full<Bytes>>>> + Send + 'static,
    {
        let server = Server::listen((Ipv4Addr::LOCALHOST, 0).into()).await;
        let server = Self(server.unwrap());
        server
            .0
            .serve_http(None, move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map_err(io::Error::other)?;
                    answer(Request::from_parts(head, body.to_bytes())).await
                }
            });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.addr())
    }
}

/// Sends a request on a connection that is already open.
pub async fn send_on(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> hyper::Result<Response<Bytes>> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(head, body))
}
