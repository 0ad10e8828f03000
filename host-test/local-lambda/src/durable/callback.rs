//! A callback: what an execution waits for until a request completes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::history::Operation;
use crate::outcome::ErrorObject;

/// What a request reports about a callback.
pub enum Completion {
    Success(Arc<str>),
    Failure(ErrorObject),
    Heartbeat,
}

pub type Completed = Result<Arc<str>, Arc<ErrorObject>>;

/// What the run that waits for a callback sees.
pub enum Progress {
    /// The callback is open. The latest change is its creation or a heartbeat.
    Open,
    Completed(Completed),
}

/// The times after which a callback fails.
#[derive(Clone, Copy, Default)]
pub struct Timeouts {
    pub total: Option<Duration>,
    /// The longest time between two heartbeats.
    pub heartbeat: Option<Duration>,
}

pub struct Callback {
    /// The number of the execution that waits.
    pub execution: u64,
    pub operation: Operation,
    /// `None` once the callback is closed.
    pub progress: Option<watch::Sender<Progress>>,
}

impl Callback {
    pub fn close(&mut self) {
        self.progress = None;
    }
}
