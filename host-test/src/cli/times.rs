//! Times of executions: milliseconds since 1970-01-01 00:00 UTC, which people read and write as ISO
//! 8601.

use std::str::FromStr;

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const SHOWN: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A time that an argument names, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milliseconds(pub u64);

impl FromStr for Milliseconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = match Date::parse(text, DAY) {
            Ok(day) => Ok(day.with_time(Time::MIDNIGHT).assume_utc()),
            Err(_) => OffsetDateTime::parse(text, &Rfc3339),
        };
        let time = time.map_err(
            |_| "it must look like 2026-11-28T12:00:00Z, or 2026-11-28 for midnight UTC",
        )?;
        let milliseconds = u64::try_from(time.unix_timestamp_nanos() / 1_000_000);
        let milliseconds = milliseconds.map_err(|_| "it must be 1970-01-01 or later")?;
        Ok(Self(milliseconds))
    }
}

/// Formats a time, as `2026-11-28T12:00:00.250Z`.
pub fn shown(milliseconds: u64) -> String {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    let shown = time.and_then(|time| time.format(SHOWN).ok());
    // It is after the year 9999.
    shown.unwrap_or_else(|| format!("{milliseconds} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_with_its_offset_or_as_a_day() {
        for (text, expected) in [
            ("1970-01-01", Ok(0)),
            ("2026-11-27", Ok(1_795_737_600_000)),
            ("2026-11-27T12:00:00.25Z", Ok(1_795_780_800_250)),
            ("2026-11-27T13:00:00+01:00", Ok(1_795_780_800_000)),
            ("1969-12-31", Err("it must be 1970-01-01 or later")),
        ] {
            let read = text.parse().map(|Milliseconds(read)| read);
            assert_eq!(read, expected, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "1795780800",
            "2026-11-27T12:00",
        ] {
            let read = text.parse::<Milliseconds>().unwrap_err();
            assert!(read.contains("2026-11-28T12:00:00Z"), "{text}: {read}");
        }
    }

    #[test]
    fn time_is_shown_to_the_millisecond() {
        assert_eq!(shown(1_795_780_800_250), "2026-11-27T12:00:00.250Z");
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(u64::MAX), "18446744073709551615 ms");
    }
}
