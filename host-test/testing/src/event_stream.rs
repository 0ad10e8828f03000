//! A Lambda whose streamed response the test writes piece by piece, and the frames of such a response.
//! The AWS SDK for Rust encodes the frames.

use std::io;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Canned, read_request};

/// The headers of a streamed response.
const HEAD: &str = "200 OK\nx-amzn-requestid: 8f5e\nx-amz-executed-version: 7\n\
                    content-type: application/vnd.amazon.eventstream";

/// The server. Connections that the test does not accept wait.
pub struct StreamingLambda(TcpListener);

impl StreamingLambda {
    pub async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Whether no connection waits to be accepted.
    pub fn has_no_more_connections(self) -> bool {
        let accepted = self.0.into_std().unwrap().accept();
        accepted.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits for a connection, and reads the request on it.
    pub async fn accept(&self) -> Streamed {
        let (mut client, _) = self.0.accept().await.unwrap();
        let request = read_request(&mut client).await;
        Streamed { client, request }
    }

    /// Waits for a request, and begins its response.
    pub async fn begin(&self) -> Streamed {
        let mut streamed = self.accept().await;
        streamed.head().await;
        streamed
    }
}

/// One invocation, and the connection on which its response is written.
pub struct Streamed {
    client: TcpStream,
    pub request: String,
}

impl Streamed {
    /// Sends the head of the response.
    pub async fn head(&mut self) {
        let head = format!("{HEAD}\ntransfer-encoding: chunked").replace('\n', "\r\n");
        let head = format!("HTTP/1.1 {head}\r\n\r\n");
        self.client.write_all(head.as_bytes()).await.unwrap();
    }

    /// Sends a part of the event stream. It fails if the client has closed the connection.
    pub async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = format!("{:x}\r\n", bytes.len());
        let chunk = [length.as_bytes(), bytes, b"\r\n"].concat();
        self.client.write_all(&chunk).await
    }

    /// Sends a part of the event stream.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes.as_ref()).await.unwrap();
    }

    /// Ends the response. The connection stays open.
    pub async fn finish(&mut self) {
        self.client.write_all(b"0\r\n\r\n").await.unwrap();
    }

    /// Closes the connection in an orderly way, in the middle of the response. Returns it, because
    /// dropping it with bytes to read would reset it.
    pub async fn close(mut self) -> Self {
        self.client.shutdown().await.unwrap();
        self
    }

    /// Resets the connection.
    pub fn reset(self) {
        self.client.set_zero_linger().unwrap();
    }

    /// Waits until the client has closed the connection.
    pub async fn closed(&mut self) {
        let mut rest = [0; 64];
        // A client that closes with bytes to read resets the connection.
        if let Ok(read) = self.client.read(&mut rest).await {
            assert_eq!(read, 0, "the client sent more than one request");
        }
    }
}

/// Returns a whole streamed response. If `bytes` is larger than the body, the connection ends early.
pub fn streamed(body: &[u8], bytes: usize) -> Canned {
    Canned::new(&format!("{HEAD}\ncontent-length: {bytes}"), body)
}

/// Returns the frame of a part of the function's output.
pub fn chunk(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame("PayloadChunk", payload.as_ref())
}

/// Returns the last frame of a function that succeeded.
pub fn complete() -> Vec<u8> {
    complete_with(r#"{"ErrorCode":null,"ErrorDetails":null,"LogResult":null}"#)
}

/// Returns the last frame, with this JSON.
pub fn complete_with(json: &str) -> Vec<u8> {
    frame("InvokeComplete", json.as_bytes())
}

fn frame(event: &'static str, payload: &[u8]) -> Vec<u8> {
    let header = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    let headers = [
        header(":event-type", event),
        header(":message-type", "event"),
    ];
    let message = Message::new_from_parts(headers.to_vec(), payload.to_vec());
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).unwrap();
    frame
}
