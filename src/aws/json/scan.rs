//! Finds the end of a JSON value in one pass over its bytes, eight at a time inside strings. Every
//! byte of a payload and of a response goes through this file.
//!
//! It accepts exactly what RFC 8259 allows, at any depth.

use alloc::vec::Vec;

/// A word without brackets: one bit that marks its end, and one for "not in an object".
const EMPTY: u64 = 0b10;

// This file uses slice patterns. When optimized for size, `strip_prefix` and similar methods are
// calls, which take most of the time.

/// Returns what follows the value at the start of `text`, or `None` if there is no valid value.
/// White space before the value is skipped.
pub fn skip_value(text: &[u8]) -> Option<&[u8]> {
    let mut rest = skip_whitespace(text);
    // One bit for each open bracket, the innermost lowest: whether it opens an object. Full words
    // move to `outer`. A recursive function would overflow the stack on a hostile text.
    let mut objects = EMPTY;
    let mut outer: Vec<u64> = Vec::new();
    loop {
        if objects & 1 == 1 {
            rest = skip_name(rest)?;
        }
        rest = match rest {
            [b'"', rest @ ..] => skip_string(rest)?,
            [first @ (b'{' | b'['), inside @ ..] => {
                let is_object = *first == b'{';
                match skip_whitespace(inside) {
                    [last, rest @ ..] if *last == closing(is_object) => rest,
                    inside => {
                        if objects.leading_zeros() == 0 {
                            outer.push(objects);
                            objects = EMPTY;
                        }
                        objects = objects << 1 | u64::from(is_object);
                        rest = inside;
                        continue;
                    }
                }
            }
            [b't', b'r', b'u', b'e', rest @ ..]
            | [b'f', b'a', b'l', b's', b'e', rest @ ..]
            | [b'n', b'u', b'l', b'l', rest @ ..] => rest,
            _ => skip_number(rest)?,
        };
        loop {
            if objects == EMPTY {
                return Some(rest);
            }
            match skip_whitespace(rest) {
                [b',', next @ ..] => {
                    rest = skip_whitespace(next);
                    break;
                }
                [last, after @ ..] if *last == closing(objects & 1 == 1) => {
                    objects >>= 1;
                    if objects == EMPTY {
                        objects = outer.pop().unwrap_or(EMPTY);
                    }
                    rest = after;
                }
                _ => return None,
            }
        }
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// Skips white space as JSON defines it.
#[inline(always)]
pub fn skip_whitespace(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Skips `"name" :` and white space.
#[inline(always)]
fn skip_name(text: &[u8]) -> Option<&[u8]> {
    let [b'"', rest @ ..] = text else {
        return None;
    };
    match skip_whitespace(skip_string(rest)?) {
        [b':', rest @ ..] => Some(skip_whitespace(rest)),
        _ => None,
    }
}

/// Skips the rest of a string, after its opening quotation mark.
#[inline(always)]
fn skip_string(text: &[u8]) -> Option<&[u8]> {
    let mut text = text;
    loop {
        text = match skip_plain(text) {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', rest @ ..] => skip_escape(rest)?,
            _ => return None,
        };
    }
}

/// Skips the bytes of a string that represent themselves.
#[inline(always)]
pub fn skip_plain(mut text: &[u8]) -> &[u8] {
    while let [a, b, c, d, e, f, g, h, rest @ ..] = text {
        let found = find_special(u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
        if found != 0 {
            let plain = found.trailing_zeros() / 8;
            return text.get(plain as usize..).unwrap_or(text);
        }
        text = rest;
    }
    while let [b' '..=b'!' | b'#'..=b'[' | b']'.., rest @ ..] = text {
        text = rest;
    }
    text
}

/// Sets the high bit of each byte that is a quotation mark, a backslash or a control character.
/// Only the lowest set bit is reliable, because subtraction borrows from the bytes above it.
#[inline(always)]
fn find_special(block: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is = |byte: u8| is_zero(block ^ ONES.wrapping_mul(byte as u64));
    let is_control = block.wrapping_sub(ONES.wrapping_mul(u64::from(b' '))) & !block;
    (is(b'"') | is(b'\\') | is_control) & HIGH
}

/// Skips an escape, after its backslash. Half of a surrogate pair is valid JSON.
fn skip_escape(text: &[u8]) -> Option<&[u8]> {
    match text {
        [
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            rest @ ..,
        ] => Some(rest),
        [b'u', a, b, c, d, rest @ ..] => {
            let digits = [a, b, c, d];
            digits
                .iter()
                .all(|digit| digit.is_ascii_hexdigit())
                .then_some(rest)
        }
        _ => None,
    }
}

fn skip_number(text: &[u8]) -> Option<&[u8]> {
    let unsigned = match text {
        [b'-', rest @ ..] => rest,
        _ => text,
    };
    let mut rest = match unsigned {
        [b'0', rest @ ..] => rest,
        _ => skip_digits(unsigned)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = skip_digits(fraction)?;
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            skip_digits(exponent)
        }
        _ => Some(rest),
    }
}

/// Skips one or more digits.
fn skip_digits(text: &[u8]) -> Option<&[u8]> {
    let [b'0'..=b'9', rest @ ..] = text else {
        return None;
    };
    let mut rest = rest;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    fn is_json(text: &str) -> bool {
        skip_value(text.as_bytes()).is_some_and(|rest| skip_whitespace(rest).is_empty())
    }

    /// Tries every text of up to four of the tokens that the grammar distinguishes.
    #[test]
    fn serde_json_agrees_on_every_short_text() {
        const PARTS: [&str; 21] = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "/", "u00e9", "0", "12", "-", "+", ".", "e",
            "true", "null", " ", "\u{1}", "é",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = |text: &String| PARTS.map(|part| format!("{text}{part}"));
            texts = texts.iter().flat_map(longer).collect();
            for text in &texts {
                let valid = serde_json::from_str::<IgnoredAny>(text).is_ok();
                assert_eq!(is_json(text), valid, "{text}");
            }
        }
    }

    #[test]
    fn a_string_ends_at_its_quotation_mark_at_any_offset() {
        for before in 0..40 {
            for (inside, valid) in [
                ("", true),
                ("\\\"", true),
                ("\\\\", true),
                ("\u{7f}\u{80}\u{fff}🚀", true),
                ("\u{0}", false),
                ("\u{1f}", false),
                ("\\x", false),
                ("\\u12g4", false),
            ] {
                let text = format!("\"{}{inside}!#[]\"\"", "x".repeat(before));
                let rest = skip_value(text.as_bytes());
                assert_eq!(rest, valid.then_some(&b"\""[..]), "{text}");
            }
        }
    }

    #[test]
    fn brackets_match_at_any_depth() {
        let (open, close) = (["[", "{\"a\":"], ["]", "}"]);
        for depth in [1, 61, 62, 63, 64, 65, 123, 124, 125, 126, 1_000] {
            // Five does not divide the bits of a word, so a mixed-up word is noticed.
            let kinds: Vec<usize> = (0..depth).map(|level| level % 5 % 2).collect();
            let before: String = kinds.iter().map(|kind| open[*kind]).collect();
            let closing: Vec<&str> = kinds.iter().rev().map(|kind| close[*kind]).collect();
            let valid = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
            for wrong in 0..=depth {
                let mut closing = closing.clone();
                match closing.get_mut(wrong) {
                    Some(bracket) if *bracket == "]" => *bracket = "}",
                    Some(bracket) => *bracket = "]",
                    None => {}
                }
                let text = format!("{before}1{}", closing.concat());
                assert_eq!(is_json(&text), wrong == depth, "{depth}, {wrong}");
                assert_eq!(valid(&text), wrong == depth, "{depth}, {wrong}");
            }
        }
    }
}
