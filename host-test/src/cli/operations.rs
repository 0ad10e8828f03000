//! `invoke`, `list` and `qualifiers`: each makes one call and prints a table or a document.

use std::path::Path;

use anyhow::{Context, Result};
use aws_lambda_connector_host::bindings::lambda::{self, FunctionQuery, InvokeRequest, LogType};
use aws_lambda_connector_host::bindings::types::{Delivery, Error};
use aws_lambda_connector_host::caller::Caller;
use host_test::json::{self, ToJson};

use super::args::{
    DeliveryArgs, InvocationType, InvokeArgs, ListArgs, QualifiersArgs, ResponseMode, TargetArgs,
};
use super::connection::resolve;
use super::files::Limit;
use super::human;
use super::outcome::Outcome;
use super::print::{print_err, print_out};
use super::progress::Spinner;
use super::reported::reported;
use super::streaming;

/// Invokes a function and prints its result.
pub async fn invoke(args: &InvokeArgs) -> Result<Outcome> {
    let request = invoke_request(args)?;
    if args.stream {
        return streaming::invoke(args, &request).await;
    }
    let caller = resolve(&args.target, Some(&args.function)).await?;
    let mut result = {
        let _spinner = Spinner::start(format!("invoking {}", args.function));
        caller.invoke(&request).await?
    };
    if let Ok(invocation) = &mut result
        && args.split_prelude
    {
        streaming::split_prelude(invocation);
    }
    show(&args.target, &caller, &result, human::invocation)
}

/// Lists functions.
pub async fn list(args: &ListArgs) -> Result<Outcome> {
    let query = FunctionQuery {
        name_contains: args.name_contains.clone(),
        all_versions: args.all_versions,
        cursor: args.cursor.clone(),
        limit: args.limit,
        delivery: None,
    };
    let caller = resolve(&args.target, None).await?;
    let result = {
        let _spinner = Spinner::start("listing functions");
        caller.list_functions(&query).await?
    };
    show(&args.target, &caller, &result, human::function_page)
}

/// Lists the aliases and versions of a function.
pub async fn qualifiers(args: &QualifiersArgs) -> Result<Outcome> {
    let caller = resolve(&args.target, Some(&args.function)).await?;
    let result = {
        let _spinner = Spinner::start(format!("listing qualifiers of {}", args.function));
        caller.list_qualifiers(&args.function).await?
    };
    show(&args.target, &caller, &result, |choices| {
        human::qualifiers(choices)
    })
}

/// Prints a result as JSON or as text, and returns the outcome of the command.
pub fn show<T: ToJson>(
    args: &TargetArgs,
    caller: &Caller,
    result: &Result<T, Error>,
    to_text: impl Fn(&T) -> String,
) -> Result<Outcome> {
    show_or(args, caller, result, to_text, human::error)
}

/// Prints a result as [`show`] does, with its own text for an error.
pub fn show_or<T: ToJson>(
    args: &TargetArgs,
    caller: &Caller,
    result: &Result<T, Error>,
    to_text: impl Fn(&T) -> String,
    to_error: impl Fn(&Error) -> String,
) -> Result<Outcome> {
    if args.json {
        print_out(json::result(result))?;
    } else {
        match result {
            Ok(value) => print_out(to_text(value))?,
            // The output of a failed function is also a result, so a pipe must receive it.
            Err(Error::FunctionFailed(failed)) => print_out(human::failed(failed))?,
            Err(other) => print_err(to_error(other)),
        }
    }
    Ok(reported(caller, result))
}

fn invoke_request(args: &InvokeArgs) -> Result<InvokeRequest> {
    let payload = match (&args.payload, &args.payload_file) {
        (Some(text), _) => Some(text.0.clone()),
        (None, Some(path)) => Some(read_payload(path, args.invocation_type)?),
        (None, None) => None,
    };
    Ok(InvokeRequest {
        function: args.function.clone(),
        qualifier: args.qualifier.clone(),
        invocation_type: args.invocation_type.map(|kind| match kind {
            InvocationType::RequestResponse => lambda::InvocationType::RequestResponse,
            InvocationType::Event => lambda::InvocationType::Event,
            InvocationType::DryRun => lambda::InvocationType::DryRun,
        }),
        log_type: args.log.then_some(LogType::Tail),
        client_context: args.client_context.clone().map(|text| text.0),
        payload,
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: args.tenant_id.clone(),
        durable_execution_name: args.durable_execution_name.clone(),
        trace_id: args.trace_id.clone(),
        request_id: args.request_id.clone(),
        response_mode: args.response_mode.map(|mode| match mode {
            ResponseMode::Buffered => lambda::ResponseMode::Buffered,
            ResponseMode::Streamed => lambda::ResponseMode::Streamed,
        }),
        max_response_bytes: args.max_response_bytes,
        delivery: Some(delivery(&args.delivery)),
    })
}

fn delivery(args: &DeliveryArgs) -> Delivery {
    Delivery {
        max_attempts: args.max_attempts,
        connect_timeout_ms: args.connect_timeout_ms,
        response_timeout_ms: args.response_timeout_ms,
        idempotent: args.idempotent.then_some(true),
    }
}

/// The longest payloads that Lambda accepts.
const SYNCHRONOUS: Limit = Limit {
    what: "the payload",
    bytes: 6_291_456,
    allows: "Lambda accepts",
    instead: "pass a shorter payload, or store the data and pass its location",
};
const EVENT: Limit = Limit {
    bytes: 1_048_576,
    allows: "Lambda accepts for an event",
    ..SYNCHRONOUS
};

fn read_payload(path: &Path, invocation_type: Option<InvocationType>) -> Result<String> {
    let limit = match invocation_type {
        Some(InvocationType::Event) => EVENT,
        _ => SYNCHRONOUS,
    };
    let bytes = if path.as_os_str() == "-" {
        limit.read_stdin()?
    } else {
        limit.read(path)?
    };
    String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("the payload in {} is not UTF-8", path.display()))
}
