//! The export `streaming`, of WASI 0.3 only.

use wit_bindgen::spawn_local;

use super::Connector;
use crate::bindings::exports::connectors::aws_lambda::{lambda, streaming, types};
use crate::bindings::{wit_future, wit_stream};
use crate::call::error::{Error, Executed, TransportError, TransportKind};
use crate::call::invocation::Invocation;
use crate::http::p3::stream::OpenHost;
use crate::lambda::invoke_with_response_stream::{InvokeWithResponseStream, end};
use crate::perform::perform;

impl streaming::Guest for Connector {
    async fn invoke_with_response_stream(
        connection: types::Connection,
        request: lambda::InvokeRequest,
    ) -> Result<streaming::ResponseStream, types::Error> {
        let host = OpenHost::default();
        let call = InvokeWithResponseStream::new(connection.into(), request.into())?;
        let head = perform(&host, call).await?;
        let (writer, bytes) = wit_stream::new();
        // The host learns this if it drops the stream.
        #[expect(
            clippy::result_large_err,
            reason = "the interface's error has this size"
        )]
        let (outcome, end_of_stream) = wit_future::new(|| Err(dropped().into()));
        let response = streaming::ResponseStream {
            head: head_to_wit(&head),
            bytes,
            end: end_of_stream,
        };
        let open = host.take();
        spawn_local(async move {
            let ended = match open {
                Some(open) => {
                    let Some(ended) = open.forward(writer).await else {
                        return;
                    };
                    end(head, ended)
                }
                // A dry run has no stream.
                None => {
                    drop(writer);
                    Ok(None)
                }
            };
            let ended = match ended {
                Ok(log) => Ok(streaming::ResponseEnd {
                    log: log.map(Into::into),
                }),
                Err(error) => Err(error.into()),
            };
            // The host may have dropped its end.
            let _ = outcome.write(ended).await;
        });
        Ok(response)
    }
}

fn head_to_wit(head: &Invocation) -> streaming::ResponseHead {
    streaming::ResponseHead {
        status_code: head.status_code,
        executed_version: head.executed_version.clone(),
        request_id: head.request_id.clone(),
        trace_id: head.trace_id.clone(),
        attempts: head.attempts,
    }
}

fn dropped() -> Error {
    Error::Transport(TransportError {
        kind: TransportKind::CutOff,
        message: "the stream was dropped before its end".into(),
        executed: Executed::Yes,
        request_id: None,
        attempts: 1,
        transient: false,
    })
}
