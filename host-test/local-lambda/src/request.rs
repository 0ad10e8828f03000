//! Requests as they arrived, before an operation interprets them.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method};
use uuid::Uuid;

use super::errors::ApiError;
use super::limits::SYNC_REQUEST_LIMIT;
use super::places::Place;
use super::record::Entry;

/// The longest body that is kept, in bytes. A body up to this length gets the error for its size
/// after its signature was verified. A longer body is rejected without verification, as AWS's front
/// end does.
const READ_LIMIT: usize = SYNC_REQUEST_LIMIT + (1 << 20);

/// A request with its body, not decoded.
pub(super) struct RawRequest {
    pub method: Method,
    /// The path as on the wire.
    pub path: String,
    /// The query as on the wire, without the question mark.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The request ID, which is also the ID of the invocation.
    pub id: Uuid,
    /// The connection on which the request arrived.
    pub connection: Option<Place>,
}

impl RawRequest {
    /// Returns the value of a header, the first one if the header is repeated.
    pub fn header(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        self.headers
            .get(name)
            .map(|value| value.to_str())
            .transpose()
            .map_err(|_| ApiError::invalid_content(format!("The header {name} is not ASCII")))
    }

    /// Returns the decoded value of a query parameter, the first one if the parameter is repeated.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).next()
    }

    /// Returns the decoded values of a query parameter.
    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Returns the ID of the request. A caller may choose it, but it must be a UUID. Otherwise, the
/// result is a new ID and an error.
pub(super) fn request_id(headers: &HeaderMap) -> (Uuid, Result<(), ApiError>) {
    let Some(sent) = headers.get("x-amzn-requestid") else {
        return (Uuid::new_v4(), Ok(()));
    };
    match Uuid::try_parse_ascii(sent.as_bytes()) {
        Ok(id) => (id, Ok(())),
        Err(_) => (
            Uuid::new_v4(),
            Err(ApiError::invalid_content(
                "The x-amzn-RequestId header must be a valid UUID string.",
            )),
        ),
    }
}

/// Reads a body to its end.
pub(super) async fn read(mut body: Incoming, entry: &Entry) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::service("The request body ended early"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        entry.received(data.len());
        length = length.saturating_add(data.len());
        // The rest is still read: a client that is still writing would not see the response.
        if length <= READ_LIMIT {
            whole.extend_from_slice(&data);
        }
    }
    entry.completed();
    if length > READ_LIMIT {
        return Err(ApiError::too_large(format!(
            "Request must be smaller than {SYNC_REQUEST_LIMIT} bytes for the InvokeFunction operation"
        )));
    }
    Ok(whole.freeze())
}
