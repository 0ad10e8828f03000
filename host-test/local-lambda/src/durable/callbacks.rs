//! How a callback is created and completed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use super::callback::{Callback, Completed, Completion, Progress, Timeouts};
use super::history::{Data, Event, Operation, whole_seconds};
use super::store::Executions;
use crate::errors::ApiError;
use crate::outcome::{ErrorObject, Failure};
use crate::sync::lock;

impl Executions {
    /// Creates a callback, and suspends the execution. Returns its ID and its progress.
    pub fn open_callback(
        &self,
        number: u64,
        operation: Operation,
        timeouts: Timeouts,
    ) -> Result<(String, watch::Receiver<Progress>), Failure> {
        let id = new_id();
        let mut details = json!({ "CallbackId": id });
        for (member, timeout) in [
            ("Timeout", timeouts.total),
            ("HeartbeatTimeout", timeouts.heartbeat),
        ] {
            if let Some(timeout) = timeout {
                details[member] = json!(whole_seconds(timeout));
            }
        }
        let (sender, receiver) = watch::channel(Progress::Open);
        self.change(number, 0, |execution, callbacks, now_ms| {
            let started = Event::new("CallbackStarted", now_ms).of(&operation);
            execution.events.push(started.details(details));
            execution.suspend(now_ms);
            let callback = Callback {
                execution: number,
                operation,
                progress: Some(sender),
            };
            callbacks.insert(id.clone(), callback);
        })?;
        Ok((id, receiver))
    }

    /// Returns the ARN of the execution that created a callback.
    pub fn execution_of_callback(&self, id: &str) -> Option<String> {
        let kept = lock(&self.kept);
        let execution = kept.callbacks.get(id)?.execution;
        Some(kept.executions.get(&execution)?.arn.clone())
    }

    /// Completes a callback, or extends the time for it.
    pub fn complete_callback(&self, id: &str, completion: Completion) -> Result<(), ApiError> {
        let (completed, bytes) = match completion {
            Completion::Heartbeat => {
                let kept = lock(&self.kept);
                let callback = kept.callbacks.get(id).ok_or_else(|| not_found(id))?;
                let progress = callback.progress.as_ref();
                let progress = progress.ok_or_else(ApiError::callback_closed)?;
                progress.send_replace(Progress::Open);
                return Ok(());
            }
            Completion::Success(result) => {
                let bytes = result.len();
                (Ok(result), bytes)
            }
            Completion::Failure(error) => {
                let bytes = error.size();
                (Err(Arc::new(error)), bytes)
            }
        };
        let kind = match &completed {
            Ok(_) => "CallbackSucceeded",
            Err(_) => "CallbackFailed",
        };
        self.close_callback(id, kind, bytes, completed)
    }

    /// Fails a callback whose time is over. Does nothing if it has been completed.
    pub fn time_out_callback(&self, id: &str, message: &str) {
        let error = ErrorObject::new("CallbackTimeout", message);
        let (bytes, error) = (error.size(), Err(Arc::new(error)));
        // An error means that the callback is closed.
        let _ = self.close_callback(id, "CallbackTimedOut", bytes, error);
    }

    fn close_callback(
        &self,
        id: &str,
        kind: &'static str,
        bytes: usize,
        completed: Completed,
    ) -> Result<(), ApiError> {
        let mut kept = lock(&self.kept);
        let callback = kept.callbacks.get(id).ok_or_else(|| not_found(id))?;
        if callback.progress.is_none() {
            return Err(ApiError::callback_closed());
        }
        if !kept.make_room(0, bytes) {
            return Err(ApiError::too_many_executions());
        }
        let now_ms = self.clock.now_ms();
        let kept = &mut *kept;
        let callback = kept.callbacks.get_mut(id).ok_or_else(|| not_found(id))?;
        let execution = kept.executions.get_mut(&callback.execution);
        let execution = execution.ok_or_else(|| not_found(id))?;
        let progress = callback.progress.take();
        let progress = progress.ok_or_else(ApiError::callback_closed)?;
        execution.data_bytes += bytes;
        let data = match &completed {
            Ok(result) => Data::Result(Arc::clone(result)),
            Err(error) => Data::Error(Arc::clone(error)),
        };
        let event = Event::new(kind, now_ms).of(&callback.operation);
        execution.events.push(event.data(data));
        progress.send_replace(Progress::Completed(completed));
        Ok(())
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found(format!("Callback not found: {id}"))
}

/// Returns an ID that contains every character that a client must encode in a path.
fn new_id() -> String {
    STANDARD.encode([&b"\xfb\xef\xff"[..], Uuid::new_v4().as_bytes()].concat())
}
