//! Decimal numbers, without core's float parser and formatter, which are 10 KB of code each.

use alloc::format;
use alloc::string::{String, ToString};

/// Parses a decimal number of up to 15 digits, with an exponent from -22 to 22, to the nearest
/// `f64`. Returns `None` for anything else.
pub fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let valid = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    // Both operands are exact, so a single division or product rounds to the nearest number.
    let number: u64 = digits.parse().ok().filter(|_| valid)?;
    let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = power_of_ten(exponent.unsigned_abs())?;
    #[allow(clippy::cast_precision_loss)]
    let number = number as f64;
    Some(if exponent < 0 {
        number / power
    } else {
        number * power
    })
}

/// Powers of ten are exact in `f64` up to 22.
fn power_of_ten(exponent: u32) -> Option<f64> {
    (exponent <= 22).then(|| (0..exponent).fold(1.0, |power, _| power * 10.0))
}

/// Formats milliseconds with at most three decimals. Lambda writes two.
pub fn milliseconds(value: f64) -> String {
    // A cast from a float saturates and turns NaN into 0.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let thousandths = (value * 1_000.0 + 0.5) as u64;
    let mut out = (thousandths / 1_000).to_string();
    let fraction = thousandths % 1_000;
    if fraction > 0 {
        let digits = fraction.saturating_add(1_000).to_string();
        out.push('.');
        out.push_str(digits.get(1..).unwrap_or_default().trim_end_matches('0'));
    }
    out
}

/// Formats a share from 0 to 1 to a tenth of a percent.
pub fn percent(weight: f64) -> String {
    // A cast from a float saturates and turns NaN into 0.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let tenths = (weight * 1_000.0 + 0.5) as u64;
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        rest => format!("{}.{rest} %", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_parsed_to_the_nearest_number() {
        for (text, number) in [
            ("0", Some(0.0)),
            ("12.34", Some(12.34)),
            ("112.3", Some(112.3)),
            ("0.1", Some(0.1)),
            ("1e2", Some(100.0)),
            ("1.0E-4", Some(1.0e-4)),
            ("999999999999999", Some(999_999_999_999_999.0)),
            ("1234567890123456", None),
            ("-1", None),
            ("", None),
            (".", None),
            ("1e99", None),
            ("1e-99999999999", None),
            ("x", None),
        ] {
            assert_eq!(decimal(text), number, "{text}");
        }
    }

    #[test]
    fn milliseconds_keep_their_decimals() {
        for (value, text) in [
            (0.0, "0"),
            (12.34, "12.34"),
            (12.0, "12"),
            (0.005, "0.005"),
            (899_999.99, "899999.99"),
            (f64::NAN, "0"),
            (-1.0, "0"),
        ] {
            assert_eq!(milliseconds(value), text);
        }
    }
}
