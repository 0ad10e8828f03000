//! Outcomes of a command.

use std::process::ExitCode;

/// The outcome of a command. `--help` documents the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The command succeeded.
    Success,
    /// The command failed.
    Error,
    /// The function ran and failed, or a durable execution failed, timed out or was stopped.
    FunctionFailed,
    /// A wait ended before the execution did.
    NotEnded,
    /// The user ended a wait.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Error => Self::from(1),
            // clap exits with 2 if it rejects the arguments.
            Outcome::FunctionFailed => Self::from(3),
            Outcome::NotEnded => Self::from(4),
            // Shells report a program that SIGINT ended by this code.
            Outcome::Interrupted => Self::from(130),
        }
    }
}
