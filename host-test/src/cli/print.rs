//! Lines on standard output and standard error. `println!` would panic if the reader has closed the
//! pipe.
//!
//! Some of the text comes from a function or an endpoint. A file or a pipe receives it unchanged.
//! On a terminal, control characters are escaped, because the terminal would execute them.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Write};

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

/// Escapes control characters for a terminal, as Rust does. Tab and line feed remain.
fn escape_controls(line: String, on_terminal: bool) -> String {
    let is_command = |character: char| character.is_control() && !matches!(character, '\t' | '\n');
    if !on_terminal || !line.contains(is_command) {
        return line;
    }
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        if is_command(character) {
            // Infallible: writing to a String.
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
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
}
