//! Small functions over all of their domain.

use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_connector::aws::clock_skew::ServiceClock;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::aws::retry::{Cause, backoff_ms, retry_after_ms};
use aws_lambda_connector::aws::time::{AmzDate, parse_http_date};
use aws_lambda_connector::aws::uri;
use aws_lambda_connector::lambda::json::{self, Fields};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use crate::config;
use crate::mutation::text_like;

const DATES: [&str; 5] = [
    "Sun, 22 Nov 2026 12:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:60 GMT",
    "Sunday, 22-Nov-26 12:00:00 GMT",
    "Sun Nov 22 12:00:00 2026",
];

/// The last second of the year 9999, as far as an HTTP date goes.
const LAST: u64 = 253_402_300_799;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn dates_that_are_dates(seconds in 0..=LAST) {
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        prop_assert_eq!(parse_http_date(&text), Some(seconds), "{}", text);
    }

    #[test]
    fn dates_that_may_be_none(text in text_like(&DATES), sent in any::<u64>(), received in any::<u64>()) {
        let date = parse_http_date(&text);
        prop_assert!(date.is_none_or(|seconds| seconds <= LAST + 1), "{text}: {date:?}");
        let mut clock = ServiceClock::default();
        clock.observe(
            &Response { headers: vec![("date".into(), text.into_bytes())], ..Response::default() },
            sent,
            received,
        );
        AmzDate::from_unix(clock.signing_time(received));
    }

    #[test]
    fn waits(retry in any::<u8>(), jitter in any::<u64>(), asked in any::<Option<u64>>(), throttled in any::<bool>()) {
        let cause = if throttled { Cause::Throttling } else { Cause::Other };
        let alone = backoff_ms(cause, retry, jitter, None);
        prop_assert!(alone < 20_000);
        let wait = backoff_ms(cause, retry, jitter, asked);
        prop_assert!((alone..=alone + 5_000).contains(&wait));
    }

    #[test]
    fn retry_after(text in text_like(&["1500", "-1", "18446744073709551615", "+5"])) {
        if let Some(ms) = retry_after_ms(&text) {
            prop_assert!(text.trim().trim_start_matches(['+', '0']).starts_with(ms.to_string().trim_start_matches('0')));
        }
    }

    #[test]
    fn percent_encoding_is_undone_by_decoding(text in any::<String>()) {
        let mut encoded = String::new();
        uri::encode_into(&mut encoded, &text);
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        prop_assert_eq!(percent_decode_str(&encoded).decode_utf8().unwrap(), text.as_str());
    }

    #[test]
    fn json_is_what_serde_says(text in text_like(&[r#"{"a":[1,2.5e10,"\u00e9"],"b":{"c":null}}"#, "[[[[]]]]", "-0.0e-1"])) {
        prop_assert_eq!(json::check(&text).is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        if let Some(fields) = Fields::read(&text) {
            for name in ["a", "b", "c", ""] {
                prop_assert_eq!(fields.get(name).is_some(), fields.text(name).is_some());
            }
        }
    }
}
