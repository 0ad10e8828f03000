//! Requests as they arrive, before an operation makes sense of them.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method};
use uuid::Uuid;

use super::errors::ApiError;
use super::limits::SYNC_REQUEST_LIMIT;
use super::record::Entry;

/// A body up to this length is called too large once its signature was checked. A longer one is
/// refused without that, as AWS's front end does.
const READ_LIMIT: usize = SYNC_REQUEST_LIMIT + (1 << 20);

/// A request with its body, nothing decoded.
pub(super) struct RawRequest {
    pub method: Method,
    /// As on the wire.
    pub path: String,
    /// As on the wire, without the question mark.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The invocation's id as well.
    pub id: Uuid,
}

impl RawRequest {
    /// The value of a header; the first where there are several.
    pub fn header(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        self.headers
            .get(name)
            .map(|value| value.to_str())
            .transpose()
            .map_err(|_| ApiError::invalid_content(format!("The header {name} is not ASCII")))
    }

    /// The value of a query parameter, decoded; the first where there are several.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// The request's id. A caller may choose it, so long as it is a UUID; otherwise there is an error
/// beside a new one.
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
        let frame = frame.map_err(|_| ApiError::service("The request's body was cut off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        entry.received(data.len());
        length = length.saturating_add(data.len());
        // The rest is read all the same: a client that still writes would not see the answer.
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
