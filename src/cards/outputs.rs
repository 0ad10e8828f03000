//! The outputs of a card: a JSON object, keyed by field. An output without a value is null.

use alloc::string::String;

use crate::cards::field::{FIELD, Field, Kind};

/// An output of a card whose result is a `T`.
pub struct Output<T> {
    pub key: &'static str,
    pub label: &'static str,
    pub definition: &'static str,
    pub value: Value<T>,
}

/// Reads a value from a result. The variant determines the kind of the output.
pub enum Value<T> {
    Text(fn(&T) -> Option<&str>),
    Number(fn(&T) -> Option<String>),
    Boolean(fn(&T) -> bool),
    /// Appends the value as JSON.
    Object(fn(&T, &mut String)),
}

/// The outputs as `describe` returns them.
pub const fn fields<T, const N: usize>(outputs: &[Output<T>]) -> [Field; N] {
    let mut fields = [FIELD; N];
    let (mut from, mut to) = (outputs, fields.as_mut_slice());
    while let ([output, more @ ..], [field, free @ ..]) = (from, to) {
        *field = Field {
            key: output.key,
            label: output.label,
            definition: output.definition,
            kind: match output.value {
                Value::Text(_) => Kind::Text,
                Value::Number(_) => Kind::Number,
                Value::Boolean(_) => Kind::Boolean,
                Value::Object(_) => Kind::Object,
            },
            ..FIELD
        };
        (from, to) = (more, free);
    }
    fields
}

/// Writes the outputs of `result`. With a `capacity` of their length, nothing is reallocated.
pub fn write<T>(outputs: &[Output<T>], result: &T, capacity: usize) -> String {
    let mut json = String::with_capacity(capacity);
    let members = outputs.iter().map(|output| (output.key, &output.value));
    push_object(&mut json, members, result);
    json
}

/// Appends a JSON object with the value of each member for `result`.
pub fn push_object<'a, T: 'a>(
    out: &mut String,
    members: impl Iterator<Item = (&'static str, &'a Value<T>)>,
    result: &T,
) {
    out.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_text(out, key);
        out.push(':');
        match value {
            Value::Text(text) => match text(result) {
                Some(text) => push_text(out, text),
                None => out.push_str("null"),
            },
            Value::Number(number) => out.push_str(number(result).as_deref().unwrap_or("null")),
            Value::Boolean(is_so) => out.push_str(if is_so(result) { "true" } else { "false" }),
            Value::Object(push) => push(result, out),
        }
    }
    out.push('}');
}

/// Appends a JSON array.
pub fn push_list<T>(out: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(']');
}

/// The number of bytes to quote at a time, so that a response of six megabytes is not copied.
const CHUNK_SIZE: usize = 4_096;

/// Appends `text` as a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((chunk, after)) = rest.split_at_checked(rest.floor_char_boundary(CHUNK_SIZE)) {
        // Serializing a string into memory does not fail.
        let quoted = serde_json::to_string(chunk).unwrap_or_default();
        let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        out.push_str(inside.unwrap_or_default());
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    out.push('"');
}

/// The length of `text` as a JSON string, without the quotes.
pub fn quoted_length(text: &str) -> usize {
    let length = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_longer_than_a_chunk_is_quoted_as_a_whole() {
        let odd = "größe \"尺寸\" 🚀\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}\u{2028}";
        for text in [
            String::new(),
            odd.to_string(),
            "x".repeat(CHUNK_SIZE),
            "é".repeat(CHUNK_SIZE),
            odd.repeat(1_000),
            // The chunk boundary falls inside of a character.
            "a".to_string() + &"🚀".repeat(CHUNK_SIZE),
        ] {
            let mut out = String::new();
            push_text(&mut out, &text);
            assert_eq!(out, serde_json::to_string(&text).unwrap());
            assert_eq!(quoted_length(&text) + 2, out.len());
        }
    }
}
