//! An HTTP proxy between the host and Lambda. It gives each attempt of a call the fault that the call
//! has for it, and records what it did.

mod answer;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderMap, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use local_lambda::{Limits, SYNC_REQUEST_LIMIT, Server};
use testing::http1::send_on;
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::task::TaskTracker;

use super::call::{ATTEMPTS, Call, pick};
use super::fault::{Fault, Road};
use answer::{Reply, aws_error, gateway_page, whole};

/// The connections of the host. More than the calls in flight, because it keeps some of them open.
const CONNECTIONS: usize = 1_000;
/// The longest delay of a request.
const LONGEST_DELAY_MS: u64 = 1_500;

/// What happened to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub fault: Fault,
    /// Whether the proxy sent the request to Lambda.
    pub forwarded: bool,
}

/// What the proxy did.
#[derive(Default)]
pub struct Record {
    /// The attempts of each call that arrived, in their order.
    pub calls: HashMap<u64, Vec<Attempt>>,
    /// The faults of requests that belong to no call with a trace ID: those of lists.
    pub others: Vec<Fault>,
}

/// A running proxy, with its two ports that lead nowhere.
pub struct FaultProxy {
    server: Server,
    dropping: Server,
    /// Bound but not listening, so that connections are refused and no other program can bind it.
    refusing: TcpSocket,
    shared: Arc<Shared>,
}

struct Shared {
    lambda: SocketAddr,
    /// Longer than the host waits for a response.
    silence: Duration,
    /// The faults of the calls that have been started.
    faults: Mutex<HashMap<u64, [Fault; ATTEMPTS]>>,
    record: Mutex<Record>,
    /// For lists, and for how long a request is delayed.
    random: Mutex<Rng>,
    /// Requests that are forwarded when their connection has ended.
    late: TaskTracker,
}

impl FaultProxy {
    /// Starts the proxy on the loopback interface. `silence` is longer than the host's response
    /// timeout.
    pub async fn start(lambda: SocketAddr, seed: u64, silence: Duration) -> Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::listen(any).await?.with_limits(Limits {
            connections: CONNECTIONS,
            ..Limits::default()
        });
        let dropping = Server::listen(any).await?;
        dropping.serve(async |client| drop(client));
        let refusing = TcpSocket::new_v4()?;
        refusing.bind(any)?;
        let shared = Arc::new(Shared {
            lambda,
            silence,
            faults: Mutex::default(),
            record: Mutex::default(),
            random: Mutex::new(Rng::with_seed(seed)),
            late: TaskTracker::new(),
        });
        let serving = Arc::clone(&shared);
        server.serve(move |client| {
            let shared = Arc::clone(&serving);
            // An error means that a fault or the host ended the connection.
            async move { drop(shared.serve(client).await) }
        });
        Ok(Self {
            server,
            dropping,
            refusing,
            shared,
        })
    }

    /// Returns the endpoint of a call that takes this road.
    pub fn url(&self, road: Road) -> Result<String> {
        let address = match road {
            Road::Proxy => self.server.addr(),
            Road::Refused => self.refusing.local_addr()?,
            Road::Dropped => self.dropping.addr(),
        };
        Ok(format!("http://{address}"))
    }

    /// Announces a call, whose requests may arrive from now on.
    pub fn expect(&self, call: &Call) {
        lock(&self.shared.faults).insert(call.number, call.faults);
    }

    /// Stops the proxy, and waits until it has forwarded every late request. Returns what it did.
    pub async fn end(self) -> Record {
        self.server.stop().await;
        self.dropping.stop().await;
        self.shared.late.close();
        self.shared.late.wait().await;
        std::mem::take(&mut *lock(&self.shared.record))
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, client: TcpStream) -> Result<()> {
        // The second handle of the connection can still set an option when hyper owns the first.
        let client = client.into_std()?;
        let handle = Arc::new(TcpStream::from_std(client.try_clone()?)?);
        let client = TcpStream::from_std(client)?;
        let answer = service_fn(|request| {
            let (shared, handle) = (Arc::clone(&self), Arc::clone(&handle));
            async move { shared.answer(request, &handle).await }
        });
        let serving = http1::Builder::new().serve_connection(TokioIo::new(client), answer);
        Ok(serving.await?)
    }

    /// Answers one request. An error closes the connection without a response.
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: &TcpStream,
    ) -> io::Result<Response<Reply>> {
        let trace_id = request.headers().get("x-amzn-trace-id");
        let call = trace_id.and_then(|id| Call::number_of(id.to_str().ok()?));
        let (fault, nth) = self.begin(call);
        if fault == Fault::CloseOnHead {
            return Err(closed());
        }
        let (head, body) = request.into_parts();
        let body = Limited::new(body, 2 * SYNC_REQUEST_LIMIT).collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(head, body);
        let forward = async || self.forward(&request, call, nth).await;
        match fault {
            Fault::Pass => Ok(whole(forward().await?)),
            Fault::Delay => {
                let delay = lock(&self.random).u64(..LONGEST_DELAY_MS);
                tokio::time::sleep(Duration::from_millis(delay)).await;
                Ok(whole(forward().await?))
            }
            Fault::Trickle => Ok(forward().await?.map(Reply::slowly)),
            Fault::Cut => Ok(forward().await?.map(Reply::half)),
            Fault::Gateway(status) => gateway_page(status),
            Fault::GatewayAfter(status) => {
                forward().await?;
                gateway_page(status)
            }
            Fault::Throttled => aws_error(429, "TooManyRequestsException"),
            Fault::Internal => aws_error(500, "ServiceException"),
            Fault::CloseOnHead | Fault::CloseBefore => Err(closed()),
            Fault::CloseAfter => {
                forward().await?;
                Err(closed())
            }
            Fault::ResetBefore => {
                connection.set_zero_linger()?;
                Err(closed())
            }
            Fault::ResetAfter => {
                forward().await?;
                connection.set_zero_linger()?;
                Err(closed())
            }
            Fault::Silent => self.keep_silent().await,
            Fault::SilentAfter => {
                forward().await?;
                self.keep_silent().await
            }
            Fault::Late => {
                // The task outlives this connection, which the host closes when it gives up.
                let (shared, request) = (Arc::clone(&self), request.clone());
                self.late.spawn(async move {
                    tokio::time::sleep(shared.silence).await;
                    // The run counts, and its response has no reader.
                    drop(shared.forward(&request, call, nth).await);
                });
                self.keep_silent().await
            }
        }
    }

    async fn keep_silent(&self) -> io::Result<Response<Reply>> {
        tokio::time::sleep(self.silence).await;
        Err(closed())
    }

    /// Records an attempt, and returns its fault and its place among those of the call.
    fn begin(&self, call: Option<u64>) -> (Fault, usize) {
        let Some(call) = call else {
            let fault = pick(&mut lock(&self.random), &Fault::PARTS);
            lock(&self.record).others.push(fault);
            return (fault, 0);
        };
        let faults = lock(&self.faults).get(&call).copied();
        let mut record = lock(&self.record);
        let attempts = record.calls.entry(call).or_default();
        let nth = attempts.len();
        let fault = faults.and_then(|faults| faults.get(nth).copied());
        let fault = fault.unwrap_or(Fault::Pass);
        attempts.push(Attempt {
            fault,
            forwarded: false,
        });
        (fault, nth)
    }

    /// Sends a request to Lambda on a connection of its own.
    async fn forward(
        &self,
        request: &Request<Bytes>,
        call: Option<u64>,
        nth: usize,
    ) -> io::Result<Response<Bytes>> {
        let mut outgoing = Request::new(Full::new(request.body().clone()));
        *outgoing.method_mut() = request.method().clone();
        *outgoing.uri_mut() = request.uri().clone();
        *outgoing.headers_mut() = end_to_end(request.headers());
        let lambda = TcpStream::connect(self.lambda).await?;
        if let Some(call) = call
            && let Some(attempts) = lock(&self.record).calls.get_mut(&call)
            && let Some(attempt) = attempts.get_mut(nth)
        {
            attempt.forwarded = true;
        }
        let response = send_on(lambda, outgoing).await.map_err(io::Error::other)?;
        let (mut head, body) = response.into_parts();
        head.headers = end_to_end(&head.headers);
        Ok(Response::from_parts(head, body))
    }
}

/// Returns the headers without those that concern one connection only.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    headers
}

fn closed() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
