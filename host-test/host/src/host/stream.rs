//! A response that is read while it arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::PollSender;
use tokio_util::task::AbortOnDropHandle;
use wasmtime::component::{
    ComponentExportIndex, FutureConsumer, Instance, Source, StreamConsumer, StreamResult,
};
use wasmtime::{Result, Store, StoreContextMut};

use crate::bindings::lambda::InvokeRequest;
use crate::bindings::streaming::{Response, ResponseEnd, ResponseHead};
use crate::bindings::types::{Connection, Error};
use crate::call_result::CallResult;
use crate::policy::Policy;
use crate::sandbox::{HostError, Sandbox, State};

/// The largest piece that [`ResponseStream::next`] returns, in bytes.
const MAX_PIECE: usize = 64 << 10;
/// How many pieces wait for the reader. Together with the component's own piece and the buffers of the
/// socket, they are all that arrives ahead of a reader that pauses.
const PIECES: usize = 4;

/// The response of a function while it arrives: its head, then its bytes, then its end.
///
/// Only the end shows whether the function succeeded, and whether the bytes arrived unchanged: the
/// checksum of a frame follows its bytes. A reader checks [`Self::end`] before it relies on the whole.
///
/// The instance runs in a task of its own for as long as this value lives. It reads from the network no
/// faster than [`Self::next`] is called, and holds less than 1 MiB. Dropping the value ends the instance
/// and closes the connection. The function may continue.
///
/// # Limits
/// [`Options::call_timeout`](crate::sandbox::Options::call_timeout) limits the time until the response
/// begins, and then each wait for the next bytes or the end.
/// [`Options::stream_timeout`](crate::sandbox::Options::stream_timeout) limits the time from the head to
/// the end. The CPU budget and the memory limit apply to the whole.
///
/// # Examples
/// ```
/// use std::path::Path;
///
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::Error;
/// use aws_lambda_connector_host::caller::Caller;
///
/// async fn copy_to_stdout(caller: &Caller, function: &str) -> Result<(), Box<dyn std::error::Error>> {
///     use std::io::Write;
///
///     let request = InvokeRequest::new(function);
///     // An error before the response begins is an error of the call.
///     let mut stream = caller.invoke_with_response_stream(&request).await??;
///     while let Some(bytes) = stream.next().await {
///         std::io::stdout().write_all(&bytes)?;
///     }
///     match stream.end().await? {
///         Ok(_) => Ok(()),
///         Err(Error::FunctionFailed(failed)) => Err(format!("{:?}", failed.failure).into()),
///         Err(error) => Err(error.into()),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ResponseStream {
    head: ResponseHead,
    pieces: mpsc::Receiver<Bytes>,
    /// `None` after the component was too slow.
    running: Option<Running>,
    /// The limit of each wait.
    wait: Duration,
}

/// The task in which the instance runs. It returns how the stream ended.
type Running = AbortOnDropHandle<CallResult<ResponseEnd>>;

impl ResponseStream {
    /// Returns what is known about the invocation so far.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// Waits for the next bytes, at most 64 KiB. Returns `None` at the end, which [`Self::end`]
    /// describes. The borders between pieces have no meaning. They can divide a character.
    ///
    /// Dropping the future loses no bytes.
    pub async fn next(&mut self) -> Option<Bytes> {
        match timeout(self.wait, self.pieces.recv()).await {
            Ok(piece) => piece,
            Err(_) => {
                self.running = None;
                None
            }
        }
    }

    /// Discards the bytes that were not read, and returns how the stream ended.
    ///
    /// # Errors
    /// The inner error is [`Error::FunctionFailed`] without output if the function failed, or
    /// [`Error::Transport`] with `executed: yes` if the stream broke off. The outer one is that of the
    /// host: the component trapped or exceeded a limit after the head.
    pub async fn end(mut self) -> CallResult<ResponseEnd> {
        while self.next().await.is_some() {}
        let limit = self.wait;
        let Some(running) = self.running else {
            return Err(HostError::Timeout { limit });
        };
        match timeout(limit, running).await {
            Ok(ended) => ended.unwrap_or_else(|_| Err(ended_early())),
            Err(_) => Err(HostError::Timeout { limit }),
        }
    }
}

/// Calls `function` in a fresh instance, and waits for the head of the response.
pub(super) async fn open(
    sandbox: &Sandbox,
    policy: &Arc<Policy>,
    function: ComponentExportIndex,
    arguments: (Connection, InvokeRequest),
) -> CallResult<ResponseStream> {
    let (sends_head, head) = oneshot::channel();
    let (sends_pieces, pieces) = mpsc::channel(PIECES);
    let call = Call {
        function,
        arguments,
        head: sends_head,
        pieces: PollSender::new(sends_pieces),
        limit: sandbox.options().stream_timeout,
    };
    let (instances, policy) = (sandbox.clone(), Arc::clone(policy));
    let running = AbortOnDropHandle::new(tokio::spawn(async move {
        let called = instances
            .call_without_timeout(&policy, async |instance, store| {
                call.run(instance, store).await
            })
            .await;
        called.flatten()
    }));
    let limit = sandbox.options().call_timeout;
    match timeout(limit, head).await {
        Ok(Ok(Ok(head))) => Ok(Ok(ResponseStream {
            head,
            pieces,
            running: Some(running),
            wait: limit,
        })),
        Ok(Ok(Err(error))) => Ok(Err(error)),
        // The task ends without a head only if the host stopped the call.
        Ok(Err(_)) => Err(match running.await {
            Ok(Err(error)) => error,
            _ => ended_early(),
        }),
        Err(_) => Err(HostError::Timeout { limit }),
    }
}

fn ended_early() -> HostError {
    HostError::Trap("the instance ended before the stream did".to_owned())
}

/// A call of `invoke-with-response-stream`.
struct Call {
    function: ComponentExportIndex,
    arguments: (Connection, InvokeRequest),
    head: oneshot::Sender<Result<ResponseHead, Error>>,
    pieces: PollSender<Bytes>,
    limit: Duration,
}

impl Call {
    /// Makes the call, and returns how the stream ended. The instance must live until then.
    async fn run(
        self,
        instance: &Instance,
        store: &mut Store<State>,
    ) -> Result<Result<Result<ResponseEnd, Error>, HostError>> {
        let function = instance
            .get_typed_func::<(Connection, InvokeRequest), (Result<Response, Error>,)>(
                &mut *store,
                self.function,
            )?;
        let running = store.run_concurrent(async move |accessor| {
            let (response,) = function.call_concurrent(accessor, self.arguments).await?;
            let response = match response {
                Ok(response) => response,
                Err(error) => {
                    // The caller drops the task as well.
                    let _ = self.head.send(Err(error));
                    return Ok(Err(ended_early()));
                }
            };
            let (sends_end, end) = oneshot::channel();
            accessor.with(|mut store| {
                response.bytes.pipe(&mut store, Pieces(self.pieces))?;
                response.end.pipe(&mut store, End(Some(sends_end)))
            })?;
            let _ = self.head.send(Ok(response.head));
            Ok(match timeout(self.limit, end).await {
                Ok(end) => end.map_err(|_| ended_early()),
                Err(_) => Err(HostError::Timeout { limit: self.limit }),
            })
        });
        running.await?
    }
}

/// Hands the bytes on to the reader, as fast as it takes them.
struct Pieces(PollSender<Bytes>);

impl StreamConsumer<State> for Pieces {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, State>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        match self.0.poll_reserve(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
        }
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        let bytes = &bytes[..bytes.len().min(MAX_PIECE)];
        // A write of no bytes asks whether there is room. The place in the channel stays reserved.
        if bytes.is_empty() {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let piece = Bytes::copy_from_slice(bytes);
        source.mark_read(piece.len());
        Poll::Ready(Ok(match self.0.send_item(piece) {
            Ok(()) => StreamResult::Completed,
            Err(_) => StreamResult::Dropped,
        }))
    }
}

/// Receives how the stream ended.
struct End(Option<oneshot::Sender<Result<ResponseEnd, Error>>>);

impl FutureConsumer<State> for End {
    type Item = Result<ResponseEnd, Error>;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'_, State>,
        mut source: Source<'_, Self::Item>,
        _: bool,
    ) -> Poll<Result<()>> {
        let mut end = None;
        source.read(store, &mut end)?;
        if let (Some(end), Some(sender)) = (end, self.0.take()) {
            // The task may have exceeded its time.
            let _ = sender.send(end);
        }
        Poll::Ready(Ok(()))
    }
}
