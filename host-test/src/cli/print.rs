//! Lines on standard output and standard error. `println!` would panic where nobody reads any more.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// A line of the result. A reader who has seen enough (`| head`) is no error; a full disk is.
pub fn say(line: impl Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A line about the result. There is nobody left to tell that it could not be written.
pub fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
