//! The response to a run. If a streamed response arrives, the page receives the steps of its growth
//! while the run continues: lines of JSON, an empty line, and the reply.
//!
//! The reply contains JSON of the function as it was written, which may have several lines.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::growth::{Growth, Reader, growth};
use super::reply::Reply;

pub(super) enum Answer {
    Reply(Box<Reply>),
    Steps(Steps),
}

/// The steps and the reply. Dropping it ends the run, and closes the connection to the function.
pub(super) struct Steps {
    /// What precedes the next message.
    next: Option<Bytes>,
    messages: Receiver<Message>,
}

enum Message {
    Step(Bytes),
    Reply(Box<Reply>),
}

/// Starts a run. Returns its reply, or its steps once a streamed response begins.
pub(super) async fn follow<F>(run: impl FnOnce(Growth) -> F) -> Answer
where
    F: Future<Output = Reply> + Send + 'static,
{
    let (growth, reader) = growth();
    // The run does not wait for the page. Steps that the page does not read grow together.
    let (sender, mut messages) = mpsc::channel(1);
    tokio::spawn(send(run(growth), reader, sender));
    match messages.recv().await {
        Some(Message::Reply(reply)) => Answer::Reply(reply),
        Some(Message::Step(step)) => Answer::Steps(Steps {
            next: Some(step),
            messages,
        }),
        None => Answer::Reply(Box::new(Reply::lost())),
    }
}

/// Runs until there is a reply, or the page is gone.
async fn send(run: impl Future<Output = Reply>, mut reader: Reader, page: Sender<Message>) {
    let grow = async {
        loop {
            reader.grown().await;
            let Ok(place) = page.reserve().await else {
                return;
            };
            if let Some(step) = line(&mut reader) {
                place.send(Message::Step(step));
            }
        }
    };
    let reply = tokio::select! {
        biased;
        () = page.closed() => return,
        reply = run => reply,
        () = grow => return,
    };
    // A run that failed shows all that has arrived.
    if let Some(step) = line(&mut reader) {
        let _ = page.send(Message::Step(step)).await;
    }
    let _ = page.send(Message::Reply(Box::new(reply))).await;
}

fn line(reader: &mut Reader) -> Option<Bytes> {
    let line = serde_json::to_string(&reader.take()?).ok()?;
    Some(Bytes::from(line + "\n"))
}

impl Body for Steps {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = match self.next.take() {
            Some(next) => Some(next),
            None => match ready!(self.messages.poll_recv(cx)) {
                Some(Message::Step(step)) => Some(step),
                Some(Message::Reply(reply)) => {
                    self.next = Some(reply.body().into());
                    Some(Bytes::from_static(b"\n"))
                }
                None => None,
            },
        };
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }
}
