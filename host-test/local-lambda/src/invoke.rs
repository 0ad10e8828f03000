//! Invoke: checks a request, runs the function, and answers.

mod start;

use std::str;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::answer::{Answer, empty, json_answer, with_headers};
use super::errors::ApiError;
use super::functions::{Context, Run};
use super::limits::{EVENT_REQUEST_LIMIT, SYNC_REQUEST_LIMIT};
use super::log::Log;
use super::request::RawRequest;
use super::service::Service;
use super::signature::Caller;
use super::target::{allow, check_region_and_account, qualifier, resolve};
use start::start;

const ACTION: &str = "lambda:InvokeFunction";

/// The largest client context, in bytes of Base64.
const CLIENT_CONTEXT_LIMIT: usize = 3_583;

#[derive(Clone, Copy, PartialEq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

pub(super) async fn invoke(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let place = &service.place;
    let name = service.names.namespaced.read(name)?;
    let invocation_type = match request.header("x-amz-invocation-type")? {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            let values = "[Event, RequestResponse, DryRun]";
            return Err(ApiError::not_in_enum("invocationType", other, values));
        }
    };
    let tail = match request.header("x-amz-log-type")? {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(other) => return Err(ApiError::not_in_enum("logType", other, "[None, Tail]")),
    };
    let tenant_id = request.header("x-amz-tenant-id")?;
    if let Some(tenant_id) = tenant_id {
        service.names.tenant_id.check(tenant_id)?;
    }
    let durable_name = request.header("x-amz-durable-execution-name")?;
    if let Some(durable_name) = durable_name {
        service.names.durable_name.check(durable_name)?;
    }
    let qualifier = qualifier(&service.names, &name, request.parameter("Qualifier"))?;
    check_region_and_account(place, &name, ACTION)?;
    let function_arn = place.function_arn(&name.name);
    let invoked_arn = place.qualified_arn(&name.name, qualifier.as_deref());
    allow(place, caller, ACTION, &invoked_arn)?;
    let qualifier = qualifier.as_deref();
    let function = service.catalogue.find(&name.name);
    let (function, version) = function
        .and_then(|function| {
            Some((
                function,
                resolve(&service.alias_calls, function, qualifier)?,
            ))
        })
        .ok_or_else(|| {
            let qualifier = qualifier.unwrap_or("$LATEST");
            ApiError::function_not_found(&format!("{function_arn}:{qualifier}"))
        })?;
    let event = event(&request.body, invocation_type)?;
    let client_context = client_context(request)?;
    if function.tenant_isolated && tenant_id.is_none() {
        return Err(ApiError::invalid_parameter(
            "The invoked function is enabled with tenancy configuration. \
             Add a valid tenant ID in your request and try again.",
        ));
    }
    if function.durable && qualifier.is_none() {
        return Err(ApiError::invalid_parameter(
            "You cannot invoke a durable function using an unqualified ARN.",
        ));
    }
    if invocation_type == InvocationType::DryRun {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    if function.throttled {
        // The function is throttled, so an accepted event stays in the queue forever.
        return match invocation_type {
            InvocationType::Event => Ok(empty(StatusCode::ACCEPTED)),
            _ => Err(ApiError::throttled()),
        };
    }

    let trace_id = trace_id(request)?;
    let synchronous = invocation_type == InvocationType::RequestResponse;
    let id = request.id.to_string();
    let run = Run {
        handler: function.handler,
        event,
        timeout: Duration::from_secs(function.timeout_seconds.into()),
        memory_mb: function.memory_mb,
        log: Log::start(&id, &version),
        run_counts: Arc::clone(&service.run_counts),
        durable: None,
        context: Context {
            function_name: function.name.clone(),
            invoked_function_arn: invoked_arn,
            qualifier: qualifier.map(str::to_owned),
            version: version.clone(),
            aws_request_id: id,
            // Lambda passes the client context to synchronous invocations only.
            client_context: client_context.filter(|_| synchronous),
            tenant_id: tenant_id.map(str::to_owned),
            trace_id: trace_id.clone(),
            durable_execution_name: durable_name.map(str::to_owned),
        },
    };
    let (execution_arn, mut result) = start(service, function, run, synchronous)?;
    let execution_arn = ("x-amz-durable-execution-arn", execution_arn.as_deref());
    if !synchronous {
        return with_headers(empty(StatusCode::ACCEPTED), &[execution_arn]);
    }
    // There is no result only when the service stops.
    let waiting = result.wait_for(Option::is_some);
    let finished = service.stopping.run_until_cancelled(waiting).await;
    let finished = finished
        .and_then(Result::ok)
        .and_then(|finished| finished.clone());
    let finished = finished.ok_or_else(|| ApiError::service("The local Lambda is stopping"))?;
    with_headers(
        json_answer(StatusCode::OK, finished.body),
        &[
            ("x-amz-executed-version", Some(&version)),
            ("x-amzn-trace-id", Some(&trace_id)),
            // The real service always sends this header.
            ("x-amzn-remapped-content-length", Some("0")),
            (
                "x-amz-function-error",
                finished.error.is_some().then_some("Unhandled"),
            ),
            ("x-amz-log-result", tail.then_some(&finished.log_tail)),
            execution_arn,
        ],
    )
}

/// Returns the event for the function, or an error if the body is too large or is not JSON.
fn event(body: &Bytes, invocation_type: InvocationType) -> Result<Bytes, ApiError> {
    let (kind, limit) = match invocation_type {
        InvocationType::Event => ("Event", EVENT_REQUEST_LIMIT),
        _ => ("RequestResponse", SYNC_REQUEST_LIMIT),
    };
    if body.len() > limit {
        return Err(ApiError::too_large(format!(
            "{} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
            body.len()
        )));
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let reject = |reason: String| {
        ApiError::invalid_content(format!(
            "Could not parse request body into json: Could not parse payload into json: {reason}"
        ))
    };
    // serde_json does not validate UTF-8 in values that it skips.
    let text = str::from_utf8(body).map_err(|error| reject(error.to_string()))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| reject(error.to_string()))?;
    Ok(body.clone())
}

fn client_context(request: &RawRequest) -> Result<Option<Box<RawValue>>, ApiError> {
    let Some(encoded) = request.header("x-amz-client-context")? else {
        return Ok(None);
    };
    if encoded.len() > CLIENT_CONTEXT_LIMIT {
        return Err(ApiError::invalid_client_context(&format!(
            "Client context must be less than or equal to {CLIENT_CONTEXT_LIMIT} bytes"
        )));
    }
    STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Box<RawValue>>(&bytes).ok())
        .filter(|json| json.get().starts_with('{'))
        .map(Some)
        .ok_or_else(|| {
            ApiError::invalid_client_context(
                "Client context must be a valid Base64-encoded JSON object.",
            )
        })
}

/// Returns the trace of the caller, or a new trace that is not sampled.
fn trace_id(request: &RawRequest) -> Result<String, ApiError> {
    if let Some(sent) = request.header("x-amzn-trace-id")? {
        return Ok(sent.to_owned());
    }
    let (high, low) = Uuid::new_v4().as_u64_pair();
    Ok(format!(
        "root=1-{:08x}-{:08x}{low:016x};parent={high:016x};sampled=0",
        high >> 32,
        high as u32
    ))
}
