//! The command line of the reference host. `cli/args.rs` defines its arguments.

use std::process::ExitCode;

use clap::Parser;

mod cli;

fn main() -> ExitCode {
    cli::main(cli::args::Cli::parse())
}
