//! The prelude of a response that a function wrote for its function URL.
//!
//! Such a function, for example one that uses `awslambda.HttpResponseStream.from`, begins its output with
//! a JSON object that has the status, the headers and the cookies of an HTTP response. Eight NUL bytes
//! separate it from the body. Lambda reads the prelude if a function URL invoked the function. An
//! invocation through Lambda's API receives it as a part of the output.

use bytes::Bytes;
use serde_json::{Map, Value};

/// What separates the prelude from the body.
const SEPARATOR: [u8; 8] = [0; 8];
/// The longest prelude, in bytes. The headers of an HTTP response are much shorter.
const MAX_PRELUDE: usize = 64 << 10;

/// Separates a prelude from the output that follows it, while the output arrives.
///
/// Output without a prelude passes through unchanged. The splitter holds output back only for as long as
/// it can still be a prelude, and 64 KiB at most. The first byte decides for most output. For output that
/// begins with a JSON object, the byte after the object does.
///
/// ```
/// use aws_lambda_connector_host::prelude::PreludeSplitter;
///
/// let mut splitter = PreludeSplitter::default();
/// let mut body = Vec::new();
/// for piece in [r#"{"statusCode":201}"#, "\0\0\0\0", "\0\0\0\0<p>", "Hello</p>"] {
///     body.extend(splitter.push(piece.into()));
/// }
/// assert_eq!(splitter.prelude(), Some(r#"{"statusCode":201}"#));
/// body.extend(splitter.finish());
/// assert_eq!(body, b"<p>Hello</p>");
/// ```
#[derive(Debug, Default)]
pub struct PreludeSplitter {
    held: Vec<u8>,
    at: Position,
    prelude: Option<String>,
}

/// What the bytes so far are.
#[derive(Debug, Default, Clone, Copy)]
enum Position {
    #[default]
    Start,
    /// In an object, below this many brackets.
    Object { depth: usize },
    /// In a string of the object.
    Text { depth: usize, escaped: bool },
    /// After the object and this many bytes of the separator.
    Separator { matched: usize },
    /// In the body.
    Body,
}

impl PreludeSplitter {
    /// Takes the next bytes of the output. Returns those of the body, which include what was held back
    /// if the output turns out to have no prelude.
    #[must_use]
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        if let Position::Body = self.at {
            return piece;
        }
        for (index, byte) in piece.iter().enumerate() {
            self.at = match self.at.after(*byte) {
                _ if self.held.len() + index >= MAX_PRELUDE => Position::Body,
                Position::Separator { matched } if matched == SEPARATOR.len() => {
                    self.held.extend_from_slice(&piece[..=index]);
                    self.at = Position::Body;
                    self.prelude = object(&self.held[..self.held.len() - SEPARATOR.len()]);
                    if self.prelude.is_none() {
                        self.held.extend_from_slice(&piece[index + 1..]);
                        return self.release();
                    }
                    self.held = Vec::new();
                    return piece.slice(index + 1..);
                }
                at => at,
            };
            if let Position::Body = self.at {
                break;
            }
        }
        self.held.extend_from_slice(&piece);
        match self.at {
            Position::Body => self.release(),
            _ => Bytes::new(),
        }
    }

    /// Returns the prelude, a JSON object, once it is complete.
    pub fn prelude(&self) -> Option<&str> {
        self.prelude.as_deref()
    }

    /// Returns what was held back when the output ended. It is a part of the body.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.release()
    }

    fn release(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }
}

impl Position {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Start, b'{') => Self::Object { depth: 1 },
            (Self::Object { depth }, b'"') => Self::Text {
                depth,
                escaped: false,
            },
            (Self::Object { depth }, b'{' | b'[') => Self::Object { depth: depth + 1 },
            (Self::Object { depth: 1 }, b'}' | b']') => Self::Separator { matched: 0 },
            (Self::Object { depth }, b'}' | b']') => Self::Object { depth: depth - 1 },
            (Self::Object { depth }, b' ' | b'\t' | b'\n' | b'\r' | b'!'..) => {
                Self::Object { depth }
            }
            (Self::Text { depth, escaped }, b' '..) => match (byte, escaped) {
                (b'"', false) => Self::Object { depth },
                _ => Self::Text {
                    depth,
                    escaped: byte == b'\\' && !escaped,
                },
            },
            (Self::Separator { matched }, 0) => Self::Separator {
                matched: matched + 1,
            },
            _ => Self::Body,
        }
    }
}

/// Returns the text of a JSON object.
fn object(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Map<String, Value>>(bytes).ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits output that arrives in these pieces.
    fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Option<String>, Vec<u8>) {
        let mut splitter = PreludeSplitter::default();
        let mut body = Vec::new();
        for piece in pieces {
            body.extend(splitter.push(Bytes::copy_from_slice(piece)));
            assert!(splitter.held.len() <= MAX_PRELUDE + piece.len());
        }
        let prelude = splitter.prelude().map(str::to_owned);
        body.extend(splitter.finish());
        (prelude, body)
    }

    /// Splits output in every way to divide it in two, and byte by byte. All must agree.
    fn split_everywhere(output: &[u8]) -> (Option<String>, Vec<u8>) {
        let whole = split([output]);
        for middle in 0..=output.len() {
            let (first, second) = output.split_at(middle);
            assert_eq!(split([first, second]), whole, "{middle}");
        }
        assert_eq!(split(output.chunks(1)), whole);
        whole
    }

    const NULS: &str = "\0\0\0\0\0\0\0\0";

    #[test]
    fn prelude_is_separated_wherever_the_output_is_divided() {
        for prelude in [
            "{}",
            r#"{"statusCode":200,"headers":{"a":"}\"]{\\"},"cookies":["ü=1"]}"#,
            "{\n  \"statusCode\": 404\r\n\t}",
        ] {
            for body in [
                "",
                "x",
                "\0",
                "<p>ü</p>",
                r#"{"a":1}"#,
                "{}\0\0\0\0\0\0\0\0",
            ] {
                let output = format!("{prelude}{NULS}{body}");
                assert_eq!(
                    split_everywhere(output.as_bytes()),
                    (Some(prelude.to_owned()), body.as_bytes().to_vec())
                );
            }
        }
    }

    #[test]
    fn output_without_a_prelude_passes_unchanged() {
        let seven = &NULS[1..];
        for output in [
            "".to_owned(),
            "<p>".to_owned(),
            r#"{"a":1}"#.to_owned(),
            r#"{"a":1"#.to_owned(),
            "{\"a\":1}\n{\"b\":2}\n".to_owned(),
            format!("[]{NULS}x"),
            format!(" {{}}{NULS}x"),
            format!("{{}}{seven}x"),
            format!("{{}}{seven}"),
            format!("{{}} {NULS}x"),
            format!("{{\"a\0\":1}}{NULS}x"),
            format!("{{\"a\":1{NULS}x"),
            // Not JSON, which shows at the separator only.
            format!("{{a}}{NULS}x{NULS}"),
            format!("{{]{NULS}x"),
        ] {
            let unchanged = (None, output.as_bytes().to_vec());
            assert_eq!(split_everywhere(output.as_bytes()), unchanged, "{output:?}");
        }
        let not_text = b"{\"\xff\":1}\0\0\0\0\0\0\0\0x";
        assert_eq!(split_everywhere(not_text), (None, not_text.to_vec()));
    }

    #[test]
    fn output_is_held_back_only_while_it_can_be_a_prelude() {
        for (pieces, passes) in [
            (&["x"][..], "x"),
            (&["{\"a\":1}"][..], ""),
            (&["{\"a\":1}", "\n"][..], "{\"a\":1}\n"),
            (&["{}\0\0", "\0y", "z"][..], "{}\0\0\0yz"),
        ] {
            let mut splitter = PreludeSplitter::default();
            let mut passed = Vec::new();
            for piece in pieces {
                passed.extend(splitter.push(Bytes::from_static(piece.as_bytes())));
            }
            assert_eq!(passed, passes.as_bytes());
        }
    }

    #[test]
    fn longest_prelude_is_64_kib_with_its_separator() {
        let prelude = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let longest = MAX_PRELUDE - SEPARATOR.len();
        for (bytes, is_prelude) in [(longest, true), (longest + 1, false)] {
            let output = format!("{}{NULS}body", prelude(bytes));
            for size in [1, 4_096, output.len()] {
                let (found, body) = split(output.as_bytes().chunks(size));
                assert_eq!(found.is_some(), is_prelude, "{bytes} in {size}");
                assert_eq!(body.len(), if is_prelude { 4 } else { output.len() });
            }
        }
        // An object that does not end is released.
        let (found, body) = split(
            [&b"{\""[..]]
                .into_iter()
                .chain(vec![&[b'x'; 9_000][..]; 20]),
        );
        assert_eq!((found, body.len()), (None, 180_002));
    }
}
