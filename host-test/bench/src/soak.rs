//! A soak: calls for a long time while a proxy injects faults, with an account of each one. Nothing may
//! be lost, nothing may run twice, and the memory of the host must stay flat.
//!
//! Three parties: a host, in its own process, makes the calls; a proxy breaks some of them on their way;
//! a local Lambda counts the runs of each. A call ends when the host answers. It is judged at the end of
//! the soak, when the functions that run late have run.
//!
//! The layers, from top to bottom: this file; `target`, `report` and `reference`; `account`; `proxy` and
//! `outcome`; `call`; `fault`. `memory` and `reference` know nothing of the calls.

mod account;
mod call;
mod fault;
mod memory;
mod outcome;
mod proxy;
pub mod reference;
mod report;
mod target;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_lambda::{Config, LocalLambda};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::args::{SoakArgs, SoakHost};
use crate::machine;
use crate::native::Native;
use account::Truth;
use call::{ATTEMPTS, Call, Calls, LISTED};
use fault::Road;
use memory::Sample;
use outcome::Ended;
use proxy::FaultProxy;
use report::Report;
use target::{Target, Terms};

/// Enough that the last page of a list is not the last of the account.
const EXTRA_FUNCTIONS: usize = 200;
/// More than the requests in flight.
const CONNECTIONS: usize = 1_000;
/// By how much the proxy is silent for longer than the host waits.
const SILENCE_AFTER_TIMEOUT: Duration = Duration::from_secs(2);
/// What a call may take beyond the timeouts of its attempts: connections, backoff, and a response that
/// takes as long again.
const SLACK: Duration = Duration::from_secs(120);
const PROGRESS: Duration = Duration::from_secs(60);

/// What remains of a soak when its processes have ended.
struct Soaked {
    report: Report,
    samples: Vec<Sample>,
}

/// Runs the soak, and prints its result. The exit code is 1 after a violation, and if memory grew.
pub fn run(args: &SoakArgs) -> Result<ExitCode> {
    ensure!(
        args.chart.is_none() || args.duration() >= Duration::from_secs(60),
        "a chart needs a run of a minute or more"
    );
    let Soaked { report, samples } = Runtime::new()?.block_on(soak(args))?;
    println!("{}", report.tables());
    println!("{}", report::memory_table(&samples));
    for line in report.facts().into_iter().chain(describe(args)?) {
        println!("- {line}");
    }
    if let Some(file) = &args.csv {
        write(file, &memory::csv(&samples))?;
    }
    if let Some(file) = &args.chart {
        let title = format!("Memory of {} under load with faults", args.host_name());
        let note = format!("Medians of each minute. {}.", machine::processor());
        write(file, &report::chart(title, note, &samples).svg())?;
    }
    eprint!("{}", report.violations());
    let passed = report.is_clean() && report::is_flat(&samples) != Some(false);
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

/// Returns how the soak was run.
fn describe(args: &SoakArgs) -> Result<Vec<String>> {
    let component = fs::read(&args.component)
        .with_context(|| format!("reading {}", args.component.display()))?;
    let digest = Sha256::digest(&component);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lines = vec![
        format!(
            "{} for {} s, at most {} calls in flight and {} a second, response timeout {} s, seed {}",
            args.host_name(),
            args.duration().as_secs(),
            args.in_flight,
            args.rate,
            args.response_timeout,
            args.seed
        ),
        format!("component of {} B, sha256 {hash}", component.len()),
    ];
    // The version of wasmtime is known for the reference host only.
    let versions = machine::describe(&args.component)?;
    let known = usize::from(args.host != SoakHost::Reference);
    lines.extend(versions.into_iter().skip(known));
    Ok(lines)
}

async fn soak(args: &SoakArgs) -> Result<Soaked> {
    let lambda = LocalLambda::start(Config {
        extra_functions: EXTRA_FUNCTIONS,
        max_connections: CONNECTIONS,
        ..Config::default()
    });
    let lambda = lambda.await?;
    let response_timeout = Duration::from_secs(args.response_timeout);
    let silence = response_timeout + SILENCE_AFTER_TIMEOUT;
    let proxy = FaultProxy::start(lambda.addr(), args.seed, silence).await?;
    let urls = [Road::Proxy, Road::Refused, Road::Dropped].map(|road| proxy.url(road));
    let urls = urls.into_iter().collect::<Result<Vec<_>>>()?;
    let target = match &args.host {
        SoakHost::Reference => Target::reference(&args.component, &urls)?,
        SoakHost::Url(url) => {
            let pid = args.pid.context("--pid names the process of the host")?;
            Target::at(url, pid)?
        }
    };
    let key = lambda.key();
    let terms = Terms {
        connection: json!({
            "region": Config::default().region,
            "accessKeyId": key.access_key_id,
            "secretAccessKey": key.secret_access_key,
        }),
        functions: Native::new(&lambda.url()).first_names(LISTED).await?,
        response_timeout,
        watchdog: response_timeout * (2 * ATTEMPTS as u32) + SLACK,
    };

    let stop = CancellationToken::new();
    let mut sampling = tokio::spawn(memory::sample(target.pid, stop.clone()));
    let calls = tokio::select! {
        calls = make_calls(args, &proxy, Arc::new(target), Arc::new(terms)) => calls?,
        ended = &mut sampling => {
            ended??;
            anyhow::bail!("the samples of the host ended early");
        }
    };
    stop.cancel();
    let samples = sampling.await??;

    eprintln!("judging {} calls", calls.len());
    let mut record = proxy.end().await;
    lambda.wait_until_idle().await;
    let mut report = Report::default();
    report.add_faults(record.others);
    for (call, ended) in &calls {
        let truth = Truth {
            runs: lambda.runs(&call.key()),
            attempts: record.calls.remove(&call.number).unwrap_or_default(),
        };
        report.add(call, ended, &truth);
    }
    Ok(Soaked { report, samples })
}

/// Makes calls until the time is over, and waits for the end of each.
async fn make_calls(
    args: &SoakArgs,
    proxy: &FaultProxy,
    target: Arc<Target>,
    terms: Arc<Terms>,
) -> Result<Vec<(Call, Ended)>> {
    let start = Instant::now();
    let end = start + args.duration();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / args.rate);
    let mut progress = tokio::time::interval_at(start + PROGRESS, PROGRESS);
    let mut calls = Calls::new(args.seed);
    let mut running = JoinSet::new();
    let mut finished = Vec::new();
    let start_call = |running: &mut JoinSet<_>, call: Call| {
        proxy.expect(&call);
        let endpoint = proxy.url(call.road)?;
        let (target, terms) = (Arc::clone(&target), Arc::clone(&terms));
        running.spawn(async move {
            let ended = target.run(&call, &endpoint, &terms).await;
            (call, ended)
        });
        anyhow::Ok(())
    };
    // A host keeps memory for as many calls as it has had at once. With these, it has that from the
    // beginning, and growth is growth by the number of calls.
    for _ in 0..args.in_flight {
        start_call(&mut running, calls.first())?;
    }
    loop {
        tokio::select! {
            () = sleep_until(end) => break,
            Some(call) = running.join_next() => finished.push(call?),
            _ = pace.tick(), if running.len() < args.in_flight => {
                start_call(&mut running, calls.next().context("calls never end")?)?;
            }
            now = progress.tick() => {
                let minutes = (now - start).as_secs() / 60;
                eprintln!("minute {minutes}: {} calls ended, {} in flight", finished.len(), running.len());
            }
        }
    }
    while let Some(call) = running.join_next().await {
        finished.push(call?);
    }
    Ok(finished)
}
