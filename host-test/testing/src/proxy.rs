//! A TCP proxy in front of the service. It breaks the first connection at a chosen point with a
//! chosen fault, or answers it in the service's place, and passes every later connection on
//! unchanged.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy, copy_bidirectional, sink,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::server::{Canned, read_request, send};

/// How far the first connection gets before the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before the connection is made. The proxy cannot count an attempt that failed, so this fault
    /// is permanent.
    BeforeConnect,
    /// The client's first TLS message has arrived.
    InTls,
    /// The service has the head of the request, but nothing of its body.
    RequestHead,
    /// The service has half of the request body.
    HalfRequest,
    /// The service has answered, but the client has nothing of the response.
    WholeRequest,
    /// The client has the head of the response.
    AnswerHead,
    /// The client has half of the response body.
    HalfAnswer,
}

impl Point {
    pub const ALL: [Self; 7] = [
        Self::BeforeConnect,
        Self::InTls,
        Self::RequestHead,
        Self::HalfRequest,
        Self::WholeRequest,
        Self::AnswerHead,
        Self::HalfAnswer,
    ];
}

/// The fault at that point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused. In TLS, the server sends an alert.
    Refuse,
    /// An orderly close with FIN.
    Close,
    /// A reset with RST.
    Reset,
    /// Silence: the connection stays open without any bytes.
    Stall,
    /// Bytes that are not valid at that point.
    Garbage,
}

impl Fault {
    pub const ALL: [Self; 5] = [
        Self::Refuse,
        Self::Close,
        Self::Reset,
        Self::Stall,
        Self::Garbage,
    ];
}

/// Bytes that are not valid as the start of a TLS record, a status line or a chunk.
const GARBAGE: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
/// The TLS alert `handshake_failure`, which is fatal.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];

/// A running proxy. It ends only when [`end`](Self::end) is called.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    /// Keeps the port in a state in which connections fail.
    _unconnectable: Option<Unconnectable>,
}

enum Unconnectable {
    /// The port is bound but not listening, so connections are refused and another program cannot
    /// bind it.
    Refusing(#[allow(dead_code)] TcpSocket),
    /// The queue of one connection is full, so the kernel drops every other attempt to connect.
    Full(
        #[allow(dead_code)] TcpListener,
        #[allow(dead_code)] TcpStream,
    ),
}

/// What happens to the first connection.
enum First {
    Breaks(Point, Fault),
    IsAnswered(Canned),
}

struct Shared {
    service: SocketAddr,
    first: First,
    connections: AtomicU8,
    ended: CancellationToken,
}

impl Proxy {
    /// Listens on the loopback interface, in front of `service`.
    pub async fn start(service: SocketAddr, point: Point, fault: Fault) -> io::Result<Self> {
        Self::with(service, First::Breaks(point, fault)).await
    }

    /// Listens on the loopback interface. The first request receives `answer`, and does not reach
    /// `service`.
    pub async fn answering(service: SocketAddr, answer: Canned) -> io::Result<Self> {
        Self::with(service, First::IsAnswered(answer)).await
    }

    async fn with(service: SocketAddr, first: First) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            service,
            first,
            connections: AtomicU8::new(0),
            ended: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let addr = socket.local_addr()?;
        let unconnectable = match shared.first {
            First::Breaks(Point::BeforeConnect, Fault::Refuse) => {
                Some(Unconnectable::Refusing(socket))
            }
            First::Breaks(Point::BeforeConnect, Fault::Stall) => {
                let listener = socket.listen(0)?;
                Some(Unconnectable::Full(
                    listener,
                    TcpStream::connect(addr).await?,
                ))
            }
            _ => {
                tasks.spawn(accept(
                    socket.listen(64)?,
                    tasks.clone(),
                    Arc::clone(&shared),
                ));
                None
            }
        };
        Ok(Self {
            addr,
            shared,
            tasks,
            _unconnectable: unconnectable,
        })
    }

    /// Returns the address that the proxy listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the number of connections that were made.
    pub fn connections(&self) -> u8 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Ends all connections and waits until the service has closed its side of each one. By then,
    /// the service has begun every operation that the bytes it received ask for.
    pub async fn end(self) {
        self.shared.ended.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, tasks: TaskTracker, shared: Arc<Shared>) {
    loop {
        let client = tokio::select! {
            () = shared.ended.cancelled() => return,
            client = listener.accept() => client.unwrap().0,
        };
        client.set_nodelay(true).unwrap();
        let first = shared.connections.fetch_add(1, Ordering::Relaxed) == 0;
        let shared = Arc::clone(&shared);
        tasks.spawn(async move {
            // Either side may close at any time. The test judges the outcome, so the error is
            // ignored.
            let _ = match &shared.first {
                First::Breaks(point, fault) if first => {
                    shared.break_first(client, *point, *fault).await
                }
                First::IsAnswered(answer) if first => shared.answer_first(client, answer).await,
                _ => shared.pass(client).await,
            };
        });
    }
}

impl Shared {
    async fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        let mut service = TcpStream::connect(self.service).await?;
        tokio::select! {
            () = self.ended.cancelled() => {}
            _ = copy_bidirectional(&mut client, &mut service) => {}
        }
        drop(client);
        finish(service).await
    }

    async fn answer_first(&self, mut client: TcpStream, answer: &Canned) -> io::Result<()> {
        read_request(&mut client).await;
        send(&mut client, answer).await?;
        let mut nowhere = sink();
        tokio::select! {
            () = self.ended.cancelled() => Ok(()),
            read = copy(&mut client, &mut nowhere) => read.map(drop),
        }
    }

    async fn break_first(&self, client: TcpStream, point: Point, fault: Fault) -> io::Result<()> {
        let mut client = BufReader::new(client);
        if point == Point::InTls {
            read_tls_record(&mut client).await?;
            return self.fault(client, fault).await;
        }
        let mut service = BufReader::new(TcpStream::connect(self.service).await?);
        let reached = reach_point(&mut client, &mut service, point, fault).await;
        if reached.is_ok() {
            self.fault(client, fault).await?;
        }
        finish(service.into_inner()).await
    }

    async fn fault(&self, mut client: BufReader<TcpStream>, fault: Fault) -> io::Result<()> {
        match fault {
            Fault::Reset => {
                client.get_ref().set_zero_linger()?;
                return Ok(());
            }
            Fault::Stall => {
                self.ended.cancelled().await;
                return Ok(());
            }
            Fault::Refuse => client.write_all(ALERT).await?,
            Fault::Garbage => client.write_all(GARBAGE).await?,
            Fault::Close => client.shutdown().await?,
        }
        // Closing a connection with unread bytes would send a reset.
        let mut nowhere = sink();
        tokio::select! {
            () = self.ended.cancelled() => Ok(()),
            read = copy(&mut client, &mut nowhere) => read.map(drop),
        }
    }
}

async fn reach_point(
    client: &mut BufReader<TcpStream>,
    service: &mut BufReader<TcpStream>,
    point: Point,
    fault: Fault,
) -> io::Result<()> {
    let head = read_head(client).await?;
    let length = content_length(&head);
    service.write_all(&head).await?;
    match point {
        Point::RequestHead => return Ok(()),
        Point::HalfRequest => return pass_bytes(client, service, length / 2).await,
        _ => pass_bytes(client, service, length).await?,
    }

    let head = read_head(service).await?;
    let length = content_length(&head);
    if point == Point::WholeRequest {
        let mut body = service.take(length);
        return copy(&mut body, &mut sink()).await.map(drop);
    }
    // Only chunked framing has invalid bytes: with a content length, every byte is part of the
    // body.
    let chunked = fault == Fault::Garbage;
    client
        .write_all(&if chunked { in_chunks(&head) } else { head })
        .await?;
    if point == Point::AnswerHead {
        return Ok(());
    }
    if chunked {
        let size = format!("{:x}\r\n", length / 2);
        client.write_all(size.as_bytes()).await?;
    }
    pass_bytes(service, client, length / 2).await?;
    if chunked {
        client.write_all(b"\r\n").await?;
    }
    Ok(())
}

/// Ends a connection to the service, and waits until the service has closed its side.
async fn finish(mut service: TcpStream) -> io::Result<()> {
    service.shutdown().await?;
    copy(&mut service, &mut sink()).await.map(drop)
}

async fn pass_bytes(
    from: &mut BufReader<TcpStream>,
    to: &mut BufReader<TcpStream>,
    bytes: u64,
) -> io::Result<()> {
    let passed = copy(&mut from.take(bytes), to).await?;
    if passed < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.flush().await
}

async fn read_tls_record(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let [.., high, low] = header;
    let mut record = stream.take(u16::from_be_bytes([high, low]).into());
    copy(&mut record, &mut sink()).await.map(drop)
}

/// Reads up to the empty line, and includes it.
async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        if stream.read_until(b'\n', &mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(head);
        }
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &str> {
    str::from_utf8(head).unwrap().split_inclusive("\r\n")
}

fn content_length(head: &[u8]) -> u64 {
    lines(head)
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim_end().parse().unwrap())
}

fn in_chunks(head: &[u8]) -> Vec<u8> {
    lines(head)
        .map(|line| match line.strip_prefix("content-length: ") {
            Some(_) => "transfer-encoding: chunked\r\n",
            None => line,
        })
        .collect::<String>()
        .into_bytes()
}
