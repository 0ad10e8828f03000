//! A response body with a timeout between two of its frames, whose end is known to be its own.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::Error;

use super::error;

/// The longest body that is held back to compare its two lengths. Lambda's largest response has
/// 6,291,556 bytes.
const MAX_COMPARED: usize = 8 << 20;

/// Returns the body of a response, which fails if `limit` passes between two frames, or if nothing
/// shows that it is complete.
///
/// # Errors
/// `HttpResponseTransferCoding`, if the body is in chunks and has another length than its
/// `content-length`. RFC 9112, section 6.3, calls that a sign of response splitting.
pub async fn read(
    head: &Parts,
    incoming: Incoming,
    limit: Duration,
) -> Result<UnsyncBoxBody<Bytes, Error>, Error> {
    let body = BetweenBytes {
        ends_with_connection: ends_with_connection(head.status, &head.headers),
        incoming,
        limit,
        deadline: Box::pin(sleep(limit)),
        waiting: false,
    };
    let is_chunked = is_chunked(&head.headers) && has_body(head.status);
    match head.headers.get(CONTENT_LENGTH) {
        Some(announced) if is_chunked => compared(body, announced).await,
        _ => Ok(body.boxed_unsync()),
    }
}

/// Holds a body back until its length is known.
async fn compared(
    body: BetweenBytes,
    announced: &HeaderValue,
) -> Result<UnsyncBoxBody<Bytes, Error>, Error> {
    const DIFFERENT: Error = Error::HttpResponseTransferCoding(None);
    let announced = announced.to_str().ok().and_then(|text| text.parse().ok());
    let announced = announced.filter(|bytes| *bytes <= MAX_COMPARED);
    let announced = announced.ok_or(DIFFERENT)?;
    let whole = match Limited::new(body, announced).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) => return Err(error.downcast().map_or(DIFFERENT, |error| *error)),
    };
    if whole.len() < announced {
        return Err(DIFFERENT);
    }
    Ok(Full::new(whole)
        .map_err(|never| match never {})
        .boxed_unsync())
}

fn has_body(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether the last coding is `chunked`. Others do not show where the body ends.
fn is_chunked(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(TRANSFER_ENCODING).into_iter().next_back();
    let codings = codings.and_then(|codings| codings.to_str().ok());
    let last = codings.and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

/// Whether the body has neither a length nor chunks, so that it ends wherever its connection does.
fn ends_with_connection(status: StatusCode, headers: &HeaderMap) -> bool {
    let has_length =
        !headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    has_body(status) && !has_length && !is_chunked(headers)
}

/// Fails if the server sends no frame within the limit. The clock runs only while the reader waits,
/// so that a slow reader does not count as a slow server.
struct BetweenBytes {
    incoming: Incoming,
    limit: Duration,
    deadline: Pin<Box<Sleep>>,
    waiting: bool,
    /// The end of the connection is indistinguishable from a break.
    ends_with_connection: bool,
}

impl Body for BetweenBytes {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) {
            this.waiting = false;
            let frame = frame.map(|frame| frame.map_err(|e| error::from_body(&e)));
            let incomplete = frame.is_none() && std::mem::take(&mut this.ends_with_connection);
            return Poll::Ready(if incomplete {
                Some(Err(Error::HttpResponseIncomplete))
            } else {
                frame
            });
        }
        if !this.waiting {
            this.waiting = true;
            this.deadline.as_mut().reset(Instant::now() + this.limit);
        }
        ready!(this.deadline.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        !self.ends_with_connection && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
