//! The world outside: one request over the network, the clocks, and what outlives a call.

use alloc::string::String;

use crate::aws::message::{Request, Response};
use crate::call::delivery::TimeLimits;
use crate::call::error::{Executed, TransportKind};
use crate::session_cache::SessionCache;

/// Implemented over `wasi:http` for the component, and by scripts for the tests.
///
/// A component has one thread, so the futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Transport {
    /// Seconds since 1970-01-01 00:00 UTC.
    fn now_s(&self) -> u64;

    /// Nanoseconds of a clock that never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Waits.
    async fn wait_ms(&self, ms: u64);

    /// Sends a request once and waits for its whole response, no longer than `limits` allow.
    ///
    /// # Errors
    /// Why there is none, and what that says about the function.
    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure>;

    /// The temporary keys that are kept between calls.
    fn sessions(&self) -> &SessionCache;
}

/// A request without a whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: TransportKind,
    /// For people; holds nothing of the request.
    pub message: String,
    /// Whether the function ran, if the request could run it.
    pub executed: Executed,
}
