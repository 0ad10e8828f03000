//! A response that is handed on while it arrives: `streaming.invoke-with-response-stream`.

use alloc::boxed::Box;
use core::cell::RefCell;

use super::*;
use crate::aws::event_stream::{Completion, Decoder};
use crate::transport::body::{pause_ms, unreadable};

/// The host, of which a successful response is left open at its head.
#[derive(Default)]
pub struct OpenHost {
    open: RefCell<Option<OpenResponse>>,
}

/// An event stream whose head has arrived. Dropping it closes the connection.
pub struct OpenResponse {
    incoming: http::Response,
    /// The longest pause between two pieces.
    between_bytes_ms: u32,
    /// See [`exchange`].
    _transmission: Transmission,
}

impl OpenHost {
    /// Takes the response that was left open.
    pub fn take(&self) -> Option<OpenResponse> {
        self.open.take()
    }
}

impl Transport for OpenHost {
    fn now_s(&self) -> u64 {
        Host.now_s()
    }

    fn monotonic_ns(&self) -> u64 {
        Host.monotonic_ns()
    }

    async fn wait_ms(&self, ms: u64) {
        Host.wait_ms(ms).await;
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.open.take();
        // A request to STS is not a stream.
        if !request.is_event_stream {
            return Host.send(request, limits).await;
        }
        let (received, transmission) = exchange(request, limits, async |incoming| {
            let head = head(
                incoming.get_status_code(),
                incoming.get_headers().copy_all(),
            );
            if head.is_event_stream() {
                Ok((head, Some(incoming)))
            } else {
                let response = read_response(incoming, limits, request).await?;
                Ok((response, None))
            }
        })
        .await?;
        let (response, incoming) = received;
        *self.open.borrow_mut() = incoming.map(|incoming| OpenResponse {
            incoming,
            between_bytes_ms: limits.between_bytes_ms,
            _transmission: transmission,
        });
        Ok(response)
    }

    fn sessions(&self) -> &SessionCache {
        &SESSIONS
    }
}

impl OpenResponse {
    /// Writes the payloads to `bytes` as they arrive, no faster than they are read, and returns how the
    /// stream ended. Returns `None` if the reader dropped its end.
    ///
    /// It holds one piece of at most 64 KiB.
    pub async fn forward(
        self,
        bytes: StreamWriter<u8>,
    ) -> Option<Result<Completion, (TransportKind, String)>> {
        let mut decoder = Box::<Decoder>::default();
        let ended = match self.forward_all(bytes, &mut decoder).await {
            Err(Stopped::ByReader) => return None,
            Err(Stopped::ByFailure(failure)) if !decoder.is_complete() => Err(failure),
            _ => decoder.finish().map_err(unreadable),
        };
        Some(ended.map_err(|failure| (failure.kind, failure.message)))
    }

    async fn forward_all(
        self,
        mut bytes: StreamWriter<u8>,
        decoder: &mut Decoder,
    ) -> Result<(), Stopped> {
        let (_handled, handling) = wit_future::new(|| Ok(()));
        let (mut stream, end) = http::Response::consume_body(self.incoming, handling);
        let deadline = |decoder: &Decoder| {
            Deadline::in_ms(pause_ms(decoder.is_complete(), self.between_bytes_ms))
        };
        let mut piece = Vec::with_capacity(CHUNK_SIZE);
        loop {
            let (state, read) = deadline(decoder)
                .limit(stream.read(piece))
                .await
                .map_err(|TimedOut| Stopped::ByFailure(body_timeout()))?;
            piece = read;
            let mut payload = Vec::new();
            let mut problem = None;
            for chunk in decoder.push(&piece) {
                match chunk {
                    Ok(chunk) => payload.extend_from_slice(chunk),
                    Err(error) => problem = Some(error),
                }
            }
            // What precedes an error has arrived as well.
            if !payload.is_empty() && !bytes.write_all(payload).await.is_empty() {
                return Err(Stopped::ByReader);
            }
            if let Some(problem) = problem {
                return Err(Stopped::ByFailure(unreadable(problem)));
            }
            piece.clear();
            if !matches!(state, StreamResult::Complete(_)) {
                break;
            }
        }
        let ended = end_of_body(end, &deadline(decoder)).await;
        ended.map_err(Stopped::ByFailure)
    }
}

/// Why a stream is not read to its end.
enum Stopped {
    /// The reader of the payloads dropped its end.
    ByReader,
    ByFailure(Failure),
}
