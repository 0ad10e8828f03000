//! The backoff of the AWS SDKs' standard mode: exponential, with full jitter.
//!
//! Source: "Retry Behavior 2.1", the SDKs' default since 2026-11-10. [`crate::call::attempts`]
//! decides whether a request is retried at all.
//!
//! The mode's retry quota is left out. It protects a service from long-lived clients, but each call
//! of the connector is a client of its own, with at most 10 attempts per request.

/// Why a request is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    /// The service throttled the caller.
    Throttling,
    /// Any other error.
    Other,
}

const MAX_BACKOFF_MS: u64 = 20_000;
/// The most that `x-amz-retry-after` can add to the backoff.
const RETRY_AFTER_SLACK_MS: u64 = 5_000;

/// Returns the milliseconds to wait before retry number `retry`, counted from 1.
///
/// `jitter` is uniform over all of `u64`. The cap is applied before the jitter. `retry_after_ms`
/// is the value of `x-amz-retry-after` in the response.
pub fn backoff_ms(reason: RetryReason, retry: u8, jitter: u64, retry_after_ms: Option<u64>) -> u64 {
    let base: u64 = match reason {
        RetryReason::Throttling => 1_000,
        RetryReason::Other => 50,
    };
    let doublings = u32::from(retry.saturating_sub(1));
    let most = base
        .saturating_mul(2_u64.saturating_pow(doublings))
        .min(MAX_BACKOFF_MS);
    // most * jitter / 2^64 is the high half of the product.
    let wait =
        u64::try_from(u128::from(most).saturating_mul(u128::from(jitter)) >> 64).unwrap_or(most);
    match retry_after_ms {
        Some(asked) => asked.clamp(wait, wait.saturating_add(RETRY_AFTER_SLACK_MS)),
        None => wait,
    }
}

/// Parses `x-amz-retry-after`, in whole milliseconds. Anything else is ignored.
pub fn retry_after_ms(header: &str) -> Option<u64> {
    header.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_a_cap_of_20_seconds() {
        let most = |reason, retry| backoff_ms(reason, retry, u64::MAX, None);
        assert_eq!(
            [1, 2, 3, 9].map(|n| most(RetryReason::Other, n)),
            [49, 99, 199, 12_799]
        );
        assert_eq!(
            [1, 2, 5, 6, 9].map(|n| most(RetryReason::Throttling, n)),
            [999, 1_999, 15_999, 19_999, 19_999]
        );
        assert_eq!(most(RetryReason::Throttling, 255), 19_999);
        assert_eq!(backoff_ms(RetryReason::Throttling, 3, 0, None), 0);
        assert_eq!(
            backoff_ms(RetryReason::Throttling, 3, u64::MAX / 2, None),
            1_999
        );
    }

    #[test]
    fn retry_after_lengthens_the_backoff_by_at_most_five_seconds() {
        let half = u64::MAX / 2;
        for (asked, wait) in [
            (0, 499),
            (499, 499),
            (3_000, 3_000),
            (5_499, 5_499),
            (5_500, 5_499),
            (u64::MAX, 5_499),
        ] {
            assert_eq!(
                backoff_ms(RetryReason::Throttling, 1, half, Some(asked)),
                wait,
                "{asked}"
            );
        }
        for (header, ms) in [
            ("1500", Some(1_500)),
            (" 0 ", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("1s", None),
            ("", None),
        ] {
            assert_eq!(retry_after_ms(header), ms, "{header}");
        }
    }
}
