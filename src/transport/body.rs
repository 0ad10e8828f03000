//! The body of a response while it arrives: as it is, or the payloads of its event stream.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Failure, Reached};
use crate::aws::event_stream::{Completion, Decoder, StreamError};
use crate::aws::message::{MAX_RESPONSE_BYTES, Request, Response};
use crate::call::error::TransportKind;

/// Collects a body, within the limits of its request.
pub struct Body {
    content: Growing,
    /// `None` if the content is the body as it is.
    events: Option<Box<Decoder>>,
    received: usize,
    /// The length that the head promises.
    promised: Option<usize>,
    max: usize,
}

/// How long the end of a response may take once its event stream is complete. The end follows at once,
/// and waiting for it keeps the connection usable.
const END_OF_COMPLETE_STREAM_MS: u64 = 1_000;

/// A whole body, and how its event stream ended.
pub type Collected = (Vec<u8>, Option<Box<Completion>>);

/// Bytes to read or write in one call of the host.
pub const CHUNK_SIZE: usize = 65_536;
/// The most bytes of a frame for each byte of its payload. Lambda's frames have 106 bytes beside it, and
/// a payload may have a single byte.
const MAX_OVERHEAD: usize = 256;

impl Body {
    /// Prepares for the body that follows `head`. A successful response is an event stream if the request
    /// asks for one. Otherwise, the promised bytes are reserved exactly.
    ///
    /// # Errors
    /// A [`Failure`] if the head promises more than the request accepts, or the host does not allow the
    /// memory.
    pub fn new(head: &Response, request: &Request<'_>) -> Result<Body, Failure> {
        let promised = head.header("content-length");
        let promised = promised.and_then(|length| length.parse::<u64>().ok());
        // More than `usize::MAX` exceeds every limit anyway.
        let promised = promised.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let is_stream = head.is_event_stream();
        // The caller's limit is that of the function's response.
        let max = if head.status == 200 && is_stream == request.is_event_stream {
            request.max_response_bytes
        } else {
            MAX_RESPONSE_BYTES
        };
        let mut content = Growing::default();
        let events = (is_stream && request.is_event_stream).then(Box::default);
        if events.is_none() {
            let promised = promised.unwrap_or_default();
            if promised > max {
                return Err(too_large(max));
            }
            content.reserve(promised)?;
        }
        Ok(Body {
            content,
            events,
            received: 0,
            promised,
            max,
        })
    }

    /// Returns the length that the head promises.
    pub fn promised(&self) -> Option<usize> {
        self.promised
    }

    /// Returns how long the next bytes may take, if they may take `between_bytes_ms` before the end.
    pub fn pause_ms(&self, between_bytes_ms: u32) -> u64 {
        pause_ms(self.is_complete(), between_bytes_ms)
    }

    /// Whether the event stream has ended, so that no fault of the connection can change the result.
    pub fn is_complete(&self) -> bool {
        self.events
            .as_ref()
            .is_some_and(|decoder| decoder.is_complete())
    }

    /// Makes room for the next bytes, of which at most [`CHUNK_SIZE`] arrive at a time. They would be in
    /// the way if the body grew after they have arrived.
    ///
    /// # Errors
    /// A [`Failure`] if the host does not allow the memory.
    pub fn prepare(&mut self) -> Result<(), Failure> {
        let expected = match self.promised {
            Some(promised) if self.events.is_none() => promised.saturating_sub(self.received),
            _ => self.max.saturating_sub(self.content.bytes.len()),
        };
        self.content.reserve(expected.min(CHUNK_SIZE))
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// A [`Failure`] if the body is larger than the request accepts, or not an event stream that Lambda
    /// sends.
    pub fn append(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.received = self.received.saturating_add(chunk.len());
        let Some(decoder) = &mut self.events else {
            if self.received > self.max {
                return Err(too_large(self.max));
            }
            return self.content.append(chunk);
        };
        // Unknown events are skipped, but not without end.
        if self.received / MAX_OVERHEAD > self.max.saturating_add(1) {
            return Err(too_large(self.max));
        }
        for bytes in decoder.push(chunk) {
            let bytes = bytes.map_err(unreadable)?;
            if self.content.bytes.len().saturating_add(bytes.len()) > self.max {
                return Err(too_large(self.max));
            }
            self.content.append(bytes)?;
        }
        Ok(())
    }

    /// Returns the whole body, and how the event stream ended.
    ///
    /// # Errors
    /// A [`Failure`] for a body that is shorter or longer than promised, or a stream without its end.
    pub fn end(self) -> Result<Collected, Failure> {
        match self.promised {
            Some(promised) if self.received < promised && !self.is_complete() => {
                return Err(cut_off(format!(
                    "the response ended after {} of {promised} bytes",
                    self.received
                )));
            }
            // A chunked body beside a smaller `content-length`: one of the two is wrong.
            Some(promised) if self.received > promised => {
                return Err(failure(
                    TransportKind::Malformed,
                    format!(
                        "the response has {} bytes, and its content-length is {promised}",
                        self.received
                    ),
                ));
            }
            _ => {}
        }
        let completion = match self.events {
            None => None,
            Some(decoder) => Some(Box::new(decoder.finish().map_err(unreadable)?)),
        };
        Ok((self.content.bytes, completion))
    }
}

/// Bytes of a length that may be unknown before they arrive.
///
/// The component's allocator changes the size of a block in place, so they need their memory once. Where
/// another block is in the way, they move, and then double, so that they move rarely.
#[derive(Default)]
struct Growing {
    bytes: Vec<u8>,
    has_moved: bool,
}

impl Growing {
    /// Makes room for at least this many bytes more.
    fn reserve(&mut self, more: usize) -> Result<(), Failure> {
        let spare = self.bytes.capacity().saturating_sub(self.bytes.len());
        if spare >= more {
            return Ok(());
        }
        let room = if self.has_moved {
            more.max(self.bytes.len())
        } else {
            more
        };
        let before = self.bytes.as_ptr();
        self.bytes
            .try_reserve_exact(room)
            .map_err(|_| no_memory())?;
        self.has_moved = !self.bytes.is_empty() && self.bytes.as_ptr() != before;
        Ok(())
    }

    fn append(&mut self, more: &[u8]) -> Result<(), Failure> {
        self.reserve(more.len())?;
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

/// Returns how long the next bytes of a stream may take. See [`Body::pause_ms`].
pub fn pause_ms(is_complete: bool, between_bytes_ms: u32) -> u64 {
    let between_bytes_ms = between_bytes_ms.into();
    if is_complete {
        END_OF_COMPLETE_STREAM_MS.min(between_bytes_ms)
    } else {
        between_bytes_ms
    }
}

/// A failure inside a body, whose head the transport adds.
fn failure(kind: TransportKind, message: impl Into<String>) -> Failure {
    Failure::new(kind, Reached::Request, message)
}

/// A body that ended before its end.
pub fn cut_off(message: impl Into<String>) -> Failure {
    failure(TransportKind::CutOff, message)
}

fn no_memory() -> Failure {
    failure(
        TransportKind::Other,
        "the response does not fit into the memory that the host allows",
    )
}

fn too_large(max: usize) -> Failure {
    let (most, action) = if max == MAX_RESPONSE_BYTES {
        (
            "Lambda can send (6,291,556 bytes)".into(),
            "check the endpoint",
        )
    } else {
        (
            format!("the {max} bytes that this call accepts"),
            "raise the limit, or check the endpoint",
        )
    };
    failure(
        TransportKind::Malformed,
        format!("the response is larger than {most}: {action}"),
    )
}

/// The failure for an event stream that has no usable end.
pub fn unreadable(error: StreamError) -> Failure {
    match error {
        StreamError::CutOff => {
            cut_off("the stream ended without the event that reports the outcome of the function")
        }
        StreamError::Malformed(problem) => failure(
            TransportKind::Malformed,
            format!("the stream is damaged: {}", problem.message()),
        ),
        StreamError::Exception(exception) => {
            let message = exception.message.unwrap_or_default();
            cut_off(format!(
                "Lambda ended the stream with the error {}: {message}",
                exception.code
            ))
        }
    }
}

#[cfg(test)]
mod tests;
