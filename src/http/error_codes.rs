//! Classifies the error codes of `wasi:http`: the kind of failure, and whether the request may have
//! reached Lambda.

use alloc::format;
use alloc::string::String;

use crate::bindings::wasi::http::types::ErrorCode;
use crate::call::error::TransportKind;
use crate::transport::{Failure, Reached};

/// Describes the failure that `code` stands for.
///
/// `late` applies to codes that occur both before and after a request is sent. It is `Nothing` if the
/// host rejected the request at once, and `Request` after the host accepted it.
pub fn failure(code: &ErrorCode, late: Reached, authority: &str) -> Failure {
    use ErrorCode as E;
    let (kind, reached, advice) = match code {
        E::DnsTimeout | E::DnsError(_) => (
            TransportKind::Dns,
            Reached::Nothing,
            "could not resolve the endpoint's name: check the region and the host's DNS",
        ),
        E::DestinationNotFound
        | E::DestinationUnavailable
        | E::DestinationIpUnroutable
        | E::ConnectionRefused
        | E::ConnectionLimitReached => (
            TransportKind::Connect,
            Reached::Nothing,
            "could not connect to the endpoint",
        ),
        E::ConnectionTimeout => (
            TransportKind::Timeout,
            Reached::Nothing,
            "could not connect to the endpoint in time",
        ),
        E::DestinationIpProhibited | E::HttpRequestDenied => (
            TransportKind::Denied,
            Reached::Nothing,
            "the host's policy forbids the endpoint: allow its host name in the policy",
        ),
        E::TlsProtocolError | E::TlsCertificateError | E::TlsAlertReceived(_) => (
            TransportKind::Tls,
            Reached::Nothing,
            "could not establish a trusted TLS connection to the endpoint",
        ),
        E::ConnectionReadTimeout | E::ConnectionWriteTimeout | E::HttpResponseTimeout => (
            TransportKind::Timeout,
            Reached::Request,
            "no response arrived in time",
        ),
        E::ConnectionTerminated | E::HttpResponseIncomplete => (
            TransportKind::CutOff,
            late,
            "the connection closed before the response was complete",
        ),
        E::HttpRequestLengthRequired
        | E::HttpRequestBodySize(_)
        | E::HttpRequestMethodInvalid
        | E::HttpRequestUriInvalid
        | E::HttpRequestUriTooLong
        | E::HttpRequestHeaderSectionSize(_)
        | E::HttpRequestHeaderSize(_)
        | E::HttpRequestTrailerSectionSize(_)
        | E::HttpRequestTrailerSize(_) => {
            (TransportKind::Other, late, "the host rejected the request")
        }
        E::HttpResponseHeaderSectionSize(_)
        | E::HttpResponseHeaderSize(_)
        | E::HttpResponseBodySize(_)
        | E::HttpResponseTrailerSectionSize(_)
        | E::HttpResponseTrailerSize(_)
        | E::HttpResponseTransferCoding(_)
        | E::HttpResponseContentCoding(_)
        | E::HttpUpgradeFailed => (
            TransportKind::Malformed,
            late,
            "the response is not valid HTTP: the endpoint is not Lambda",
        ),
        // wasmtime reports it for a connection that was reset or closed before any response.
        E::HttpProtocolError => (
            TransportKind::CutOff,
            late,
            "the connection broke, or the response is not valid HTTP",
        ),
        E::LoopDetected | E::ConfigurationError | E::InternalError(_) => (
            TransportKind::Other,
            late,
            "the host failed to send the request",
        ),
    };
    Failure {
        kind,
        message: format!(
            "{advice} (endpoint {authority}; the host reports {})",
            name(code)
        ),
        reached,
    }
}

/// The name of `code` in `wasi:http`, which the host's operator can look up. The host's free text is
/// left out, because it could quote the request.
pub fn name(code: &ErrorCode) -> String {
    use ErrorCode as E;
    let name = match code {
        E::DnsTimeout => "DNS-timeout",
        E::DnsError(_) => "DNS-error",
        E::DestinationNotFound => "destination-not-found",
        E::DestinationUnavailable => "destination-unavailable",
        E::DestinationIpProhibited => "destination-IP-prohibited",
        E::DestinationIpUnroutable => "destination-IP-unroutable",
        E::ConnectionRefused => "connection-refused",
        E::ConnectionTerminated => "connection-terminated",
        E::ConnectionTimeout => "connection-timeout",
        E::ConnectionReadTimeout => "connection-read-timeout",
        E::ConnectionWriteTimeout => "connection-write-timeout",
        E::ConnectionLimitReached => "connection-limit-reached",
        E::TlsProtocolError => "TLS-protocol-error",
        E::TlsCertificateError => "TLS-certificate-error",
        E::TlsAlertReceived(_) => "TLS-alert-received",
        E::HttpRequestDenied => "HTTP-request-denied",
        E::HttpRequestLengthRequired => "HTTP-request-length-required",
        E::HttpRequestBodySize(_) => "HTTP-request-body-size",
        E::HttpRequestMethodInvalid => "HTTP-request-method-invalid",
        E::HttpRequestUriInvalid => "HTTP-request-URI-invalid",
        E::HttpRequestUriTooLong => "HTTP-request-URI-too-long",
        E::HttpRequestHeaderSectionSize(_) => "HTTP-request-header-section-size",
        E::HttpRequestHeaderSize(_) => "HTTP-request-header-size",
        E::HttpRequestTrailerSectionSize(_) => "HTTP-request-trailer-section-size",
        E::HttpRequestTrailerSize(_) => "HTTP-request-trailer-size",
        E::HttpResponseIncomplete => "HTTP-response-incomplete",
        E::HttpResponseHeaderSectionSize(_) => "HTTP-response-header-section-size",
        E::HttpResponseHeaderSize(_) => "HTTP-response-header-size",
        E::HttpResponseBodySize(_) => "HTTP-response-body-size",
        E::HttpResponseTrailerSectionSize(_) => "HTTP-response-trailer-section-size",
        E::HttpResponseTrailerSize(_) => "HTTP-response-trailer-size",
        E::HttpResponseTransferCoding(_) => "HTTP-response-transfer-coding",
        E::HttpResponseContentCoding(_) => "HTTP-response-content-coding",
        E::HttpResponseTimeout => "HTTP-response-timeout",
        E::HttpUpgradeFailed => "HTTP-upgrade-failed",
        E::HttpProtocolError => "HTTP-protocol-error",
        E::LoopDetected => "loop-detected",
        E::ConfigurationError => "configuration-error",
        E::InternalError(_) => "internal-error",
    };
    name.into()
}
