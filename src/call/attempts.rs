//! Decides after each failed attempt: report its error, or wait and try again.
//!
//! A function may charge a credit card. It is invoked again only where it provably did not start,
//! or where the caller said that it may run twice.

use crate::aws::clock_skew::is_skew_code;
use crate::aws::retry::{RetryReason, backoff_ms};
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, Executed, ServiceError, TransportError, TransportKind};

/// The attempts of one call. A call of many requests counts each one's attempts anew.
#[derive(Clone, Debug)]
pub struct Attempts {
    delivery: Delivery,
    /// Whether an attempt of unknown outcome may be repeated.
    repeatable: bool,
    clock_corrected: bool,
    keys_renewed: bool,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt<'a> {
    /// Why.
    pub error: &'a Error,
    /// Which attempt it was, from 1.
    pub attempt: u8,
    /// Since the first attempt began, milliseconds.
    pub elapsed_ms: u64,
    /// `x-amz-retry-after` of the answer.
    pub retry_after_ms: Option<u64>,
    /// The answer showed that the host's clock is off, and the next attempt will be signed with
    /// the service's.
    pub clock_was_off: bool,
    /// The temporary keys of an assumed role have ended, and the next attempt is signed with new
    /// ones.
    pub keys_expired: bool,
    /// Uniform over all of `u64`.
    pub jitter: u64,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Report the failure.
    Return,
    /// Wait this many milliseconds, then sign and send again.
    Wait(u64),
}

impl Attempts {
    /// `repeatable` where a second run does no harm: a read, a named durable execution, or a
    /// function that the caller declared idempotent.
    pub fn new(delivery: Delivery, repeatable: bool) -> Attempts {
        Attempts {
            delivery,
            repeatable,
            clock_corrected: false,
            keys_renewed: false,
        }
    }

    /// Decides after a failed attempt.
    pub fn after(&mut self, failed: &FailedAttempt<'_>) -> RetryDecision {
        if failed.attempt >= self.delivery.max_attempts {
            return RetryDecision::Return;
        }
        let Some(reason) = self.reason(failed) else {
            return RetryDecision::Return;
        };
        let wait = backoff_ms(reason, failed.attempt, failed.jitter, failed.retry_after_ms);
        // An attempt that cannot be waited for would turn a clear error into an unknown outcome.
        let needed = wait.saturating_add(self.delivery.response_timeout_ms.into());
        if failed.elapsed_ms.saturating_add(needed) > self.delivery.longest_ms() {
            return RetryDecision::Return;
        }
        RetryDecision::Wait(wait)
    }

    fn reason(&mut self, failed: &FailedAttempt<'_>) -> Option<RetryReason> {
        match failed.error {
            Error::InvalidInput(_) | Error::FunctionFailed(_) => None,
            Error::Service(error) | Error::Unauthenticated(error) => {
                if failed.clock_was_off && is_skew_code(&error.code) && !self.clock_corrected {
                    self.clock_corrected = true;
                    return Some(RetryReason::Other);
                }
                if failed.keys_expired && !self.keys_renewed {
                    self.keys_renewed = true;
                    return Some(RetryReason::Other);
                }
                self.service_reason(error)
            }
            Error::Transport(error) => self.transport_reason(error),
        }
    }

    fn service_reason(&self, error: &ServiceError) -> Option<RetryReason> {
        let reason = if error.category == Category::Throttled {
            RetryReason::Throttling
        } else {
            RetryReason::Other
        };
        (error.retryable && self.may_repeat(error.executed)).then_some(reason)
    }

    fn transport_reason(&self, error: &TransportError) -> Option<RetryReason> {
        let passing = match error.kind {
            TransportKind::Dns
            | TransportKind::Connect
            | TransportKind::Timeout
            | TransportKind::CutOff
            | TransportKind::Malformed => true,
            // A certificate, a policy or a host's own fault is the same a second later.
            TransportKind::Tls | TransportKind::Denied | TransportKind::Other => false,
        };
        (passing && self.may_repeat(error.executed)).then_some(RetryReason::Other)
    }

    fn may_repeat(&self, executed: Executed) -> bool {
        match executed {
            Executed::No => true,
            Executed::Unknown => self.repeatable,
            Executed::Yes => false,
        }
    }
}

#[cfg(test)]
mod tests;
