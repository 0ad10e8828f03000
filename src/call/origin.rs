//! Decides who sent a response, before anything reads its status, code or body.
//!
//! A gateway's 408, a proxy's 502 and a captive portal's web page say nothing about the function:
//! the request may be upstream, and the function may be running. Only AWS can tell, and AWS puts a
//! request ID into every response.

use alloc::format;

use crate::aws::endpoint::{Endpoint, EndpointKind, STS};
use crate::aws::message::Response;
use crate::call::error::{Executed, TransportError, TransportKind};
use crate::call::operation::Effect;
use crate::call::text::excerpt;

/// Who sent a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// AWS: the response has AWS's request ID.
    Aws,
    /// A local emulator, at an endpoint that the caller declared to be one.
    Emulator,
    /// Anything else: a proxy, a gateway, a web server.
    Other,
}

/// Decides who sent `response`.
pub fn of(response: &Response, endpoint: &Endpoint, service: &str) -> Origin {
    if has_request_id(response, service) {
        return Origin::Aws;
    }
    match endpoint.kind {
        EndpointKind::Emulator if !(response.status < 300 && is_web_page(response)) => {
            Origin::Emulator
        }
        EndpointKind::Emulator | EndpointKind::Aws | EndpointKind::Url => Origin::Other,
    }
}

fn has_request_id(response: &Response, service: &str) -> bool {
    let in_header = response
        .header("x-amzn-requestid")
        .is_some_and(|id| !id.trim().is_empty());
    // STS also puts it into its XML.
    let in_body = || {
        const TAG: &[u8] = b"<RequestId>";
        response.body.windows(TAG.len()).any(|bytes| bytes == TAG)
    };
    in_header || (service == STS && in_body())
}

fn is_web_page(response: &Response) -> bool {
    let Some(kind) = response.header("content-type") else {
        return looks_like_html(&response.body);
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| kind.eq_ignore_ascii_case(html))
}

fn looks_like_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"].iter().any(|start| {
        body.get(..start.len())
            .is_some_and(|bytes| bytes.eq_ignore_ascii_case(start))
    })
}

/// Returns what a response of [`Origin::Other`] proves about the function.
///
/// It proves that the function did not start only if HTTP defines its status as a refusal to
/// process or forward the request.
pub fn executed(status: u16, effect: Effect) -> Executed {
    match effect {
        Effect::Read => Executed::No,
        _ if refuses_to_forward(status) => Executed::No,
        Effect::DryRun | Effect::Run | Effect::Change => Executed::Unknown,
    }
}

/// Sources: RFC 9110, sections 15.5.8, 15.5.12, 15.5.14, 15.5.15, 15.5.18, 15.5.20 and 15.6.6; RFC
/// 6585, sections 5 and 6.
fn refuses_to_forward(status: u16) -> bool {
    matches!(status, 407 | 411 | 413 | 414 | 417 | 421 | 431 | 505 | 511)
}

/// The error for a response of [`Origin::Other`].
pub fn not_lambda(
    response: &Response,
    endpoint: &Endpoint,
    effect: Effect,
    attempts: u8,
) -> TransportError {
    let status = response.status;
    let mut message = format!("the response has status {status}");
    for (what, name) in [("server", "server"), ("content type", "content-type")] {
        if let Some(value) = response.header(name) {
            message.push_str(&format!(", {what} `{}`", excerpt(&value)));
        }
    }
    message.push_str(" and no x-amzn-RequestId, which AWS always sends: ");
    let authority = &endpoint.authority;
    message.push_str(&match status {
        _ if endpoint.kind == EndpointKind::Emulator => {
            format!("{authority} serves a web page: check the endpoint")
        }
        407 => "a proxy requires authentication: allow the host to pass it".into(),
        413 => "a gateway limits the size of requests: raise its limit".into(),
        408 | 460 | 499 | 504 | 524 if effect == Effect::Change => {
            "a gateway gave up waiting, and the request may be upstream: raise its timeout".into()
        }
        408 | 460 | 499 | 504 | 524 => "a gateway gave up waiting, and the request may be upstream: raise its timeout above the function's".into(),
        300..=399 => "redirects are not followed: check the endpoint".into(),
        200..=299 => format!("{authority} is not Lambda, or a proxy responded: check the endpoint; a local emulator needs the endpoint `emulator`"),
        500..=599 => "a proxy or gateway could not get a response from Lambda: check it, and the endpoint".into(),
        _ => "a proxy or gateway responded: check it, and the endpoint".into(),
    });
    let executed = executed(status, effect);
    if executed == Executed::Unknown && effect != Effect::Change {
        message.push_str("; the function may have run");
    }
    TransportError {
        kind: TransportKind::NotLambda,
        message,
        executed,
        request_id: None,
        attempts,
        // A gateway may recover. A server that sent a success or a refusal will send it again.
        transient: matches!(status, 408 | 425 | 429 | 460 | 499 | 500..=599)
            && !refuses_to_forward(status),
    }
}

#[cfg(test)]
mod tests;
