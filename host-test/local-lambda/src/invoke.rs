//! Invoke: checks a request, runs the function, answers.

use std::str;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::watch;
use uuid::Uuid;

use super::answer::{Answer, empty, success};
use super::catalogue::Function;
use super::durable::Begun;
use super::errors::ApiError;
use super::execute::{Finished, execute};
use super::functions::Run;
use super::log::Log;
use super::routes::parameter;
use super::service::{RawRequest, Service};
use super::signature::Caller;
use super::target::{allow, check_place, qualifier, resolve};
use super::{CLIENT_CONTEXT_LIMIT, EVENT_REQUEST_LIMIT, SYNC_REQUEST_LIMIT};

const ACTION: &str = "lambda:InvokeFunction";

#[derive(Clone, Copy, PartialEq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

pub(super) async fn invoke(
    service: &Arc<Service>,
    name: &str,
    request: RawRequest,
    caller: Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.namespaced(name)?;
    let invocation_type = match header(&request.headers, "x-amz-invocation-type")?.as_deref() {
        None | Some("RequestResponse") => InvocationType::RequestResponse,
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(other) => {
            let constraint = "satisfy enum value set: [Event, RequestResponse, DryRun]";
            return Err(ApiError::validation("invocationType", other, constraint));
        }
    };
    let tail = match header(&request.headers, "x-amz-log-type")?.as_deref() {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(other) => {
            return Err(ApiError::validation(
                "logType",
                other,
                "satisfy enum value set: [None, Tail]",
            ));
        }
    };
    let tenant_id = header(&request.headers, "x-amz-tenant-id")?;
    if let Some(tenant_id) = &tenant_id {
        service.names.tenant_id(tenant_id)?;
    }
    let durable_name = header(&request.headers, "x-amz-durable-execution-name")?;
    if let Some(durable_name) = &durable_name {
        service.names.durable_name(durable_name)?;
    }
    let qualifier = qualifier(service, &name, parameter(&request.query, "Qualifier"))?;
    check_place(service, &name, ACTION)?;
    let function_arn = service.function_arn(&name.name);
    let invoked_arn = match &qualifier {
        Some(qualifier) => format!("{function_arn}:{qualifier}"),
        None => function_arn.clone(),
    };
    allow(service, caller, ACTION, &invoked_arn)?;
    let function = service.catalogue.find(&name.name);
    let (function, version) = function
        .and_then(|function| Some((function, resolve(service, function, qualifier.as_deref())?)))
        .ok_or_else(|| {
            ApiError::function_not_found(&format!(
                "{function_arn}:{}",
                qualifier.as_deref().unwrap_or("$LATEST")
            ))
        })?;
    let event = event(&request.body, invocation_type)?;
    let client_context = client_context(&request.headers)?;
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
        return empty(StatusCode::NO_CONTENT, None);
    }
    if function.throttled {
        // An event waits in the queue, here for ever.
        return match invocation_type {
            InvocationType::Event => empty(StatusCode::ACCEPTED, None),
            _ => Err(ApiError::throttled()),
        };
    }

    let trace_id = trace_id(&request.headers)?;
    let synchronous = invocation_type == InvocationType::RequestResponse;
    let run = Run {
        service: Arc::clone(service),
        id: request.id,
        function: function.name.clone(),
        invoked_arn,
        qualifier,
        version: version.clone(),
        event,
        // Lambda hands it on in synchronous calls only.
        client_context: client_context.filter(|_| synchronous),
        tenant_id,
        trace_id: trace_id.clone(),
        durable_execution_name: durable_name,
        timeout: Duration::from_secs(function.timeout_seconds.into()),
        memory_mb: function.memory_mb,
        log: Log::start(request.id, &version),
    };
    let (execution_arn, mut result) = start(service, function, run)?;
    if !synchronous {
        return empty(StatusCode::ACCEPTED, execution_arn.as_deref());
    }
    // The sender goes away unused only where the service stops.
    let finished = match result.wait_for(Option::is_some).await {
        Ok(finished) => finished.clone(),
        Err(_) => None,
    };
    let finished = finished.ok_or_else(|| ApiError::service("The local Lambda is stopping"))?;
    success(
        finished,
        &version,
        &trace_id,
        execution_arn.as_deref(),
        tail,
    )
}

/// Starts a run that goes on whatever becomes of the request, or finds the execution that is there.
fn start(
    service: &Service,
    function: &Function,
    mut run: Run,
) -> Result<(Option<String>, watch::Receiver<Option<Finished>>), ApiError> {
    let (arn, sender) = if function.durable {
        let name = run
            .durable_execution_name
            .get_or_insert_with(|| Uuid::new_v4().to_string())
            .clone();
        let arn = format!(
            "{}:{}/durable-execution/{name}/{}",
            service.function_arn(&function.name),
            run.version,
            run.id
        );
        let id = (function.name.clone(), run.version.clone(), name.clone());
        match service.executions.begin(id, arn, &run.event) {
            Begun::Started { arn, result } => (Some(arn), result),
            Begun::Exists { arn, result } => return Ok((Some(arn), result)),
            Begun::Differs { arn } => {
                return Err(ApiError::already_started(format!(
                    "The execution {arn} was already started with a different payload"
                )));
            }
        }
    } else {
        (None, watch::channel(None).0)
    };
    let receiver = sender.subscribe();
    let handler = function.handler;
    let work = service.busy.begin();
    service.tasks.spawn(async move {
        let _work = work;
        if let Some(finished) = execute(run, handler).await {
            sender.send_replace(Some(finished));
        }
    });
    Ok((arn, receiver))
}

/// The payload as the function sees it.
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
    let refuse = |why: String| {
        ApiError::invalid_content(format!(
            "Could not parse request body into json: Could not parse payload into json: {why}"
        ))
    };
    // What is skipped is not checked for UTF-8 by serde_json.
    let text = str::from_utf8(body).map_err(|error| refuse(error.to_string()))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| refuse(error.to_string()))?;
    Ok(body.clone())
}

fn client_context(headers: &HeaderMap) -> Result<Option<Box<RawValue>>, ApiError> {
    let Some(encoded) = header(headers, "x-amz-client-context")? else {
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

/// The caller's trace, or a new one that is not sampled.
fn trace_id(headers: &HeaderMap) -> Result<String, ApiError> {
    if let Some(sent) = header(headers, "x-amzn-trace-id")? {
        return Ok(sent);
    }
    let (high, low) = Uuid::new_v4().as_u64_pair();
    Ok(format!(
        "root=1-{:08x}-{:08x}{low:016x};parent={high:016x};sampled=0",
        high >> 32,
        high as u32
    ))
}

fn header(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, ApiError> {
    headers
        .get(name)
        .map(|value| {
            let text = value
                .to_str()
                .map_err(|_| ApiError::invalid_content(format!("The header {name} is not ASCII")));
            text.map(str::to_owned)
        })
        .transpose()
}
