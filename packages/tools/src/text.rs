//! Bounded text without keys.

use std::borrow::Cow;

/// The most bytes of a function's output, or of an error message, that an answer contains: about 8,000 tokens.
pub const MAX_BYTES: usize = 32 * 1024;
/// The shortest key that is searched for. Shorter ones, such as an emulator's `test`, are part of ordinary words.
const MIN_SECRET: usize = 16;

/// Returns the beginning of a text that is longer than [`MAX_BYTES`].
pub fn cut(text: &str) -> Option<&str> {
    if text.len() <= MAX_BYTES {
        return None;
    }
    text.get(..text.floor_char_boundary(MAX_BYTES))
}

/// Returns the text, or its beginning and a statement of what is missing.
pub fn bounded(text: &str) -> Cow<'_, str> {
    match cut(text) {
        None => text.into(),
        Some(start) => format!(
            "{start}… (cut after {} of {} bytes)",
            start.len(),
            text.len()
        )
        .into(),
    }
}

/// The keys, which no answer may contain.
pub struct Keys(Vec<String>);

impl Keys {
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Keys {
        let long = keys.into_iter().filter(|key| key.len() >= MIN_SECRET);
        Keys(long.map(ToOwned::to_owned).collect())
    }

    /// Removes the keys from a text, also if JSON spells them with escapes. Search a text before you cut it, because a part
    /// of a key is not found.
    pub fn remove(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = self.0.iter().find_map(|key| after_key(key, rest)) {
                kept.push_str("[removed: a key]");
                rest = after;
            } else {
                kept.push(first);
                rest = rest.strip_prefix(first).unwrap_or_default();
            }
        }
        kept
    }
}

/// Returns what follows a key at the beginning of a text.
fn after_key<'a>(key: &str, text: &'a str) -> Option<&'a str> {
    key.chars().try_fold(text, after_char)
}

/// Returns what follows a character at the beginning of a text, in each of its spellings in JSON.
fn after_char(text: &str, expected: char) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(expected) {
        return Some(rest);
    }
    let escape = text.strip_prefix('\\')?;
    match escape.strip_prefix('u') {
        None => escape.strip_prefix(expected),
        Some(code) => {
            let (digits, rest) = code.split_at_checked(4)?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            (code == u32::from(expected)).then_some(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_text_is_cut_between_characters_with_a_statement() {
        let fits = "x".repeat(MAX_BYTES);
        assert_eq!(bounded(&fits), fits);
        let longer = format!("{}ü and more", "x".repeat(MAX_BYTES - 1));
        let expected = format!(
            "{}… (cut after 32767 of 32778 bytes)",
            "x".repeat(MAX_BYTES - 1)
        );
        assert_eq!(bounded(&longer), expected);
    }

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+==";

    fn without_key(text: &str) -> String {
        Keys::new([KEY, "test"]).remove(text)
    }

    #[test]
    fn keys_are_removed_wherever_they_occur() {
        assert_eq!(
            without_key(&format!("{KEY}{KEY} and ü{KEY}")),
            "[removed: a key][removed: a key] and ü[removed: a key]"
        );
    }

    #[test]
    fn short_value_is_kept() {
        assert_eq!(without_key("a test"), "a test");
    }

    #[test]
    fn part_of_a_key_and_other_escapes_are_kept() {
        let part = KEY.strip_suffix('=').unwrap();
        for text in [part, r"\", r"\u00", r"\u", r#"{"a":"\u0077J\/"}"#, ""] {
            assert_eq!(without_key(text), text);
        }
    }

    #[test]
    fn key_that_json_spells_with_escapes_is_removed() {
        for (character, spelling) in [
            ("/", r"\/"),
            ("/", r"\u002f"),
            ("/", r"\u002F"),
            ("=", r"\u003d"),
            ("+", r"\u002b"),
            ("w", r"\u0077"),
        ] {
            let spelled = KEY.replace(character, spelling);
            assert_eq!(
                without_key(&format!(r#"{{"key":"{spelled}"}}"#)),
                r#"{"key":"[removed: a key]"}"#,
                "{spelling}"
            );
        }
    }
}
