//! Durable executions: the first request with a name starts an execution, and later requests with
//! that name find it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::watch;

use super::execute::Finished;
use super::sync::lock;

#[derive(Clone)]
pub(super) struct Execution {
    pub arn: String,
    pub payload: Bytes,
    /// `None` until the execution has ended.
    pub result: watch::Receiver<Option<Finished>>,
}

/// All executions since the service started. The key is the ARN without its last part, which is the
/// ID of the request that started the execution.
#[derive(Default)]
pub(super) struct Executions(Mutex<HashMap<String, Execution>>);

impl Executions {
    /// Stores a new execution, or returns the existing execution with that name.
    pub fn begin(&self, name: String, new: Execution) -> Option<Execution> {
        match lock(&self.0).entry(name) {
            Entry::Occupied(known) => Some(known.get().clone()),
            Entry::Vacant(free) => {
                free.insert(new);
                None
            }
        }
    }
}
