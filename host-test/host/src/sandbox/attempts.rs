//! Limits on the HTTP requests of one call, beneath those that the component sets itself.

use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Response;
use tokio::sync::Notify;
use wasmtime_wasi_http::{Error, RequestOptions};

use super::error::{HostError, LastAttempt};
use crate::outbound::Body;

/// Limits on the HTTP requests of one call. The component's own limits apply as well.
///
/// See [`Sandbox::call_within`](super::Sandbox::call_within).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// How many requests in a row may fail, by an error or by a status other than 2xx. The call
    /// ends when the component begins another one.
    pub attempts: u8,
    /// The time to establish a connection.
    pub connect_timeout: Duration,
    /// The time from the established connection to the head of the response, and the time between
    /// two pieces of its body.
    pub response_timeout: Duration,
}

/// The requests of one call under [`RequestLimits`].
pub struct Attempts {
    limits: RequestLimits,
    failed: Mutex<Failed>,
    spent: Notify,
}

struct Failed {
    in_a_row: u8,
    last: LastAttempt,
}

impl Attempts {
    pub fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            failed: Mutex::new(Failed {
                in_a_row: 0,
                last: LastAttempt::Broken,
            }),
            spent: Notify::new(),
        }
    }

    /// Waits until the component begins an attempt beyond the limit.
    pub async fn spent(&self) -> HostError {
        self.spent.notified().await;
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        HostError::AttemptsSpent {
            attempts: failed.in_a_row,
            last: failed.last,
        }
    }

    /// Begins an attempt with at most the limits' timeouts. Beyond the limit, it never returns.
    pub async fn begin(&self, options: &mut RequestOptions) {
        let failed = {
            let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.in_a_row
        };
        if failed >= self.limits.attempts {
            self.spent.notify_one();
            return pending().await;
        }
        let limit = |option: &mut Option<Duration>, limit: Duration| {
            *option = Some(option.map_or(limit, |own| own.min(limit)));
        };
        limit(&mut options.connect_timeout, self.limits.connect_timeout);
        let response = self.limits.response_timeout;
        limit(&mut options.first_byte_timeout, response);
        limit(&mut options.between_bytes_timeout, response);
    }

    /// Records how an attempt ended.
    pub fn ended(&self, sent: Result<&Response<Body>, &Error>) {
        let last = match sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(LastAttempt::Status(response.status().as_u16())),
            Err(Error::HttpResponseTimeout | Error::ConnectionTimeout) => {
                Some(LastAttempt::TimedOut)
            }
            Err(
                Error::DnsError { .. }
                | Error::DestinationUnavailable
                | Error::DestinationIpProhibited
                | Error::ConnectionRefused
                | Error::TlsProtocolError
                | Error::TlsCertificateError
                | Error::TlsAlertReceived { .. },
            ) => Some(LastAttempt::NotConnected),
            Err(_) => Some(LastAttempt::Broken),
        };
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match last {
            None => failed.in_a_row = 0,
            Some(last) => {
                failed.in_a_row = failed.in_a_row.saturating_add(1);
                failed.last = last;
            }
        }
    }
}
