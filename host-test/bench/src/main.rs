//! Compares the component in its host with the AWS SDK for Rust. Both call the same local Lambda in
//! another process, in alternating rounds. Nothing passes or fails, because machines differ. The
//! exception is `soak`, which judges the outcome of each call.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

mod alternate;
mod args;
mod calls;
mod chart;
mod first_answer;
mod in_flight;
mod list;
mod machine;
mod native;
mod ours;
mod payload;
mod peer;
mod peers;
mod process;
mod samples;
mod saturated;
mod sdk;
mod sdk_component;
mod service;
mod size;
mod soak;
mod stream;
mod table;
mod throughput;

use args::{BenchArgs, Child, Part};
use chart::Chart;
use native::Native;
use ours::Ours;
use service::Service;

fn main() -> Result<ExitCode> {
    let args = BenchArgs::parse();
    process::allow_many_files()?;
    match &args.child {
        Some(Child::Soak(soak)) => return soak::run(soak),
        Some(Child::SoakHost(host)) => soak::reference::serve(host)?,
        Some(Child::Service) => service::serve()?,
        Some(Child::InFlight(child)) => in_flight::child(child)?,
        Some(Child::Throughput(child)) => throughput::child(child)?,
        Some(Child::Peer(child)) => peers::child(child, &runtime(child.workers)?)?,
        Some(Child::FirstAnswer(child)) => {
            first_answer::child(child, &runtime(child.peer.workers)?)?;
        }
        None => measure(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures what was asked for, and prints the table.
fn measure(args: &BenchArgs) -> Result<()> {
    let needs_peers = |part: &Part| matches!(part, Part::Peers | Part::FirstAnswer);
    ensure!(
        args.peers.is_some() || !args.only.iter().any(needs_peers),
        "the parts `peers` and `first-answer` need SDKs: start host-test/bench/peers/run"
    );
    let service = Service::start()?;
    let url = &service.url;
    let runtime = runtime(args.workers)?;
    let mut rows = runtime.block_on(compare(args, url))?;
    if args.wants(Part::Saturated) {
        eprintln!("measuring calls on a saturated processor");
        rows.extend(saturated::run(args, url)?);
    }
    if args.wants(Part::Throughput) {
        eprintln!("measuring calls a second");
        let levels = throughput::run(args, url)?;
        rows.extend(levels.iter().map(throughput::Level::row));
        draw(args, "throughput", throughput::chart(&levels, &note(args)))?;
    }
    let mut versions = machine::describe(&args.component)?;
    if let Some(folder) = &args.peers {
        if args.wants(Part::Peers) {
            eprintln!("measuring calls beside the SDKs of workflow platforms");
            let costs = peers::run(args, folder, url)?;
            rows.extend(costs.rows());
            draw(args, "cost-by-size", costs.chart(&note(args)))?;
            versions.extend(costs.versions);
        }
        if args.wants(Part::FirstAnswer) {
            eprintln!("measuring first answers");
            rows.extend(first_answer::run(args, folder, url)?);
        }
    }
    println!("{}\n", table::comparison(rows));
    for line in versions {
        println!("- {line}");
    }
    Ok(())
}

/// Returns how a chart was measured.
fn note(args: &BenchArgs) -> String {
    format!(
        "Medians of {} rounds on {}.",
        args.rounds,
        machine::processor()
    )
}

/// Writes a chart, if charts are wanted.
fn draw(args: &BenchArgs, name: &str, chart: Chart) -> Result<()> {
    let Some(folder) = &args.charts else {
        return Ok(());
    };
    let file = folder.join(name).with_extension("svg");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, chart.svg()))
        .with_context(|| format!("writing {}", file.display()))?;
    eprintln!("drew {}", file.display());
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
