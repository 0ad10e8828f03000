//! The responses of the proxy: whole ones, slow ones, and some that break off.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Response;
use hyper::body::{Body, Bytes, Frame};
use tokio::time::Sleep;

/// The pieces of a slow response.
const PIECES: usize = 20;
/// The time between two of them.
const PAUSE: Duration = Duration::from_millis(50);

/// The body of a response.
pub struct Reply {
    pieces: VecDeque<Bytes>,
    /// The time between two pieces, and the wait for the next one.
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    end: End,
}

/// What follows the last piece.
enum End {
    /// The end of the body.
    Whole,
    /// A broken connection, when the pieces have been written.
    Flush,
    Broken,
}

impl Reply {
    fn new(body: Bytes) -> Self {
        Self {
            pieces: VecDeque::from([body]),
            pause: None,
            end: End::Whole,
        }
    }

    /// The body, in pieces with pauses before each of them.
    pub fn slowly(body: Bytes) -> Self {
        let length = body.len().div_ceil(PIECES).max(1);
        let starts = (0..body.len()).step_by(length);
        let pieces = starts.map(|start| body.slice(start..body.len().min(start + length)));
        Self {
            pieces: pieces.collect(),
            pause: Some((PAUSE, Box::pin(tokio::time::sleep(PAUSE)))),
            end: End::Whole,
        }
    }

    /// The first half of the body. Then the connection breaks.
    pub fn half(body: Bytes) -> Self {
        Self {
            end: End::Flush,
            ..Self::new(body.slice(..body.len() / 2))
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.pieces.is_empty() {
            return match self.end {
                End::Whole => Poll::Ready(None),
                // hyper writes what it has before it asks again.
                End::Flush => {
                    self.end = End::Broken;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                End::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            };
        }
        if let Some((pause, wait)) = &mut self.pause {
            std::task::ready!(wait.as_mut().poll(context));
            *wait = Box::pin(tokio::time::sleep(*pause));
        }
        let piece = self.pieces.pop_front();
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// Returns the response with its whole body.
pub fn whole(response: Response<Bytes>) -> Response<Reply> {
    response.map(Reply::new)
}

/// Returns the page of a gateway that has no answer of Lambda.
pub fn gateway_page(status: u16) -> io::Result<Response<Reply>> {
    let page = format!("<html><body><h1>{status}</h1>\n<hr>nginx</body></html>\n");
    let response = Response::builder()
        .status(status)
        .header("server", "nginx")
        .header("content-type", "text/html");
    let response = response.header("content-length", page.len());
    let response = response.body(Reply::new(page.into()));
    response.map_err(io::Error::other)
}

/// Returns an error of Lambda, with the request ID that shows its origin.
pub fn aws_error(status: u16, code: &str) -> io::Result<Response<Reply>> {
    let document = r#"{"Type":"Service","message":"A fault of the soak"}"#;
    let response = Response::builder()
        .status(status)
        .header("x-amzn-requestid", "6fb5b7f5-9b4f-4d3c-8c62-1f1e6f8b0a11")
        .header("x-amzn-errortype", code)
        .header("content-type", "application/json");
    let response = response.header("content-length", document.len());
    let response = response.body(Reply::new(document.into()));
    response.map_err(io::Error::other)
}
