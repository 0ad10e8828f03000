//! Other processes that measure, and the lines between them and this program.
//!
//! A process first prints one line: its name and versions. It then reads lines of two numbers, such as
//! a size and a number of calls. For each of them it measures, and prints one number.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The time to establish a connection. The scripts of `peers/` have the same times.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time to the first byte of a response.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// A process that measures. It ends when this value is dropped.
pub struct Peer {
    /// Its first line.
    pub versions: String,
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a process, and waits until it is ready. What it writes to standard error is shown.
    pub fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().display().to_string();
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let pipes = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = pipes else {
            bail!("starting {program}: its input and output are not pipes");
        };
        // Created before anything else can fail, so that dropping it always ends the process.
        let mut peer = Self {
            versions: String::new(),
            process,
            input,
            output: BufReader::new(output).lines(),
        };
        peer.versions = peer.line().with_context(|| format!("starting {program}"))?;
        Ok(peer)
    }

    /// Lets the process measure, and returns its number.
    pub fn measure(&mut self, what: usize, count: usize) -> Result<f64> {
        let answer = writeln!(self.input, "{what} {count}")
            .map_err(Into::into)
            .and_then(|()| self.line())
            .and_then(|line| number(&line));
        answer.with_context(|| format!("measuring {what} {count} with {}", self.versions))
    }

    fn line(&mut self) -> Result<String> {
        let line = self.output.next();
        Ok(line.context("the process ended; its standard error has the reason")??)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It keeps no state, so it needs no orderly shutdown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the command that starts this program again.
pub fn this_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// Answers the lines of standard input in this process, until it ends.
pub fn answer_lines(
    versions: impl Display,
    mut measure: impl FnMut(usize, usize) -> Result<f64>,
) -> Result<()> {
    println!("{versions}");
    for line in io::stdin().lines() {
        let (what, count) = order(&line?)?;
        println!("{}", measure(what, count)?);
    }
    Ok(())
}

/// Reads two numbers.
fn order(line: &str) -> Result<(usize, usize)> {
    let numbers = line
        .split_once(' ')
        .and_then(|(what, count)| Some((what.parse().ok()?, count.parse().ok()?)));
    numbers.with_context(|| format!("expected two numbers, got {line:?}"))
}

/// Reads a measured number. A duration is positive.
fn number(line: &str) -> Result<f64> {
    match line.trim().parse() {
        Ok(number) if f64::is_finite(number) && number > 0.0 => Ok(number),
        _ => bail!("expected a positive number, got {line:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_positive_numbers() {
        for (line, expected) in [("0.25", 0.25), ("1e-05", 1e-5), ("3", 3.0), (" 2.5\r", 2.5)] {
            assert_eq!(number(line).ok(), Some(expected), "{line:?}");
        }
        for line in ["", "0", "-1", "NaN", "inf", "1 2", "Error: no such file"] {
            assert!(number(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn orders_are_two_numbers() {
        assert_eq!(order("100 20").ok(), Some((100, 20)));
        for line in ["", "100", "100 ", "-1 2", "a b", "1 2 3"] {
            assert!(order(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_process_answers_with_its_versions_and_numbers() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo shell 1; while read a b; do echo $((a * b)); done",
        ]);
        let mut peer = Peer::start(command).expect("sh starts");
        assert_eq!(peer.versions, "shell 1");
        assert_eq!(peer.measure(6, 7).ok(), Some(42.0));
        assert!(peer.measure(0, 7).is_err());
    }

    #[test]
    fn a_process_that_ends_is_an_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read line"]);
        let mut peer = Peer::start(command).expect("sh starts");
        assert!(peer.measure(1, 1).is_err());
        assert!(Peer::start(Command::new("true")).is_err());
    }
}
