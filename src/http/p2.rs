//! The transport over `wasi:http@0.2.0`, which blocks while it waits.

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
    let head_deadline = Deadline::in_ms(limits.head_ms);
    let outgoing = outgoing_request(request)?;
    let body = outgoing
        .body()
        .map_err(|()| host_fault("the host did not provide a body to write to"))?;

    // 1. Start the request. The host accepts bytes of the body only afterwards.
    let authority = &request.authority;
    let future = outgoing_handler::handle(outgoing, Some(options(limits)))
        .map_err(|code| error_codes::failure(&code, Reached::Nothing, authority))?;
    // 2. Write the body. If the host stopped reading early, keep the body alive until the response
    //    has arrived: dropping it aborts the request.
    let _unfinished = write_body(body, request.body, &future, &head_deadline)?;
    // 3. Wait for the response's status and headers.
    let incoming = response_head(&future, &head_deadline, authority)?;
    // 4. Read the response's body.
    read_response(&incoming, limits, request)
}

fn outgoing_request(request: &Request<'_>) -> Result<http::OutgoingRequest, Failure> {
    let outgoing = http::OutgoingRequest::new(fields(request)?);
    // The host copies the authority into the `Host` header, which is signed.
    outgoing
        .set_method(&method(request))
        .and_then(|()| outgoing.set_scheme(Some(&scheme(request))))
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_with_query())))
        .map_err(|()| rejected_request_line())?;
    Ok(outgoing)
}

/// Passes the timeouts to the host. A host may clamp or reject them: the connector's own deadlines
/// apply in any case.
fn options(limits: &TimeLimits) -> http::RequestOptions {
    let options = http::RequestOptions::new();
    let ns = |ms: u32| Some(u64::from(ms).saturating_mul(1_000_000));
    // Node's shim (preview2-shim 0.26) applies the connect timeout to all silence, and reports a
    // slow function as "not connected", so that it would be invoked again. It is the only known host
    // that presets a connect timeout. Without one, our own deadline ends the silence, as a response
    // timeout.
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

/// Writes `bytes`, in chunks that the host permits, and finishes the body.
///
/// Returns the unfinished body if the host stopped reading. The response then explains why: Lambda
/// rejects some requests before it has read all of them.
fn write_body(
    body: http::OutgoingBody,
    bytes: &[u8],
    future: &http::FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<Option<http::OutgoingBody>, Failure> {
    if !bytes.is_empty() {
        let stream = body
            .write()
            .map_err(|()| host_fault("the host did not provide a stream for the request body"))?;
        if !write_all(&stream, bytes, future, deadline)? {
            return Ok(Some(body));
        }
    }
    // An error is not conclusive: after all bytes that `content-length` promised, the host may have
    // closed the body already. The response reports whether the request succeeded.
    let _ = http::OutgoingBody::finish(body, None);
    Ok(None)
}

/// Writes `bytes`. Returns whether the host read all of them.
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
        let (chunk, after) = rest.split_at(permitted.min(rest.len()));
        if stream.write(chunk).is_err() {
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
    // Hardly any response is here yet, so to ask before waiting would be one more call of the host.
    let ready = future.subscribe();
    loop {
        deadline
            .wait(&[&ready])
            .map_err(|TimedOut| response_timeout())?;
        match future.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => {
                return Err(error_codes::failure(&code, Reached::Request, authority));
            }
            Some(Err(())) => return Err(host_fault("the host provided the response twice")),
            None => {}
        }
    }
}

fn read_response(
    incoming: &http::IncomingResponse,
    limits: &TimeLimits,
    request: &Request<'_>,
) -> Result<Response, Failure> {
    let response = head(incoming.status(), incoming.headers().entries());
    let body = Body::new(&response, request).and_then(|body| read_body(incoming, body, limits));
    with_body(response, body)
}

fn read_body(
    incoming: &http::IncomingResponse,
    mut body: Body,
    limits: &TimeLimits,
) -> Result<Collected, Failure> {
    let incoming_body = incoming
        .consume()
        .map_err(|()| host_fault("the host did not provide a response body"))?;
    let stream = incoming_body
        .stream()
        .map_err(|()| host_fault("the host did not provide a stream for the response body"))?;
    match read_all(&stream, &mut body, limits) {
        Err(failure) if !body.is_complete() => Err(failure),
        _ => body.end(),
    }
}

fn read_all(stream: &InputStream, body: &mut Body, limits: &TimeLimits) -> Result<(), Failure> {
    let end = Deadline::in_ms(limits.body_ms.into());
    loop {
        body.prepare()?;
        match stream.read(CHUNK_SIZE as u64) {
            Ok(chunk) if chunk.is_empty() => {
                let deadline = end.or_in_ms(body.pause_ms(limits.between_bytes_ms));
                deadline
                    .wait(&[&stream.subscribe()])
                    .map_err(|TimedOut| body_timeout())?;
            }
            Ok(chunk) => body.append(&chunk)?,
            Err(StreamError::Closed) => return Ok(()),
            // The error is not inspected: Node's shim cannot represent it in WIT, and would trap.
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(body_aborted());
            }
        }
    }
}

impl Deadline {
    /// Waits until one of `pollables` is ready, and returns its index.
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
