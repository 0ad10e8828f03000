//! `invoke --stream`: standard output receives the output of a function while it arrives.

use anyhow::{Context, Result};
use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Invocation, Payload};
use aws_lambda_connector_host::host::ResponseStream;
use aws_lambda_connector_host::prelude::PreludeSplitter;
use bytes::Bytes;

use super::args::InvokeArgs;
use super::connection::resolve_with;
use super::human;
use super::outcome::Outcome;
use super::print::{Pieces, print_err};
use super::progress::Spinner;
use super::reported::reported;

/// Invokes a function, and copies its output to standard output. Everything else goes to standard error.
pub async fn invoke(args: &InvokeArgs, request: &InvokeRequest) -> Result<Outcome> {
    let component = args.target.component.path_for_streaming();
    let caller = resolve_with(&args.target, Some(&args.function), component).await?;
    let opened = {
        let _spinner = Spinner::start(format!("invoking {}", args.function));
        caller.invoke_with_response_stream(request).await?
    };
    let result = match opened {
        Ok(mut stream) => {
            if !copy(&mut stream, args.split_prelude).await? {
                // As for `head`, what follows is of no interest. The connection closes.
                return Ok(Outcome::Success);
            }
            stream.end().await?
        }
        Err(error) => Err(error),
    };
    match &result {
        Ok(end) => {
            if let Some(log) = &end.log {
                print_err(human::log(log));
            }
        }
        Err(error) => print_err(human::error(error)),
    }
    Ok(reported(&caller, &result))
}

/// Copies the stream. Returns false if the reader of standard output has closed it.
async fn copy(stream: &mut ResponseStream, split_prelude: bool) -> Result<bool> {
    let mut output = Pieces::to_stdout();
    let mut splitter = split_prelude.then(PreludeSplitter::default);
    let mut write = |piece: Bytes| {
        let written = output.write(&piece);
        written.context("writing to standard output")
    };
    while let Some(mut piece) = stream.next().await {
        if let Some(splitter) = &mut splitter {
            let is_known = splitter.prelude().is_some();
            piece = splitter.push(piece);
            if let Some(prelude) = splitter.prelude().filter(|_| !is_known) {
                print_err(prelude);
            }
        }
        if !write(piece)? {
            return Ok(false);
        }
    }
    splitter.map_or(Ok(true), |splitter| write(splitter.finish()))
}

/// Moves the prelude of a collected output to standard error.
pub fn split_prelude(invocation: &mut Invocation) {
    let Some(output) = invocation.output.take() else {
        return;
    };
    let output = match output {
        Payload::Text(text) => text.into_bytes(),
        Payload::Binary(bytes) => bytes,
    };
    let mut splitter = PreludeSplitter::default();
    let body = splitter.push(output.into());
    if let Some(prelude) = splitter.prelude() {
        print_err(prelude);
    }
    let body = [body, splitter.finish()].concat();
    invocation.output = Some(match String::from_utf8(body) {
        Ok(text) => Payload::Text(text),
        Err(error) => Payload::Binary(error.into_bytes()),
    });
}
