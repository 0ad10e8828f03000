//! Frames of an event stream, written by the AWS SDK for Rust.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

/// The frame of an event.
pub fn event(kind: &'static str, payload: &[u8]) -> Vec<u8> {
    let header = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    let headers = [
        header(":event-type", kind),
        header(":message-type", "event"),
    ];
    let message = Message::new_from_parts(headers.to_vec(), payload.to_vec());
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).unwrap();
    frame
}

pub fn chunk(payload: &[u8]) -> Vec<u8> {
    event("PayloadChunk", payload)
}

/// The last event, of a function that succeeded.
pub fn complete() -> Vec<u8> {
    event("InvokeComplete", b"{}")
}
