//! What a run has received of a streamed response so far.
//!
//! The page shows the response while it grows, and the card decides what it means. The frames are
//! therefore decoded twice: here for the page, and in the component for the outputs.

use std::future::pending;

use aws_lambda_connector::aws::event_stream::{self, Decoder};
use aws_lambda_connector_host::sandbox::{BodyWatcher, ResponseWatcher};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use serde::Serialize;
use tokio::sync::watch;

/// The most bytes of a response that the page receives before its end. The others are counted, so
/// that neither this process nor the page has a long response twice.
const SHOWN: usize = 256 << 10;

/// The end that the run writes to.
pub(super) struct Growth(watch::Sender<Received>);

/// The end that the page reads from.
pub(super) struct Reader {
    received: watch::Receiver<Received>,
    read: Progress,
}

#[derive(Default)]
struct Received {
    has_begun: bool,
    bytes: u64,
    beginning: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Progress {
    has_begun: bool,
    bytes: u64,
    shown: usize,
}

/// What the page learns: the number of bytes so far, and those that it has not seen.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    received: u64,
    /// In Base64, because a piece can begin or end inside a character, and need not be text.
    bytes: String,
}

/// Returns both ends.
pub(super) fn growth() -> (Growth, Reader) {
    let (sender, received) = watch::channel(Received::default());
    let read = Progress::default();
    (Growth(sender), Reader { received, read })
}

impl ResponseWatcher for Growth {
    fn response(&self, head: &Parts) -> Option<BodyWatcher> {
        // The function has run once a stream begins, so the component does not send its request again.
        let begins = is_event_stream(head)
            && self
                .0
                .send_if_modified(|received| !std::mem::replace(&mut received.has_begun, true));
        if !begins {
            return None;
        }
        let received = self.0.clone();
        let mut decoder = Box::<Decoder>::default();
        Some(Box::new(move |piece| {
            // The component finds the same error in the stream, and reports it.
            for chunk in decoder.push(piece).map_while(Result::ok) {
                received.send_modify(|received| received.add(chunk));
            }
        }))
    }
}

/// Whether the component may read the body as an event stream.
fn is_event_stream(head: &Parts) -> bool {
    let kind = head.headers.get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| event_stream::is_response(head.status.as_u16(), kind))
}

impl Received {
    fn add(&mut self, chunk: &[u8]) {
        self.bytes = self.bytes.saturating_add(chunk.len() as u64);
        let room = SHOWN.saturating_sub(self.beginning.len()).min(chunk.len());
        self.beginning.extend_from_slice(&chunk[..room]);
    }
}

impl Reader {
    /// Waits until the response has grown since the last call.
    pub async fn grown(&mut self) {
        if self.received.changed().await.is_err() {
            // The run has ended, which its reply shows.
            pending().await
        }
    }

    /// Returns what the page has not seen. A page that is slow misses no byte, because its next step
    /// has more of them.
    pub fn take(&mut self) -> Option<Step> {
        let received = self.received.borrow_and_update();
        let now = Progress {
            has_begun: received.has_begun,
            bytes: received.bytes,
            shown: received.beginning.len(),
        };
        if now == self.read {
            return None;
        }
        let shown = std::mem::replace(&mut self.read, now).shown;
        Some(Step {
            received: now.bytes,
            bytes: STANDARD.encode(&received.beginning[shown..]),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Response;
    use serde_json::{Value, json};

    use super::*;

    fn head(status: u16, kind: &str) -> Parts {
        let response = Response::builder().status(status);
        let response = response.header("content-type", kind).body(());
        response.unwrap().into_parts().0
    }

    fn stream() -> Parts {
        head(200, "application/vnd.amazon.eventstream")
    }

    fn step(reader: &mut Reader) -> Value {
        json!(reader.take())
    }

    #[test]
    fn response_that_is_not_an_event_stream_is_not_shown() {
        let (growth, mut reader) = growth();
        for head in [
            head(200, "application/json"),
            head(403, "application/vnd.amazon.eventstream"),
        ] {
            assert!(growth.response(&head).is_none());
        }
        assert_eq!(step(&mut reader), Value::Null);
    }

    #[test]
    fn step_has_the_bytes_since_the_last_one() {
        let (growth, mut reader) = growth();
        assert!(growth.response(&stream()).is_some());
        let expected = json!({ "received": 0, "bytes": "" });
        assert_eq!(step(&mut reader), expected);
        growth.0.send_modify(|received| received.add(b"ab"));
        growth.0.send_modify(|received| received.add(b"\xff"));
        let expected = json!({ "received": 3, "bytes": "YWL/" });
        assert_eq!(step(&mut reader), expected);
        assert_eq!(step(&mut reader), Value::Null);
        assert!(growth.response(&stream()).is_none());
    }

    #[test]
    fn bytes_beyond_the_shown_ones_are_counted() {
        let (growth, mut reader) = growth();
        growth.response(&stream());
        let chunk = vec![b'a'; SHOWN - 1];
        growth.0.send_modify(|received| received.add(&chunk));
        assert_eq!(step(&mut reader)["received"], SHOWN - 1);
        growth.0.send_modify(|received| received.add(b"bc"));
        let expected = json!({ "received": SHOWN + 1, "bytes": "Yg==" });
        assert_eq!(step(&mut reader), expected);
        growth.0.send_modify(|received| received.add(&chunk));
        let expected = json!({ "received": 2 * SHOWN, "bytes": "" });
        assert_eq!(step(&mut reader), expected);
    }
}
