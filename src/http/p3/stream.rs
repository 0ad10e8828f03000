//! A response that is handed on while it arrives: `streaming.invoke-with-response-stream`.

use alloc::boxed::Box;
use core::cell::RefCell;

use super::*;
use crate::aws::event_stream::{Completion, Decoder};
use crate::transport::body::unreadable;

/// The host, of which a successful response is left open at its head.
#[derive(Default)]
pub struct OpenHost {
    open: RefCell<Option<OpenResponse>>,
}

/// An event stream whose head has arrived. Dropping it closes the connection.
pub struct OpenResponse {
    incoming: http::Response,
    /// The longest pause between two pieces.
    between_bytes_ms: u64,
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
            between_bytes_ms: limits.between_bytes_ms.into(),
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
        mut bytes: StreamWriter<u8>,
    ) -> Option<Result<Completion, (TransportKind, String)>> {
        let mut decoder = Box::<Decoder>::default();
        let (_handled, handling) = wit_future::new(|| Ok(()));
        let (mut stream, end) = http::Response::consume_body(self.incoming, handling);
        let mut piece = Vec::with_capacity(CHUNK_SIZE);
        let failed = |failure: Failure| Some(Err((failure.kind, failure.message)));
        loop {
            let deadline = Deadline::in_ms(self.between_bytes_ms);
            let Ok((state, read)) = deadline.limit(stream.read(piece)).await else {
                return failed(body_timeout());
            };
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
                return None;
            }
            if let Some(problem) = problem {
                return failed(unreadable(problem));
            }
            piece.clear();
            if !matches!(state, StreamResult::Complete(_)) {
                break;
            }
        }
        let deadline = Deadline::in_ms(self.between_bytes_ms);
        match deadline.limit(end.into_future()).await {
            Ok(Ok(_)) => match decoder.finish() {
                Ok(completion) => Some(Ok(completion)),
                Err(problem) => failed(unreadable(problem)),
            },
            Ok(Err(_)) => failed(body_aborted()),
            Err(TimedOut) => failed(body_timeout()),
        }
    }
}
