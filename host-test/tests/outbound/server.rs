//! A server that writes raw bytes, for cases that no HTTP server library would produce.

use std::net::SocketAddr;

use testing::server::read_request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A loopback port without a listener.
pub async fn closed_port() -> SocketAddr {
    listener().await.local_addr().unwrap()
}

pub async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Accepts the next connection.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

pub async fn write(stream: &mut (impl AsyncWriteExt + Unpin), bytes: impl AsRef<[u8]>) {
    stream.write_all(bytes.as_ref()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Reads a request, answers 200 with a short body, and keeps the connection open.
pub async fn answer(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) -> String {
    let request = read_request(stream).await;
    write(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    request
}

/// Closes with a reset instead of a regular end.
pub fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Ends the stream and waits until the client has closed its side as well.
pub async fn close_and_wait(mut stream: TcpStream) {
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "a request arrived on the closed connection");
}

/// Reads the first bytes that arrive.
pub async fn read_some(stream: &mut TcpStream) {
    let mut part = [0; 64];
    assert_ne!(stream.read(&mut part).await.unwrap(), 0);
}
