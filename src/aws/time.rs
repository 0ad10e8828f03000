//! Dates as SigV4 writes them. The clock itself is the caller's.

use alloc::string::String;

/// A UTC moment in the two spellings that a signature needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmzDate {
    /// `YYYYMMDDTHHMMSSZ`, the `X-Amz-Date` header.
    pub date_time: String,
    /// `YYYYMMDD`, the day in the credential scope.
    pub date: String,
}

const SECONDS_A_DAY: u64 = 86_400;
/// 9999-12-31: the last day that four digits of a year can name.
const LAST_DAY: u64 = 2_932_896;

impl AmzDate {
    /// From seconds since 1970-01-01 00:00 UTC; later than the year 9999 counts as its last day.
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

/// Year, month and day of the Gregorian calendar, by Howard Hinnant's `civil_from_days`:
/// years begin in March, so that the leap day is a year's last.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the day is at most LAST_DAY, so that nothing overflows, and no term exceeds the one it is taken from"
)]
fn civil_from_days(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_FROM_0000_03_01_TO_1970: u64 = 719_468;
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

/// The last `width` decimal digits.
fn push_digits(out: &mut String, value: u64, width: u32) {
    if width > 1 {
        push_digits(out, value / 10, width.saturating_sub(1));
    }
    let digit = u32::try_from(value % 10).unwrap_or_default();
    out.push(char::from_digit(digit, 10).unwrap_or('0'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date_time(seconds: u64) -> String {
        AmzDate::from_unix(seconds).date_time
    }

    #[test]
    fn known_moments() {
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
    fn a_broken_clock_does_not_trap() {
        assert_eq!(AmzDate::from_unix(u64::MAX).date, "99991231");
    }
}
