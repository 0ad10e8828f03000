//! One request over `wasi:http@0.2.0`, which blocks while it waits.

use alloc::vec::Vec;

use super::*;
use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::io::poll::{self, Pollable};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

impl Transport for Host {
    fn now_s(&self) -> u64 {
        wall_clock::now().seconds
    }

    fn monotonic_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    async fn wait_ms(&self, ms: u64) {
        monotonic_clock::subscribe_duration(ms.saturating_mul(1_000_000)).block();
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
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
    let outgoing = http::OutgoingRequest::new(fields(request)?);
    // The host writes the authority into `Host` as it is: it is what was signed.
    outgoing
        .set_method(&method(request))
        .and_then(|()| outgoing.set_scheme(Some(&scheme(request))))
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_with_query())))
        .map_err(|()| rejected_request_line())?;
    Ok(outgoing)
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
    let mut rest = bytes;
    while !rest.is_empty() {
        let permitted = match stream.check_write() {
            Ok(permitted) => usize::try_from(permitted).unwrap_or(usize::MAX),
            Err(_) => return Ok(false),
        };
        if permitted == 0 {
            match deadline.wait(&[&stream.subscribe(), &future.subscribe()]) {
                Ok(0) => continue,
                Ok(_) => return Ok(false),
                Err(TimedOut) => return Err(response_timeout()),
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
    loop {
        match future.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => {
                return Err(error_codes::failure(&code, Executed::Unknown, authority));
            }
            Some(Err(())) => return Err(host_fault("the host gave its answer away twice")),
            None => {
                deadline
                    .wait(&[&future.subscribe()])
                    .map_err(|TimedOut| response_timeout())?;
            }
        }
    }
}

fn read_response(
    incoming: &http::IncomingResponse,
    limits: &TimeLimits,
) -> Result<Response, Failure> {
    let response = head(incoming.status(), incoming.headers().entries());
    let promised = content_length(&response);
    with_body(response, read_body(incoming, promised, limits))
}

fn read_body(
    incoming: &http::IncomingResponse,
    promised: Option<usize>,
    limits: &TimeLimits,
) -> Result<Vec<u8>, Failure> {
    let mut body = reserve_body(promised)?;
    // `incoming` gives its body once, and this is the one time.
    let incoming_body = incoming
        .consume()
        .map_err(|()| host_fault("the host gave no body to read"))?;
    let stream = incoming_body
        .stream()
        .map_err(|()| host_fault("the host gave no stream for the answer"))?;
    read_all(&stream, &mut body, limits)?;
    check_length(body, promised)
}

fn read_all(stream: &InputStream, body: &mut Vec<u8>, limits: &TimeLimits) -> Result<(), Failure> {
    let end = Deadline::in_ms(limits.body_ms.into());
    loop {
        match stream.read(CHUNK_SIZE as u64) {
            Ok(piece) if piece.is_empty() => {
                let deadline = end.or_in_ms(limits.between_bytes_ms.into());
                deadline
                    .wait(&[&stream.subscribe()])
                    .map_err(|TimedOut| body_timeout())?;
            }
            Ok(piece) => {
                append(body, &piece)?;
            }
            Err(StreamError::Closed) => return Ok(()),
            // Not asked why: Node's shim has no WIT error for it, and would trap.
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(body_aborted());
            }
        }
    }
}

impl Deadline {
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
