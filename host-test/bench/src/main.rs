//! Compares the component in its host with the AWS SDK for Rust. Both call the same local Lambda in
//! another process, in alternating rounds. Nothing passes or fails, because machines differ.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

mod alternate;
mod args;
mod calls;
mod in_flight;
mod list;
mod native;
mod ours;
mod payload;
mod peer;
mod process;
mod samples;
mod saturated;
mod sdk_component;
mod service;
mod size;
mod stream;
mod table;
mod throughput;

use args::{BenchArgs, Child, Part};
use native::Native;
use ours::Ours;
use service::Service;

fn main() -> Result<()> {
    let args = BenchArgs::parse();
    process::allow_many_files()?;
    match &args.child {
        Some(Child::Service) => return service::serve(),
        Some(Child::InFlight(child)) => return in_flight::child(child),
        Some(Child::Throughput(child)) => return throughput::child(child),
        None => {}
    }
    let service = Service::start()?;
    let url = &service.url;
    let runtime = runtime(args.workers)?;
    let mut rows = runtime.block_on(compare(&args, url))?;
    if args.wants(Part::Saturated) {
        eprintln!("measuring calls on a saturated processor");
        rows.extend(saturated::run(&args, url)?);
    }
    if args.wants(Part::Throughput) {
        eprintln!("measuring calls a second");
        let levels = throughput::run(&args, url)?;
        rows.extend(levels.iter().map(throughput::Level::row));
    }
    println!("{}", table::comparison(rows));
    Ok(())
}

async fn compare(args: &BenchArgs, url: &str) -> Result<Vec<table::Row>> {
    let mut rows = Vec::new();
    if args.wants(Part::Calls) || args.wants(Part::List) {
        let ours = Ours::new(ours::load(&args.component)?, url)?;
        let native = Native::new(url);
        if args.wants(Part::Calls) {
            eprintln!("measuring calls");
            rows.extend(calls::run(args.rounds, &ours, &native).await?);
        }
        if args.wants(Part::List) {
            eprintln!("measuring lists");
            rows.push(list::run(args.rounds, &ours, &native).await?);
        }
    }
    if args.wants(Part::Stream) {
        eprintln!("measuring streamed responses");
        let host = ours::load(Path::new(built_component::P3))?;
        let (ours, native) = (Ours::new(host, url)?, Native::new(url));
        rows.extend(stream::run(args.rounds, &ours, &native, url).await?);
    }
    if args.wants(Part::InFlight) {
        eprintln!("measuring calls in flight");
        rows.extend(in_flight::run(args, url)?);
    }
    if args.wants(Part::Size) {
        eprintln!("measuring the component");
        rows.extend(size::run(args)?);
    }
    Ok(rows)
}

/// With a single thread, the time that threads take to wake each other is not measured. It depends
/// more on the machine than on either side.
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
