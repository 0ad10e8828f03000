//! What a function writes while it runs: collected for Invoke, or sent to the reader of a stream.

use bytes::{Bytes, BytesMut};

use super::event_stream::EventSender;
use super::limits::{RESPONSE_LIMIT, STREAM_LIMIT};
use super::outcome::Failure;

pub(super) struct Output {
    written: usize,
    buffer: BytesMut,
    /// The reader of a stream. `None` collects the output.
    stream: Option<EventSender>,
}

impl Output {
    pub fn new(stream: Option<EventSender>) -> Self {
        Self {
            written: 0,
            buffer: BytesMut::new(),
            stream,
        }
    }

    /// Writes data, up to the limit of the response. Waits while the reader is behind.
    pub async fn write(&mut self, mut data: Bytes) -> Result<(), Failure> {
        let limit = match self.stream {
            Some(_) => STREAM_LIMIT,
            None => RESPONSE_LIMIT,
        };
        let room = limit.saturating_sub(self.written);
        let too_large = data.len() > room;
        data.truncate(room);
        self.written += data.len();
        match &self.stream {
            Some(stream) => stream.send(data).await,
            None => self.buffer.extend_from_slice(&data),
        }
        if too_large {
            return Err(Failure::TooLarge(limit));
        }
        Ok(())
    }

    /// Waits until the reader of a stream is gone. Collected output has none, so this waits forever.
    pub async fn closed(&self) {
        match &self.stream {
            Some(stream) => stream.closed().await,
            None => std::future::pending().await,
        }
    }

    /// Takes the collected output. Empty for a stream.
    pub fn take(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }
}
