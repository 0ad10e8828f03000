//! Decides after each failed attempt whether to report its error or to wait and retry.
//!
//! A function may charge a credit card. It is invoked again only if it provably did not start, or
//! if the caller declared that it may run twice.

use crate::aws::clock_skew::{SigningDate, is_skew_code};
use crate::aws::retry::{RetryReason, backoff_ms};
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, Executed, ServiceError};
use crate::call::error_codes::is_clock_skew;

/// The attempts of one call. If the call sends several requests, each has its own attempts.
#[derive(Clone, Debug)]
pub struct Attempts {
    delivery: Delivery,
    /// Whether an attempt followed only because the date of the last signature was rejected.
    date_renewed: bool,
    keys_renewed: bool,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt<'a> {
    /// The attempt's error.
    pub error: &'a Error,
    /// The number of the attempt, from 1.
    pub attempt: u8,
    /// Milliseconds since the first attempt began.
    pub elapsed_ms: u64,
    /// The response's `x-amz-retry-after`.
    pub retry_after_ms: Option<u64>,
    /// What the response shows about the date of the attempt's signature.
    pub signing_date: SigningDate,
    /// The temporary keys of an assumed role have expired. The next attempt is signed with new
    /// ones.
    pub keys_expired: bool,
    /// A random number, uniform over all of `u64`.
    pub jitter: u64,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Report the failure.
    Return,
    /// Wait this many milliseconds, then sign and send the request again.
    Wait(u64),
}

impl Attempts {
    /// No attempt was made yet.
    pub fn new(delivery: Delivery) -> Attempts {
        Attempts {
            delivery,
            date_renewed: false,
            keys_renewed: false,
        }
    }

    /// Decides what to do after a failed attempt.
    pub fn after(&mut self, failed: &FailedAttempt<'_>) -> RetryDecision {
        if failed.attempt >= self.delivery.max_attempts {
            return RetryDecision::Return;
        }
        let Some(reason) = self.reason(failed) else {
            return RetryDecision::Return;
        };
        let wait = backoff_ms(reason, failed.attempt, failed.jitter, failed.retry_after_ms);
        // An attempt without time to finish would turn a clear error into an unknown outcome.
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
                if !self.date_renewed && has_other_date_next(error, failed.signing_date) {
                    self.date_renewed = true;
                    return Some(RetryReason::Other);
                }
                if failed.keys_expired && !self.keys_renewed {
                    self.keys_renewed = true;
                    return Some(RetryReason::Other);
                }
                self.service_reason(error)
            }
            Error::Transport(error) => {
                (error.transient && self.may_repeat(error.executed)).then_some(RetryReason::Other)
            }
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

    fn may_repeat(&self, executed: Executed) -> bool {
        match executed {
            Executed::No => true,
            Executed::Unknown => self.delivery.idempotent,
            Executed::Yes => false,
        }
    }
}

/// Whether the next attempt is signed with another date than the rejected one. It is AWS's instead
/// of the host's, or a fresh one instead of one that had aged before it arrived.
fn has_other_date_next(error: &ServiceError, signing_date: SigningDate) -> bool {
    match signing_date {
        SigningDate::Corrected => is_skew_code(&error.code),
        SigningDate::Right => is_clock_skew(&error.code, &error.message),
        SigningDate::Unknown | SigningDate::TooFarOff => false,
    }
}

#[cfg(test)]
mod tests;
