//! What a durable function does with its execution: steps, waits, callbacks and groups of these.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::callback::{Completed, Progress, Timeouts};
use super::execution::Execution;
use super::history::{Data, Event, Operation, seconds, whole_seconds};
use super::store::{Executions, limit};
use crate::limits::{OPERATION_DEPTH_LIMIT, OPERATIONS_LIMIT};
use crate::outcome::{ErrorObject, Failure};

/// The longest name of an operation, in bytes.
const LONGEST_NAME: usize = 256;

/// The durable execution of a run.
pub struct DurableContext {
    executions: Arc<Executions>,
    number: u64,
    /// The operations so far.
    operations: usize,
    /// The open groups, from the outermost, which is the execution.
    scopes: Vec<Scope>,
}

#[derive(Default)]
struct Scope {
    /// The operation that is the group. `None` for the execution.
    group: Option<Operation>,
    operations: usize,
}

impl DurableContext {
    pub fn new(executions: Arc<Executions>, number: u64) -> Self {
        Self {
            executions,
            number,
            operations: 0,
            scopes: vec![Scope::default()],
        }
    }

    /// Runs a step that returns this result, or throws this error.
    pub fn step(
        &mut self,
        name: Option<&str>,
        result: Result<Arc<str>, ErrorObject>,
    ) -> Result<(), Failure> {
        let operation = self.operation(name, "Step")?;
        let retries = json!({ "RetryDetails": { "CurrentAttempt": 1 } });
        let (kind, bytes, data, failed) = match result {
            Ok(result) => ("StepSucceeded", result.len(), Data::Result(result), None),
            Err(error) => {
                let error = Arc::new(error);
                let data = Data::Error(Arc::clone(&error));
                ("StepFailed", error.size(), data, Some(error))
            }
        };
        self.change(bytes, |execution, now_ms| {
            let started = Event::new("StepStarted", now_ms).of(&operation);
            execution.events.push(started);
            let ended = Event::new(kind, now_ms).of(&operation);
            execution.events.push(ended.details(retries).data(data));
        })?;
        failed.map_or(Ok(()), |error| Err(Failure::Operation(error)))
    }

    /// Suspends the execution for a time.
    pub async fn wait(&mut self, name: Option<&str>, duration: Duration) -> Result<(), Failure> {
        let operation = self.operation(name, "Wait")?;
        let seconds_long = whole_seconds(duration);
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.change(0, |execution, now_ms| {
            let details = json!({
                "Duration": seconds_long,
                "ScheduledEndTimestamp": seconds(now_ms.saturating_add(ms)),
            });
            let started = Event::new("WaitStarted", now_ms).of(&operation);
            execution.events.push(started.details(details));
            execution.suspend(now_ms);
        })?;
        tokio::time::sleep(duration).await;
        self.change(0, |execution, now_ms| {
            let ended = Event::new("WaitSucceeded", now_ms).of(&operation);
            let details = json!({ "Duration": seconds_long });
            execution.events.push(ended.details(details));
            execution.resume(now_ms);
        })
    }

    /// Suspends the execution until a request completes a callback, and returns its result.
    pub async fn callback(
        &mut self,
        name: Option<&str>,
        timeouts: Timeouts,
    ) -> Result<Arc<str>, Failure> {
        let operation = self.operation(name, "Callback")?;
        let opened = self
            .executions
            .open_callback(self.number, operation, timeouts);
        let (id, mut progress) = opened?;
        let mut last_sign = Instant::now();
        let end = after(last_sign, timeouts.total);
        let completed: Completed = loop {
            if let Progress::Completed(completed) = &*progress.borrow_and_update() {
                break completed.clone();
            }
            let silent = after(last_sign, timeouts.heartbeat);
            let (at, message) = match (end, silent) {
                (Some(end), Some(silent)) if silent < end => (Some(silent), SILENT),
                (None, Some(silent)) => (Some(silent), SILENT),
                (end, _) => (end, "Callback timed out"),
            };
            tokio::select! {
                biased;
                changed = progress.changed() => match changed {
                    Ok(()) => last_sign = Instant::now(),
                    // The execution has ended, which also ends this run.
                    Err(_) => std::future::pending().await,
                },
                () = until(at) => self.executions.time_out_callback(&id, message),
            }
        };
        self.change(0, Execution::resume)?;
        completed.map_err(Failure::Operation)
    }

    /// Begins a group: operations belong to it until [`end_group`](Self::end_group).
    pub fn begin_group(&mut self, name: Option<&str>) -> Result<(), Failure> {
        if self.scopes.len() > OPERATION_DEPTH_LIMIT {
            return Err(limit(format!(
                "Groups are nested deeper than {OPERATION_DEPTH_LIMIT}"
            )));
        }
        let group = self.operation(name, "RunInChildContext")?;
        self.change(0, |execution, now_ms| {
            let started = Event::new("ContextStarted", now_ms).of(&group);
            execution.events.push(started);
        })?;
        self.scopes.push(Scope {
            group: Some(group),
            operations: 0,
        });
        Ok(())
    }

    /// Ends the innermost group with its result or its error.
    pub fn end_group(&mut self, result: Completed) -> Result<(), Failure> {
        let Some(Scope {
            group: Some(group), ..
        }) = self.scopes.pop()
        else {
            return Ok(());
        };
        let (kind, bytes, data) = match result {
            Ok(result) => ("ContextSucceeded", result.len(), Data::Result(result)),
            Err(error) => ("ContextFailed", error.size(), Data::Error(error)),
        };
        self.change(bytes, |execution, now_ms| {
            let ended = Event::new(kind, now_ms).of(&group);
            execution.events.push(ended.data(data));
        })
    }

    fn operation(
        &mut self,
        name: Option<&str>,
        sub_type: &'static str,
    ) -> Result<Operation, Failure> {
        if self.operations == OPERATIONS_LIMIT {
            return Err(limit(format!(
                "The execution has more than {OPERATIONS_LIMIT} operations"
            )));
        }
        let is_valid = |name: &&str| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        if !name.iter().all(is_valid) {
            return Err(limit(format!(
                "The name of an operation must be 1 to {LONGEST_NAME} printable ASCII characters"
            )));
        }
        self.operations += 1;
        let Some(scope) = self.scopes.last_mut() else {
            return Err(limit("The execution has ended".to_owned()));
        };
        scope.operations += 1;
        let parent = scope.group.as_ref().map(|group| group.id.clone());
        let position = scope.operations;
        Ok(Operation {
            id: match &parent {
                Some(parent) => format!("{parent}-{position}"),
                None => position.to_string(),
            },
            parent,
            name: name.map(str::to_owned),
            sub_type,
        })
    }

    fn change<T>(
        &self,
        bytes: usize,
        change: impl FnOnce(&mut Execution, u64) -> T,
    ) -> Result<T, Failure> {
        self.executions
            .change(self.number, bytes, |execution, _, now_ms| {
                change(execution, now_ms)
            })
    }
}

const SILENT: &str = "Callback heartbeat timed out";

/// Returns the end of a time, if it has one.
fn after(begin: Instant, time: Option<Duration>) -> Option<Instant> {
    begin.checked_add(time?)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => pin!(sleep_until(at)).await,
        None => std::future::pending().await,
    }
}
