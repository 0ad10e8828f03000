//! Corrects for clock skew: the difference between the host's clock and AWS's, measured from
//! responses.
//!
//! Source: the rule that AWS's SDKs have shared since 2026 (`clock-skew-test-cases.json` in the
//! `aws-runtime` package, which the tests run).

use super::message::Response;
use super::time;

/// Lambda tolerates 5 minutes. Beyond 4, the clock may be why a signature was rejected.
const DETECTION_THRESHOLD_S: i64 = 4 * 60;
/// The `Date` of a longer exchange is too imprecise to measure the clock.
const MAX_TRUSTED_S: u64 = 15 * 60;
/// The longest exchange whose `Date` is taken to be from its midpoint. A synchronous invocation
/// responds when the function ends, possibly minutes later, so its `Date` is close to the receipt.
const MAX_QUICK_S: u64 = 30;

/// The largest skew that is corrected. A clock set to another time zone is at most 14 hours off. The
/// correction must not let a false `Date` obtain a signature for a distant day.
const MAX_CORRECTED_S: i64 = 24 * 60 * 60;

/// What a response shows about the date with which its request was signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningDate {
    /// Nothing: the response has no date to measure by.
    #[default]
    Unknown,
    /// It was right.
    Right,
    /// It was so far off that AWS rejects the signature. The next one follows AWS's clock.
    Corrected,
    /// It was further off than is corrected.
    TooFarOff,
}

impl SigningDate {
    /// Whether AWS may have rejected the signature for its date.
    pub fn was_off(self) -> bool {
        matches!(self, SigningDate::Corrected | SigningDate::TooFarOff)
    }
}

/// AWS's clock, relative to the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceClock {
    /// Seconds by which AWS is ahead of the host.
    skew: i64,
    observed: bool,
}

impl ServiceClock {
    /// Returns the time to sign with when the host's clock reads `now` (seconds since 1970).
    pub fn signing_time(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.correction())
    }

    /// Whether signatures follow AWS's clock. They do not if it is too far from the host's.
    pub fn is_followed(&self) -> bool {
        self.correction() == self.skew
    }

    fn correction(&self) -> i64 {
        if self.skew.saturating_abs() > MAX_CORRECTED_S {
            0
        } else {
            self.skew
        }
    }

    /// Returns the seconds by which AWS is ahead of the host, once a response has shown them.
    pub fn skew_s(&self) -> Option<i64> {
        self.observed.then_some(self.skew)
    }

    /// Measures the skew from a response. `sent` and `received` are times of the host's clock.
    ///
    /// The response must be AWS's: any other could have any date.
    pub fn observe(&mut self, response: &Response, sent: u64, received: u64) -> SigningDate {
        let Some(date) = response
            .header("date")
            .and_then(|date| time::parse_http_date(&date))
        else {
            return SigningDate::Unknown;
        };
        let round_trip = received.saturating_sub(sent);
        // A cached response has the date of the original.
        if response.header("age").is_some() || round_trip > MAX_TRUSTED_S {
            return SigningDate::Unknown;
        }
        let at = if round_trip <= MAX_QUICK_S {
            sent.saturating_add(round_trip / 2)
        } else {
            received
        };
        let signed_with = self.correction();
        self.skew = signed_difference(date, at);
        self.observed = true;
        let off = self.skew.saturating_sub(signed_with).saturating_abs();
        if off <= DETECTION_THRESHOLD_S {
            SigningDate::Right
        } else if self.skew.saturating_abs() > MAX_CORRECTED_S {
            SigningDate::TooFarOff
        } else {
            SigningDate::Corrected
        }
    }
}

fn signed_difference(a: u64, b: u64) -> i64 {
    let clamp = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    clamp(a).saturating_sub(clamp(b))
}

/// Whether AWS uses `code` to reject a signature for its date, among other reasons.
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
    fn a_long_invocation_does_not_look_like_a_skewed_clock() {
        let mut clock = ServiceClock::default();
        // Twelve minutes: measured at the midpoint, the clock would seem 6 minutes off.
        let response = dated("Thu, 01 Jan 2026 00:12:00 GMT");
        assert_eq!(clock.observe(&response, NOW, NOW + 720), SigningDate::Right);
        assert_eq!(clock.signing_time(NOW + 720), NOW + 720);
    }

    #[test]
    fn a_clock_an_hour_off_in_either_direction_is_corrected() {
        for (host, ahead) in [(NOW - 3_600, 3_600), (NOW + 3_600, -3_600)] {
            let mut clock = ServiceClock::default();
            let response = dated("Thu, 01 Jan 2026 00:00:00 GMT");
            assert_eq!(clock.observe(&response, host, host), SigningDate::Corrected);
            // The next request is signed with the right date.
            assert_eq!(clock.observe(&response, host, host), SigningDate::Right);
            assert_eq!(clock.skew_s(), Some(ahead));
            assert_eq!(clock.signing_time(host + 1), NOW + 1);
        }
    }

    #[test]
    fn clock_is_corrected_beyond_four_minutes() {
        for (seconds, date) in [(240, SigningDate::Right), (241, SigningDate::Corrected)] {
            for host in [NOW - seconds, NOW + seconds] {
                let mut clock = ServiceClock::default();
                let response = dated("Thu, 01 Jan 2026 00:00:00 GMT");
                assert_eq!(clock.observe(&response, host, host), date, "{seconds}");
            }
        }
    }

    #[test]
    fn date_of_a_cached_response_or_of_a_long_exchange_is_ignored() {
        let mut clock = ServiceClock::default();
        let mut response = dated("Thu, 01 Jan 2026 01:00:00 GMT");
        let seen = clock.observe(&response, NOW, NOW + 901);
        assert_eq!(seen, SigningDate::Unknown);
        assert_eq!(clock, ServiceClock::default());
        let seen = clock.observe(&response, NOW, NOW + 900);
        assert_eq!(
            (seen, clock.skew_s()),
            (SigningDate::Corrected, Some(2_700))
        );

        let mut clock = ServiceClock::default();
        response.headers.push(("Age".into(), b"1".to_vec()));
        assert_eq!(clock.observe(&response, NOW, NOW), SigningDate::Unknown);
        assert_eq!(clock, ServiceClock::default());
    }

    #[test]
    fn date_is_from_the_middle_of_an_exchange_of_up_to_30_seconds() {
        for (seconds, skew) in [(30, 3_585), (31, 3_569)] {
            let mut clock = ServiceClock::default();
            let response = dated("Thu, 01 Jan 2026 01:00:00 GMT");
            clock.observe(&response, NOW, NOW + seconds);
            assert_eq!(clock.skew_s(), Some(skew), "{seconds}");
        }
    }

    #[test]
    fn a_clock_is_not_corrected_by_more_than_a_day() {
        for (host, date) in [
            (NOW, SigningDate::Right),
            (NOW - 86_400, SigningDate::Corrected),
            (NOW + 86_400, SigningDate::Corrected),
            (NOW - 86_401, SigningDate::TooFarOff),
            (NOW + 86_401, SigningDate::TooFarOff),
            (0, SigningDate::TooFarOff),
        ] {
            let mut clock = ServiceClock::default();
            let response = dated("Thu, 01 Jan 2026 00:00:00 GMT");
            assert_eq!(clock.observe(&response, host, host), date, "{host}");
            let signs_with = if date == SigningDate::TooFarOff {
                host
            } else {
                NOW
            };
            assert_eq!(clock.signing_time(host), signs_with, "{host}");
            assert_eq!(date.was_off(), date != SigningDate::Right);
            assert_eq!(clock.is_followed(), date != SigningDate::TooFarOff);
        }
    }

    #[test]
    fn malformed_dates_are_ignored_and_extreme_clocks_do_not_trap() {
        let mut clock = ServiceClock::default();
        for date in [
            "",
            "yesterday",
            "Thu, 99 Jan 2026 00:00:00 GMT",
            "Thu, 01 Jan 2026 25:00:00 GMT",
        ] {
            assert_eq!(clock.observe(&dated(date), NOW, NOW), SigningDate::Unknown);
        }
        assert_eq!(clock, ServiceClock::default());
        clock.observe(&dated("Thu, 01 Jan 1970 00:00:00 GMT"), u64::MAX, u64::MAX);
        assert_eq!(clock.signing_time(0), 0);
        clock.observe(&dated("Fri, 31 Dec 9999 23:59:59 GMT"), u64::MAX, 0);
        clock.signing_time(u64::MAX);
    }
}
