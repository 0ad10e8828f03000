//! Dates and the two headers that affect the connector's clock. HTTP dates are compared with the
//! crate `httpdate`, ISO 8601 dates and plain days with the crate `time`.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_connector::aws::clock_skew::ServiceClock;
use aws_lambda_connector::aws::credentials::Day;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::aws::retry::{RetryReason, backoff_ms, retry_after_ms};
use aws_lambda_connector::aws::time::{AmzDate, parse_date, parse_http_date, parse_iso8601};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The first second after the year 9999.
const END: u64 = 253_402_300_800;

fuzz_target!(|text: &str| {
    http_date(text);
    iso8601(text);
    day(text);
    clock(text);
    if let Some(ms) = retry_after_ms(text) {
        assert_eq!(text.trim().trim_start_matches('+').parse(), Ok(ms));
    }
    let retry_after = retry_after_ms(text);
    for retry in [1, 2, 9] {
        let alone = backoff_ms(RetryReason::Throttling, retry, u64::MAX, None);
        let wait = backoff_ms(RetryReason::Throttling, retry, u64::MAX, retry_after);
        assert!(alone < 20_000 && (alone..=alone + 5_000).contains(&wait));
    }
});

fn http_date(text: &str) {
    let ours = parse_http_date(text);
    assert!(ours.is_none_or(|seconds| seconds <= END));
    let Ok(theirs) = httpdate::parse_http_date(text) else {
        // We accept more than valid dates, but nothing that httpdate reads differently.
        return;
    };
    let seconds = theirs.duration_since(UNIX_EPOCH).unwrap().as_secs();
    if let Some(ours) = ours {
        assert_eq!(ours, seconds);
    }
    // Obsolete formats are not read. The current one must be.
    let written = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(parse_http_date(&written), Some(seconds));
}

fn iso8601(text: &str) {
    let ours = parse_iso8601(text);
    let theirs = OffsetDateTime::parse(text, &Rfc3339).ok();
    let theirs = theirs.and_then(|date| u64::try_from(date.unix_timestamp()).ok());
    match (ours, theirs) {
        // `time` reads a leap second as the end of the second before.
        (Some(ours), Some(theirs)) => assert_eq!(ours, theirs + u64::from(text.contains(":60"))),
        // Only we accept a leap second at any time, and a fraction without digits.
        (Some(_), None) => assert!(text.contains(":60") || text.contains(".Z"), "{text}"),
        // Only `time` accepts an offset or a lower-case letter, which STS does not write.
        (None, Some(_)) => assert!(!text.ends_with('Z') || !text.contains('T'), "{text}"),
        (None, None) => {}
    }
}

fn day(text: &str) {
    let Some(day) = Day::parse(text) else {
        return;
    };
    let seconds = parse_date(text).unwrap();
    assert_eq!((day.date.as_str(), seconds % 86_400), (text, 0));
    let iso = format!("{}-{}-{}T00:00:00Z", &text[..4], &text[4..6], &text[6..]);
    let theirs = OffsetDateTime::parse(&iso, &Rfc3339).unwrap();
    assert_eq!(Ok(seconds), u64::try_from(theirs.unix_timestamp()));
    let date = AmzDate::from_unix(seconds + 86_399);
    assert_eq!(
        (date.date, date.date_time),
        (text.into(), format!("{text}T235959Z"))
    );
}

fn clock(text: &str) {
    let header = |name: &str| (name.to_owned(), text.as_bytes().to_vec());
    let response = Response {
        headers: vec![header("date")],
        ..Response::default()
    };
    for now in [0, 1_795_348_800, u64::MAX] {
        let mut clock = ServiceClock::default();
        let off = clock.observe(&response, now, now).was_off();
        match parse_http_date(text) {
            Some(date) => {
                assert_eq!(off, date.abs_diff(now.min(1 << 62)) > 240 || now > 1 << 62);
                if now < END {
                    // No response obtains a signature for a day that is further away.
                    let corrected = date.abs_diff(now) <= 86_400;
                    let signed = if corrected { date } else { now };
                    assert_eq!(clock.signing_time(now), signed);
                }
            }
            None => assert_eq!((off, clock.skew_s()), (false, None)),
        }
        AmzDate::from_unix(clock.signing_time(now));
    }
}
