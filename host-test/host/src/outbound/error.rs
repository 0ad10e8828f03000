//! Maps the client's errors to `wasi:http` error codes.
//!
//! The codes fall into two groups. A component uses them to decide whether it may repeat a request:
//!
//! - Nothing was sent: [`ConnectFailure`], and a connection that closed before the request was
//!   written to it (`DestinationUnavailable`).
//! - The request was sent, at least in part, and its outcome is unknown: everything else.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::AlertDescription;
use wasmtime_wasi_http::Error;

/// The reason why no connection was established. None of the request was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFailure {
    /// The name does not resolve. Holds the resolver's message.
    #[error("the name does not resolve: {0}")]
    Dns(String),
    /// The name resolves to a link-local address or to that of a metadata service.
    #[error("the address is link-local or that of a metadata service")]
    Prohibited,
    /// Resolution, TCP and TLS together took longer than the connect timeout.
    #[error("the connection timed out")]
    Timeout,
    /// The address is reachable, but no process listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// There is no route or no free local port, or the connection broke during setup.
    #[error("the destination cannot be reached")]
    Unavailable,
    /// The server's certificate is not valid for this name, or its authority is not trusted.
    #[error("the certificate is not valid: {0}")]
    Certificate(String),
    /// The server ended the handshake with an alert. Holds its number and name.
    #[error("TLS alert {0}: {1}")]
    Alert(u8, String),
    /// The server and this client do not agree on a TLS version or cipher, or the handshake is
    /// malformed.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
}

impl ConnectFailure {
    /// Classifies an error of the TCP connector, which also passes on the resolver's errors.
    pub(super) fn from_tcp(error: &(dyn StdError + 'static)) -> Self {
        if let Some(failure) = find::<Self>(error) {
            return failure.clone();
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::Timeout,
            _ => Self::Unavailable,
        }
    }

    /// Classifies an error of the TLS connector, which also passes on TCP's failures.
    pub(super) fn from_tls(error: &(dyn StdError + 'static)) -> Self {
        if let Some(failure) = find::<Self>(error) {
            return failure.clone();
        }
        match find::<rustls::Error>(error) {
            Some(error @ rustls::Error::InvalidCertificate(_)) => {
                Self::Certificate(error.to_string())
            }
            Some(rustls::Error::AlertReceived(alert)) => Self::alert(*alert),
            Some(error) => Self::Tls(error.to_string()),
            // The connection broke during the handshake, so TLS reported nothing.
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

/// Maps the error of a request that received no response.
pub(super) fn from_request(error: &legacy::Error) -> Error {
    if let Some(failure) = find::<ConnectFailure>(error) {
        tracing::debug!("not connected: {failure}");
        return failure.clone().into();
    }
    let hyper = find::<hyper::Error>(error);
    tracing::debug!("no response: {error:?}");
    // hyper reports a request as canceled if it returns it unsent. Without connection metadata, the
    // pool never had a connection for the request.
    if error.is_connect()
        || error.connect_info().is_none()
        || hyper.is_some_and(hyper::Error::is_canceled)
    {
        return Error::DestinationUnavailable;
    }
    match hyper {
        // Not `HttpProtocolError`, which wasmtime's own client reports for a broken connection: a
        // component cannot tell from it that a response arrived.
        Some(hyper) if hyper.is_parse() => Error::HttpResponseHeaderSectionSize(None),
        Some(hyper) if hyper.is_user() => Error::HttpProtocolError,
        _ => Error::ConnectionTerminated,
    }
}

/// Maps the error of a response that was cut off.
pub(super) fn from_body(error: &hyper::Error) -> Error {
    tracing::debug!("response cut off: {error:?}");
    match find::<io::Error>(error).map(io::Error::kind) {
        // A malformed chunk.
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
            Error::HttpResponseTransferCoding(None)
        }
        _ => Error::HttpResponseIncomplete,
    }
}

/// Returns the first error of this type in the chain of sources. It also looks into `io::Error`s,
/// whose `source` skips the error that they wrap.
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
