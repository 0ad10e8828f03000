//! Durable executions: the first request with a name starts an execution, and later requests with that
//! name find it. An execution suspends while it waits for a time or for a callback.

mod callback;
mod callbacks;
mod context;
mod execution;
mod history;
mod store;

pub(super) use callback::{Completion, Timeouts};
pub(super) use context::DurableContext;
pub(super) use execution::{Execution, Start};
pub(super) use history::seconds;
pub(super) use store::Executions;

#[cfg(test)]
mod tests;
