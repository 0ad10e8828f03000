//! The only code that does I/O: one request over `wasi:http`, and the clocks. In this file is what
//! does not depend on the version of WASI; `p2` and `p3` hold the rest.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::endpoint::Scheme;
use crate::aws::message::{Method, Request, Response};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types as http;
use crate::call::delivery::TimeLimits;
use crate::call::error::{Executed, TransportKind};
use crate::session_cache::SessionCache;
use crate::transport::{Failure, Transport};

mod error_codes;
#[cfg(not(feature = "p3"))]
mod p2;
#[cfg(feature = "p3")]
mod p3;

/// Lambda's largest answer is 6,291,556 bytes; beyond it and some slack, whatever answers is not
/// Lambda and would only fill the memory.
const MAX_BODY: usize = 6_291_556 + 65_536;
/// Bytes that are moved at once.
const CHUNK_SIZE: usize = 65_536;

/// The host, through the component's imports.
pub struct Host;

/// All that an instance knows of earlier calls.
static SESSIONS: SessionCache = SessionCache::new();

fn fields(request: &Request<'_>) -> Result<http::Fields, Failure> {
    // Without it a host sends chunks, which Lambda is not known to take.
    let content_length = request.body.len().to_string();
    let user_agent = concat!("aws-lambda-connector/", env!("CARGO_PKG_VERSION"));
    let all: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .chain([
            ("content-length", content_length.as_str()),
            ("user-agent", user_agent),
        ])
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    if let Ok(fields) = http::Fields::from_list(&all) {
        return Ok(fields);
    }
    // One by one, to name the one that is refused.
    let fields = http::Fields::new();
    for (name, value) in &all {
        fields
            .append(name, value)
            .map_err(|error| rejected_header(name, error))?;
    }
    Ok(fields)
}

fn rejected_header(name: &str, error: http::HeaderError) -> Failure {
    let why = match error {
        http::HeaderError::Forbidden => "forbids components to set",
        _ => "did not accept",
    };
    failure(
        TransportKind::Denied,
        Executed::No,
        format!("the host {why} the header `{name}`, which the request needs: nothing was sent"),
    )
}

fn method(request: &Request<'_>) -> http::Method {
    match request.method {
        Method::Get => http::Method::Get,
        Method::Post => http::Method::Post,
    }
}

fn scheme(request: &Request<'_>) -> http::Scheme {
    match request.scheme {
        Scheme::Http => http::Scheme::Http,
        Scheme::Https => http::Scheme::Https,
    }
}

fn rejected_request_line() -> Failure {
    host_fault("the host refused the request's method, host or path")
}

/// More than 32 bits hold is too much in any case.
fn content_length(response: &Response) -> Option<usize> {
    let bytes: u64 = response.header("content-length")?.parse().ok()?;
    Some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn head(status: u16, headers: Vec<(String, Vec<u8>)>) -> Response {
    Response {
        status,
        headers,
        body: Vec::new(),
    }
}

/// Status and headers tell more of an error than the fact that its text was cut.
fn with_body(mut response: Response, body: Result<Vec<u8>, Failure>) -> Result<Response, Failure> {
    match body {
        Ok(body) => response.body = body,
        Err(_) if response.status >= 300 => {}
        Err(failure) => return Err(failure),
    }
    Ok(response)
}

/// For a body of that length, to the byte: what grows is copied.
fn reserve_body(promised: Option<usize>) -> Result<Vec<u8>, Failure> {
    if promised.is_some_and(|bytes| bytes > MAX_BODY) {
        return Err(body_too_large());
    }
    let mut body = Vec::new();
    match body.try_reserve_exact(promised.unwrap_or_default()) {
        Ok(()) => Ok(body),
        Err(_) => Err(failure(
            TransportKind::Other,
            Executed::Yes,
            "the answer does not fit into the memory that the host allows",
        )),
    }
}

fn append(body: &mut Vec<u8>, piece: &[u8]) -> Result<(), Failure> {
    if body.len().saturating_add(piece.len()) > MAX_BODY {
        return Err(body_too_large());
    }
    body.extend_from_slice(piece);
    Ok(())
}

/// The body, if that is all of it.
fn check_length(body: Vec<u8>, promised: Option<usize>) -> Result<Vec<u8>, Failure> {
    match promised {
        Some(bytes) if body.len() < bytes => Err(truncated(format!(
            "the answer ended after {} of {bytes} bytes",
            body.len()
        ))),
        _ => Ok(body),
    }
}

fn failure(kind: TransportKind, executed: Executed, message: impl Into<String>) -> Failure {
    Failure {
        kind,
        message: message.into(),
        executed,
    }
}

fn truncated(message: impl Into<String>) -> Failure {
    failure(TransportKind::CutOff, Executed::Yes, message)
}

fn body_aborted() -> Failure {
    truncated("the answer broke off in the middle")
}

fn body_timeout() -> Failure {
    truncated("the rest of the answer did not come in time")
}

fn body_too_large() -> Failure {
    failure(
        TransportKind::Malformed,
        Executed::Yes,
        "the answer is larger than Lambda can send (6,291,556 bytes): check the endpoint",
    )
}

fn response_timeout() -> Failure {
    failure(
        TransportKind::Timeout,
        Executed::Unknown,
        "no answer came in time: the function may be running still; raise `delivery.response-timeout-ms` if it needs longer",
    )
}

/// A host that does not keep to `wasi:http`; its answers say nothing about the request.
fn host_fault(message: &str) -> Failure {
    failure(TransportKind::Other, Executed::Unknown, message)
}

struct Deadline {
    /// By the monotonic clock, nanoseconds.
    at: u64,
}

struct TimedOut;

impl Deadline {
    fn in_ms(ms: u64) -> Deadline {
        let ns = ms.saturating_mul(1_000_000);
        Deadline {
            at: monotonic_clock::now().saturating_add(ns),
        }
    }

    /// The earlier of this and one in `ms`.
    fn or_in_ms(&self, ms: u64) -> Deadline {
        Deadline {
            at: self.at.min(Deadline::in_ms(ms).at),
        }
    }
}
