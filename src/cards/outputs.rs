//! A card's outputs: a JSON object by field key. Every output is there; null where it has no value.

use alloc::string::String;

use crate::cards::field::{FIELD, Field, Kind};

/// An output of a card whose result is a `T`.
pub struct Output<T> {
    pub key: &'static str,
    pub label: &'static str,
    pub definition: &'static str,
    pub value: Value<T>,
}

/// What a result says under some key; which variant it is, decides on the kind of the output.
pub enum Value<T> {
    Text(fn(&T) -> Option<&str>),
    Number(fn(&T) -> Option<String>),
    Boolean(fn(&T) -> bool),
    /// Appends JSON.
    Object(fn(&T, &mut String)),
}

/// The outputs as `describe` tells them.
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

/// The outputs of `result`. There is room for so many bytes: what grows is copied.
pub fn write<T>(outputs: &[Output<T>], result: &T, room: usize) -> String {
    let mut json = String::with_capacity(room);
    let members = outputs.iter().map(|output| (output.key, &output.value));
    push_object(&mut json, members, result);
    json
}

/// A JSON object of what `result` says under each key.
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

/// A JSON list.
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

/// Bytes of a text that are quoted at once: an answer of six megabytes is not copied for it.
const PIECE: usize = 4_096;

/// `text` as a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((piece, after)) = rest.split_at_checked(rest.floor_char_boundary(PIECE)) {
        // Writing a text into memory cannot fail.
        let quoted = serde_json::to_string(piece).unwrap_or_default();
        let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        out.push_str(inside.unwrap_or_default());
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    out.push('"');
}

/// What it takes there, without the quotes.
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
    fn texts_of_several_pieces_are_quoted_as_one() {
        let odd = "größe \"尺寸\" 🚀\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}\u{2028}";
        for text in [
            String::new(),
            odd.to_string(),
            "x".repeat(PIECE),
            "é".repeat(PIECE),
            odd.repeat(1_000),
            // Each character is cut at another place.
            "a".to_string() + &"🚀".repeat(PIECE),
        ] {
            let mut out = String::new();
            push_text(&mut out, &text);
            assert_eq!(out, serde_json::to_string(&text).unwrap());
            assert_eq!(quoted_length(&text) + 2, out.len());
        }
    }
}
