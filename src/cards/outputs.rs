//! The outputs of a card: a JSON object, keyed by field. An output without a value is null.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::write::{Length, Out, push_list, push_text};
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

/// Appends a JSON object with the value of each member for `result`.
fn push_object<'a, T: 'a>(
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

/// Appends a JSON array of objects, each with the value of each member for a row.
pub fn push_rows<T>(out: &mut dyn Out, rows: &[T], members: &[(&'static str, Value<T>)]) {
    push_list(out, rows, |out, row| {
        push_object(out, members.iter().map(|(key, value)| (*key, value)), row);
    });
}

/// The most bytes of a text that repeats a part of the output.
pub const MAX_TEXT: usize = 65_536;

/// Marks the end of a text that was cut.
pub const CUT: &str = "… (cut: Output has the rest)";

/// Cuts a text to 64 KiB, with a mark.
pub fn cut(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let start = text.get(..text.floor_char_boundary(MAX_TEXT));
    format!("{}{CUT}", start.unwrap_or_default())
}

/// Joins frames to lines, up to 64 KiB. Returns `None` if there are none.
pub fn lines(frames: Vec<String>) -> Option<String> {
    let mut frames = frames.into_iter();
    let mut text = frames.next()?;
    for frame in frames {
        if text.len() > MAX_TEXT {
            break;
        }
        text.push('\n');
        text.push_str(&frame);
    }
    Some(cut(text))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

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

    #[test]
    fn text_is_cut_with_a_mark_between_two_characters() {
        let whole = "é".repeat(MAX_TEXT / 2);
        assert_eq!(cut(whole.clone()), whole);
        assert_eq!(cut(format!("{whole}x")), format!("{whole}{CUT}"));
        let odd = format!("x{whole}");
        let start = &odd[..MAX_TEXT - 1];
        assert_eq!(cut(odd.clone()), format!("{start}{CUT}"));
    }

    #[test]
    fn frames_become_lines_up_to_the_limit() {
        assert_eq!(lines(Vec::new()), None);
        let frames = |frames: &[&str]| lines(frames.iter().map(|frame| (*frame).into()).collect());
        assert_eq!(frames(&["a"]).as_deref(), Some("a"));
        assert_eq!(frames(&["a", "", "b"]).as_deref(), Some("a\n\nb"));
        let half = "x".repeat(MAX_TEXT / 2);
        let text = lines(vec![half.clone(); 10_000]).unwrap();
        let expected = format!("{half}\n{}{CUT}", &half[1..]);
        assert!(text == expected, "{} bytes", text.len());
    }
}
