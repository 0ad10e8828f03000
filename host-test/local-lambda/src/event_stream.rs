//! The body of a streamed response: frames in AWS's event stream encoding, written as the function
//! produces them. The function waits when it is too far ahead of the reader.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::limits::{CHUNK_LIMIT, STREAM_AHEAD};
use super::outcome::Finished;
use super::places::Place;

/// Creates the two ends of a stream. `connection` is that of the reader, and `work` lasts until the
/// body has been sent or dropped.
pub(super) fn event_stream(
    connection: Option<Place>,
    work: TaskTrackerToken,
) -> (EventSender, EventStream) {
    let (sender, events) = mpsc::unbounded_channel();
    let sender = EventSender {
        events: sender,
        room: Arc::new(Semaphore::new(STREAM_AHEAD)),
        connection,
    };
    let stream = EventStream {
        events,
        completed: false,
        _work: work,
    };
    (sender, stream)
}

/// The end of the function. Everything that it sends is dropped once the reader is gone.
#[derive(Clone)]
pub(super) struct EventSender {
    events: mpsc::UnboundedSender<Event>,
    /// The bytes that the function may still be ahead of the reader.
    room: Arc<Semaphore>,
    connection: Option<Place>,
}

enum Event {
    /// A chunk, and the room that it takes until it is read.
    Chunk(Bytes, Option<OwnedSemaphorePermit>),
    Complete(InvokeComplete),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeComplete {
    error_code: Option<String>,
    error_details: Option<String>,
    log_result: Option<String>,
}

impl EventSender {
    /// Sends data in chunks, each as soon as there is room for it.
    pub async fn send(&self, data: Bytes) {
        for chunk in chunks(data) {
            let Some(room) = self.room_for(chunk.len()).await else {
                return;
            };
            self.post(Event::Chunk(chunk, Some(room)));
        }
    }

    /// Sends the result of the invocation, which ends the stream. Does not wait, because the run has
    /// ended and nothing follows.
    pub fn complete(&self, finished: Finished, tail: bool) {
        let text = String::from_utf8_lossy(&finished.body).into_owned();
        let (error_code, error_details) = match finished.error {
            Some(error) => {
                let code = error.error_type.as_deref().unwrap_or("Unhandled");
                (Some(code.to_owned()), Some(text))
            }
            None => {
                for chunk in chunks(finished.body) {
                    self.post(Event::Chunk(chunk, None));
                }
                (None, None)
            }
        };
        self.post(Event::Complete(InvokeComplete {
            error_code,
            error_details,
            log_result: tail.then_some(finished.log_tail),
        }));
    }

    /// Waits until the reader is gone.
    pub async fn closed(&self) {
        self.events.closed().await;
    }

    /// Waits until `bytes` can be sent. Returns `None` if the reader is gone.
    async fn room_for(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            return Some(room);
        }
        // The client may never read, so its connection makes room for others meanwhile.
        let _reading = self.connection.as_ref().map(Place::reading);
        tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(bytes) => room.ok(),
            () = self.closed() => None,
        }
    }

    fn post(&self, event: Event) {
        // An error means that the reader is gone.
        let _ = self.events.send(event);
    }
}

fn chunks(mut data: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let chunk = data.split_to(data.len().min(CHUNK_LIMIT));
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// The end of the reader: the body of the response.
pub(super) struct EventStream {
    events: mpsc::UnboundedReceiver<Event>,
    completed: bool,
    _work: TaskTrackerToken,
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = match ready!(self.events.poll_recv(context)) {
            Some(Event::Chunk(data, _room)) => {
                encode("PayloadChunk", "application/octet-stream", data)
            }
            Some(Event::Complete(complete)) => {
                self.completed = true;
                serde_json::to_vec(&complete)
                    .map_err(io::Error::other)
                    .and_then(|json| encode("InvokeComplete", "application/json", json.into()))
            }
            None if self.completed => return Poll::Ready(None),
            // An error cuts the connection, so that the stream does not look complete.
            None => Err(io::Error::other("the local Lambda is stopping")),
        };
        Poll::Ready(Some(frame.map(Frame::data)))
    }
}

/// Encodes an event, with its headers in the order in which Lambda sends them.
fn encode(
    event_type: &'static str,
    content_type: &'static str,
    payload: Bytes,
) -> io::Result<Bytes> {
    let header = |name, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(payload)
        .add_header(header(":event-type", event_type))
        .add_header(header(":content-type", content_type))
        .add_header(header(":message-type", "event"));
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).map_err(io::Error::other)?;
    Ok(frame.into())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::places::Places;

    /// Returns whether sending `bytes` ends without a reader.
    async fn sends(sender: &EventSender, bytes: usize) -> bool {
        tokio::select! {
            biased;
            () = sender.send(vec![0; bytes].into()) => true,
            () = async {} => false,
        }
    }

    #[tokio::test]
    async fn function_is_a_mebibyte_ahead_at_most() {
        let (sender, mut stream) = event_stream(None, TaskTracker::new().token());
        assert!(sends(&sender, STREAM_AHEAD - 1).await);
        assert!(sends(&sender, 1).await);
        assert!(!sends(&sender, 1).await);
        stream.frame().await.unwrap().unwrap();
        assert!(sends(&sender, STREAM_AHEAD - 1).await);
        assert!(!sends(&sender, 1).await);
        // Without a reader, everything is dropped.
        drop(stream);
        assert!(sends(&sender, 10 * STREAM_AHEAD).await);
    }

    #[tokio::test]
    async fn connection_makes_room_while_its_reader_is_behind() {
        let places = Places::new(1);
        let closing = CancellationToken::new();
        let place = places.take(closing.clone()).await;
        let _answering = place.answering();
        let (sender, _stream) = event_stream(Some(place), TaskTracker::new().token());
        assert!(sends(&sender, STREAM_AHEAD).await);
        tokio::select! {
            biased;
            () = sender.send(Bytes::from_static(b"x")) => panic!("there is no room"),
            _ = places.take(CancellationToken::new()) => {}
        }
        assert!(closing.is_cancelled());
    }

    #[tokio::test]
    async fn stream_without_its_last_event_ends_with_an_error() {
        let (sender, mut stream) = event_stream(None, TaskTracker::new().token());
        assert!(sends(&sender, 1).await);
        drop(sender);
        assert!(stream.frame().await.unwrap().is_ok());
        assert!(stream.frame().await.unwrap().is_err());
    }
}
