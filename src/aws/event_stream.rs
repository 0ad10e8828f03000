//! The event stream that `InvokeWithResponseStream` returns: its frames and the events in them.
//!
//! A frame is, with integers in big-endian order:
//!
//! | Bytes | Content |
//! |---|---|
//! | 4 | length of the frame |
//! | 4 | length of the headers |
//! | 4 | CRC-32 of the lengths |
//! | | headers |
//! | | payload |
//! | 4 | CRC-32 of everything above |
//!
//! The function's response consists of the payloads of all `PayloadChunk` events. `InvokeComplete` ends
//! it and reports whether the function succeeded. A stream without that event was cut off, although its
//! HTTP status is 200.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::aws::json::Fields;

mod crc32;
mod headers;

use crc32::{Crc32, Tables};
use headers::Headers;

/// The lengths and their checksum.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
/// The longest headers and payload that AWS's SDKs accept.
const MAX_HEADERS: usize = 128 * 1024;
const MAX_PAYLOAD: usize = 24 * 1024 * 1024;
/// The largest payload of an event that is read as a whole. It contains a log of 4 KB and the error
/// document of a function, of which AWS publishes no limit.
const MAX_HELD: usize = 1024 * 1024;

/// Whether a response with this status and `content-type` is a success whose body is an event stream.
pub fn is_response(status: u16, content_type: &str) -> bool {
    status == 200 && content_type.starts_with("application/vnd.amazon.eventstream")
}

/// How the function ended: the content of `InvokeComplete`. A member is `None` if it is `null` or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Present if and only if the function failed.
    pub error_code: Option<String>,
    /// The error document of the function, which is usually JSON.
    pub error_details: Option<String>,
    /// The end of the execution log in Base64, if the request asked for it.
    pub log_result: Option<String>,
}

/// Why a stream has no [`Completion`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The stream ended inside a frame or without an `InvokeComplete`.
    CutOff,
    /// The stream is not one that Lambda sends.
    Malformed(Malformed),
    /// Lambda reported an error of its own instead of continuing the stream.
    Exception(Exception),
}

/// A message of the type `exception` or `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// `:exception-type` or `:error-code`.
    pub code: String,
    /// `:error-message`, or the message in the payload.
    pub message: Option<String>,
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The checksum of a frame's lengths does not match.
    PreludeChecksum,
    /// The lengths contradict each other or exceed the limits of the format.
    Lengths,
    /// The checksum of a frame does not match.
    MessageChecksum,
    /// The block of headers is invalid, or a header that the decoder reads is not a string or appears
    /// twice.
    Headers,
    /// The type of a message is absent or unknown, or the header that it requires is absent.
    MessageType,
    /// An `InvokeComplete` or an exception has more than 1 MiB.
    TooLong,
    /// The payload of an `InvokeComplete` is not a JSON object.
    Completion,
    /// An event or an exception follows `InvokeComplete`. Unknown events are ignored there as well.
    AfterCompletion,
}

impl Malformed {
    /// Returns what is wrong, to be the last part of an error message.
    pub fn message(self) -> &'static str {
        match self {
            Malformed::PreludeChecksum => "the checksum of a frame's lengths does not match",
            Malformed::Lengths => "the lengths in a frame are contradictory or too large",
            Malformed::MessageChecksum => "the checksum of a frame does not match",
            Malformed::Headers => "a frame has invalid headers",
            Malformed::MessageType => "a frame does not state a known type of message",
            Malformed::TooLong => "the event that ends the stream has more than 1 MiB",
            Malformed::Completion => "the event that ends the stream is not a JSON object",
            Malformed::AfterCompletion => "an event follows the one that ends the stream",
        }
    }
}

/// Decodes one stream, which arrives in pieces of any length.
///
/// It returns the bytes of a chunk as soon as they arrive, so that its memory does not depend on the
/// length of a frame. It holds at most a block of headers of 128 KiB and an `InvokeComplete` of 1 MiB.
///
/// ```
/// use aws_lambda_connector::aws::event_stream::{Completion, Decoder, StreamError};
///
/// fn collect(pieces: &[&[u8]]) -> Result<(Vec<u8>, Completion), StreamError> {
///     let mut decoder = Decoder::default();
///     let mut response = Vec::new();
///     for piece in pieces {
///         for chunk in decoder.push(piece) {
///             response.extend_from_slice(chunk?);
///         }
///     }
///     Ok((response, decoder.finish()?))
/// }
///
/// assert_eq!(collect(&[]), Err(StreamError::CutOff));
/// ```
#[derive(Default)]
pub struct Decoder {
    place: Place,
    /// The bytes of an incomplete prelude, block of headers or checksum.
    part: Vec<u8>,
    /// The checksum of the frame so far.
    crc: Crc32,
    tables: Tables,
    frame: Frame,
    /// The payload of a frame that is read as a whole.
    held: Vec<u8>,
    completion: Option<Completion>,
    error: Option<StreamError>,
}

/// Which part of a frame the next byte belongs to, and the lengths that are still needed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Prelude,
    Headers {
        headers: usize,
        payload: usize,
    },
    Payload {
        left: usize,
    },
    Checksum,
}

/// What a frame is by its headers. It takes effect once the checksum of the frame is right, except that
/// the bytes of a chunk are returned before.
#[derive(Default)]
enum Frame {
    /// An event that is unknown, as future ones are.
    #[default]
    Ignored,
    Chunk,
    Completion,
    Exception(Exception),
    Malformed(Malformed),
}

impl Decoder {
    /// Decodes the next bytes of the stream. The iterator returns the bytes of the function's response
    /// that they contain, as slices of `bytes` that are never empty.
    ///
    /// It ends with an error if the stream is malformed or contains an exception. Nothing follows an
    /// error, and [`Decoder::finish`] returns it again.
    ///
    /// The checksum of a frame is at its end, so that the bytes of a chunk are returned before they are
    /// checked. If they turn out to be wrong, the error is [`Malformed::MessageChecksum`], and the caller
    /// must not report the response as complete.
    ///
    /// Bytes that the iterator has not reached when it is dropped are lost.
    pub fn push<'d, 'b>(&'d mut self, bytes: &'b [u8]) -> Chunks<'d, 'b> {
        Chunks {
            decoder: self,
            bytes,
        }
    }

    /// Returns how the function ended, once the stream has ended or broken off.
    ///
    /// # Errors
    /// [`StreamError::CutOff`] if the stream ended inside a frame or without an `InvokeComplete`, and the
    /// errors of [`Decoder::push`].
    pub fn finish(self) -> Result<Completion, StreamError> {
        let is_complete = self.is_complete();
        if let Some(error) = self.error {
            return Err(error);
        }
        self.completion
            .filter(|_| is_complete)
            .ok_or(StreamError::CutOff)
    }

    /// Whether the stream may end here: [`Decoder::finish`] would succeed.
    pub fn is_complete(&self) -> bool {
        let between_frames = self.place == Place::Prelude && self.part.is_empty();
        self.completion.is_some() && self.error.is_none() && between_frames
    }

    /// Returns how many bytes of the stream the decoder has room for. Those of chunks and of unknown
    /// events are not among them.
    pub fn capacity(&self) -> usize {
        self.part.capacity().saturating_add(self.held.capacity())
    }

    /// Takes bytes off the front of `input` until they contain bytes of the response, or to its end.
    fn advance<'b>(&mut self, input: &mut &'b [u8]) -> Result<Option<&'b [u8]>, StreamError> {
        while !input.is_empty() {
            match self.place {
                Place::Prelude => {
                    if self.collect(input, PRELUDE) {
                        self.place = self.read_prelude().map_err(StreamError::Malformed)?;
                        self.part.clear();
                    }
                }
                Place::Headers { headers, payload } => {
                    if self.collect(input, headers) {
                        self.crc = self.crc.update(&self.part);
                        self.frame = self.read_frame(payload);
                        self.part.clear();
                        self.place = Place::Payload { left: payload };
                    }
                }
                Place::Payload { left: 0 } => self.place = Place::Checksum,
                Place::Payload { left } => {
                    let bytes = take(input, left);
                    self.crc = self.tables.update(self.crc, bytes);
                    let left = left.saturating_sub(bytes.len());
                    self.place = Place::Payload { left };
                    match self.frame {
                        Frame::Chunk => return Ok(Some(bytes)),
                        Frame::Completion | Frame::Exception(_) => {
                            self.held.extend_from_slice(bytes);
                        }
                        Frame::Ignored | Frame::Malformed(_) => {}
                    }
                }
                Place::Checksum => {
                    if self.collect(input, CHECKSUM) {
                        self.end_frame()?;
                        self.part.clear();
                        self.place = Place::Prelude;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Moves bytes from `input` to `part` until it has `length`. Returns whether it has.
    fn collect(&mut self, input: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.part.len());
        self.part.extend_from_slice(take(input, missing));
        self.part.len() == length
    }

    fn read_prelude(&mut self) -> Result<Place, Malformed> {
        let (&[total, headers, checksum], _) = self.part.as_chunks() else {
            return Err(Malformed::PreludeChecksum);
        };
        let crc = Crc32::default().update(&total).update(&headers);
        if crc.to_be_bytes() != checksum {
            return Err(Malformed::PreludeChecksum);
        }
        self.crc = crc.update(&checksum);
        let [total, headers] = [total, headers].map(|length| u32::from_be_bytes(length) as usize);
        let rest = total.checked_sub(PRELUDE.saturating_add(CHECKSUM));
        match rest.and_then(|rest| rest.checked_sub(headers)) {
            Some(payload) if headers <= MAX_HEADERS && payload <= MAX_PAYLOAD => {
                Ok(Place::Headers { headers, payload })
            }
            _ => Err(Malformed::Lengths),
        }
    }

    /// Decides by the headers in `part` what the frame is.
    fn read_frame(&self, payload: usize) -> Frame {
        let frame = Headers::read(&self.part)
            .ok_or(Malformed::Headers)
            .and_then(|headers| Frame::read(&headers).ok_or(Malformed::MessageType))
            .unwrap_or_else(Frame::Malformed);
        match frame {
            Frame::Chunk | Frame::Completion | Frame::Exception(_) if self.completion.is_some() => {
                Frame::Malformed(Malformed::AfterCompletion)
            }
            Frame::Completion | Frame::Exception(_) if payload > MAX_HELD => {
                Frame::Malformed(Malformed::TooLong)
            }
            frame => frame,
        }
    }

    /// Checks the frame, whose checksum is in `part`, and lets it take effect.
    fn end_frame(&mut self) -> Result<(), StreamError> {
        if self.part != self.crc.to_be_bytes() {
            return Err(StreamError::Malformed(Malformed::MessageChecksum));
        }
        let held = mem::take(&mut self.held);
        match mem::take(&mut self.frame) {
            Frame::Ignored | Frame::Chunk => Ok(()),
            Frame::Completion => match read_completion(&held) {
                Some(completion) => {
                    self.completion = Some(completion);
                    Ok(())
                }
                None => Err(StreamError::Malformed(Malformed::Completion)),
            },
            Frame::Exception(mut exception) => {
                exception.message = exception.message.or_else(|| read_message(&held));
                Err(StreamError::Exception(exception))
            }
            Frame::Malformed(problem) => Err(StreamError::Malformed(problem)),
        }
    }
}

/// The bytes of the response in one piece of the stream: the iterator of [`Decoder::push`].
pub struct Chunks<'d, 'b> {
    decoder: &'d mut Decoder,
    bytes: &'b [u8],
}

impl<'b> Iterator for Chunks<'_, 'b> {
    type Item = Result<&'b [u8], StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.decoder.error.is_some() {
            return None;
        }
        let chunk = self.decoder.advance(&mut self.bytes);
        self.decoder.error = chunk.as_ref().err().cloned();
        chunk.transpose()
    }
}

impl Frame {
    /// Returns what the frame is, or `None` if a header for that is absent or unknown.
    fn read(headers: &Headers<'_>) -> Option<Frame> {
        let code = match headers.message_type? {
            "event" => {
                return Some(match headers.event_type? {
                    "PayloadChunk" => Frame::Chunk,
                    "InvokeComplete" => Frame::Completion,
                    _ => Frame::Ignored,
                });
            }
            "exception" => headers.exception_type?,
            "error" => headers.error_code?,
            _ => return None,
        };
        Some(Frame::Exception(Exception {
            code: code.into(),
            message: headers.error_message.map(Into::into),
        }))
    }
}

/// Reads the payload of an `InvokeComplete`. As in AWS's SDKs, an empty one is an object without members.
fn read_completion(payload: &[u8]) -> Option<Completion> {
    if payload.is_empty() {
        return Some(Completion::default());
    }
    let fields = Fields::read(core::str::from_utf8(payload).ok()?)?;
    Some(Completion {
        error_code: fields.text("ErrorCode"),
        error_details: fields.text("ErrorDetails"),
        log_result: fields.text("LogResult"),
    })
}

/// Reads the message in the payload of an exception, if it has one.
fn read_message(payload: &[u8]) -> Option<String> {
    let fields = Fields::read(core::str::from_utf8(payload).ok()?)?;
    fields.text("message").or_else(|| fields.text("Message"))
}

/// Takes at most `length` bytes off the front of `input`.
fn take<'b>(input: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, rest) = input.split_at_checked(length).unwrap_or((*input, &[]));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
