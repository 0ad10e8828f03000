//! Checks of single text fields. An error names the field and what is allowed. It never repeats the
//! value, which may be a secret pasted into the wrong field.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::call::error::Error;

/// Whether `byte` is one of `[A-Za-z0-9-_]`, the characters of most names.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Checks that `value` has `min` to `max` characters, which are all `allowed`.
///
/// # Errors
/// `invalid-input`, which quotes `rule`. The field's name is formatted only then.
pub fn check(
    field: fmt::Arguments<'_>,
    value: &str,
    min: usize,
    max: usize,
    allowed: fn(u8) -> bool,
    rule: &str,
) -> Result<(), Error> {
    if (min..=max).contains(&value.len()) && value.bytes().all(allowed) {
        return Ok(());
    }
    let seen = if value.is_empty() {
        "it is empty"
    } else if value.bytes().any(|byte| byte.is_ascii_control()) {
        "it contains a control character"
    } else if value.len() > max {
        "it is too long"
    } else if value.len() < min {
        "it is too short"
    } else if value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace) {
        "it begins or ends with white space"
    } else {
        "it contains a character that is not allowed"
    };
    Err(Error::invalid(field.to_string(), format!("{seen}: {rule}")))
}

/// Returns foreign text for an error: printable, and at most 64 characters of it.
pub fn excerpt(value: &str) -> String {
    let mut text: String = value
        .chars()
        .take(64)
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .collect();
    if value.chars().nth(64).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refused;

    #[test]
    fn error_names_what_is_wrong_with_the_text_and_never_repeats_it() {
        for (value, seen) in [
            ("", "it is empty"),
            ("a", "it is too short"),
            ("abcde", "it is too long"),
            ("a\nb", "it contains a control character"),
            (" ab", "it begins or ends with white space"),
            ("ab ", "it begins or ends with white space"),
            ("a*b", "it contains a character that is not allowed"),
        ] {
            let checked = check(format_args!("f"), value, 2, 4, is_word, "the rule");
            let input = refused(checked);
            assert_eq!(
                (&*input.field, &*input.message),
                ("f", &*format!("{seen}: the rule")),
                "{value:?}"
            );
        }
        for value in ["ab", "a-_9"] {
            assert!(check(format_args!("f"), value, 2, 4, is_word, "").is_ok());
        }
    }
}
