//! A plain HTTP client whose requests are signed by `aws-sigv4`.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use local_lambda::{Key, LocalLambda};
use serde_json::{Value, json};
use testing::http1;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub use testing::lambda as start;

/// A request that is not signed yet.
pub struct Call {
    pub method: &'static str,
    /// The path and query as sent on the wire.
    pub path_and_query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The signing key. `None` means the service's default key.
    pub key: Option<Key>,
    pub region: &'static str,
    pub service: &'static str,
    pub at: SystemTime,
    pub encoding: PercentEncodingMode,
}

impl Call {
    pub fn new(method: &'static str, path_and_query: impl Into<String>) -> Self {
        Self {
            method,
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            body: Vec::new(),
            key: None,
            region: "us-east-1",
            service: "lambda",
            at: SystemTime::now(),
            encoding: PercentEncodingMode::Double,
        }
    }

    /// Builds an invocation. `function` may include a query.
    pub fn invoke(function: &str, payload: impl Into<Vec<u8>>) -> Self {
        let (name, query) = function.split_at(function.find('?').unwrap_or(function.len()));
        let path = format!("/2015-03-31/functions/{name}/invocations{query}");
        Self {
            body: payload.into(),
            ..Self::new("POST", path)
        }
    }

    /// Builds an invocation that streams its response. `function` may include a query.
    pub fn stream(function: &str, payload: impl Into<Vec<u8>>) -> Self {
        let (name, query) = function.split_at(function.find('?').unwrap_or(function.len()));
        let path = format!("/2021-11-15/functions/{name}/response-streaming-invocations{query}");
        Self {
            body: payload.into(),
            ..Self::new("POST", path)
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    pub fn event(self) -> Self {
        self.header("x-amz-invocation-type", "Event")
    }

    pub fn dry_run(self) -> Self {
        self.header("x-amz-invocation-type", "DryRun")
    }

    /// The signed request.
    pub fn sign(self, lambda: &LocalLambda) -> Request<Full<Bytes>> {
        let host = lambda.addr().to_string();
        let key = self.key.unwrap_or_else(|| lambda.key().clone());
        let identity = Credentials::new(
            key.access_key_id,
            key.secret_access_key,
            key.session_token,
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = self.encoding;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let signable = SignableRequest::new(
            self.method,
            format!("http://{host}{}", self.path_and_query),
            self.headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(&self.body),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path_and_query)
            .header("host", host);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Full::from(self.body)).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    pub async fn send(self, lambda: &LocalLambda) -> Answer {
        send(lambda, self.sign(lambda)).await
    }
}

/// Invokes synchronously. `function` may include a query.
pub async fn invoke(lambda: &LocalLambda, function: &str, payload: impl Into<Vec<u8>>) -> Answer {
    Call::invoke(function, payload).send(lambda).await
}

/// Invokes synchronously and requests the log tail.
pub async fn invoke_with_log(
    lambda: &LocalLambda,
    function: &str,
    payload: impl Into<Vec<u8>>,
) -> Answer {
    let call = Call::invoke(function, payload).header("x-amz-log-type", "Tail");
    call.send(lambda).await
}

pub async fn get(lambda: &LocalLambda, path_and_query: impl Into<String>) -> Answer {
    Call::new("GET", path_and_query).send(lambda).await
}

/// Sends the request on a new connection.
pub async fn send(lambda: &LocalLambda, request: Request<Full<Bytes>>) -> Answer {
    send_on(TcpStream::connect(lambda.addr()).await.unwrap(), request).await
}

/// Sends the request on an open connection.
pub async fn send_on(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Answer {
    let (head, body) = http1::send_on(stream, request).await.unwrap().into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body,
    }
}

/// Connects, and returns the task that drives the connection.
pub async fn connect(lambda: &LocalLambda) -> (SendRequest<Full<Bytes>>, JoinHandle<()>) {
    let stream = TcpStream::connect(lambda.addr()).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    // The tests do not care how the connection ends.
    let driver = tokio::spawn(async { drop(connection.await) });
    (sender, driver)
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The decoded log tail, which may be truncated within a character.
    pub fn log_bytes(&self) -> Vec<u8> {
        let encoded = self.header("x-amz-log-result").unwrap();
        STANDARD.decode(encoded).unwrap()
    }

    pub fn log(&self) -> String {
        String::from_utf8(self.log_bytes()).unwrap()
    }

    #[track_caller]
    pub fn assert_success(&self, body: impl AsRef<[u8]>) {
        assert_eq!(self.status, 200);
        assert_eq!(self.body, body.as_ref());
    }

    /// Asserts that this is the error `code` and returns its body.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) -> Value {
        let seen = (self.status.as_u16(), self.header("x-amzn-errortype"));
        assert_eq!(seen, (status, Some(code)), "{:?}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.json()
    }

    /// Asserts that this is the error `code` with exactly this body.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, body: Value) {
        assert_eq!(self.error(status, code), body);
    }
}

/// The body of an error whose API model spells the member `Message`.
pub fn upper(message: impl Into<String>) -> Value {
    json!({ "Type": "User", "Message": message.into() })
}

/// The body of an error whose API model spells the member `message`.
pub fn lower(message: impl Into<String>) -> Value {
    json!({ "Type": "User", "message": message.into() })
}

/// The body of an error without a type.
pub fn untyped(message: impl Into<String>) -> Value {
    json!({ "message": message.into() })
}
