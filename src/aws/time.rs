//! Dates as SigV4 writes them. The clock itself is the caller's.

use alloc::string::String;
use core::num::Saturating;

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
fn civil_from_days(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_FROM_0000_03_01_TO_1970: u64 = 719_468;
    const DAYS_A_CYCLE: u64 = 146_097; // 400 years

    let days = Saturating(days_since_1970) + Saturating(DAYS_FROM_0000_03_01_TO_1970);
    let cycle = days / Saturating(DAYS_A_CYCLE);
    let day_of_cycle = days - cycle * Saturating(DAYS_A_CYCLE);
    let year_of_cycle = (day_of_cycle - day_of_cycle / Saturating(1_460)
        + day_of_cycle / Saturating(36_524)
        - day_of_cycle / Saturating(146_096))
        / Saturating(365);
    let day_of_year = day_of_cycle
        - (Saturating(365) * year_of_cycle + year_of_cycle / Saturating(4)
            - year_of_cycle / Saturating(100));
    let month_from_march = (Saturating(5) * day_of_year + Saturating(2)) / Saturating(153);
    let day = day_of_year - (Saturating(153) * month_from_march + Saturating(2)) / Saturating(5)
        + Saturating(1);
    let month = if month_from_march.0 < 10 {
        month_from_march + Saturating(3)
    } else {
        month_from_march - Saturating(9)
    };
    let year_from_march = year_of_cycle + cycle * Saturating(400);
    let year = if month.0 <= 2 {
        year_from_march + Saturating(1)
    } else {
        year_from_march
    };
    (year.0, month.0, day.0)
}

fn push_digits(out: &mut String, value: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_u64.saturating_pow(place) % 10;
        out.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or('0'));
    }
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
