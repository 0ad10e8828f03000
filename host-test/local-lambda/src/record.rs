//! A record of the requests that arrived, for tests that check what a client sent.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use hyper::HeaderMap;

use super::sync::lock;

/// The number of requests to keep, so that the memory of a long-lived service is bounded.
const CAPACITY: usize = 10_000;

/// One request as it arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path and query as on the wire, not decoded.
    pub path_and_query: String,
    /// The headers in the order of arrival, with lower-case names. Headers of the same name are
    /// adjacent.
    pub headers: Vec<(String, String)>,
    /// The number of body bytes that arrived.
    pub body_length: u64,
    /// Whether the whole body arrived.
    pub complete: bool,
}

impl RecordedRequest {
    /// Returns the value of the first header with this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| match name.as_str() {
                "authorization" | "x-amz-security-token" => (name.as_str(), "[redacted]"),
                _ => (name.as_str(), value.as_str()),
            })
            .collect();
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("path_and_query", &self.path_and_query)
            .field("headers", &headers)
            .field("body_length", &self.body_length)
            .field("complete", &self.complete)
            .finish()
    }
}

/// A recorded request whose body may still be arriving.
#[derive(Clone)]
pub(super) struct Entry(Arc<Mutex<RecordedRequest>>);

impl Entry {
    pub fn received(&self, bytes: usize) {
        lock(&self.0).body_length += bytes as u64;
    }

    pub fn completed(&self) {
        lock(&self.0).complete = true;
    }
}

#[derive(Default)]
pub(super) struct Record(Mutex<VecDeque<Entry>>);

impl Record {
    pub fn begin(&self, method: &str, path_and_query: &str, headers: &HeaderMap) -> Entry {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let entry = Entry(Arc::new(Mutex::new(RecordedRequest {
            method: method.to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers,
            body_length: 0,
            complete: false,
        })));
        let mut entries = lock(&self.0);
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry.clone());
        entry
    }

    pub fn all(&self) -> Vec<RecordedRequest> {
        lock(&self.0)
            .iter()
            .map(|entry| lock(&entry.0).clone())
            .collect()
    }
}
