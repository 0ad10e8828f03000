//! The outputs of a card: a JSON object, keyed by field. An output without a value is null.

use alloc::string::String;

use crate::call::error::{Error, Executed, TransportError, TransportKind};
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
    Boolean(fn(&T) -> Option<bool>),
    /// Appends the value as JSON.
    Object(fn(&T, &mut dyn Out)),
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

/// Writes the outputs of `result` into a text of exactly their length. Returns `None` if the host does
/// not allow the memory for it.
///
/// A response of six megabytes may be six times as long in the outputs, so they are written once and
/// never moved. A buffer that grows, or that gives back its spare room, is copied while the old one
/// still exists.
pub fn write<T>(outputs: &[Output<T>], result: &T) -> Option<String> {
    let members = || outputs.iter().map(|output| (output.key, &output.value));
    let mut length = Length(0);
    push_object(&mut length, members(), result);
    let mut json = String::new();
    json.try_reserve_exact(length.0).ok()?;
    push_object(&mut json, members(), result);
    Some(json)
}

/// The error for outputs that [`write`] could not write.
pub fn too_large(executed: Executed, attempts: u8) -> Error {
    Error::Transport(TransportError {
        kind: TransportKind::Other,
        message: "the outputs do not fit into the memory that the host allows: allow at least 64 MiB, and more for a large payload".into(),
        executed,
        request_id: None,
        attempts,
        transient: false,
    })
}

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
struct Length(usize);

impl Out for Length {
    fn push_str(&mut self, text: &str) {
        self.0 = self.0.saturating_add(text.len());
    }
}

/// Appends a JSON object with the value of each member for `result`.
pub fn push_object<'a, T: 'a>(
    out: &mut dyn Out,
    members: impl Iterator<Item = (&'static str, &'a Value<T>)>,
    result: &T,
) {
    out.push_str("{");
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push_str(",");
        }
        push_text(out, key);
        out.push_str(":");
        match value {
            Value::Text(text) => match text(result) {
                Some(text) => push_text(out, text),
                None => out.push_str("null"),
            },
            Value::Number(number) => out.push_str(number(result).as_deref().unwrap_or("null")),
            Value::Boolean(is_so) => out.push_str(match is_so(result) {
                Some(true) => "true",
                Some(false) => "false",
                None => "null",
            }),
            Value::Object(push) => push(result, out),
        }
    }
    out.push_str("}");
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

    #[test]
    fn outputs_fill_their_buffer_exactly() {
        const OUTPUTS: &[Output<&str>] = &[
            Output {
                key: "text",
                label: "",
                definition: "",
                value: Value::Text(|text| Some(text)),
            },
            Output {
                key: "nothing",
                label: "",
                definition: "",
                value: Value::Number(|_| None),
            },
            Output {
                key: "list",
                label: "",
                definition: "",
                value: Value::Object(|text, out| {
                    push_list(out, &[text, text], |out, text| push_text(out, text));
                }),
            },
            Output {
                key: "yes",
                label: "",
                definition: "",
                value: Value::Boolean(|_| Some(true)),
            },
            Output {
                key: "maybe",
                label: "",
                definition: "",
                value: Value::Boolean(|_| None),
            },
        ];
        let json = write(OUTPUTS, &"a\"\u{1}").unwrap();
        assert_eq!(
            json,
            r#"{"text":"a\"\u0001","nothing":null,"list":["a\"\u0001","a\"\u0001"],"yes":true,"maybe":null}"#
        );
        assert_eq!(json.len(), json.capacity());
    }
}
