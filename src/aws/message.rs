//! HTTP requests and responses as plain values, which the layers above the transport exchange.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::endpoint::{Endpoint, Scheme};
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
/// a retry does not copy it.
#[derive(Clone, Debug)]
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
}

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

/// A complete response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// Headers as received, with names in any case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
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

    /// As [`Response::header`], owned.
    pub fn header_owned(&self, name: &str) -> Option<String> {
        self.header(name).map(Cow::into_owned)
    }
}
