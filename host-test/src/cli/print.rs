//! Lines on standard output and standard error. `println!` would panic if the reader has closed the
//! pipe.
//!
//! Some of the text comes from a function or an endpoint. A file or a pipe receives it unchanged.
//! On a terminal, control and format characters are escaped: the terminal would execute the former,
//! and the latter hide or reorder the text around them.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};

use clap::CommandFactory;

use super::args::{Cli, PROGRAM};

/// Prints a line of the result to standard output. A reader that closes the pipe early, such as
/// `head`, does not cause an error. Any other failed write does, for example on a full disk.
pub fn print_out(line: impl Display) -> io::Result<()> {
    let mut output = io::stdout();
    let line = escape_controls(line.to_string(), output.is_terminal());
    match writeln!(output, "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints a line about the result to standard error. A failed write is ignored because it cannot be
/// reported anywhere.
pub fn print_err(line: impl Display) {
    let mut output = io::stderr();
    let line = escape_controls(line.to_string(), output.is_terminal());
    let _ = writeln!(output, "{line}");
}

/// Standard output for bytes that arrive in pieces. A file or a pipe receives each piece at once and
/// unchanged. A terminal receives text.
pub struct Pieces {
    output: Stdout,
    text: Option<TextInPieces>,
}

impl Pieces {
    pub fn to_stdout() -> Self {
        let output = io::stdout();
        let text = output.is_terminal().then(TextInPieces::default);
        Self { output, text }
    }

    /// Writes a piece. Returns false once the reader has closed the pipe.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<bool> {
        let written = match &mut self.text {
            Some(text) => self.output.write_all(text.push(piece).as_bytes()),
            None => self.output.write_all(piece),
        };
        match written.and_then(|()| self.output.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Bytes as a terminal may show them, in pieces that can divide a character.
#[derive(Default)]
struct TextInPieces {
    /// The first bytes of a character.
    begun: Vec<u8>,
}

impl TextInPieces {
    fn push(&mut self, piece: &[u8]) -> String {
        self.begun.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.begun);
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            // Only the end of the piece can be the beginning of a character.
            let is_last = std::ptr::eq(invalid.as_ptr_range().end, bytes.as_ptr_range().end);
            let is_begun = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if is_last && is_begun {
                self.begun = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        for_terminal(text)
    }
}

/// Returns a text as a terminal may show it.
pub fn for_terminal(text: String) -> String {
    escape_controls(text, true)
}

/// Escapes characters that change how a line is shown on a terminal, as Rust does.
fn escape_controls(line: String, on_terminal: bool) -> String {
    if !on_terminal || !line.contains(is_unsafe) {
        return line;
    }
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        if is_unsafe(character) {
            // Infallible: writing to a String.
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

/// Whether a terminal would not show the character as itself. These are control characters (Cc) other
/// than tab and line feed, and format characters (Cf), which include those that change the direction
/// of text. The separators of lines and paragraphs are neither, but belong to them.
fn is_unsafe(character: char) -> bool {
    match character {
        '\t' | '\n' => false,
        '\u{ad}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}' => true,
        _ => character.is_control(),
    }
}

/// Prints the completions of this program for `shell` to standard output.
pub fn completions(shell: clap_complete::Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    print_out(String::from_utf8_lossy(&script).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_only_for_a_terminal() {
        // Clears the screen, sets the title, moves the cursor and overwrites a line. The last
        // sequence begins with a C1 control.
        let output = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{8}b\rc\u{9b}31m\u{7f}\tgrün\n";
        assert_eq!(
            escape_controls(output.to_owned(), true),
            "a\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{8}b\\rc\\u{9b}31m\\u{7f}\tgrün\n"
        );
        assert_eq!(escape_controls(output.to_owned(), false), output);
        assert_eq!(
            escape_controls("{\n\t\"größe\": 1}".to_owned(), true),
            "{\n\t\"größe\": 1}"
        );
    }

    #[test]
    fn terminal_gets_whole_characters_of_a_stream() {
        let bytes = "a\u{1b}[2Jü🎉\u{9b}\n".as_bytes();
        let bytes = [bytes, b"\xff\xf0\x9f(", bytes, b"\xc3"].concat();
        for size in 1..=bytes.len() {
            let mut stream = TextInPieces::default();
            let text: String = bytes.chunks(size).map(|piece| stream.push(piece)).collect();
            let part = "a\\u{1b}[2Jü🎉\\u{9b}\n";
            assert_eq!(text, format!("{part}\u{fffd}\u{fffd}({part}"), "{size}");
            assert_eq!(stream.begun, b"\xc3");
        }
    }

    #[test]
    fn terminal_gets_no_format_characters() {
        for (name, character) in [
            ("soft hyphen", '\u{ad}'),
            ("Arabic letter mark", '\u{61c}'),
            ("zero-width space", '\u{200b}'),
            ("zero-width joiner", '\u{200d}'),
            ("right-to-left mark", '\u{200f}'),
            ("line separator", '\u{2028}'),
            ("paragraph separator", '\u{2029}'),
            ("left-to-right embedding", '\u{202a}'),
            ("pop directional formatting", '\u{202c}'),
            ("right-to-left override", '\u{202e}'),
            ("word joiner", '\u{2060}'),
            ("left-to-right isolate", '\u{2066}'),
            ("pop directional isolate", '\u{2069}'),
            ("byte order mark", '\u{feff}'),
            ("interlinear annotation", '\u{fff9}'),
            ("language tag", '\u{e0001}'),
            ("tag letter", '\u{e0061}'),
            ("NUL", '\0'),
            ("carriage return", '\r'),
            ("escape", '\u{1b}'),
            ("C1 control", '\u{9b}'),
        ] {
            let line = format!("a{character}b");
            let escaped = escape_controls(line.clone(), true);
            assert!(!escaped.contains(character), "{name}");
            assert_eq!(
                escaped,
                format!("a{}b", character.escape_default()),
                "{name}"
            );
            assert_eq!(escape_controls(line.clone(), false), line, "{name}");
        }
        let text = "größe\t日本語 עברית العربية 🎉\n";
        assert_eq!(escape_controls(text.to_owned(), true), text);
    }
}
