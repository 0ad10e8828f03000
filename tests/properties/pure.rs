//! Pure functions over their whole domain.

use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_connector::aws::clock_skew::ServiceClock;
use aws_lambda_connector::aws::json::{self, Fields, Json};
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::aws::number::decimal;
use aws_lambda_connector::aws::retry::{RetryReason, backoff_ms, retry_after_ms};
use aws_lambda_connector::aws::time::{AmzDate, parse_http_date};
use aws_lambda_connector::aws::uri;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::Value;

use crate::config;
use crate::mutation::text_like;

const DATES: [&str; 5] = [
    "Sun, 22 Nov 2026 12:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:60 GMT",
    "Sunday, 22-Nov-26 12:00:00 GMT",
    "Sun Nov 22 12:00:00 2026",
];

/// The last second of the year 9999, which is the last that an HTTP date can have.
const LAST: u64 = 253_402_300_799;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_http_date_is_parsed(seconds in 0..=LAST) {
        let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
        prop_assert_eq!(parse_http_date(&text), Some(seconds), "{}", text);
    }

    #[test]
    fn malformed_date_does_not_panic(text in text_like(&DATES), sent in any::<u64>(), received in any::<u64>()) {
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
    fn backoff_is_bounded(retry in any::<u8>(), jitter in any::<u64>(), retry_after in any::<Option<u64>>(), throttled in any::<bool>()) {
        let reason = if throttled { RetryReason::Throttling } else { RetryReason::Other };
        let alone = backoff_ms(reason, retry, jitter, None);
        prop_assert!(alone < 20_000);
        let wait = backoff_ms(reason, retry, jitter, retry_after);
        prop_assert!((alone..=alone + 5_000).contains(&wait));
    }

    #[test]
    fn retry_after_is_a_whole_number(text in text_like(&["1500", "-1", "18446744073709551615", "+5"])) {
        if let Some(ms) = retry_after_ms(&text) {
            prop_assert!(text.trim().trim_start_matches(['+', '0']).starts_with(ms.to_string().trim_start_matches('0')));
        }
    }

    #[test]
    fn percent_encoding_survives_a_round_trip(text in any::<String>()) {
        let mut encoded = String::new();
        uri::encode_into(&mut encoded, &text);
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        prop_assert_eq!(percent_decode_str(&encoded).decode_utf8().unwrap(), text.as_str());
    }

    #[test]
    fn serde_json_agrees_on_what_is_valid(text in text_like(&[r#"{"a":[1,2.5e10,"\u00e9"],"b":{"c":null}}"#, "[[[[]]]]", "-0.0e-1", r#" { "a" : { } , "b" : [ ] } "#])) {
        prop_assert_eq!(json::check(&text).is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        let object = text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
        prop_assert_eq!(Fields::read(&text).is_some(), object && json::check(&text).is_ok(), "{}", text);
        if let Some(fields) = Fields::read(&text) {
            for name in ["a", "b", "c", ""] {
                prop_assert_eq!(fields.get(name).is_some(), fields.text(name).is_some());
            }
        }
    }
}

/// Any JSON value, including unusual names and strings.
pub fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\[\\]{},:\"\\\\ ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let name = prop_oneof![any::<String>(), "[\\[\\]{},:\"\\\\ ]{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The value, read by our reader and rebuilt.
fn rebuilt(json: Json<'_>) -> Value {
    if let Some(fields) = json.object() {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.to_owned(), rebuilt(value)));
        return Value::Object(fields.collect());
    }
    if let Some(elements) = json.list() {
        return elements.into_iter().map(rebuilt).collect();
    }
    match json.string() {
        Some(text) => Value::from(text),
        None => serde_json::from_str(json.get()).unwrap(),
    }
}

#[test]
fn serde_json_agrees_on_every_value() {
    proptest!(config(), |(value in any_json())| {
        for text in [
            serde_json::to_string(&value).unwrap(),
            format!("\r\n\t {}\n ", serde_json::to_string_pretty(&value).unwrap()),
        ] {
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(rebuilt(Json::parse(&text).unwrap()), expected, "{}", text);
        }
    });
}

#[test]
fn serde_json_agrees_on_escapes() {
    proptest!(config(), |(inside in r#"([a-z]|é|\\u[0-9a-fA-F]{4}|\\ud8[0-9a-f]{2}|\\ude[0-9a-f]{2}|\\[bfnrt"/\\])*"#)| {
        let text = format!("\"{inside}\"");
        let expected = serde_json::from_str::<String>(&text).ok();
        prop_assert_eq!(Json::parse(&text).unwrap().string(), expected, "{}", text);
    });
}

#[test]
fn core_agrees_on_decimals() {
    proptest!(config(), |(text in "(0|[1-9][0-9]{0,7})(\\.[0-9]{1,7})?([eE][+-]?[0-9]{1,2})?")| {
        if let Some(number) = decimal(&text) {
            prop_assert_eq!(number, text.parse::<f64>().unwrap(), "{}", text);
        }
    });
}
