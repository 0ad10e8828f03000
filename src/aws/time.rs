//! Dates: formatted for SigV4, parsed from responses. The caller supplies the current time.

use alloc::string::String;

/// A UTC time in the two formats that a signature needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmzDate {
    /// `YYYYMMDDTHHMMSSZ`, the `X-Amz-Date` header.
    pub date_time: String,
    /// `YYYYMMDD`, the day in the credential scope.
    pub date: String,
}

/// The seconds of a day in Unix time, which has no leap seconds.
pub const SECONDS_A_DAY: u64 = 86_400;
/// 9999-12-31, the last day of a four-digit year.
const LAST_DAY: u64 = 2_932_896;
const DAYS_FROM_0000_03_01_TO_1970: u64 = 719_468;

impl AmzDate {
    /// Converts seconds since 1970-01-01 00:00 UTC. Any day after the year 9999 becomes its last.
    pub fn from_unix(seconds: u64) -> AmzDate {
        let day = (seconds / SECONDS_A_DAY).min(LAST_DAY);
        let second_of_day = seconds % SECONDS_A_DAY;
        let (year, month, day_of_month) = civil_from_days(day);

        let mut date = String::with_capacity(8);
        push_digits(&mut date, year, 4);
        push_digits(&mut date, month, 2);
        push_digits(&mut date, day_of_month, 2);

        let mut date_time = String::with_capacity(16);
        date_time.push_str(&date);
        date_time.push('T');
        push_digits(&mut date_time, second_of_day / 3600, 2);
        push_digits(&mut date_time, second_of_day / 60 % 60, 2);
        push_digits(&mut date_time, second_of_day % 60, 2);
        date_time.push('Z');
        AmzDate { date_time, date }
    }
}

/// Returns the year, month and day of the Gregorian calendar, by Howard Hinnant's
/// `civil_from_days`. Its years begin in March, so that the leap day is the last day of a year.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the day is at most LAST_DAY, so that nothing overflows, and no term exceeds the one it is taken from"
)]
fn civil_from_days(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_A_CYCLE: u64 = 146_097; // 400 years

    let days = days_since_1970 + DAYS_FROM_0000_03_01_TO_1970;
    let cycle = days / DAYS_A_CYCLE;
    let day_of_cycle = days % DAYS_A_CYCLE;
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_cycle + 400 * cycle + u64::from(month <= 2);
    (year, month, day)
}

/// Appends the last `width` decimal digits of `value`.
fn push_digits(out: &mut String, value: u64, width: u32) {
    if width > 1 {
        push_digits(out, value / 10, width.saturating_sub(1));
    }
    let digit = u32::try_from(value % 10).unwrap_or_default();
    out.push(char::from_digit(digit, 10).unwrap_or('0'));
}

/// Parses an HTTP date to seconds since 1970. The format is the only one that senders may use,
/// RFC 9110's `IMF-fixdate`: `Thu, 01 Jan 2026 00:00:00 GMT`.
pub fn parse_http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.trim().split(' ');
    let (_weekday, day, month, year, clock, zone) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let day = number(day, 2).filter(|day| (1..=31).contains(day))?;
    let year = number(year, 4).filter(|year| *year >= 1970)?;
    let of_day = second_of_day(clock)?;
    days_from_civil(year, month, day)
        .checked_mul(SECONDS_A_DAY)?
        .checked_add(of_day)
}

/// Parses a day written `YYYYMMDD` to its first second since 1970.
pub fn parse_date(text: &str) -> Option<u64> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let year = number(year, 4).filter(|year| *year >= 1970)?;
    let month = number(month, 2).filter(|month| (1..=12).contains(month))?;
    let day = number(day, 2).filter(|day| (1..=31).contains(day))?;
    let seconds = days_from_civil(year, month, day).checked_mul(SECONDS_A_DAY)?;
    // The 30th of February would be a day of March.
    (AmzDate::from_unix(seconds).date == text).then_some(seconds)
}

/// Parses a date to seconds since 1970, in the ISO 8601 format that STS writes:
/// `2026-11-22T12:00:00Z`. A fraction of a second is cut off.
pub fn parse_iso8601(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let clock = match clock.split_once('.') {
        Some((clock, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => clock,
        Some(_) => return None,
        None => clock,
    };
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    if date.next().is_some() || year.len() != 4 || month.len() != 2 {
        return None;
    }
    parse_date(&[year, month, day].concat())?.checked_add(second_of_day(clock)?)
}

/// Parses `HH:MM:SS`.
fn second_of_day(clock: &str) -> Option<u64> {
    let mut parts = clock.split(':');
    let mut part = |most| number(parts.next()?, 2).filter(|value| *value <= most);
    // A leap second is 60.
    let (hour, minute, second) = (part(23)?, part(59)?, part(60)?);
    if parts.next().is_some() {
        return None;
    }
    Some(
        hour.saturating_mul(3600)
            .saturating_add(minute.saturating_mul(60))
            .saturating_add(second),
    )
}

fn number(text: &str, digits: usize) -> Option<u64> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// The inverse of [`civil_from_days`].
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year has four digits and is at least 1970, and month and day are in range"
)]
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year_from_march = year - u64::from(month <= 2);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year_from_march + year_from_march / 4 - year_from_march / 100
        + year_from_march / 400
        + day_of_year
        - DAYS_FROM_0000_03_01_TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_time(seconds: u64) -> String {
        AmzDate::from_unix(seconds).date_time
    }

    #[test]
    fn known_times_are_formatted() {
        assert_eq!(date_time(0), "19700101T000000Z");
        assert_eq!(date_time(951_782_400), "20000229T000000Z");
        assert_eq!(date_time(951_868_799), "20000229T235959Z");
        assert_eq!(date_time(951_868_800), "20000301T000000Z");
        assert_eq!(date_time(1_440_938_160), "20150830T123600Z");
        assert_eq!(date_time(4_107_542_399), "21000228T235959Z");
        assert_eq!(date_time(4_107_542_400), "21000301T000000Z");
        assert_eq!(AmzDate::from_unix(1_795_348_800).date, "20261122");
    }

    #[test]
    fn http_dates_are_parsed_in_one_format_only() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
            ("Sun, 22 Nov 2026 12:00:00 GMT", Some(1_795_348_800)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sun, 22 Nov 2026 12:00:00 UTC", None),
            ("Sun, 22 Nov 2026 12:00:00", None),
            ("Sun, 22 Nov 2026 12:00:00 GMT x", None),
            ("Sun, 22 Nov 2026 12:00 GMT", None),
            ("Sun, 22 Nov 2026 12:00:00:00 GMT", None),
            ("Sun, 22 nov 2026 12:00:00 GMT", None),
            ("Sun, +2 Nov 2026 12:00:00 GMT", None),
            ("Sun, 00 Nov 2026 12:00:00 GMT", None),
            ("Sun, 01 Jan 1969 00:00:00 GMT", None),
        ] {
            assert_eq!(parse_http_date(text), seconds, "{text}");
        }
    }

    #[test]
    fn iso_8601_dates_are_parsed_in_utc_only() {
        for (text, seconds) in [
            ("2026-11-22T12:00:00Z", Some(1_795_348_800)),
            ("2026-11-22T12:00:00.987Z", Some(1_795_348_800)),
            ("1970-01-01T00:00:00.000000Z", Some(0)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("2026-11-22T12:00:00", None),
            ("2026-11-22 12:00:00Z", None),
            ("2026-11-22T12:00:00+00:00", None),
            ("2026-11-22T12:00:00.x7Z", None),
            ("2026-02-30T12:00:00Z", None),
            ("2026-11-22-01T12:00:00Z", None),
            ("20261-1-22T12:00:00Z", None),
            ("2026-1-122T12:00:00Z", None),
            ("2026-111-2T12:00:00Z", None),
            ("éé26-11-22T12:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse_iso8601(text), seconds, "{text}");
        }
    }

    #[test]
    fn days_survive_a_round_trip() {
        for day in (0..=LAST_DAY).step_by(17) {
            let (year, month, day_of_month) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, day_of_month), day);
        }
    }

    #[test]
    fn a_broken_clock_does_not_trap() {
        assert_eq!(AmzDate::from_unix(u64::MAX).date, "99991231");
    }
}
