//! The transport over `wasi:http`: the only module that performs I/O or reads a clock.
//!
//! This file holds what both versions of WASI share. `p2` and `p3` implement the [`Transport`] for
//! one version each.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::endpoint::Scheme;
use crate::aws::message::{Method, Request, Response};
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types as http;
use crate::call::delivery::TimeLimits;
use crate::call::error::TransportKind;
use crate::session_cache::SessionCache;
use crate::transport::body::{Body, CHUNK_SIZE, Collected, cut_off};
use crate::transport::{Failure, Reached, Transport};

mod error_codes;
#[cfg(not(feature = "p3"))]
mod p2;
#[cfg(feature = "p3")]
pub mod p3;

/// Headers that the request does without where the host sets them itself, as browsers do.
const OPTIONAL: [(&str, &str); 2] = [
    // A gateway may compress a response otherwise, which the connector does not undo.
    ("accept-encoding", "identity"),
    (
        "user-agent",
        concat!("aws-lambda-connector/", env!("CARGO_PKG_VERSION")),
    ),
];

/// The host, as the component's imports present it.
pub struct Host;

/// The only state that an instance keeps between calls.
static SESSIONS: SessionCache = SessionCache::new();

fn fields(request: &Request<'_>) -> Result<http::Fields, Failure> {
    // Without `content-length`, hosts use chunked encoding, which Lambda is not known to accept.
    let content_length = request.body.len().to_string();
    let all: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .chain([("content-length", content_length.as_str())])
        .chain(OPTIONAL)
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    if let Ok(fields) = http::Fields::from_list(&all) {
        return Ok(fields);
    }
    // `from_list` does not report which header the host rejected: append them one by one.
    let fields = http::Fields::new();
    for (name, value) in &all {
        match fields.append(name, value) {
            Err(error) if !OPTIONAL.iter().any(|(optional, _)| optional == name) => {
                return Err(rejected_header(name, error));
            }
            _ => {}
        }
    }
    Ok(fields)
}

fn rejected_header(name: &str, error: http::HeaderError) -> Failure {
    let why = match error {
        http::HeaderError::Forbidden => "forbids components to set",
        _ => "rejected",
    };
    Failure::new(
        TransportKind::Denied,
        Reached::Nothing,
        format!("the host {why} the header `{name}`, which the request needs; nothing was sent"),
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
    host_fault("the host rejected the request's method, authority or path")
}

fn head(status: u16, headers: Vec<(String, Vec<u8>)>) -> Response {
    Response {
        status,
        headers,
        ..Response::default()
    }
}

/// Adds the body, or reports the head without it.
fn with_body(mut head: Response, body: Result<Collected, Failure>) -> Result<Response, Failure> {
    match body {
        Ok((body, completion)) => {
            head.body = body;
            head.completion = completion;
            Ok(head)
        }
        Err(failure) => Err(Failure {
            reached: Reached::Head(head),
            ..failure
        }),
    }
}

fn body_aborted() -> Failure {
    cut_off("the connection failed in the middle of the response")
}

fn body_timeout() -> Failure {
    cut_off("the rest of the response did not arrive in time")
}

fn response_timeout() -> Failure {
    Failure::new(
        TransportKind::Timeout,
        Reached::Request,
        "no response arrived in time",
    )
}

/// A host that violates `wasi:http`: its behavior does not reveal whether the request was sent.
fn host_fault(message: &str) -> Failure {
    Failure::new(TransportKind::Other, Reached::Request, message)
}

struct Deadline {
    /// The monotonic clock at the deadline, in nanoseconds.
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

    /// The earlier of this deadline and the one in `ms` milliseconds.
    fn or_in_ms(&self, ms: u64) -> Deadline {
        Deadline {
            at: self.at.min(Deadline::in_ms(ms).at),
        }
    }
}
