//! Runs a command: from parsed arguments to an exit code.

use std::process::ExitCode;

use anyhow::{Context, Result};
use host_test::json;

pub mod args;

mod component;
mod connection;
mod demo;
mod executions;
mod files;
mod human;
mod operations;
mod outcome;
mod policy;
mod print;
mod progress;
mod proxy;
mod reported;
mod serve;
mod settings;
mod streaming;
mod studio;
mod times;

use args::{Cli, Command};
use outcome::Outcome;

/// Runs the command. If it cannot run, reports the error and returns the exit code for it.
pub fn main(cli: Cli) -> ExitCode {
    let json = cli.command.as_ref().is_some_and(Command::wants_json);
    let outcome = run(cli).unwrap_or_else(|error| {
        let message = format!("{error:#}");
        if json {
            // The exit code reports the failure even if this write fails.
            let _ = print::print_out(json::host_error(&message));
        } else {
            print::print_err(format_args!("error: {message}"));
        }
        Outcome::Error
    });
    outcome.into()
}

fn run(cli: Cli) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new().context("starting the async runtime")?;
    runtime.block_on(async {
        match cli.command.unwrap_or_default() {
            Command::Demo(args) => demo::run(&args).await,
            Command::Invoke(args) => operations::invoke(&args).await,
            Command::List(args) => operations::list(&args).await,
            Command::Qualifiers(args) => operations::qualifiers(&args).await,
            Command::Executions { command } => executions::run(&command).await,
            Command::Callback { command } => executions::answer(&command).await,
            Command::Serve(args) => serve::run(&args).await,
            Command::Studio(args) => studio::run(&args).await,
            Command::Policy(args) => policy::run(&args),
            Command::Component(args) => component::run(&args),
            Command::Completions { shell } => {
                print::completions(shell)?;
                Ok(Outcome::Success)
            }
        }
    })
}
