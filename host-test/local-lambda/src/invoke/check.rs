//! Checks a request that runs a function, and prepares the run.

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

use crate::catalogue::Function;
use crate::errors::ApiError;
use crate::functions::{Context, Run};
use crate::limits::{EVENT_REQUEST_LIMIT, SYNC_REQUEST_LIMIT};
use crate::log::Log;
use crate::output::Output;
use crate::request::RawRequest;
use crate::service::Service;
use crate::signature::Caller;
use crate::target::{allow, check_region_and_account, qualifier, resolve};

const ACTION: &str = "lambda:InvokeFunction";

/// The largest client context, in bytes of Base64.
const CLIENT_CONTEXT_LIMIT: usize = 3_583;

#[derive(Clone, Copy, PartialEq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// An operation that runs a function.
#[derive(Clone, Copy, PartialEq)]
pub enum Operation {
    Invoke,
    ResponseStream,
}

/// A request that runs a function.
pub struct Accepted<'a> {
    pub function: &'a Function,
    pub run: Run,
    pub synchronous: bool,
    /// Whether the caller requested the log tail.
    pub tail: bool,
}

/// What a valid request leads to.
pub enum Checked<'a> {
    Run(Box<Accepted<'a>>),
    /// Nothing runs, and the response has this status and no body.
    NoRun(StatusCode),
}

/// Checks a request of one of the operations.
pub fn check<'a>(
    service: &'a Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
    operation: Operation,
) -> Result<Checked<'a>, ApiError> {
    let place = &service.place;
    let name = service.names.namespaced.read(name)?;
    let invocation_type = match request.header("x-amz-invocation-type")? {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") if operation == Operation::Invoke => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            let values = match operation {
                Operation::Invoke => "[Event, RequestResponse, DryRun]",
                Operation::ResponseStream => "[RequestResponse, DryRun]",
            };
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
    let durable_name = match operation {
        Operation::Invoke => request.header("x-amz-durable-execution-name")?,
        // The header does not belong to the operation, so it is ignored.
        Operation::ResponseStream => None,
    };
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
        return Ok(Checked::NoRun(StatusCode::NO_CONTENT));
    }
    if function.throttled {
        // The function is throttled, so an accepted event stays in the queue forever.
        return match invocation_type {
            InvocationType::Event => Ok(Checked::NoRun(StatusCode::ACCEPTED)),
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
        gates: Arc::clone(&service.gates),
        output: Output::new(None),
        durable: None,
        context: Context {
            function_name: function.name.clone(),
            invoked_function_arn: invoked_arn,
            qualifier: qualifier.map(str::to_owned),
            version,
            aws_request_id: id,
            // Lambda passes the client context to synchronous invocations only.
            client_context: client_context.filter(|_| synchronous),
            tenant_id: tenant_id.map(str::to_owned),
            trace_id,
            durable_execution_name: durable_name.map(str::to_owned),
        },
    };
    Ok(Checked::Run(Box::new(Accepted {
        function,
        run,
        synchronous,
        tail,
    })))
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
