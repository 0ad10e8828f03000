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

/// Removes the secrets from a text. The connector has already removed them, in every encoding, from what AWS sent. This
/// also covers the output of a function.
pub fn without(secrets: &[&str], mut text: String) -> String {
    for secret in secrets.iter().filter(|secret| secret.len() >= MIN_SECRET) {
        if text.contains(secret) {
            text = text.replace(secret, "[removed: a key]");
        }
    }
    text
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

    #[test]
    fn secrets_are_removed_wherever_they_occur() {
        let secret = "wJalrXUtnFEMI/K7MDENG";
        let text = format!("{secret} and {secret}, test");
        assert_eq!(
            without(&[secret, "test"], text),
            "[removed: a key] and [removed: a key], test"
        );
    }
}
