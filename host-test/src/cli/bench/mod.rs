//! `bench`: the component in its host against AWS's SDK for Rust, both calling the same local
//! Lambda in another process, in alternating rounds. Nothing passes or fails: machines differ.

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

use super::print::{say, tell};
use super::{Outcome, connection};

pub mod args;

mod alternate;
mod at_once;
mod breakdown;
mod calls;
mod direct;
mod hooks;
mod in_flight;
mod instances;
mod list;
mod memory;
mod native;
mod ours;
mod payload;
mod process;
mod samples;
mod sdk_component;
mod service;
mod size;
mod table;

use args::{BenchArgs, Child, Part};
use native::Native;
use ours::Ours;
use service::Service;

/// Measures what was asked for and prints it as Markdown.
pub fn run(args: &BenchArgs) -> Result<Outcome> {
    process::allow_many_files()?;
    if let Some(Child::InFlight(child)) = &args.child {
        return in_flight::child(child);
    }
    let service = Service::start()?;
    let url = &service.url;
    let runtime = runtime(args.workers)?;
    let rows = runtime.block_on(compare(args, url))?;
    if !rows.is_empty() {
        say(table::comparison(rows))?;
    }
    if args.wants(Part::Breakdown) {
        tell("measuring the steps of a call");
        let steps = runtime.block_on(breakdown::run(args, url))?;
        say(format_args!("\n{}", table::steps(&steps)))?;
    }
    Ok(Outcome::Success)
}

async fn compare(args: &BenchArgs, url: &str) -> Result<Vec<table::Row>> {
    let mut rows = Vec::new();
    if args.wants(Part::Calls) || args.wants(Part::List) {
        let ours = Ours::new(connection::load(&args.component)?, url)?;
        let native = Native::new(url);
        if args.wants(Part::Calls) {
            tell("measuring calls");
            rows.extend(calls::run(args.rounds, &ours, &native).await?);
        }
        if args.wants(Part::List) {
            tell("measuring lists");
            rows.push(list::run(args.rounds, &ours, &native).await?);
        }
    }
    if args.wants(Part::Instances) {
        tell("measuring instances");
        rows.extend(instances::run(args).await?);
    }
    if args.wants(Part::InFlight) {
        tell("measuring calls in flight");
        rows.extend(in_flight::run(args, url)?);
    }
    if args.wants(Part::AtOnce) {
        tell("measuring calls at once in one instance");
        rows.push(at_once::run(url).await?);
    }
    if args.wants(Part::Memory) {
        tell("looking for the least memory");
        rows.push(memory::run(args, url).await?);
    }
    if args.wants(Part::Size) {
        tell("measuring the component");
        rows.extend(size::run(args)?);
    }
    Ok(rows)
}

/// With no threads but the calling one, the time that threads take to wake each other is not
/// measured: it depends on the machine more than on either side.
fn runtime(workers: usize) -> Result<Runtime> {
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    builder
        .enable_all()
        .build()
        .context("starting the async runtime")
}
