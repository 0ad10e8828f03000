//! One request over `wasi:http@0.3.0`: while it waits, the instance goes on with other calls.

use alloc::vec::Vec;
use core::future::{Future, IntoFuture, poll_fn};
use core::pin::pin;
use core::task::Poll;

use wit_bindgen::{FutureWriter, StreamResult, StreamWriter};

use super::*;
use crate::bindings::wasi::clocks::system_clock;
use crate::bindings::wasi::http::client;
use crate::bindings::{wit_future, wit_stream};

type Trailers = Result<Option<http::Trailers>, http::ErrorCode>;

impl Transport for Host {
    fn now_s(&self) -> u64 {
        // Before 1970 no clock is right.
        u64::try_from(system_clock::now().seconds).unwrap_or_default()
    }

    fn monotonic_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    async fn wait_ms(&self, ms: u64) {
        monotonic_clock::wait_for(ms.saturating_mul(1_000_000)).await;
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        let before_answer = Deadline::in_ms(limits.head_ms);
        let fields = fields(request)?;
        // A host waits for the end of a body, even of an empty one that nobody writes.
        let (writer, contents) = if request.body.is_empty() {
            (None, None)
        } else {
            let (writer, contents) = wit_stream::new();
            (Some(writer), Some(contents))
        };
        let (no_trailers, trailers) = wit_future::new(|| Ok(None));
        // To drop what tells how the sending went is to end the connection, in wasmtime 49: the answer
        // would be cut off.
        let (outgoing, _sending) =
            http::Request::new(fields, contents, trailers, Some(options(limits)));
        // The host writes the authority into `Host` as it is: it is what was signed.
        outgoing
            .set_method(&method(request))
            .and_then(|()| outgoing.set_scheme(Some(&scheme(request))))
            .and_then(|()| outgoing.set_authority(Some(&request.authority)))
            .and_then(|()| outgoing.set_path_with_query(Some(&request.path_with_query())))
            .map_err(|()| rejected_request_line())?;

        let answer = async {
            match before_answer.limit(client::send(outgoing)).await {
                Ok(Ok(incoming)) => read_response(incoming, limits).await,
                // Whether it took the request, the host does not say.
                Ok(Err(code)) => Err(error_codes::failure(
                    &code,
                    Executed::Unknown,
                    &request.authority,
                )),
                Err(TimedOut) => Err(response_timeout()),
            }
        };
        drive_with(answer, write_body(writer, request.body, no_trailers)).await
    }

    fn sessions(&self) -> &SessionCache {
        &SESSIONS
    }
}

/// A host may not support a time-out, or clamp it; the waits below hold in any case.
fn options(limits: &TimeLimits) -> http::RequestOptions {
    let options = http::RequestOptions::new();
    let ns = |ms: u32| Some(u64::from(ms).saturating_mul(1_000_000));
    let _ = options.set_connect_timeout(ns(limits.connect_ms));
    let _ = options.set_first_byte_timeout(ns(limits.first_byte_ms));
    let _ = options.set_between_bytes_timeout(ns(limits.between_bytes_ms));
    options
}

/// Writes `bytes`, then says that no trailers follow. A host that stops taking them has a reason,
/// which its answer tells: Lambda refuses a request before it has read all of it.
async fn write_body(
    writer: Option<StreamWriter<u8>>,
    bytes: &[u8],
    no_trailers: FutureWriter<Trailers>,
) {
    if let Some(mut writer) = writer {
        for piece in bytes.chunks(CHUNK_SIZE) {
            if !writer.write_all(piece.into()).await.is_empty() {
                break;
            }
        }
    }
    // Dropped, it says what it was made with.
    drop(no_trailers);
}

async fn read_response(incoming: http::Response, limits: &TimeLimits) -> Result<Response, Failure> {
    let response = head(
        incoming.get_status_code(),
        incoming.get_headers().copy_all(),
    );
    let promised = content_length(&response);
    with_body(response, read_body(incoming, promised, limits).await)
}

async fn read_body(
    incoming: http::Response,
    promised: Option<usize>,
    limits: &TimeLimits,
) -> Result<Vec<u8>, Failure> {
    let mut body = reserve_body(promised)?;
    let (_handled, handling) = wit_future::new(|| Ok(()));
    let (mut stream, end) = http::Response::consume_body(incoming, handling);
    let whole_by = Deadline::in_ms(limits.body_ms.into());
    let mut piece = Vec::with_capacity(promised.unwrap_or(CHUNK_SIZE).clamp(1, CHUNK_SIZE));
    loop {
        let deadline = whole_by.or_in_ms(limits.between_bytes_ms.into());
        let (state, read) = deadline
            .limit(stream.read(piece))
            .await
            .map_err(|TimedOut| body_timeout())?;
        piece = read;
        append(&mut body, &piece)?;
        piece.clear();
        if !matches!(state, StreamResult::Complete(_)) {
            break;
        }
    }
    // The stream ends either way, whether it was the body's end or it broke off.
    let deadline = whole_by.or_in_ms(limits.between_bytes_ms.into());
    match deadline.limit(end.into_future()).await {
        Ok(Ok(_)) => check_length(body, promised),
        Ok(Err(_)) => Err(body_aborted()),
        Err(TimedOut) => Err(body_timeout()),
    }
}

/// The output of `main`; `aside` is driven until then, and given up.
async fn drive_with<T>(main: impl Future<Output = T>, aside: impl Future<Output = ()>) -> T {
    let mut main = pin!(main);
    let mut aside = pin!(aside);
    let mut over = false;
    poll_fn(|context| {
        let polled = main.as_mut().poll(context);
        if polled.is_pending() && !over {
            over = aside.as_mut().poll(context).is_ready();
        }
        polled
    })
    .await
}

impl Deadline {
    /// The output of `future`, unless time is up first; then `future` is given up.
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
