//! The attempt loop's decision: given an attempt's outcome, return it, or wait and try again.
//!
//! A function may charge a credit card. It is invoked again only where it provably did not start,
//! or where the caller said that it may run twice.

use super::delivery::Delivery;
use super::outcome::{Category, Error, Executed, ServiceError, TransportError, TransportKind};
use crate::aws::clock_skew::is_skew_code;
use crate::aws::retry::{Cause, Quota, backoff_ms};

/// The attempts of one call. A call of many requests counts each one's attempts anew.
#[derive(Clone, Debug)]
pub struct Attempts {
    delivery: Delivery,
    /// Whether an attempt of unknown outcome may be repeated.
    repeatable: bool,
    quota: Quota,
    clock_corrected: bool,
    keys_renewed: bool,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
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
pub enum Verdict {
    /// Report the outcome.
    Return,
    /// Wait so many milliseconds, sign anew, send again.
    Wait(u64),
}

impl Attempts {
    /// `repeatable` where a second run does no harm: a read, a named durable execution, or a
    /// function that the caller declared idempotent.
    pub fn new(delivery: Delivery, repeatable: bool) -> Attempts {
        Attempts {
            delivery,
            repeatable,
            quota: Quota::default(),
            clock_corrected: false,
            keys_renewed: false,
        }
    }

    /// Decides after a failed attempt.
    pub fn after(&mut self, outcome: &Outcome<'_>) -> Verdict {
        if outcome.attempt >= self.delivery.max_attempts {
            return Verdict::Return;
        }
        let Some(cause) = self.cause(outcome) else {
            return Verdict::Return;
        };
        let wait = backoff_ms(
            cause,
            outcome.attempt,
            outcome.jitter,
            outcome.retry_after_ms,
        );
        // An attempt that cannot be waited for would turn a clear error into an unknown outcome.
        let needed = wait.saturating_add(self.delivery.response_timeout_ms.into());
        if outcome.elapsed_ms.saturating_add(needed) > self.delivery.longest_ms()
            || !self.quota.pay(cause)
        {
            return Verdict::Return;
        }
        Verdict::Wait(wait)
    }

    /// A request was answered.
    pub fn succeeded(&mut self) {
        self.quota.refund();
    }

    fn cause(&mut self, outcome: &Outcome<'_>) -> Option<Cause> {
        match outcome.error {
            Error::InvalidInput(_) | Error::FunctionFailed(_) => None,
            Error::Service(error) | Error::Unauthenticated(error) => {
                if outcome.clock_was_off && is_skew_code(&error.code) && !self.clock_corrected {
                    self.clock_corrected = true;
                    return Some(Cause::Other);
                }
                if outcome.keys_expired && !self.keys_renewed {
                    self.keys_renewed = true;
                    return Some(Cause::Other);
                }
                self.service_cause(error)
            }
            Error::Transport(error) => self.transport_cause(error),
        }
    }

    fn service_cause(&self, error: &ServiceError) -> Option<Cause> {
        let cause = if error.category == Category::Throttled {
            Cause::Throttling
        } else {
            Cause::Other
        };
        (error.retryable && self.may_repeat(error.executed)).then_some(cause)
    }

    fn transport_cause(&self, error: &TransportError) -> Option<Cause> {
        let passing = match error.kind {
            TransportKind::Dns
            | TransportKind::Connect
            | TransportKind::Timeout
            | TransportKind::CutOff
            | TransportKind::Malformed => true,
            // A certificate, a policy or a host's own fault is the same a second later.
            TransportKind::Tls | TransportKind::Denied | TransportKind::Other => false,
        };
        (passing && self.may_repeat(error.executed)).then_some(Cause::Other)
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
