//! Files and standard input, read up to a limit: a path can name a device or a pipe that never ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The largest length of an input, and the parts of the error about a longer one.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// What the input is, for example `the payload`.
    pub what: &'static str,
    /// The largest length, in bytes.
    pub bytes: usize,
    /// What allows this length.
    pub allows: &'static str,
    /// What to do about a longer input.
    pub instead: &'static str,
}

impl Limit {
    /// Reads a file.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>> {
        let at = path.display();
        let what = self.what;
        let file = File::open(path).with_context(|| format!("reading {what} from {at}"))?;
        self.read_from(file, &at.to_string())
    }

    /// Reads standard input.
    pub fn read_stdin(&self) -> Result<Vec<u8>> {
        self.read_from(io::stdin().lock(), "standard input")
    }

    fn read_from(&self, input: impl Read, at: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One byte more than allowed shows that there is more.
        let read = input.take(self.bytes as u64 + 1).read_to_end(&mut bytes);
        read.with_context(|| format!("reading {} from {at}", self.what))?;
        self.check(bytes, at)
    }

    /// Checks the length of an input that was read elsewhere.
    pub fn check(&self, bytes: Vec<u8>, at: &str) -> Result<Vec<u8>> {
        if bytes.len() > self.bytes {
            bail!(
                "{} in {at} is longer than {} bytes, which is the most that {}; {}",
                self.what,
                self.bytes,
                self.allows,
                self.instead
            );
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        what: "the input",
        bytes: 3,
        allows: "a test allows",
        instead: "shorten it",
    };

    #[test]
    fn input_is_read_up_to_its_limit() {
        assert_eq!(LIMIT.read_from(&b"abc"[..], "here").unwrap(), b"abc");
        assert_eq!(LIMIT.read_from(io::empty(), "here").unwrap(), b"");
    }

    #[test]
    fn input_without_an_end_is_rejected() {
        let error = LIMIT.read_from(io::repeat(0), "here").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the input in here is longer than 3 bytes, which is the most that a test allows; \
             shorten it"
        );
    }
}
