//! What goes wrong on the host's side.

use std::time::Duration;

use wasmtime::Trap;

/// What went wrong on the host's side of a call. The component's own errors are values.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// The file is not a component that this host can run. Says which import, where one is
    /// missing.
    #[error("{path} cannot be loaded: {reason}")]
    Load {
        /// The component's file.
        path: String,
        /// wasmtime's words.
        reason: String,
    },
    /// wasmtime or TLS could not be set up.
    #[error("the host cannot be set up: {0}")]
    Setup(String),
    /// No instance could be made for the call.
    #[error("the component cannot be instantiated: {0}")]
    Instantiate(String),
    /// Its functions are not `async`, so that calls in one instance would wait for each other.
    #[error("an instance of this component cannot be shared: its functions are not `async`")]
    NotShared,
    /// The component failed in a way that it cannot report: a bug in it.
    #[error("the component trapped: {0}")]
    Trap(String),
    /// It asked for more memory than it may have, and could not go on without.
    #[error("the component needed more than its {limit} bytes of memory")]
    MemoryLimit {
        /// [`Options::memory_limit`](super::Options::memory_limit).
        limit: usize,
    },
    /// It ran, rather than waited, for longer than it may.
    #[error("the component ran for longer than its CPU budget of {budget:?}")]
    CpuLimit {
        /// [`Options::cpu_budget`](super::Options::cpu_budget).
        budget: Duration,
    },
    /// The call took too long in all. What it had sent may still take effect.
    #[error("the call did not end within {limit:?}")]
    Timeout {
        /// [`Options::call_timeout`](super::Options::call_timeout).
        limit: Duration,
    },
}

/// The trap's name and where it happened; without the name wasmtime's message is only the place.
pub fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{trap}; {error}"),
        None => format!("{error:#}"),
    }
}
