//! From the client's errors to `wasi:http` error codes.
//!
//! The codes fall into two groups, and a component decides by them whether a request may be
//! repeated:
//!
//! - nothing was sent: [`ConnectFailure`], and a connection that closed before the request got
//!   onto it (`DestinationUnavailable`);
//! - it was sent, at least in part, and what became of it is unknown: everything else.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::AlertDescription;
use wasmtime_wasi_http::Error;

/// Why there is no connection. None of the request was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFailure {
    /// The name does not resolve; holds the resolver's words.
    #[error("the name does not resolve: {0}")]
    Dns(String),
    /// The name resolves to a link-local address.
    #[error("the address is link-local")]
    Prohibited,
    /// TCP and TLS together took longer than the connect time-out.
    #[error("no connection in time")]
    Timeout,
    /// The address answers, and nobody listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// No route, no free local port, or a connection that broke while it was made.
    #[error("the destination cannot be reached")]
    Unavailable,
    /// The server's certificate is not one for this name from a trusted authority.
    #[error("the certificate is not valid: {0}")]
    Certificate(String),
    /// The server ended the handshake with an alert: number and name.
    #[error("TLS alert {0}: {1}")]
    Alert(u8, String),
    /// The server does not speak TLS as this client does.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
}

impl ConnectFailure {
    /// What the TCP connector says; the resolver's errors pass through it.
    pub(super) fn of_tcp(error: &(dyn StdError + 'static)) -> Self {
        if let Some(failure) = find::<Self>(error) {
            return failure.clone();
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::Timeout,
            _ => Self::Unavailable,
        }
    }

    /// What the TLS connector says; TCP's failures pass through it.
    pub(super) fn of_tls(error: &(dyn StdError + 'static)) -> Self {
        if let Some(failure) = find::<Self>(error) {
            return failure.clone();
        }
        match find::<rustls::Error>(error) {
            Some(error @ rustls::Error::InvalidCertificate(_)) => {
                Self::Certificate(error.to_string())
            }
            Some(rustls::Error::AlertReceived(alert)) => Self::alert(*alert),
            Some(error) => Self::Tls(error.to_string()),
            // The connection broke in the handshake: nothing is said about TLS.
            None => Self::Unavailable,
        }
    }

    fn alert(alert: AlertDescription) -> Self {
        Self::Alert(u8::from(alert), format!("{alert:?}"))
    }
}

impl From<ConnectFailure> for Error {
    fn from(failure: ConnectFailure) -> Self {
        match failure {
            ConnectFailure::Dns(words) => Self::DnsError {
                rcode: Some(words),
                info_code: None,
            },
            ConnectFailure::Prohibited => Self::DestinationIpProhibited,
            ConnectFailure::Timeout => Self::ConnectionTimeout,
            ConnectFailure::Refused => Self::ConnectionRefused,
            ConnectFailure::Unavailable => Self::DestinationUnavailable,
            ConnectFailure::Certificate(_) => Self::TlsCertificateError,
            ConnectFailure::Alert(id, message) => Self::TlsAlertReceived {
                alert_id: Some(id),
                alert_message: Some(message),
            },
            ConnectFailure::Tls(_) => Self::TlsProtocolError,
        }
    }
}

/// A request that got no response.
pub(super) fn of_request(error: &legacy::Error) -> Error {
    if let Some(failure) = find::<ConnectFailure>(error) {
        tracing::debug!("not connected: {failure}");
        return failure.clone().into();
    }
    let hyper = find::<hyper::Error>(error);
    tracing::debug!("no response: {error:?}");
    // hyper calls a request canceled when it hands it back as it was; and without connection
    // metadata the pool never had a connection to put it on.
    if error.is_connect()
        || error.connect_info().is_none()
        || hyper.is_some_and(hyper::Error::is_canceled)
    {
        return Error::DestinationUnavailable;
    }
    match hyper {
        Some(hyper) if hyper.is_parse_too_large() => Error::HttpResponseHeaderSectionSize(None),
        Some(hyper) if hyper.is_parse() || hyper.is_user() => Error::HttpProtocolError,
        _ => Error::ConnectionTerminated,
    }
}

/// A response that broke off.
pub(super) fn of_body(error: &hyper::Error) -> Error {
    tracing::debug!("response cut off: {error:?}");
    match find::<io::Error>(error).map(io::Error::kind) {
        // A malformed chunk.
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Error::HttpProtocolError,
        _ => Error::HttpResponseIncomplete,
    }
}

/// The first error of this type along the chain of sources, looking into `io::Error`s, which hide
/// what they were made from.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static))
            .or_else(|| error.source());
    }
    None
}
