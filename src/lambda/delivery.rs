//! How patient and how persistent one call is.

use alloc::format;

use super::outcome::Error;

/// `types.delivery` as the caller gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Attempts in all.
    pub max_attempts: Option<u8>,
    /// Milliseconds.
    pub connect_timeout_ms: Option<u32>,
    /// Milliseconds.
    pub response_timeout_ms: Option<u32>,
    /// Whether the function may safely run twice.
    pub idempotent: Option<bool>,
}

/// The options with every default filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Attempts in all, 1 to 10.
    pub max_attempts: u8,
    /// From the start to the established connection, milliseconds.
    pub connect_timeout_ms: u32,
    /// From the request to the first byte of its answer, milliseconds.
    pub response_timeout_ms: u32,
    /// Whether the function may safely run twice.
    pub idempotent: bool,
}

/// AWS's `standard` retry mode.
const MAX_ATTEMPTS: u8 = 3;
/// AWS's `standard` defaults mode.
const CONNECT_TIMEOUT_MS: u32 = 3_100;
/// A function runs for 15 minutes at most when it is invoked synchronously.
const SYNCHRONOUS_TIMEOUT_MS: u32 = 915_000;
const QUICK_TIMEOUT_MS: u32 = 30_000;

impl Delivery {
    /// Checks `options`, which stand at `field`; `synchronous` where the answer waits for the
    /// function's end.
    ///
    /// # Errors
    /// `invalid-input` that names the option.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let delivery = |synchronous| Delivery::new("request.delivery", None, synchronous).unwrap();
        assert_eq!(
            delivery(true),
            Delivery {
                max_attempts: 3,
                connect_timeout_ms: 3_100,
                response_timeout_ms: 915_000,
                idempotent: false
            }
        );
        assert_eq!(delivery(false).response_timeout_ms, 30_000);
    }

    #[test]
    fn options_out_of_range_are_named() {
        let field = |options: Options| match Delivery::new("query.delivery", Some(&options), true) {
            Err(Error::InvalidInput(input)) => input.field,
            other => panic!("{other:?}"),
        };
        for max_attempts in [0, 11, 255] {
            let options = Options {
                max_attempts: Some(max_attempts),
                ..Options::default()
            };
            assert_eq!(field(options), "query.delivery.max-attempts");
        }
        let options = Options {
            connect_timeout_ms: Some(0),
            ..Options::default()
        };
        assert_eq!(field(options), "query.delivery.connect-timeout-ms");
        let options = Options {
            response_timeout_ms: Some(0),
            ..Options::default()
        };
        assert_eq!(field(options), "query.delivery.response-timeout-ms");
    }
}
