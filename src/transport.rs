//! The boundary to the outside world: the network, the clocks, and the state that outlives a call.

use alloc::string::String;

use crate::aws::message::{Request, Response};
use crate::call::delivery::TimeLimits;
use crate::call::error::TransportKind;
use crate::session_cache::SessionCache;

pub mod body;

/// What a call needs from its environment.
///
/// The component implements it over `wasi:http`, the tests with scripted responses. A component has
/// one thread, so the futures need not be `Send`.
///
/// # Examples
///
/// A machine that is offline. A [`Failure`] that proves that nothing was sent permits another
/// attempt:
///
/// ```
/// use std::thread::sleep;
/// use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
///
/// use aws_lambda_connector::aws::endpoint::EndpointChoice;
/// use aws_lambda_connector::aws::message::{Request, Response};
/// use aws_lambda_connector::block_on::block_on;
/// use aws_lambda_connector::call::connection::{Connection, Credentials};
/// use aws_lambda_connector::call::delivery::TimeLimits;
/// use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
/// use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
/// use aws_lambda_connector::perform::perform;
/// use aws_lambda_connector::session_cache::SessionCache;
/// use aws_lambda_connector::transport::{Failure, Reached, Transport};
///
/// struct Offline {
///     started: Instant,
///     sessions: SessionCache,
/// }
///
/// impl Transport for Offline {
///     fn now_s(&self) -> u64 {
///         SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
///     }
///
///     fn monotonic_ns(&self) -> u64 {
///         self.started.elapsed().as_nanos() as u64
///     }
///
///     async fn wait_ms(&self, ms: u64) {
///         sleep(Duration::from_millis(ms));
///     }
///
///     async fn send(&self, _: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
///         Err(Failure {
///             kind: TransportKind::Connect,
///             message: "this machine is offline".into(),
///             reached: Reached::Nothing,
///         })
///     }
///
///     fn sessions(&self) -> &SessionCache {
///         &self.sessions
///     }
/// }
///
/// let offline = Offline {
///     started: Instant::now(),
///     sessions: SessionCache::new(),
/// };
/// let connection = Connection {
///     region: "eu-central-1".into(),
///     credentials: Credentials::HostSigned,
///     endpoint: EndpointChoice::Standard,
/// };
/// let request = InvokeRequest {
///     function: "orders".into(),
///     ..InvokeRequest::default()
/// };
///
/// let operation = Invoke::new(connection, request).unwrap();
/// let Err(Error::Transport(error)) = block_on(perform(&offline, operation)) else {
///     panic!("a machine that is offline invoked a function");
/// };
/// assert_eq!((error.executed, error.attempts), (Executed::No, 3));
/// ```
#[allow(async_fn_in_trait)]
pub trait Transport {
    /// Returns the host's wall clock, in seconds since 1970-01-01 00:00 UTC.
    fn now_s(&self) -> u64;

    /// Returns the host's monotonic clock, in nanoseconds.
    fn monotonic_ns(&self) -> u64;

    /// Waits for `ms` milliseconds.
    async fn wait_ms(&self, ms: u64);

    /// Sends `request` once and waits for the complete response, within `limits`.
    ///
    /// # Errors
    /// Returns a [`Failure`] if no complete response arrived.
    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure>;

    /// Returns the temporary keys that are cached between calls.
    fn sessions(&self) -> &SessionCache;
}

/// The reason why a request has no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: TransportKind,
    /// A message for the user. It never quotes the request, which holds secrets.
    pub message: String,
    /// How far the exchange got.
    pub reached: Reached,
}

impl Failure {
    /// Creates a failure.
    pub fn new(kind: TransportKind, reached: Reached, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: message.into(),
            reached,
        }
    }
}

/// How far an exchange without a complete response got.
///
/// This is all that the layer that moves bytes knows. What it means for the function depends on the
/// request, and on who sent the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Nothing was sent.
    Nothing,
    /// The request, or a part of it, may have been sent.
    Request,
    /// The head of a response arrived, without its complete body.
    Head(Response),
}
