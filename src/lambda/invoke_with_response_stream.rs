//! `InvokeWithResponseStream`, whose response leaves the component while it arrives:
//! `POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations`.

use alloc::boxed::Box;
use alloc::string::String;

use crate::aws::event_stream::Completion;
use crate::aws::message::{Request, Response};
use crate::call::advice;
use crate::call::connection::Connection;
use crate::call::error::{Error, Executed, TransportError, TransportKind};
use crate::call::invocation::{FailedInvocation, Invocation};
use crate::call::log_tail::{self, LogTail};
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::lambda::invoke::{Invoke, InvokeRequest, ResponseMode, ended, head};

/// The operation up to the head of its response. The attempts end there: the function runs.
#[derive(Clone, Debug)]
pub struct InvokeWithResponseStream {
    invoke: Invoke,
    head: Option<Invocation>,
}

impl InvokeWithResponseStream {
    /// Checks the connection and the request, whose response mode and largest response do not apply.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        request: InvokeRequest,
    ) -> Result<InvokeWithResponseStream, Error> {
        let request = InvokeRequest {
            response_mode: ResponseMode::Streamed,
            max_response_bytes: None,
            ..request
        };
        Ok(InvokeWithResponseStream {
            invoke: Invoke::new(connection, request)?,
            head: None,
        })
    }
}

impl Exchange for InvokeWithResponseStream {
    fn call(&self) -> &Call {
        self.invoke.call()
    }

    fn effect(&self) -> Effect {
        self.invoke.effect()
    }

    fn request_id(&self) -> Option<&str> {
        self.invoke.request_id()
    }

    fn payload_hash(&self) -> Option<&str> {
        self.invoke.payload_hash()
    }

    fn request(&self) -> Request<'_> {
        self.invoke.request()
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.is_event_stream() {
            self.head = Some(head(&response, attempts));
            return Ok(());
        }
        self.invoke.read(response, attempts)?;
        // A dry run has no stream.
        self.head = self.invoke.take_output();
        Ok(())
    }
}

impl Operation for InvokeWithResponseStream {
    type Output = Invocation;

    fn take_output(&mut self) -> Option<Invocation> {
        self.head.take()
    }
}

/// Reads how the stream of `head` ended. Only now is it known whether the function succeeded.
///
/// # Errors
/// `function-failed` without output, or `transport` for a stream without a usable end. The function has
/// run.
pub fn end(
    head: Invocation,
    outcome: Result<Completion, (TransportKind, String)>,
) -> Result<Option<LogTail>, Error> {
    let completion = match outcome {
        Ok(completion) => completion,
        Err((kind, message)) => {
            let mut error = Error::Transport(TransportError {
                kind,
                message,
                executed: Executed::Yes,
                request_id: head.request_id.clone(),
                attempts: head.attempts,
                transient: false,
            });
            if let Some(id) = &head.request_id {
                error.add_note(&advice::by_request_id(id));
            }
            return Err(error);
        }
    };
    let (failure, log) = ended(completion);
    let log = log.as_deref().and_then(log_tail::read);
    match failure {
        None => Ok(log),
        Some(failure) => Err(Error::FunctionFailed(Box::new(FailedInvocation {
            invocation: Invocation { log, ..head },
            failure,
        }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::endpoint::EndpointChoice;
    use crate::lambda::invoke::InvocationType;
    use crate::testing::{
        assert_contains, connection, invocation, lambdas, refused, service_error, transport_error,
    };

    const STREAM: (&str, &str) = ("content-type", "application/vnd.amazon.eventstream");

    fn read(request: InvokeRequest, response: Response) -> Result<Invocation, Error> {
        let mut operation = InvokeWithResponseStream::new(connection(), request)?;
        operation.read(response, 2)?;
        Ok(operation.take_output().unwrap())
    }

    fn head() -> Invocation {
        let headers = [
            STREAM,
            ("x-amz-executed-version", "7"),
            ("x-amzn-trace-id", "Root=1-2"),
        ];
        read(invocation(), lambdas(200, &headers, "")).unwrap()
    }

    fn completion(error_code: Option<&str>) -> Completion {
        Completion {
            error_code: error_code.map(Into::into),
            error_details: Some(r#"{"errorType":"KeyError"}"#.into()),
            log_result: Some("TE9H".into()),
        }
    }

    #[test]
    fn head_of_a_stream_ends_the_attempts() {
        let head = head();
        assert_eq!((head.status_code, head.attempts), (200, 2));
        assert_eq!(head.executed_version.as_deref(), Some("7"));
        assert_eq!(head.request_id.as_deref(), Some("8f5e"));
        assert_eq!(head.trace_id.as_deref(), Some("Root=1-2"));
        let request = InvokeRequest {
            max_response_bytes: Some(1),
            ..invocation()
        };
        let operation = InvokeWithResponseStream::new(connection(), request).unwrap();
        assert!(operation.request().is_event_stream);
        assert_eq!(
            operation.request().path,
            "/2021-11-15/functions/f/response-streaming-invocations"
        );
    }

    #[test]
    fn other_response_than_a_stream_is_an_error_or_a_dry_run() {
        let plain = transport_error(read(invocation(), lambdas(200, &[], "{}")));
        assert_eq!(
            (plain.kind, plain.executed),
            (TransportKind::Malformed, Executed::Unknown)
        );
        let headers = [("x-amzn-errortype", "ResourceNotFoundException")];
        let error = service_error(read(invocation(), lambdas(404, &headers, "{}")));
        assert_eq!(error.executed, Executed::No);
        let dry_run = InvokeRequest {
            invocation_type: Some(InvocationType::DryRun),
            ..invocation()
        };
        assert_eq!(
            read(dry_run, lambdas(204, &[], "")).unwrap().status_code,
            204
        );
        let event = InvokeRequest {
            invocation_type: Some(InvocationType::Event),
            ..invocation()
        };
        let field = refused(read(event, lambdas(202, &[], ""))).field;
        assert_eq!(field, "request.response-mode");
        let elsewhere = Connection {
            endpoint: EndpointChoice::Url("ftp://x".into()),
            ..connection()
        };
        refused(InvokeWithResponseStream::new(elsewhere, invocation()));
    }

    #[test]
    fn end_of_a_stream_is_the_outcome_of_the_function() {
        let log = end(head(), Ok(completion(None))).unwrap();
        assert_eq!(log.unwrap().text, "LOG");

        let failed = end(head(), Ok(completion(Some("Unhandled"))));
        let Err(Error::FunctionFailed(failed)) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(failed.failure.marker, "Unhandled");
        assert_eq!(failed.failure.error_type.as_deref(), Some("KeyError"));
        assert_eq!(
            (failed.invocation.output, failed.invocation.attempts),
            (None, 2)
        );
        assert_eq!(failed.invocation.log.unwrap().text, "LOG");

        let lost = transport_error(end(
            head(),
            Err((TransportKind::CutOff, "half a frame".into())),
        ));
        assert_eq!(
            (lost.kind, lost.executed, lost.transient),
            (TransportKind::CutOff, Executed::Yes, false)
        );
        assert_contains(&lost.message, ["half a frame", "8f5e"]);
    }
}
