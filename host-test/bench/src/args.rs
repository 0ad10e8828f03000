//! What can be measured, and how.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the component against the native SDK, and prints tables.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    /// Only this part; may be given several times [default: all]
    #[arg(long, value_enum, value_name = "PART")]
    pub only: Vec<Part>,
    /// Rounds, in each of which both sides are measured once
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub rounds: usize,
    /// Threads of the runtime beside the calling one; 0 calls and moves bytes on one thread
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub workers: usize,
    /// The component to measure, in place of the one built with this program
    #[arg(long, value_name = "PATH", default_value = built_component::P2, hide_default_value = true)]
    pub component: PathBuf,
    #[command(subcommand)]
    pub child: Option<Child>,
}

impl BenchArgs {
    /// Whether this part was asked for.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU time of an invocation, by size
    Calls,
    /// Memory of the process with many invocations in flight
    InFlight,
    /// CPU time of a long list
    List,
    /// The component's file
    Size,
}

/// What runs in processes of their own.
#[derive(Debug, Subcommand)]
pub enum Child {
    /// The local Lambda
    #[command(hide = true)]
    Service,
    /// One side of the measurement by that name
    #[command(hide = true)]
    InFlight(InFlightArgs),
}

/// Arguments of `in-flight`.
#[derive(Debug, Args)]
pub struct InFlightArgs {
    #[arg(long, value_enum)]
    pub side: Side,
    #[arg(long)]
    pub url: String,
    #[arg(long)]
    pub calls: usize,
    #[arg(long)]
    pub component: PathBuf,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The component in its host.
    Ours,
    /// AWS's SDK for Rust.
    Native,
}

impl Side {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Native => "native",
        }
    }
}
