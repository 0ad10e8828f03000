//! The transport over `wasi:http@0.3.0`. While one call waits, the instance serves others.

use alloc::vec::Vec;
use core::future::{Future, IntoFuture, poll_fn};
use core::pin::pin;
use core::task::Poll;

use wit_bindgen::{FutureReader, FutureWriter, StreamResult, StreamWriter};

use super::*;
use crate::bindings::wasi::clocks::system_clock;
use crate::bindings::wasi::http::client;
use crate::bindings::{wit_future, wit_stream};

pub mod stream;

/// The host's view of the request's transmission.
type Transmission = FutureReader<Result<(), http::ErrorCode>>;

type Trailers = Result<Option<http::Trailers>, http::ErrorCode>;

impl Transport for Host {
    fn now_s(&self) -> u64 {
        // A clock before 1970 is wrong in any case.
        u64::try_from(system_clock::now().seconds).unwrap_or_default()
    }

    fn monotonic_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    async fn wait_ms(&self, ms: u64) {
        monotonic_clock::wait_for(ms.saturating_mul(1_000_000)).await;
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        send(request, limits).await
    }

    fn sessions(&self) -> &SessionCache {
        &SESSIONS
    }
}

async fn send(request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
    let read = async |incoming| read_response(incoming, limits, request).await;
    let (response, _transmission) = exchange(request, limits, read).await?;
    Ok(response)
}

/// Sends `request` and reads its response. Returns the transmission as well: in wasmtime 49, dropping it
/// closes the connection and truncates the response.
async fn exchange<T>(
    request: &Request<'_>,
    limits: &TimeLimits,
    read: impl AsyncFnOnce(http::Response) -> Result<T, Failure>,
) -> Result<(T, Transmission), Failure> {
    let head_deadline = Deadline::in_ms(limits.head_ms);
    let fields = fields(request)?;
    // A host waits for the end of every stream, so an empty body must not be one.
    let (writer, contents) = if request.body.is_empty() {
        (None, None)
    } else {
        let (writer, contents) = wit_stream::new();
        (Some(writer), Some(contents))
    };
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    let (outgoing, transmission) =
        http::Request::new(fields, contents, trailers, Some(options(limits)));
    // The host copies the authority into the `Host` header, which is signed.
    outgoing
        .set_method(&method(request))
        .and_then(|()| outgoing.set_scheme(Some(&scheme(request))))
        .and_then(|()| outgoing.set_authority(Some(&request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path_with_query())))
        .map_err(|()| rejected_request_line())?;

    // 1. Write the body in the background, as fast as the host reads it.
    let body = write_body(writer, request.body, no_trailers);
    let response = async {
        // 2. Send the request, and wait for the response's status and headers.
        let incoming = match head_deadline.limit(client::send(outgoing)).await {
            Ok(Ok(incoming)) => incoming,
            Ok(Err(code)) => {
                // The host does not report whether it had accepted the request.
                let late = Reached::Request;
                return Err(error_codes::failure(&code, late, &request.authority));
            }
            Err(TimedOut) => return Err(response_timeout()),
        };
        // 3. Read the response.
        read(incoming).await
    };
    Ok((drive_with(response, body).await?, transmission))
}

/// Passes the timeouts to the host. A host may clamp or reject them: the connector's own deadlines
/// apply in any case.
fn options(limits: &TimeLimits) -> http::RequestOptions {
    let options = http::RequestOptions::new();
    let ns = |ms: u32| Some(u64::from(ms).saturating_mul(1_000_000));
    let _ = options.set_connect_timeout(ns(limits.connect_ms));
    let _ = options.set_first_byte_timeout(ns(limits.first_byte_ms));
    let _ = options.set_between_bytes_timeout(ns(limits.between_bytes_ms));
    options
}

/// Writes `bytes`, and ends the body without trailers.
///
/// It stops where the host stops reading. The response then explains why: Lambda rejects some
/// requests before it has read all of them.
async fn write_body(
    writer: Option<StreamWriter<u8>>,
    bytes: &[u8],
    no_trailers: FutureWriter<Trailers>,
) {
    if let Some(mut writer) = writer {
        for chunk in bytes.chunks(CHUNK_SIZE) {
            if !writer.write_all(chunk.into()).await.is_empty() {
                break;
            }
        }
    }
    // On drop, the writer sends the value that it was created with: no trailers.
    drop(no_trailers);
}

async fn read_response(
    incoming: http::Response,
    limits: &TimeLimits,
    request: &Request<'_>,
) -> Result<Response, Failure> {
    let response = head(
        incoming.get_status_code(),
        incoming.get_headers().copy_all(),
    );
    let body = match Body::new(&response, request) {
        Ok(body) => read_body(incoming, body, limits).await,
        Err(failure) => Err(failure),
    };
    with_body(response, body)
}

async fn read_body(
    incoming: http::Response,
    mut body: Body,
    limits: &TimeLimits,
) -> Result<Collected, Failure> {
    match read_all(incoming, &mut body, limits).await {
        Err(failure) if !body.is_complete() => Err(failure),
        _ => body.end(),
    }
}

async fn read_all(
    incoming: http::Response,
    body: &mut Body,
    limits: &TimeLimits,
) -> Result<(), Failure> {
    let (_handled, handling) = wit_future::new(|| Ok(()));
    let (mut stream, end) = http::Response::consume_body(incoming, handling);
    let body_deadline = Deadline::in_ms(limits.body_ms.into());
    let mut chunk = Vec::with_capacity(body.promised().unwrap_or(CHUNK_SIZE).clamp(1, CHUNK_SIZE));
    loop {
        body.prepare()?;
        let deadline = body_deadline.or_in_ms(body.pause_ms(limits.between_bytes_ms));
        let (state, read) = deadline
            .limit(stream.read(chunk))
            .await
            .map_err(|TimedOut| body_timeout())?;
        chunk = read;
        body.append(&chunk)?;
        chunk.clear();
        if !matches!(state, StreamResult::Complete(_)) {
            break;
        }
    }
    let deadline = body_deadline.or_in_ms(body.pause_ms(limits.between_bytes_ms));
    end_of_body(end, &deadline).await
}

/// Waits for the end of a body whose stream has ended: after the last byte or after a failure.
async fn end_of_body(end: FutureReader<Trailers>, deadline: &Deadline) -> Result<(), Failure> {
    match deadline.limit(end.into_future()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(body_aborted()),
        Err(TimedOut) => Err(body_timeout()),
    }
}

/// Returns the output of `main`. Drives `background` until then, and drops it unfinished.
async fn drive_with<T>(main: impl Future<Output = T>, background: impl Future<Output = ()>) -> T {
    let mut main = pin!(main);
    let mut background = pin!(background);
    let mut finished = false;
    poll_fn(|context| {
        let polled = main.as_mut().poll(context);
        if polled.is_pending() && !finished {
            finished = background.as_mut().poll(context).is_ready();
        }
        polled
    })
    .await
}

impl Deadline {
    /// Returns the output of `future`, or drops `future` at the deadline.
    async fn limit<T>(&self, future: impl Future<Output = T>) -> Result<T, TimedOut> {
        let mut future = pin!(future);
        let mut timer = pin!(monotonic_clock::wait_until(self.at));
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => timer.as_mut().poll(context).map(|()| Err(TimedOut)),
        })
        .await
    }
}
