//! The command line of the reference host. See `cli/args.rs` for what it takes.

use std::process::ExitCode;

use clap::Parser;

mod cli;

fn main() -> ExitCode {
    cli::main(cli::args::Cli::parse())
}
