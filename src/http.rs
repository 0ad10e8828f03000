//! The only file that does I/O: one request over `wasi:http`, and the clocks.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::endpoint::Scheme;
use crate::aws::message::{Method, Request, Response};
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types as http;
use crate::bindings::wasi::io::poll::{self, Pollable};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::lambda::delivery::TimeLimits;
use crate::lambda::outcome::{Executed, TransportKind};
use crate::perform::{Failure, Transport};
use crate::sessions::SessionCache;

mod error_codes;

/// Lambda's largest answer is 6,291,556 bytes; beyond it and some slack, whatever answers is not
/// Lambda and would only fill the memory.
const MAX_BODY: usize = 6_291_556 + 65_536;
/// Bytes that are asked for at once.
const READ: u64 = 65_536;

/// The host, through the component's imports.
pub struct Host;

/// All that an instance knows of earlier calls.
static SESSIONS: SessionCache = SessionCache::new();

impl Transport for Host {
    fn now_s(&self) -> u64 {
        wall_clock::now().seconds
    }

    fn monotonic_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    fn wait_ms(&self, ms: u64) {
        monotonic_clock::subscribe_duration(ms.saturating_mul(1_000_000)).block();
    }

    fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        send(request, limits)
    }

    fn sessions(&self) -> &SessionCache {
        &SESSIONS
    }
}

fn send(request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
    let before_answer = Deadline::in_ms(limits.head_ms);
    let outgoing = outgoing_request(request)?;
    let body = outgoing
        .body()
        .map_err(|()| host_fault("the host gave no body to write to"))?;

    // 1. Hand the request over; only then does the host take bytes of its body.
    let authority = &request.authority;
    let future = outgoing_handler::handle(outgoing, Some(options(limits)))
        .map_err(|code| error_codes::failure(&code, Executed::No, authority))?;
    // 2. Write the body. One that the host took no more of must outlive the answer: to drop it is
    //    to break off the request.
    let _unfinished = write_body(body, request.body, &future, &before_answer)?;
    // 3. Wait for the head of the answer.
    let incoming = response_head(&future, &before_answer, authority)?;
    // 4. Read its body.
    read_response(&incoming, limits)
}

fn outgoing_request(request: &Request<'_>) -> Result<http::OutgoingRequest, Failure> {
    // Without it a host sends chunks, which Lambda is not known to take.
    let content_length = request.body.len().to_string();
    let user_agent = concat!("aws-lambda-connector/", env!("CARGO_PKG_VERSION"));
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .chain([
            ("content-length", content_length.as_str()),
            ("user-agent", user_agent),
        ]);
    let headers = fields(headers)?;

    let outgoing = http::OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => http::Method::Get,
        Method::Post => http::Method::Post,
    };
    let scheme = match request.scheme {
        Scheme::Http => http::Scheme::Http,
        Scheme::Https => http::Scheme::Https,
    };
    // The host writes the authority into `Host` as it is: it is what was signed.
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_with_query())))
        .map_err(|()| host_fault("the host refused the request's method, host or path"))?;
    Ok(outgoing)
}

fn fields<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<http::Fields, Failure> {
    let all: Vec<(String, Vec<u8>)> = headers
        .clone()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    if let Ok(fields) = http::Fields::from_list(&all) {
        return Ok(fields);
    }
    // One by one, to name the one that is refused.
    let fields = http::Fields::new();
    for (name, value) in headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| refused_header(name, error))?;
    }
    Ok(fields)
}

fn refused_header(name: &str, error: http::HeaderError) -> Failure {
    let why = match error {
        http::HeaderError::Forbidden => "forbids components to set",
        http::HeaderError::InvalidSyntax | http::HeaderError::Immutable => "did not accept",
    };
    failure(
        TransportKind::Denied,
        Executed::No,
        format!("the host {why} the header `{name}`, which the request needs: nothing was sent"),
    )
}

/// A host may not support a time-out, or clamp it; the waits below hold in any case.
fn options(limits: &TimeLimits) -> http::RequestOptions {
    let options = http::RequestOptions::new();
    let ns = |ms: u32| Some(u64::from(ms).saturating_mul(1_000_000));
    // Node's shim (preview2-shim 0.26) takes this for the longest silence of any request, and calls
    // a slow function "not connected": it would be invoked again. It is the host that comes with a
    // limit of its own here. Without any, silence ends at our own deadline, and as what it is.
    let connect = if options.connect_timeout().is_none() {
        ns(limits.connect_ms)
    } else {
        None
    };
    let _ = options.set_connect_timeout(connect);
    let _ = options.set_first_byte_timeout(ns(limits.first_byte_ms));
    let _ = options.set_between_bytes_timeout(ns(limits.between_bytes_ms));
    options
}

/// Writes `bytes`, no more at once than the host permits, and finishes the body. A host that stops
/// taking them has a reason, which its answer tells: Lambda refuses a request before it has read
/// all of it. The body is given back then.
fn write_body(
    body: http::OutgoingBody,
    bytes: &[u8],
    future: &http::FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<Option<http::OutgoingBody>, Failure> {
    if !bytes.is_empty() {
        let stream = body
            .write()
            .map_err(|()| host_fault("the host gave no stream for the body"))?;
        if !write_all(&stream, bytes, future, deadline)? {
            return Ok(Some(body));
        }
    }
    // The answer tells whether all went well; the host may have closed the body already, since it
    // had all that `content-length` promised.
    let _ = http::OutgoingBody::finish(body, None);
    Ok(None)
}

/// Whether all of it was taken.
fn write_all(
    stream: &OutputStream,
    bytes: &[u8],
    future: &http::FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<bool, Failure> {
    let writable = stream.subscribe();
    let answered = future.subscribe();
    let mut rest = bytes;
    while !rest.is_empty() {
        let permitted = match stream.check_write() {
            Ok(permitted) => usize::try_from(permitted).unwrap_or(usize::MAX),
            Err(_) => return Ok(false),
        };
        if permitted == 0 {
            match deadline.wait(&[&writable, &answered]) {
                Ok(0) => continue,
                Ok(_) => return Ok(false),
                Err(TimedOut) => return Err(no_answer_in_time()),
            }
        }
        let (piece, after) = rest.split_at(permitted.min(rest.len()));
        if stream.write(piece).is_err() {
            return Ok(false);
        }
        rest = after;
    }
    let _ = stream.flush();
    Ok(true)
}

fn response_head(
    future: &http::FutureIncomingResponse,
    deadline: &Deadline,
    authority: &str,
) -> Result<http::IncomingResponse, Failure> {
    let answered = future.subscribe();
    loop {
        match future.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => {
                return Err(error_codes::failure(&code, Executed::Unknown, authority));
            }
            Some(Err(())) => return Err(host_fault("the host gave its answer away twice")),
            None => {
                deadline
                    .wait(&[&answered])
                    .map_err(|TimedOut| no_answer_in_time())?;
            }
        }
    }
}

fn read_response(
    incoming: &http::IncomingResponse,
    limits: &TimeLimits,
) -> Result<Response, Failure> {
    let status = incoming.status();
    let headers = incoming.headers().entries();
    let mut response = Response {
        status,
        headers,
        body: Vec::new(),
    };
    let promised = content_length(&response);
    match read_body(incoming, promised, limits) {
        Ok(body) => {
            response.body = body;
            Ok(response)
        }
        // Status and headers tell more of an error than the fact that its text was cut.
        Err(_) if status >= 300 => Ok(response),
        Err(failure) => Err(failure),
    }
}

/// More than 32 bits hold is too much in any case.
fn content_length(response: &Response) -> Option<usize> {
    let bytes: u64 = response.header("content-length")?.parse().ok()?;
    Some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn read_body(
    incoming: &http::IncomingResponse,
    promised: Option<usize>,
    limits: &TimeLimits,
) -> Result<Vec<u8>, Failure> {
    if promised.is_some_and(|bytes| bytes > MAX_BODY) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    body.try_reserve_exact(promised.unwrap_or_default())
        .map_err(|_| {
            failure(
                TransportKind::Other,
                Executed::Yes,
                "the answer does not fit into the memory that the host allows",
            )
        })?;
    // `incoming` gives its body once, and this is the one time.
    let incoming_body = incoming
        .consume()
        .map_err(|()| host_fault("the host gave no body to read"))?;
    let stream = incoming_body
        .stream()
        .map_err(|()| host_fault("the host gave no stream for the answer"))?;
    read_all(&stream, &mut body, limits)?;
    match promised {
        Some(bytes) if body.len() < bytes => Err(cut_off(format!(
            "the answer ended after {} of {bytes} bytes",
            body.len()
        ))),
        _ => Ok(body),
    }
}

fn read_all(stream: &InputStream, body: &mut Vec<u8>, limits: &TimeLimits) -> Result<(), Failure> {
    let readable = stream.subscribe();
    let whole = Deadline::in_ms(limits.body_ms.into());
    loop {
        match stream.read(READ) {
            Ok(piece) if piece.is_empty() => {
                let deadline = whole.or_in_ms(limits.between_bytes_ms.into());
                deadline
                    .wait(&[&readable])
                    .map_err(|TimedOut| cut_off("the rest of the answer did not come in time"))?;
            }
            Ok(piece) => {
                if body.len().saturating_add(piece.len()) > MAX_BODY {
                    return Err(too_large());
                }
                body.extend_from_slice(&piece);
            }
            Err(StreamError::Closed) => return Ok(()),
            // Not asked why: Node's shim has no WIT error for it, and would trap.
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(cut_off("the answer broke off in the middle"));
            }
        }
    }
}

fn failure(kind: TransportKind, executed: Executed, message: impl Into<String>) -> Failure {
    Failure {
        kind,
        message: message.into(),
        executed,
    }
}

fn cut_off(message: impl Into<String>) -> Failure {
    failure(TransportKind::CutOff, Executed::Yes, message)
}

fn too_large() -> Failure {
    failure(
        TransportKind::Malformed,
        Executed::Yes,
        "the answer is larger than Lambda can send (6,291,556 bytes): check the endpoint",
    )
}

fn no_answer_in_time() -> Failure {
    failure(
        TransportKind::Timeout,
        Executed::Unknown,
        "no answer came in time: the function may be running still; raise `delivery.response-timeout-ms` if it needs longer",
    )
}

/// A host that does not keep to `wasi:http`; its answers say nothing about the request.
fn host_fault(message: &str) -> Failure {
    failure(TransportKind::Other, Executed::Unknown, message)
}

struct Deadline {
    /// By the monotonic clock, nanoseconds.
    at: u64,
}

struct TimedOut;

impl Deadline {
    fn in_ms(ms: u64) -> Deadline {
        let ns = ms.saturating_mul(1_000_000);
        Deadline {
            at: monotonic_clock::now().saturating_add(ns),
        }
    }

    /// The earlier of this and one in `ms`.
    fn or_in_ms(&self, ms: u64) -> Deadline {
        Deadline {
            at: self.at.min(Deadline::in_ms(ms).at),
        }
    }

    /// Waits until one of `pollables` is ready; its index.
    fn wait(&self, pollables: &[&Pollable]) -> Result<usize, TimedOut> {
        let timer = monotonic_clock::subscribe_instant(self.at);
        let mut all = Vec::from(pollables);
        all.push(&timer);
        poll::poll(&all)
            .into_iter()
            .filter_map(|index| usize::try_from(index).ok())
            .find(|index| *index < pollables.len())
            .ok_or(TimedOut)
    }
}
