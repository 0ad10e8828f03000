//! Time-outs and retry options of one call.

use alloc::format;

use crate::call::error::Error;

/// The interface's `types.delivery`, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The most attempts, including the first.
    pub max_attempts: Option<u8>,
    /// The connect time-out in milliseconds.
    pub connect_timeout_ms: Option<u32>,
    /// The response time-out in milliseconds.
    pub response_timeout_ms: Option<u32>,
    /// Whether the function may safely run twice.
    pub idempotent: Option<bool>,
}

/// The options with every default filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The most attempts, including the first: 1 to 10.
    pub max_attempts: u8,
    /// Milliseconds from the start to the established connection.
    pub connect_timeout_ms: u32,
    /// Milliseconds from the request to the first byte of its response.
    pub response_timeout_ms: u32,
    /// Whether the function may safely run twice.
    pub idempotent: bool,
}

/// The default of the AWS SDKs' `standard` retry mode.
const MAX_ATTEMPTS: u8 = 3;
/// The default of the AWS SDKs' `standard` defaults mode.
const CONNECT_TIMEOUT_MS: u32 = 3_100;
/// A synchronous invocation runs for at most 30 minutes.
const SYNCHRONOUS_TIMEOUT_MS: u32 = 1_815_000;
const QUICK_TIMEOUT_MS: u32 = 30_000;
/// The longest pause in a response that has begun. Lambda sends it without pauses.
const BETWEEN_BYTES_MS: u32 = 30_000;
/// The longest time for the rest of a response that has begun: 6 MiB at 20 KiB per second.
const BODY_MS: u32 = 300_000;
/// The longest time for a streamed response: a function runs for at most 30 minutes, and its last bytes
/// arrive at 2 MB per second.
const STREAM_MS: u32 = 1_920_000;

/// How long each phase of one attempt may take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// From the start to the established connection.
    pub connect_ms: u32,
    /// From the established connection to the first byte of the response.
    pub first_byte_ms: u32,
    /// From the start to the response's head, even if the host ignores the two limits above.
    pub head_ms: u64,
    /// Between two pieces of the response.
    pub between_bytes_ms: u32,
    /// From the response's head to its end.
    pub body_ms: u32,
}

impl Delivery {
    /// Checks `options`, which the caller passed in `field`. `synchronous` means that the response
    /// waits for the function to end.
    ///
    /// # Errors
    /// `invalid-input`, which names the option.
    pub fn new(
        field: &str,
        options: Option<&Options>,
        synchronous: bool,
    ) -> Result<Delivery, Error> {
        let none = Options::default();
        let options = options.unwrap_or(&none);
        let max_attempts = options.max_attempts.unwrap_or(MAX_ATTEMPTS);
        if !(1..=10).contains(&max_attempts) {
            return Err(Error::invalid(
                format!("{field}.max-attempts"),
                "it must be 1 to 10",
            ));
        }
        let timeout = |name: &str, value: Option<u32>, default: u32| match value {
            Some(0) => Err(Error::invalid(
                format!("{field}.{name}"),
                "it must be at least 1 millisecond; leave it out for the default",
            )),
            Some(value) => Ok(value),
            None => Ok(default),
        };
        Ok(Delivery {
            max_attempts,
            connect_timeout_ms: timeout(
                "connect-timeout-ms",
                options.connect_timeout_ms,
                CONNECT_TIMEOUT_MS,
            )?,
            response_timeout_ms: timeout(
                "response-timeout-ms",
                options.response_timeout_ms,
                if synchronous {
                    SYNCHRONOUS_TIMEOUT_MS
                } else {
                    QUICK_TIMEOUT_MS
                },
            )?,
            idempotent: options.idempotent.unwrap_or(false),
        })
    }

    /// Returns the most milliseconds from the start of the first attempt to the head of the last
    /// response, waits included. This is the time that all attempts take if each one times out.
    pub fn longest_ms(&self) -> u64 {
        self.attempt_ms().saturating_mul(self.max_attempts.into())
    }

    /// Returns the limits of an attempt that begins `elapsed_ms` after the first.
    ///
    /// The body's limit does not depend on the time that the head took. The function has run, and
    /// its response must not be lost because the function was slow. A streamed response pauses while
    /// the function works, and ends when the function does.
    pub fn time_limits(&self, elapsed_ms: u64, is_streamed: bool) -> TimeLimits {
        let (between_bytes_ms, body_ms) = if is_streamed {
            (self.response_timeout_ms, STREAM_MS)
        } else {
            let body_ms = self.response_timeout_ms.min(BODY_MS);
            (body_ms.min(BETWEEN_BYTES_MS), body_ms)
        };
        TimeLimits {
            connect_ms: self.connect_timeout_ms,
            first_byte_ms: self.response_timeout_ms,
            head_ms: self
                .attempt_ms()
                .min(self.longest_ms().saturating_sub(elapsed_ms)),
            between_bytes_ms,
            body_ms,
        }
    }

    /// Returns the options for requests to STS that precede the call: the call's own, with a
    /// response time-out of at most 30 seconds.
    pub fn for_sts(&self) -> Delivery {
        Delivery {
            response_timeout_ms: self.response_timeout_ms.min(QUICK_TIMEOUT_MS),
            ..*self
        }
    }

    fn attempt_ms(&self) -> u64 {
        u64::from(self.connect_timeout_ms).saturating_add(self.response_timeout_ms.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refused;

    #[test]
    fn options_left_out_have_their_defaults() {
        let delivery = |synchronous| Delivery::new("request.delivery", None, synchronous).unwrap();
        assert_eq!(
            delivery(true),
            Delivery {
                max_attempts: 3,
                connect_timeout_ms: 3_100,
                response_timeout_ms: 1_815_000,
                idempotent: false
            }
        );
        assert_eq!(delivery(false).response_timeout_ms, 30_000);
    }

    #[test]
    fn an_attempt_is_limited_by_its_time_outs_and_the_remaining_time() {
        let limits = |response_timeout_ms, elapsed_ms| {
            let options = Options {
                connect_timeout_ms: Some(1_000),
                response_timeout_ms: Some(response_timeout_ms),
                ..Options::default()
            };
            Delivery::new("delivery", Some(&options), true)
                .unwrap()
                .time_limits(elapsed_ms, false)
        };
        let short = TimeLimits {
            connect_ms: 1_000,
            first_byte_ms: 9_000,
            head_ms: 10_000,
            between_bytes_ms: 9_000,
            body_ms: 9_000,
        };
        assert_eq!(limits(9_000, 0), short);
        assert_eq!(limits(9_000, 20_000), short);
        for (elapsed_ms, head_ms) in [(20_001, 9_999), (29_999, 1), (30_000, 0), (u64::MAX, 0)] {
            assert_eq!(limits(9_000, elapsed_ms), TimeLimits { head_ms, ..short });
        }
        let long = TimeLimits {
            connect_ms: 1_000,
            first_byte_ms: 1_815_000,
            head_ms: 1_816_000,
            between_bytes_ms: 30_000,
            body_ms: 300_000,
        };
        assert_eq!(limits(1_815_000, 0), long);
    }

    #[test]
    fn streamed_response_may_pause_for_the_response_time_out() {
        let options = Options {
            response_timeout_ms: Some(90_000),
            ..Options::default()
        };
        let delivery = Delivery::new("delivery", Some(&options), true).unwrap();
        let limits = delivery.time_limits(0, true);
        assert_eq!(
            (limits.between_bytes_ms, limits.body_ms),
            (90_000, 1_920_000)
        );
    }

    #[test]
    fn sts_is_given_30_seconds_at_most() {
        let delivery = Delivery::new("delivery", None, true).unwrap();
        assert_eq!(
            delivery.for_sts(),
            Delivery {
                response_timeout_ms: 30_000,
                ..delivery
            }
        );
        let short = Delivery {
            response_timeout_ms: 5,
            ..delivery
        };
        assert_eq!(short.for_sts(), short);
    }

    #[test]
    fn an_option_out_of_range_is_rejected_by_name() {
        let refused = |change: &dyn Fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            refused(Delivery::new("query.delivery", Some(&options), true)).field
        };
        for attempts in [0, 11, 255] {
            let field = refused(&|options| options.max_attempts = Some(attempts));
            assert_eq!(field, "query.delivery.max-attempts");
        }
        let field = refused(&|options| options.connect_timeout_ms = Some(0));
        assert_eq!(field, "query.delivery.connect-timeout-ms");
        let field = refused(&|options| options.response_timeout_ms = Some(0));
        assert_eq!(field, "query.delivery.response-timeout-ms");
    }
}
