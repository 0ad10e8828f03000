//! HTTP requests and responses as plain values, which the layers above the transport exchange.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::endpoint::{Endpoint, Scheme};
use super::event_stream::{self, Completion};
use super::uri;

/// The HTTP methods that the APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// Returns the method's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// A request, complete except for what signing and the transport add. It borrows the body, so that
/// a retry does not copy it. Its `Debug` output has no value of a query, a header or the body.
#[derive(Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// `https`, or `http` for a custom endpoint.
    pub scheme: Scheme,
    /// The exact value of the `Host` header.
    pub authority: String,
    /// The path on the wire, percent-encoded once.
    pub path: String,
    /// Keys and values before encoding, in wire order.
    pub query: Vec<(&'static str, Cow<'a, str>)>,
    /// Headers with lower-case names, except `host` and `content-length`.
    pub headers: Vec<(&'static str, Cow<'a, str>)>,
    /// The body, empty if there is none.
    pub body: &'a [u8],
    /// The most bytes of a successful response's body, or of the payloads of its event stream. The
    /// default is [`MAX_RESPONSE_BYTES`], which always applies to errors.
    pub max_response_bytes: usize,
    /// Whether a successful response is an event stream, whose payloads become the response's body.
    pub is_event_stream: bool,
}

/// The largest response of Lambda is 6,291,556 bytes. A larger body, beyond some slack, does not come
/// from Lambda and would only fill the memory.
pub const MAX_RESPONSE_BYTES: usize = 6_291_556 + 65_536;

impl<'a> Request<'a> {
    /// Creates a request without query, headers or body. `path` is relative to the endpoint's base
    /// path and already percent-encoded.
    pub fn new(method: Method, endpoint: &Endpoint, path: &str) -> Request<'a> {
        let mut whole = String::with_capacity(endpoint.base_path.len().saturating_add(path.len()));
        whole.push_str(&endpoint.base_path);
        whole.push_str(path);
        Request {
            method,
            scheme: endpoint.scheme,
            authority: endpoint.authority.clone(),
            path: whole,
            query: Vec::new(),
            headers: Vec::new(),
            body: &[],
            max_response_bytes: MAX_RESPONSE_BYTES,
            is_event_stream: false,
        }
    }

    /// Returns the path and query on the wire.
    pub fn path_with_query(&self) -> String {
        let mut out = self.path.clone();
        for (index, (key, value)) in self.query.iter().enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            uri::encode_into(&mut out, key);
            out.push('=');
            uri::encode_into(&mut out, value);
        }
        out
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("authority", &self.authority)
            .field("path", &self.path)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// A complete response. It may repeat the request, or be the output of the function, so that its
/// `Debug` output has no value of a header or the body.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// Headers as received, with names in any case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, or the payloads of its event stream.
    pub body: Vec<u8>,
    /// How the event stream ended, if the body was one.
    pub completion: Option<Box<Completion>>,
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl Response {
    /// Returns the first header of that name, in any case, as text.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// Returns the response's `content-encoding`, unless the body is not encoded.
    pub fn content_coding(&self) -> Option<Cow<'_, str>> {
        self.header("content-encoding").filter(|coding| {
            let coding = coding.trim();
            !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")
        })
    }

    /// Whether it is a success whose body is an event stream.
    pub fn is_event_stream(&self) -> bool {
        let kind = self.header("content-type");
        kind.is_some_and(|kind| event_stream::is_response(self.status, &kind))
    }

    /// As [`Response::header`], owned.
    pub fn header_owned(&self, name: &str) -> Option<String> {
        self.header(name).map(Cow::into_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::endpoint::{EndpointChoice, resolve};

    #[test]
    fn debug_of_a_request_has_names_but_no_value() {
        let choice = EndpointChoice::Url("https://h.test/base".into());
        let endpoint = resolve("lambda", "us-east-1", &choice).unwrap();
        let mut request = Request::new(Method::Post, &endpoint, "/path");
        request.query.push(("Marker", Cow::Borrowed("marked")));
        let token = ("x-amz-security-token", Cow::Borrowed("marked"));
        request.headers.push(token);
        request
            .headers
            .push(("authorization", Cow::Borrowed("marked")));
        request.body = b"WebIdentityToken=marked";
        assert_eq!(
            format!("{request:?}"),
            r#"Request { method: Post, authority: "h.test", path: "/base/path", headers: ["x-amz-security-token", "authorization"], .. }"#
        );
    }

    #[test]
    fn debug_of_a_response_has_the_length_of_its_body() {
        let response = Response {
            status: 403,
            headers: vec![("X-Echo".into(), b"marked".to_vec())],
            body: b"marked".to_vec(),
            completion: None,
        };
        assert_eq!(
            format!("{response:?}"),
            r#"Response { status: 403, headers: ["X-Echo"], body: 6 bytes }"#
        );
    }
}
