//! A proxy that signs requests that are not signed yet, like Envoy's AWS request signing filter. It
//! uses AWS's own crate.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use local_lambda::Key;
use testing::http1::{HttpServer, send_on};
use tokio::net::TcpStream;

pub struct SigningProxy {
    server: HttpServer,
    signed: Arc<AtomicUsize>,
}

impl SigningProxy {
    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn signed(&self) -> usize {
        self.signed.load(Ordering::Relaxed)
    }
}

pub async fn start(service: SocketAddr, key: Key) -> SigningProxy {
    let signed = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&signed);
    let forward = move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        forward(request, service, key.clone())
    };
    SigningProxy {
        server: HttpServer::start(forward).await,
        signed,
    }
}

async fn forward(
    request: Request<Bytes>,
    service: SocketAddr,
    key: Key,
) -> io::Result<Response<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    assert!(
        !head.headers.contains_key("authorization"),
        "the request is already signed"
    );
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

    let stream = TcpStream::connect(service).await?;
    let answer = send_on(stream, request).await.map_err(io::Error::other)?;
    Ok(answer.map(Full::new))
}
