//! How far the host's clock is from AWS's, learnt from answers.
//!
//! Source: the rule that AWS's SDKs share since 2026 (`clock-skew-test-cases.json` in the package
//! of `aws-runtime`, which the tests run).

use super::message::Response;
use super::time;

/// Lambda tolerates 5 minutes; beyond 4, a refused signature may be the clock's fault.
const DETECTION_THRESHOLD_S: i64 = 4 * 60;
/// A longer exchange says nothing about the clock.
const MAX_TRUSTED_S: u64 = 15 * 60;
/// The `Date` of a quick answer lies in the middle of the exchange. A synchronous invocation is
/// answered when the function ends, minutes later: its `Date` is that of the receipt.
const MAX_QUICK_S: u64 = 30;

/// The service's clock as seen from the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceClock {
    /// Seconds by which AWS is ahead of the host.
    skew: i64,
    observed: bool,
}

impl ServiceClock {
    /// The time to sign with, when the host's clock says `now` (seconds since 1970).
    pub fn signing_time(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.skew)
    }

    /// Seconds by which AWS is ahead of the host, if any answer has shown it.
    pub fn skew_s(&self) -> Option<i64> {
        self.observed.then_some(self.skew)
    }

    /// Learns from an answer; `sent` and `received` are by the host's clock. Says whether the
    /// answer shows a clock that is so far off that a signature would be refused for it.
    pub fn observe(&mut self, response: &Response, sent: u64, received: u64) -> bool {
        let Some(date) = response
            .header("date")
            .and_then(|date| time::parse_http_date(&date))
        else {
            return false;
        };
        let round_trip = received.saturating_sub(sent);
        // A cache answers with the date of what it kept.
        if response.header("age").is_some() || round_trip > MAX_TRUSTED_S {
            return false;
        }
        let at = if round_trip <= MAX_QUICK_S {
            sent.saturating_add(round_trip / 2)
        } else {
            received
        };
        self.skew = signed_difference(date, at);
        self.observed = true;
        self.skew.saturating_abs() > DETECTION_THRESHOLD_S
    }
}

fn signed_difference(a: u64, b: u64) -> i64 {
    let clamp = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    clamp(a).saturating_sub(clamp(b))
}

/// Codes with which AWS may refuse a signature for its date.
pub fn is_skew_code(code: &str) -> bool {
    matches!(
        code,
        "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "AuthFailure"
            | "RequestTimeTooSkewed"
            | "AccessDeniedException"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(date: &str) -> Response {
        Response {
            headers: vec![("Date".into(), date.as_bytes().to_vec())],
            ..Response::default()
        }
    }

    /// 2026-01-01T00:00:00Z
    const NOW: u64 = 1_767_225_600;

    #[test]
    fn a_long_invocation_is_not_taken_for_a_skewed_clock() {
        let mut clock = ServiceClock::default();
        // Twelve minutes: by the middle of the exchange the clock would seem 6 minutes off.
        let response = dated("Thu, 01 Jan 2026 00:12:00 GMT");
        assert!(!clock.observe(&response, NOW, NOW + 720));
        assert_eq!(clock.signing_time(NOW + 720), NOW + 720);
    }

    #[test]
    fn clocks_an_hour_off_either_way() {
        for (host, ahead) in [(NOW - 3_600, 3_600), (NOW + 3_600, -3_600)] {
            let mut clock = ServiceClock::default();
            assert!(clock.observe(&dated("Thu, 01 Jan 2026 00:00:00 GMT"), host, host));
            assert_eq!(clock.skew_s(), Some(ahead));
            assert_eq!(clock.signing_time(host + 1), NOW + 1);
        }
    }

    #[test]
    fn odd_dates_and_clocks_teach_nothing_and_do_not_trap() {
        let mut clock = ServiceClock::default();
        for date in [
            "",
            "yesterday",
            "Thu, 99 Jan 2026 00:00:00 GMT",
            "Thu, 01 Jan 2026 25:00:00 GMT",
        ] {
            assert!(!clock.observe(&dated(date), NOW, NOW));
        }
        assert_eq!(clock, ServiceClock::default());
        clock.observe(&dated("Thu, 01 Jan 1970 00:00:00 GMT"), u64::MAX, u64::MAX);
        assert_eq!(clock.signing_time(0), 0);
        clock.observe(&dated("Fri, 31 Dec 9999 23:59:59 GMT"), u64::MAX, 0);
        clock.signing_time(u64::MAX);
    }
}
