//! Errors of the host.

use std::time::Duration;

use wasmtime::Trap;

/// An error of the host. The component's own errors are values that its functions return.
///
/// The variants own their text, so that clones can be handed to every caller of a shared instance;
/// [`source`](std::error::Error::source) returns `None`.
///
/// ```
/// use std::time::Duration;
///
/// use aws_lambda_connector_host::sandbox::HostError;
///
/// /// Whether AWS may have received the request.
/// fn may_have_been_sent(error: &HostError) -> bool {
///     match error {
///         HostError::Load { .. }
///         | HostError::Setup(_)
///         | HostError::Instantiate(_)
///         | HostError::NotShared
///         | HostError::NotStreaming
///         | HostError::NotAdmitted { .. } => false,
///         HostError::Trap(_)
///         | HostError::MemoryLimit { .. }
///         | HostError::CpuLimit { .. }
///         | HostError::AttemptsSpent { .. }
///         | HostError::Timeout { .. } => true,
///     }
/// }
///
/// assert!(may_have_been_sent(&HostError::Timeout { limit: Duration::from_secs(1860) }));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// The file cannot be read, or this host cannot run it as a component.
    #[error("{path} cannot be loaded: {reason}")]
    Load {
        /// The component's file, or `the component` if it was loaded from memory.
        path: String,
        /// The message of wasmtime or the file system. It names the import that is not supported.
        reason: String,
    },
    /// wasmtime or TLS cannot be set up with these options.
    #[error("the host cannot be set up: {0}")]
    Setup(String),
    /// The component cannot be instantiated for the call.
    #[error("the component cannot be instantiated: {0}")]
    Instantiate(String),
    /// The component's functions are not `async`, so calls in one instance would block each other.
    #[error("an instance of this component cannot be shared: its functions are not `async`")]
    NotShared,
    /// The component cannot hand on a response while it arrives: only the one for WASI 0.3 can.
    #[error(
        "this component cannot stream a response: live streaming needs the component for WASI 0.3"
    )]
    NotStreaming,
    /// The shared instance was busy for all of the call's wait. Nothing was sent.
    #[error(
        "the call was not admitted within {limit:?}: the instance runs as many calls as it may; \
         try again later, or share more instances"
    )]
    NotAdmitted {
        /// The limit: [`Options::admission_timeout`](super::Options::admission_timeout).
        limit: Duration,
    },
    /// The component trapped, which is a bug in the component, or its instance ended during the
    /// call.
    #[error("the component trapped: {0}")]
    Trap(String),
    /// The component requested more memory than its limit, and trapped without it.
    #[error("the component exceeded its memory limit of {limit} bytes")]
    MemoryLimit {
        /// The limit in bytes: [`Options::memory_limit`](super::Options::memory_limit).
        limit: usize,
    },
    /// The component used more CPU time than its budget. Waiting does not count.
    #[error("the component ran for longer than its CPU budget of {budget:?}")]
    CpuLimit {
        /// The limit: [`Options::cpu_budget`](super::Options::cpu_budget).
        budget: Duration,
    },
    /// The call took longer than its timeout. A request that was sent may still take effect.
    #[error("the call did not finish within {limit:?}")]
    Timeout {
        /// The limit: [`Options::call_timeout`](super::Options::call_timeout), or
        /// [`Options::stream_timeout`](super::Options::stream_timeout) after the head of a stream.
        limit: Duration,
    },
    /// The component began another request after as many failed ones as
    /// [`RequestLimits::attempts`](super::RequestLimits::attempts) allows.
    #[error("the call spent its {attempts} attempts; {last}")]
    AttemptsSpent {
        /// The number of failed requests in a row.
        attempts: u8,
        /// How the last of them ended.
        last: LastAttempt,
    },
}

/// How the last request of a call ended: see [`HostError::AttemptsSpent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LastAttempt {
    /// It exceeded a timeout.
    #[error("the last one timed out")]
    TimedOut,
    /// There was no connection, so none of it was sent.
    #[error("the last one did not connect")]
    NotConnected,
    /// It was sent, and got no whole response.
    #[error("the last one got no whole response")]
    Broken,
    /// Its response had this status.
    #[error("the last one got status {0}")]
    Status(u16),
}

/// Returns the trap's name and location. wasmtime's own message has only the location.
pub fn trap_message(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{trap}; {error}"),
        None => format!("{error:#}"),
    }
}
