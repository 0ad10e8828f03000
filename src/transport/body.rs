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
    content: Content,
    received: usize,
    /// The length that the head promises.
    promised: Option<usize>,
    max: usize,
}

enum Content {
    Bytes(Vec<u8>),
    Events {
        decoder: Box<Decoder>,
        payload: Segments,
    },
}

/// How long the end of a response may take once its event stream is complete. The end follows at once,
/// and waiting for it keeps the connection usable.
const END_OF_COMPLETE_STREAM_MS: u64 = 1_000;

/// A whole body, and how its event stream ended.
pub type Collected = (Vec<u8>, Option<Box<Completion>>);

/// The most bytes of a frame for each byte of its payload. Lambda's frames have 106 bytes beside it, and
/// a payload may have a single byte.
const MAX_OVERHEAD: usize = 256;

impl Body {
    /// Prepares for the body that follows `head`. A successful response is an event stream if the request
    /// asks for one. Otherwise, the promised bytes are reserved exactly, so that they never move.
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
        let content = if is_stream && request.is_event_stream {
            Content::Events {
                decoder: Box::default(),
                payload: Segments::default(),
            }
        } else if promised.is_some_and(|bytes| bytes > max) {
            return Err(too_large(max));
        } else {
            let mut bytes = Vec::new();
            let promised = promised.unwrap_or_default();
            bytes.try_reserve_exact(promised).map_err(|_| no_memory())?;
            Content::Bytes(bytes)
        };
        Ok(Body {
            content,
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
        match &self.content {
            Content::Bytes(_) => false,
            Content::Events { decoder, .. } => decoder.is_complete(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// A [`Failure`] if the body is larger than the request accepts, or not an event stream that Lambda
    /// sends.
    pub fn append(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.received = self.received.saturating_add(chunk.len());
        match &mut self.content {
            Content::Bytes(bytes) => {
                if self.received > self.max {
                    return Err(too_large(self.max));
                }
                bytes.extend_from_slice(chunk);
            }
            Content::Events { decoder, payload } => {
                // Unknown events are skipped, but not without end.
                if self.received / MAX_OVERHEAD > self.max.saturating_add(1) {
                    return Err(too_large(self.max));
                }
                for bytes in decoder.push(chunk) {
                    let bytes = bytes.map_err(unreadable)?;
                    if payload.length.saturating_add(bytes.len()) > self.max {
                        return Err(too_large(self.max));
                    }
                    payload.append(bytes)?;
                }
            }
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
        match self.content {
            Content::Bytes(bytes) => Ok((bytes, None)),
            Content::Events { decoder, payload } => {
                let completion = decoder.finish().map_err(unreadable)?;
                Ok((payload.into_bytes()?, Some(Box::new(completion))))
            }
        }
    }
}

/// Bytes of a length that is not known before. They do not move while more arrive, so that they take
/// their own memory twice at most: when they become one piece.
#[derive(Default)]
struct Segments {
    segments: Vec<Vec<u8>>,
    length: usize,
}

/// A segment's length.
const SEGMENT: usize = 1024 * 1024;
/// The first segment's, because most responses are small.
const FIRST_SEGMENT: usize = 16 * 1024;

impl Segments {
    fn append(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        self.length = self.length.saturating_add(bytes.len());
        while !bytes.is_empty() {
            let spare = |segment: &Vec<u8>| segment.capacity().saturating_sub(segment.len());
            if self.segments.last().is_none_or(|last| spare(last) == 0) {
                let length = if self.segments.is_empty() {
                    FIRST_SEGMENT
                } else {
                    SEGMENT
                };
                let mut segment = Vec::new();
                segment.try_reserve_exact(length).map_err(|_| no_memory())?;
                self.segments.push(segment);
            }
            let Some(last) = self.segments.last_mut() else {
                return Err(no_memory());
            };
            let fits = spare(last).min(bytes.len());
            let (now, later) = bytes.split_at_checked(fits).unwrap_or((bytes, &[]));
            last.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn into_bytes(self) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        whole
            .try_reserve_exact(self.length)
            .map_err(|_| no_memory())?;
        for segment in self.segments {
            whole.extend_from_slice(&segment);
        }
        Ok(whole)
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
