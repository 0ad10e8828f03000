//! Lines on standard output and standard error. `println!` would panic where nobody reads any more.
//!
//! Part of them was written by a function or an endpoint. Into a file or a pipe it goes as it came; a
//! terminal would take its control characters for orders.

use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::CommandFactory;

use super::args::{Cli, PROGRAM};

/// A line of the result. A reader who has seen enough (`| head`) is no error; a full disk is.
pub fn say(line: impl Display) -> io::Result<()> {
    let mut output = io::stdout();
    let line = shown(line.to_string(), output.is_terminal());
    match writeln!(output, "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A line about the result. There is nobody left to tell that it could not be written.
pub fn tell(line: impl Display) {
    let mut output = io::stderr();
    let line = shown(line.to_string(), output.is_terminal());
    let _ = writeln!(output, "{line}");
}

/// On a terminal, with control characters as Rust escapes them, except for tabs and ends of lines.
fn shown(line: String, on_terminal: bool) -> String {
    let is_order = |character: char| character.is_control() && !matches!(character, '\t' | '\n');
    if !on_terminal || !line.contains(is_order) {
        return line;
    }
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        if is_order(character) {
            // Infallible: writing to a String.
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

/// The completions of this program for `shell`, on standard output.
pub fn completions(shell: clap_complete::Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    say(String::from_utf8_lossy(&script).trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders_from_a_function() {
        // Clears the screen, sets the title, moves the cursor, overwrites a line; the last by one byte of C1.
        let output = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{8}b\rc\u{9b}31m\u{7f}\tgrün\n";
        assert_eq!(
            shown(output.to_owned(), true),
            "a\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{8}b\\rc\\u{9b}31m\\u{7f}\tgrün\n"
        );
        assert_eq!(shown(output.to_owned(), false), output);
        assert_eq!(
            shown("{\n\t\"größe\": 1}".to_owned(), true),
            "{\n\t\"größe\": 1}"
        );
    }
}
