//! The executions that the service keeps, and the changes to them. One lock guards everything, so a
//! request sees either all of a change or nothing of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::callback::Callback;
use super::execution::{Execution, Start, Status};
use crate::clock::Clock;
use crate::errors::ApiError;
use crate::limits::{EXECUTION_DATA_LIMIT, EXECUTIONS_LIMIT};
use crate::outcome::{ErrorObject, Failure, Finished};
use crate::sync::lock;

/// The executions since the service started.
pub struct Executions {
    pub(super) clock: Clock,
    /// See [`Config::invisible_reads`](crate::Config::invisible_reads).
    invisible_reads: u32,
    pub(super) kept: Mutex<Kept>,
}

#[derive(Default)]
pub struct Kept {
    /// The executions by their number, so the oldest one is the first.
    pub(super) executions: BTreeMap<u64, Execution>,
    /// The numbers by [`Start::key`].
    pub(super) names: HashMap<String, u64>,
    pub(super) callbacks: HashMap<String, Callback>,
    next: u64,
}

/// The execution that an invocation started or found.
pub struct Begun {
    pub arn: String,
    /// `None` until the execution has ended.
    pub finished: watch::Receiver<Option<Finished>>,
    /// What runs the function. `None` if the execution had started before.
    pub run: Option<Running>,
}

/// An execution that has just started.
pub struct Running {
    pub number: u64,
    /// Is cancelled when the execution ends without its function.
    pub stopping: CancellationToken,
}

impl Executions {
    pub fn new(clock: Clock, invisible_reads: u32) -> Self {
        Self {
            clock,
            invisible_reads,
            kept: Mutex::default(),
        }
    }

    /// Starts an execution, or finds the one with this name and payload.
    pub fn begin(&self, start: Start) -> Result<Begun, ApiError> {
        let mut kept = lock(&self.kept);
        let key = start.key();
        if let Some(known) = kept.find(&key) {
            if known.start.input != start.input {
                return Err(ApiError::already_started(format!(
                    "The execution {} was already started with a different payload",
                    known.arn
                )));
            }
            return Ok(Begun {
                arn: known.arn.clone(),
                finished: known.finished.subscribe(),
                run: None,
            });
        }
        if !kept.make_room(1, start.input.len()) {
            return Err(ApiError::too_many_executions());
        }
        let number = kept.next;
        kept.next += 1;
        let invisible_reads = if start.synchronous {
            0
        } else {
            self.invisible_reads
        };
        let execution = Execution::new(start, self.clock.now_ms(), invisible_reads);
        let begun = Begun {
            arn: execution.arn.clone(),
            finished: execution.finished.subscribe(),
            run: Some(Running {
                number,
                stopping: execution.stopping.clone(),
            }),
        };
        kept.names.insert(key, number);
        kept.executions.insert(number, execution);
        Ok(begun)
    }

    /// Ends an execution whose function has returned.
    pub fn finish(&self, arn: &str, finished: Finished) {
        let status = match &finished {
            Finished { error: None, .. } => Status::Succeeded,
            Finished {
                timed_out: true, ..
            } => Status::TimedOut,
            _ => Status::Failed,
        };
        lock(&self.kept).end(arn, status, finished, self.clock.now_ms());
    }

    /// Stops an execution, and returns when it ended. One that has already ended stays as it is, as
    /// in the runner that AWS publishes for tests.
    pub fn stop(&self, arn: &str, error: Option<ErrorObject>) -> Result<u64, ApiError> {
        let mut kept = lock(&self.kept);
        kept.visible(arn)?;
        let error = error.unwrap_or_else(|| ErrorObject {
            error_message: Some("Execution stopped by user request".to_owned()),
            ..ErrorObject::default()
        });
        let finished = Finished {
            body: error.document().to_string().into(),
            error: Some(Arc::new(error)),
            timed_out: false,
            log_tail: String::new(),
        };
        let now_ms = self.clock.now_ms();
        let ended_ms = kept.end(arn, Status::Stopped, finished, now_ms);
        Ok(ended_ms.unwrap_or(now_ms))
    }

    /// Returns the response of GetDurableExecution.
    pub fn describe(&self, arn: &str, with_data: bool) -> Result<Value, ApiError> {
        let mut kept = lock(&self.kept);
        Ok(kept.visible(arn)?.description(with_data))
    }

    /// Returns the events of an execution that `wanted` picks by their IDs, in the order of the IDs
    /// that it returns.
    pub fn history(
        &self,
        arn: &str,
        with_data: bool,
        wanted: impl FnOnce(usize) -> Result<Vec<usize>, ApiError>,
    ) -> Result<Vec<Value>, ApiError> {
        let mut kept = lock(&self.kept);
        let events = &kept.visible(arn)?.events;
        let rows = wanted(events.len())?.into_iter();
        let row = |id: usize| Some(events.get(id.checked_sub(1)?)?.row(id, with_data));
        Ok(rows.filter_map(row).collect())
    }

    /// Returns the visible executions of a function that `wanted` accepts, each with its number,
    /// oldest first.
    pub fn list(&self, function: &str, wanted: impl Fn(&Execution) -> bool) -> Vec<(u64, Value)> {
        let mut kept = lock(&self.kept);
        let all = kept.executions.iter_mut();
        all.filter(|(_, execution)| execution.start.function == function && wanted(execution))
            .filter_map(|(number, execution)| {
                execution.is_visible().then(|| (*number, execution.row()))
            })
            .collect()
    }

    /// Returns the numbers of all executions of a function.
    pub fn numbers(&self, function: &str) -> Vec<u64> {
        let kept = lock(&self.kept);
        let all = kept.executions.iter();
        all.filter(|(_, execution)| execution.start.function == function)
            .map(|(number, _)| *number)
            .collect()
    }
}

impl Executions {
    /// Changes an execution that runs, and its callbacks. The change adds data of this length.
    pub(super) fn change<T>(
        &self,
        number: u64,
        bytes: usize,
        change: impl FnOnce(&mut Execution, &mut HashMap<String, Callback>, u64) -> T,
    ) -> Result<T, Failure> {
        let mut kept = lock(&self.kept);
        if !kept.make_room(0, bytes) {
            return Err(limit("The executions have too much data".to_owned()));
        }
        let kept = &mut *kept;
        let execution = kept.executions.get_mut(&number);
        let execution = execution.filter(|execution| execution.is_running());
        let execution = execution.ok_or_else(|| limit("The execution has ended".to_owned()))?;
        execution.data_bytes += bytes;
        Ok(change(execution, &mut kept.callbacks, self.clock.now_ms()))
    }
}

impl Kept {
    fn find(&self, key: &str) -> Option<&Execution> {
        self.executions.get(self.names.get(key)?)
    }

    fn find_mut(&mut self, arn: &str) -> Option<(u64, &mut Execution)> {
        let (key, _) = arn.rsplit_once('/')?;
        let number = *self.names.get(key)?;
        let execution = self.executions.get_mut(&number)?;
        (execution.arn == arn).then_some((number, execution))
    }

    /// Returns the execution that a request names.
    fn visible(&mut self, arn: &str) -> Result<&mut Execution, ApiError> {
        let not_found = || ApiError::not_found(format!("Durable execution not found: {arn}"));
        let (_, execution) = self.find_mut(arn).ok_or_else(not_found)?;
        if execution.is_visible() {
            Ok(execution)
        } else {
            Err(not_found())
        }
    }

    /// Ends an execution and closes its callbacks. Returns when it ended.
    fn end(&mut self, arn: &str, status: Status, finished: Finished, now_ms: u64) -> Option<u64> {
        let (number, execution) = self.find_mut(arn)?;
        execution.end(status, finished, now_ms);
        let ended_ms = execution.ended_ms;
        for callback in self.callbacks.values_mut() {
            if callback.execution == number {
                callback.close();
            }
        }
        self.make_room(0, 0);
        ended_ms
    }

    /// Forgets the executions that ended first until the given number of further executions and bytes
    /// fits. Returns whether it does, because an execution that runs is not forgotten.
    pub(super) fn make_room(&mut self, executions: usize, bytes: usize) -> bool {
        loop {
            let kept = self.executions.values();
            let used: usize = kept.map(Execution::size).sum();
            if self.executions.len() + executions <= EXECUTIONS_LIMIT
                && used + bytes <= EXECUTION_DATA_LIMIT
            {
                return true;
            }
            let ended = self.executions.iter();
            let ended = ended.filter_map(|(number, it)| Some((it.ended_ms?, *number)));
            let Some((_, oldest)) = ended.min() else {
                return false;
            };
            if let Some(execution) = self.executions.remove(&oldest) {
                self.names.remove(&execution.start.key());
            }
            self.callbacks
                .retain(|_, callback| callback.execution != oldest);
        }
    }
}

/// Returns the failure of an operation that the service does not perform.
pub(super) fn limit(message: String) -> Failure {
    Failure::Operation(Arc::new(ErrorObject::new(
        "ExecutionLimitExceeded",
        message,
    )))
}
