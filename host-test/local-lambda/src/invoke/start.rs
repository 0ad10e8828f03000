//! Starts a run, or finds the durable execution that a request names.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalogue::Function;
use crate::durable::{DurableContext, Start};
use crate::errors::ApiError;
use crate::execute::execute;
use crate::functions::Run;
use crate::limits::{EXECUTION_TIMEOUT_SECONDS, LONGEST_EXECUTION_TIMEOUT_SECONDS};
use crate::outcome::Finished;
use crate::service::Service;

/// Starts a run, or finds the execution with the same name. The run continues if the request is
/// cancelled. Returns the ARN of the execution, if there is one, and a receiver for the result.
pub fn start(
    service: &Service,
    function: &Function,
    mut run: Run,
    synchronous: bool,
) -> Result<(Option<String>, watch::Receiver<Option<Finished>>), ApiError> {
    if !function.durable {
        let (sender, result) = watch::channel(None);
        let stopping = CancellationToken::new();
        spawn(service, function, run, stopping, move |finished| {
            sender.send_replace(Some(finished));
        });
        return Ok((None, result));
    }
    run.timeout = execution_timeout(&run.event);
    let context = &mut run.context;
    let name = context
        .durable_execution_name
        .get_or_insert_with(|| Uuid::new_v4().to_string());
    let begun = service.executions.begin(Start {
        function: function.name.clone(),
        function_arn: service.place.function_arn(&function.name),
        version: context.version.clone(),
        name: name.clone(),
        request_id: context.aws_request_id.clone(),
        input: String::from_utf8_lossy(&run.event).into(),
        timeout: run.timeout,
        trace_id: context.trace_id.clone(),
        synchronous,
    })?;
    if let Some(running) = begun.run {
        let (executions, arn) = (Arc::clone(&service.executions), begun.arn.clone());
        run.durable = Some(DurableContext::new(Arc::clone(&executions), running.number));
        spawn(service, function, run, running.stopping, move |finished| {
            executions.finish(&arn, finished);
        });
    }
    Ok((Some(begun.arn), begun.finished))
}

/// Runs a function until it ends, its execution is stopped, or the service stops.
fn spawn(
    service: &Service,
    function: &Function,
    run: Run,
    stopped: CancellationToken,
    finish: impl FnOnce(Finished) + Send + 'static,
) {
    let cold = service.started.add(&function.name) == 1;
    let stopping = service.stopping.clone();
    let running = async move {
        let run = stopped.run_until_cancelled(execute(run, cold));
        if let Some(Some(finished)) = stopping.run_until_cancelled(run).await {
            finish(finished);
        }
    };
    service.tasks.spawn(service.busy.track_future(running));
}

/// Returns the execution timeout, which an event can shorten.
fn execution_timeout(event: &[u8]) -> Duration {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "executionTimeoutMs")]
        ms: Option<u64>,
    }
    let event: Option<Event> = serde_json::from_slice(event).ok();
    event
        .and_then(|event| event.ms)
        .map_or(Duration::from_secs(EXECUTION_TIMEOUT_SECONDS), |ms| {
            Duration::from_millis(ms).min(Duration::from_secs(LONGEST_EXECUTION_TIMEOUT_SECONDS))
        })
}
