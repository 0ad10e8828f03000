//! The HTTPS client behind `wasi:http/outgoing-handler`.
//!
//! One pool of connections for all calls, HTTP/1.1, no proxies, no redirects. What a caller must
//! be able to rely on is the line between "nothing was sent" and "it was sent and the outcome is
//! unknown", since a function may have run in the second case: see `outbound/error.rs`.
//!
//! - A request moves to another connection only while none of it went out (the pooled one turned
//!   out to be closed). It is never repeated afterwards.
//! - The `host` header and the path leave as the component wrote them: it signed both. hyper
//!   reduces the URI to its path and query, which `http::Uri` keeps as text, and adds no `host`
//!   header of its own here.
//! - Connections carry TCP keep-alive: NAT gateways and load balancers forget a link that is
//!   silent for 350 seconds, and a synchronous invocation may be silent for 900.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use wasmtime_wasi_http::{Error, RequestOptions};

mod body;
mod connect;
mod error;

pub use connect::Resolve;

use body::BetweenBytes;
use connect::{CONNECT_TIMEOUT, Connector, DEFAULT_CONNECT};

/// A request's or a response's body.
pub type Body = UnsyncBoxBody<Bytes, Error>;

/// Where the component names no time-out of its own. Lambda's longest run is 900 s.
const DEFAULT_FIRST_BYTE: Duration = Duration::from_secs(915);
const DEFAULT_BETWEEN_BYTES: Duration = Duration::from_secs(60);

/// How connections are made and kept.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Trusted beside the roots of Mozilla's list: a private endpoint's authority, in DER.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Idle connections kept per destination. Default 32.
    pub max_idle_per_host: usize,
    /// An idle connection is closed after this long. Default 50 s: common servers and load
    /// balancers close theirs after 60, and who closes first decides whether a request can meet a
    /// closing connection.
    pub idle_timeout: Duration,
    /// Answers for names, in place of the system's resolver.
    pub resolve: Resolve,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            extra_roots: Vec::new(),
            max_idle_per_host: 32,
            idle_timeout: Duration::from_secs(50),
            resolve: Resolve::default(),
        }
    }
}

/// The client. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Outbound {
    client: Client<Connector, Body>,
}

impl Outbound {
    /// A client with no connection yet.
    ///
    /// # Errors
    /// An extra root certificate is not one.
    pub fn new(options: &OutboundOptions) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        for root in &options.extra_roots {
            roots.add(root.clone())?;
        }
        let connector = Connector::new(roots, options.resolve.clone())?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.max_idle_per_host)
            // Only ever repeats what hyper hands back unsent.
            .retry_canceled_requests(true)
            .set_host(false)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends one request and waits for the head of its response. Dropping the future gives the
    /// request up and closes its connection.
    ///
    /// # Errors
    /// A code of `wasi:http`, which says whether the request was sent.
    pub async fn send(
        &self,
        mut request: Request<Body>,
        options: RequestOptions,
    ) -> Result<Response<Body>, Error> {
        let connect = options.connect_timeout.unwrap_or(DEFAULT_CONNECT);
        let first_byte = options.first_byte_timeout.unwrap_or(DEFAULT_FIRST_BYTE);
        let between_bytes = options
            .between_bytes_timeout
            .unwrap_or(DEFAULT_BETWEEN_BYTES);

        let mut connected = capture_connection(&mut request);
        // The connector starts inside this future, hence inside the scope.
        let mut response = pin!(CONNECT_TIMEOUT.scope(connect, self.client.request(request)));
        let response = tokio::select! {
            biased;
            response = &mut response => response,
            // The first byte's time starts where the connection's ends.
            () = async { connected.wait_for_connection_metadata().await; } => {
                tokio::time::timeout(first_byte, response)
                    .await
                    .map_err(|_| Error::HttpResponseTimeout)?
            }
        };
        let response = response.map_err(|error| error::of_request(&error))?;
        Ok(response.map(|body| BetweenBytes::new(body, between_bytes).boxed_unsync()))
    }
}
