//! An HTTP request and response as plain values: what the layers above the transport exchange.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::endpoint::{Endpoint, Scheme};
use super::uri;

/// The methods that the APIs in use know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// The method's token on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// A request, complete but for what signing and the transport add. It borrows the body, so that
/// another attempt needs no second copy.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: Method,
    /// `https`, or `http` for a custom endpoint.
    pub scheme: Scheme,
    /// Host and port exactly as they go into the `Host` header.
    pub authority: String,
    /// The path as it goes over the wire, percent-encoded once.
    pub path: String,
    /// Keys and values before encoding, in wire order.
    pub query: Vec<(&'static str, Cow<'a, str>)>,
    /// Lower-case names. `host` and `content-length` are not among them.
    pub headers: Vec<(&'static str, Cow<'a, str>)>,
    /// The body; empty for none.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request without query, headers or body. `path` is relative to the endpoint's base path
    /// and already percent-encoded.
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

    /// Path and query as they go over the wire.
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

/// A response, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Names in any case, values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, whatever its case, as text.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// As [`Response::header`], owned.
    pub fn header_owned(&self, name: &str) -> Option<String> {
        self.header(name).map(Cow::into_owned)
    }
}
