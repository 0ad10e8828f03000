//! How a command ended.

use std::process::ExitCode;

/// How a command ended. The numbers are documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked to.
    Success,
    /// It did not.
    Error,
    /// The function ran and failed.
    FunctionFailed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Error => Self::from(1),
            // 2 is clap's, for arguments that it does not understand.
            Outcome::FunctionFailed => Self::from(3),
        }
    }
}
