//! The HTTPS client behind `wasi:http`, for WASI 0.2 and 0.3.
//!
//! It speaks HTTP/1.1, keeps one pool of connections for all calls, uses no proxies and follows no
//! redirects. Its errors distinguish "nothing was sent" from "sent, outcome unknown", because a
//! function may have run in the second case: see `outbound/error.rs`.
//!
//! - A request moves to another connection only if none of it was sent, because the pooled
//!   connection turned out to be closed. A request that was sent is never repeated.
//! - The `host` header and the path are sent as the component wrote them, because it signed both.
//!   The client configures hyper not to add a `host` header. `http::Uri` keeps the path and the
//!   query as text, and hyper sends them unchanged.
//! - A response is complete only if its length or its last chunk shows it. One that ends with its
//!   connection is reported as incomplete, because a broken connection ends it in the same way.
//! - Connections use TCP keep-alive. NAT gateways and load balancers drop a connection that is
//!   silent for 350 seconds, and a synchronous invocation may be silent for 1,800.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
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

use connect::{CONNECT_TIMEOUT, Connector, DEFAULT_CONNECT};

/// The body of a request or a response.
pub type Body = UnsyncBoxBody<Bytes, Error>;

/// Applies if the component does not set a timeout. A Lambda function runs for 1,800 s at most.
const DEFAULT_FIRST_BYTE: Duration = Duration::from_secs(1_815);
const DEFAULT_BETWEEN_BYTES: Duration = Duration::from_secs(60);

/// How the client opens, trusts and keeps connections.
///
/// ```
/// use std::time::Duration;
///
/// use aws_lambda_connector_host::outbound::{OutboundOptions, Resolve};
/// use aws_lambda_connector_host::sandbox::Options;
///
/// let outbound = OutboundOptions {
///     idle_timeout: Duration::from_secs(20),
///     resolve: Resolve::from([("lambda.internal", "10.0.0.7:0".parse()?)]),
///     ..OutboundOptions::default()
/// };
/// assert_eq!(outbound.max_idle_per_host, 1000);
/// let options = Options { outbound, ..Options::default() };
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Root certificates that are trusted in addition to Mozilla's list, in DER: the authority of a
    /// private endpoint. Default: none.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// The number of idle connections kept per destination. With fewer than calls in flight, calls close
    /// connections that the next ones open again. Default: 1000, the default of
    /// [`Options::max_calls`](crate::sandbox::Options::max_calls).
    pub max_idle_per_host: usize,
    /// How long an idle connection is kept. Default: 50 s. Common servers and load balancers close
    /// theirs after 60 s; a client that closes first never sends a request on a connection that the
    /// server is closing.
    pub idle_timeout: Duration,
    /// Addresses for names, instead of the system resolver's. Default: none.
    pub resolve: Resolve,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            extra_roots: Vec::new(),
            max_idle_per_host: 1000,
            idle_timeout: Duration::from_secs(50),
            resolve: Resolve::default(),
        }
    }
}

/// The HTTPS client. Clones share its connections. It does not check a
/// [`Policy`](crate::policy::Policy): the [`Sandbox`](crate::sandbox::Sandbox) does, before each
/// request.
///
/// ```
/// use aws_lambda_connector_host::outbound::{Body, Outbound, OutboundOptions};
/// use http_body_util::{BodyExt, Empty};
/// use local_lambda::{Config, LocalLambda};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lambda = LocalLambda::start(Config::default()).await?;
/// let url = lambda.url();
/// let outbound = Outbound::new(&OutboundOptions::default())?;
/// let body: Body = Empty::new().map_err(|never| match never {}).boxed_unsync();
/// let request = http::Request::get(format!("{url}/2015-03-31/functions/"))
///     .header("host", url.trim_start_matches("http://"))
///     .body(body)?;
/// let response = outbound.send(request, Default::default()).await?;
/// assert_eq!(response.status(), 403); // The request is not signed.
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Outbound {
    client: Client<Connector, Body>,
}

impl Outbound {
    /// Creates a client. It opens connections when requests need them.
    ///
    /// # Errors
    /// An entry of [`OutboundOptions::extra_roots`] is not a root certificate, or TLS cannot be set
    /// up.
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
            // hyper repeats only requests of which it sent nothing.
            .retry_canceled_requests(true)
            .set_host(false)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends one request and waits for the head of its response. Dropping the future abandons the
    /// request and closes its connection.
    ///
    /// Timeouts that `options` does not set default to 10 s for the connection, 1,815 s for the first
    /// byte and 60 s between bytes.
    ///
    /// # Errors
    /// A `wasi:http` error code, which distinguishes requests that may have been sent from those that were not.
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
            // The first-byte timeout starts when the connection is established.
            () = async { connected.wait_for_connection_metadata().await; } => {
                tokio::time::timeout(first_byte, response)
                    .await
                    .map_err(|_| Error::HttpResponseTimeout)?
            }
        };
        let response = response.map_err(|error| error::from_request(&error))?;
        let (head, body) = response.into_parts();
        let body = body::read(&head, body, between_bytes).await?;
        Ok(Response::from_parts(head, body))
    }
}
