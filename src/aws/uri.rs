//! Percent-encoding as AWS uses it: every byte except RFC 3986's unreserved characters, in
//! upper-case hex.

use alloc::string::String;

use crate::aws::hex::digit;

/// Appends `text`, with every byte except `A-Z a-z 0-9 - _ . ~` percent-encoded.
///
/// The wire and the canonical request both use this function, so they cannot differ.
pub fn encode_into(out: &mut String, text: &str) {
    encode(out, text, false);
}

/// As [`encode_into`], but keeps `/`, for a whole path.
pub fn encode_path_into(out: &mut String, path: &str) {
    encode(out, path, true);
}

fn encode(out: &mut String, text: &str, keep_slash: bool) {
    let stays = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'~')
            || (keep_slash && *byte == b'/')
    };
    for byte in text.bytes() {
        if stays(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(digit(byte >> 4, b'A')));
            out.push(char::from(digit(byte & 0x0f, b'A')));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_are_not_encoded() {
        let mut out = String::new();
        encode_into(&mut out, "azAZ09-_.~ $:/+=@!*'()é");
        assert_eq!(out, "azAZ09-_.~%20%24%3A%2F%2B%3D%40%21%2A%27%28%29%C3%A9");
    }

    #[test]
    fn a_path_keeps_its_slashes() {
        let mut out = String::new();
        encode_path_into(&mut out, "/a%3Ab/c");
        assert_eq!(out, "/a%253Ab/c");
    }
}
