//! A proxy that signs what passes through it, as Envoy's AWS request signing does: with AWS's own
//! crate, and only what is not signed yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use local_lambda::Key;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

pub struct SigningProxy {
    addr: SocketAddr,
    signed: Arc<AtomicUsize>,
    _end: DropGuard,
}

impl SigningProxy {
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn signed(&self) -> usize {
        self.signed.load(Ordering::Relaxed)
    }
}

pub async fn start(service: SocketAddr, key: Key) -> SigningProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let signed = Arc::<AtomicUsize>::default();
    let ended = CancellationToken::new();
    let counted = Arc::clone(&signed);
    tokio::spawn(ended.clone().run_until_cancelled_owned(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (key, counted) = (key.clone(), Arc::clone(&counted));
            let answer = service_fn(move |request| {
                counted.fetch_add(1, Ordering::Relaxed);
                forward(request, service, key.clone())
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(client), answer),
            );
        }
    }));
    SigningProxy {
        addr,
        signed,
        _end: ended.drop_guard(),
    }
}

async fn forward(
    request: Request<Incoming>,
    service: SocketAddr,
    key: Key,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (mut head, body) = request.into_parts();
    assert!(
        !head.headers.contains_key("authorization"),
        "it came signed"
    );
    let body = body.collect().await?.to_bytes();
    head.headers
        .insert("host", service.to_string().parse().unwrap());

    let identity = Credentials::new(
        key.access_key_id,
        key.secret_access_key,
        key.session_token,
        None,
        "proxy",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("lambda")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = format!("http://{service}{}", head.uri);
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let signable = SignableRequest::new(
        head.method.as_str(),
        uri,
        headers,
        SignableBody::Bytes(&body),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut request = Request::from_parts(head, Full::new(body));
    instructions.apply_to_request_http1x(&mut request);

    let stream = TcpStream::connect(service).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(head, Full::new(body)))
}
