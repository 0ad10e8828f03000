//! Opens a connection to a URI: name resolution, TCP and TLS under one timeout.
//!
//! Every failure here precedes the request: none of it was sent. Only this file creates a
//! [`ConnectFailure`], so the error itself proves that.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use super::error::ConnectFailure;
use crate::policy::address::is_prohibited;

tokio::task_local! {
    /// The connect timeout of the request being sent. The pool calls the connector from the task of
    /// the request that needs the connection, so a task-local value is the only way to pass one.
    pub static CONNECT_TIMEOUT: Duration;
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Applies if the component does not set a timeout.
pub const DEFAULT_CONNECT: Duration = Duration::from_secs(10);

/// Probes start after a minute of silence, well below the 350 s after which NAT gateways drop a
/// connection.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEP_ALIVE_PROBES: u32 = 4;

/// Opens connections for the pool.
#[derive(Debug, Clone)]
pub struct Connector {
    tcp: HttpConnector<Resolver>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// Creates a connector that trusts these roots. It fails if TLS cannot be set up.
    pub fn new(roots: RootCertStore, resolve: Resolve) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver {
            fixed: resolve,
            system: GaiResolver::new(),
        });
        tcp.enforce_http(false);
        // With Nagle's algorithm, the second segment of a request waits for the delayed
        // acknowledgement of the first.
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE_IDLE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEP_ALIVE_PROBES));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tcp,
            tls: Arc::new(tls),
        })
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectFailure;
    type Future = BoxFuture<Self::Response, ConnectFailure>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = CONNECT_TIMEOUT
            .try_with(|limit| *limit)
            .unwrap_or(DEFAULT_CONNECT);
        let mut tcp = self.tcp.clone();
        // hyper divides it among the addresses of a name, so that one dead address does not use it up.
        tcp.set_connect_timeout(Some(limit));
        let mut https = HttpsConnector::from((Tcp(tcp), self.tls.clone()));
        let connecting = https.call(uri);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(|error| ConnectFailure::from_tls(&*error)),
                Err(_) => Err(ConnectFailure::Timeout),
            }
        })
    }
}

/// Classifies failures of TCP before the TLS layer wraps them.
#[derive(Clone)]
struct Tcp(HttpConnector<Resolver>);

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            connecting
                .await
                .map_err(|error| ConnectFailure::from_tcp(&error).into())
        })
    }
}

/// Fixed addresses for names, instead of the system resolver's, like `curl --resolve`.
///
/// Names match without regard to case. A port other than 0 replaces the scheme's default port if
/// the URI does not have one. Link-local addresses and those of metadata services are rejected, as
/// they are for the system resolver.
///
/// ```
/// use aws_lambda_connector_host::outbound::Resolve;
///
/// let resolve = Resolve::from([
///     ("lambda.internal", "10.0.0.7:0".parse()?),
///     ("lambda.internal", "10.0.0.8:0".parse()?), // Tried if the first one fails.
///     ("proxy.internal", "127.0.0.1:8443".parse()?),
/// ]);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Resolve(Arc<HashMap<String, Vec<SocketAddr>>>);

impl<const N: usize> From<[(&str, SocketAddr); N]> for Resolve {
    fn from(entries: [(&str, SocketAddr); N]) -> Self {
        let mut map: HashMap<String, Vec<SocketAddr>> = HashMap::new();
        for (name, address) in entries {
            map.entry(name.to_ascii_lowercase())
                .or_default()
                .push(address);
        }
        Self(Arc::new(map))
    }
}

/// Rejects a name if any of its addresses is link-local or that of a metadata service, before any of
/// them is contacted.
#[derive(Debug, Clone)]
struct Resolver {
    fixed: Resolve,
    system: GaiResolver,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ConnectFailure;
    type Future = BoxFuture<Self::Response, ConnectFailure>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let fixed = self
            .fixed
            .0
            .get(&name.as_str().to_ascii_lowercase())
            .cloned();
        let mut system = self.system.clone();
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = match fixed {
                Some(addresses) => addresses,
                None => system
                    .call(name)
                    .await
                    .map_err(|error: io::Error| ConnectFailure::Dns(error.to_string()))?
                    .collect(),
            };
            if addresses.iter().any(|a| is_prohibited(a.ip())) {
                return Err(ConnectFailure::Prohibited);
            }
            Ok(addresses.into_iter())
        })
    }
}
