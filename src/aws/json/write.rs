//! Writes JSON: strings and lists, into any destination.

use alloc::string::String;

/// The destination of JSON text.
pub trait Out {
    /// Appends `text`.
    fn push_str(&mut self, text: &str);
}

impl Out for String {
    fn push_str(&mut self, text: &str) {
        String::push_str(self, text);
    }
}

/// The length of a text that is not written.
pub struct Length(pub usize);

impl Out for Length {
    fn push_str(&mut self, text: &str) {
        self.0 = self.0.saturating_add(text.len());
    }
}

/// Appends a JSON array.
pub fn push_list<T>(out: &mut dyn Out, items: &[T], push: impl Fn(&mut dyn Out, &T)) {
    out.push_str("[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(",");
        }
        push(out, item);
    }
    out.push_str("]");
}

/// Appends `text` as a JSON string.
pub fn push_text(out: &mut dyn Out, text: &str) {
    out.push_str("\"");
    let mut rest = text;
    loop {
        let is_escaped = |byte| matches!(byte, b'"' | b'\\' | 0..0x20);
        let plain = rest.bytes().position(is_escaped).unwrap_or(rest.len());
        let Some((plain, escaped)) = rest.split_at_checked(plain) else {
            break;
        };
        out.push_str(plain);
        let mut characters = escaped.chars();
        let Some(character) = characters.next() else {
            break;
        };
        push_escaped(out, character);
        rest = characters.as_str();
    }
    out.push_str("\"");
}

fn push_escaped(out: &mut dyn Out, character: char) {
    let short = match character {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        _ => {
            out.push_str(if character < '\u{10}' {
                "\\u000"
            } else {
                "\\u001"
            });
            let digit = char::from_digit(u32::from(character) % 16, 16).unwrap_or('0');
            return out.push_str(digit.encode_utf8(&mut [0; 4]));
        }
    };
    out.push_str(short);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_serde_json_quotes_it() {
        let odd = "größe \"尺寸\" 🚀\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}\u{2028}";
        let ascii: String = (0..=127_u8).map(char::from).collect();
        for text in [
            String::new(),
            odd.to_string(),
            ascii.clone(),
            ascii.chars().rev().collect(),
            "x".repeat(4_096),
            "é".repeat(4_096),
            odd.repeat(1_000),
            "a".to_string() + &"🚀".repeat(4_096),
        ] {
            let mut out = String::new();
            push_text(&mut out, &text);
            assert_eq!(out, serde_json::to_string(&text).unwrap());
            let mut length = Length(0);
            push_text(&mut length, &text);
            assert_eq!(length.0, out.len());
        }
    }
}
