//! The clock-skew test cases that AWS's SDKs share, read from the package of the `aws-runtime`
//! crate.

use std::fs;

use aws_lambda_connector::aws::clock_skew::{ServiceClock, is_skew_code};
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::aws::time::parse_http_date;
use serde_json::Value;

use crate::support::package_folder;

/// Converts a time of the cases, `2026-01-01T00:00:00Z` or later that day, to seconds since 1970.
fn seconds(time: &Value) -> u64 {
    let clock = time.as_str().unwrap().strip_prefix("2026-01-01T").unwrap();
    let clock = clock.strip_suffix('Z').unwrap();
    parse_http_date(&format!("Thu, 01 Jan 2026 {clock} GMT")).unwrap()
}

fn response(expected: &Value) -> Response {
    Response {
        status: u16::try_from(expected["statusCode"].as_u64().unwrap()).unwrap(),
        headers: expected["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().into()))
            .collect(),
        ..Response::default()
    }
}

#[test]
fn every_shared_sdk_case_passes() {
    let file = package_folder("aws-runtime").join("test-data/clock-skew-test-cases.json");
    let suite: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let cases = suite["tests"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let name = case["description"].as_str().unwrap();
        // One client makes all operations of a case, so the skew that one measures applies to the
        // next. If a case begins with a skew, a response establishes it first.
        let operations = case["operations"].as_array().unwrap();
        let mut clock = ServiceClock::default();
        let initial = operations[0]["initialClientSkew"].as_i64().unwrap();
        if initial != 0 {
            let date = ("Date".to_owned(), b"Thu, 01 Jan 2026 00:05:00 GMT".to_vec());
            let now = parse_http_date("Thu, 01 Jan 2026 00:05:00 GMT").unwrap();
            let response = Response {
                headers: vec![date],
                ..Response::default()
            };
            let host = now.saturating_add_signed(-initial);
            clock.observe(&response, host, host);
        }
        for operation in operations {
            let attempts = operation["attempts"].as_array().unwrap();
            for (index, attempt) in attempts.iter().enumerate() {
                let sent = seconds(&attempt["clientTimeAtSend"]);
                let received = seconds(&attempt["clientTimeAtReceive"]);
                assert_eq!(
                    clock.signing_time(sent),
                    seconds(&attempt["expectedSigningTime"]),
                    "{name}"
                );
                let response = response(&attempt["response"]);
                let off = clock.observe(&response, sent, received).was_off();
                let code = attempt["response"]["errorCode"].as_str();
                let retried = off && code.is_some_and(is_skew_code);
                let max_attempts = operation["maxAttempts"].as_u64().unwrap_or(3);
                let expected = index + 1 < attempts.len();
                assert_eq!(retried && max_attempts > 1, expected, "{name}");
            }
            assert_eq!(
                clock.skew_s().unwrap_or(0),
                operation["expectedClientSkew"].as_i64().unwrap(),
                "{name}"
            );
        }
    }
}
