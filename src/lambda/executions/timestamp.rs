//! Timestamps of executions, in milliseconds since 1970-01-01 00:00 UTC.

use alloc::format;
use alloc::string::String;

use crate::aws::json::Json;
use crate::aws::time::{self, AmzDate};

/// Reads a timestamp of a body: seconds with or without a fraction, or ISO 8601 text, which some parts
/// of the documentation promise. Digits beyond milliseconds are dropped.
pub fn read(value: Json<'_>) -> Option<u64> {
    match value.string() {
        Some(text) => time::parse_iso8601(&text)?.checked_mul(1_000),
        None => seconds_to_ms(value.get()),
    }
}

/// Converts a JSON number of seconds, by its digits: a float would round them.
fn seconds_to_ms(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // How many digits precede the point once the number counts milliseconds.
    let point = i32::try_from(whole.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(3)?;
    let point = usize::try_from(point.max(0)).ok()?;
    let kept = digits.get(..point).unwrap_or(&digits);
    let zeros = point.saturating_sub(digits.len());
    // More than 20 digits do not fit.
    if zeros > 20 {
        return digits.bytes().all(|byte| byte == b'0').then_some(0);
    }
    if point == 0 {
        return Some(0);
    }
    format!("{kept}{:0<zeros$}", "").parse().ok()
}

/// Formats a timestamp for a query, with a fraction only if there is one: that of botocore, which
/// counts microseconds.
pub fn iso8601(ms: u64) -> String {
    match ms % 1_000 {
        0 => format!("{}Z", seconds(ms)),
        fraction => format!("{}.{fraction:03}000Z", seconds(ms)),
    }
}

/// Formats a timestamp for a person or a program, to the millisecond.
pub fn rfc3339(ms: u64) -> String {
    format!("{}.{:03}Z", seconds(ms), ms % 1_000)
}

fn seconds(ms: u64) -> String {
    let AmzDate { date_time, .. } = AmzDate::from_unix(ms / 1_000);
    let part = |from: usize, to: usize| date_time.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hours, minutes, seconds) = (part(9, 11), part(11, 13), part(13, 15));
    format!("{year}-{month}-{day}T{hours}:{minutes}:{seconds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Option<u64> {
        read(Json::parse(text).unwrap())
    }

    #[test]
    fn seconds_are_read_to_the_millisecond_in_every_notation() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1795780800", Some(1_795_780_800_000)),
            ("1795780800.5", Some(1_795_780_800_500)),
            ("1795780800.123456", Some(1_795_780_800_123)),
            ("1795780800.999999999999999999999", Some(1_795_780_800_999)),
            ("1.795780800123E9", Some(1_795_780_800_123)),
            ("1.7957808E+9", Some(1_795_780_800_000)),
            ("17957808001e-1", Some(1_795_780_800_100)),
            ("1e-9", Some(0)),
            ("0e99", Some(0)),
            ("0.0001", Some(0)),
            ("\"2026-11-27T12:00:00Z\"", Some(1_795_780_800_000)),
            ("-1", None),
            ("1e99", None),
            ("1e2147483647", None),
            ("18446744073709551616", None),
            ("null", None),
            ("true", None),
            ("\"soon\"", None),
            ("[1]", None),
        ] {
            assert_eq!(ms(text), expected, "{text}");
        }
    }

    #[test]
    fn query_has_a_fraction_only_if_the_time_has_one() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_780_800_000, "2026-11-27T12:00:00Z"),
            (1_795_780_800_500, "2026-11-27T12:00:00.500000Z"),
            (1_795_780_800_007, "2026-11-27T12:00:00.007000Z"),
            (1_795_846_279_000, "2026-11-28T06:11:19Z"),
        ] {
            assert_eq!(iso8601(ms), text);
        }
    }

    #[test]
    fn shown_time_has_milliseconds() {
        assert_eq!(rfc3339(1_795_780_800_000), "2026-11-27T12:00:00.000Z");
        assert_eq!(rfc3339(1_795_780_800_007), "2026-11-27T12:00:00.007Z");
    }
}
