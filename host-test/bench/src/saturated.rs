//! Latency of many calls in one instance of the component for WASI 0.3, on a saturated processor.
//! Compares an instance that limits its concurrent calls with one that admits all of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Result};
use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Invocation};
use aws_lambda_connector_host::host::{CallResult, Host};
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{Options, SharedInstance};
use tokio::task::JoinSet;

use super::args::BenchArgs;
use super::ours::{check, connection, request};
use super::samples::{Pairs, median, quantile, seconds};
use super::table::Row;

const CALLS: usize = 5_000;
const IN_FLIGHT: usize = 200;
const ROUNDS: usize = 3;
/// Busy threads for each core: the calls get a fraction of the processor.
const LOAD_PER_CORE: usize = 4;
const EVENT: &str = r#"{"n":7}"#;

/// Returns rows for the median and the tail of the latency, and for failed calls.
pub fn run(args: &BenchArgs, url: &str) -> Result<Vec<Row>> {
    let limit = args
        .calls_per_instance
        .unwrap_or(Options::default().calls_per_instance);
    let (mut typical, mut tail, mut slowest) =
        (Pairs::default(), Pairs::default(), Pairs::default());
    let mut failed = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let limited = measure(url, limit)?;
        let all = measure(url, IN_FLIGHT as u32)?;
        typical.add(limited.quantile(0.5), all.quantile(0.5));
        tail.add(limited.quantile(0.99), all.quantile(0.99));
        slowest.add(limited.quantile(1.0), all.quantile(1.0));
        for (failed, run) in failed.iter_mut().zip([&limited, &all]) {
            failed.push(run.failed as f64);
        }
    }
    let row = |what, pairs| {
        let what =
            format!("5,000 calls, 200 in flight, {limit} admitted, other: all admitted: {what}");
        Row::pairs(what, pairs, seconds, None)
    };
    let [limited, all] = failed.map(median);
    Ok(vec![
        row("p50", &typical),
        row("p99", &tail),
        row("slowest", &slowest),
        Row::values(
            "the same: failed calls",
            limited.to_string(),
            all.to_string(),
        ),
    ])
}

/// The calls of one run.
struct Run {
    /// In seconds, with the wait for admission.
    latencies: Vec<f64>,
    failed: usize,
}

impl Run {
    fn quantile(&self, part: f64) -> f64 {
        quantile(self.latencies.clone(), part)
    }
}

/// Makes the calls on a runtime of its own, while other threads keep every core busy.
fn measure(url: &str, calls_per_instance: u32) -> Result<Run> {
    let options = Options {
        keep_compiled: true,
        calls_per_instance,
        ..Options::default()
    };
    let host = Host::new(Path::new(built_component::P3), options)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let _load = Load::start();
    runtime.block_on(async {
        let policy = Arc::new(Policy::deny_all().allow(url)?);
        let side = Side {
            instance: host.share(&policy).await?,
            host,
            connection: connection(url),
            request: request("echo", EVENT),
        };
        side.call_all().await
    })
}

#[derive(Clone)]
struct Side {
    host: Host,
    instance: SharedInstance,
    connection: Connection,
    request: InvokeRequest,
}

impl Side {
    async fn call_all(self) -> Result<Run> {
        let started = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let (side, started) = (self.clone(), Arc::clone(&started));
            callers.spawn(async move {
                let (mut latencies, mut failed) = (Vec::new(), 0);
                while started.fetch_add(1, Ordering::Relaxed) < CALLS {
                    let start = Instant::now();
                    if let Err(error) = side.call().await {
                        eprintln!("a call failed: {error:#}");
                        failed += 1;
                    }
                    latencies.push(start.elapsed().as_secs_f64());
                }
                (latencies, failed)
            });
        }
        let mut run = Run {
            latencies: Vec::with_capacity(CALLS),
            failed: 0,
        };
        while let Some(caller) = callers.join_next().await {
            let (latencies, failed) = caller?;
            run.latencies.extend(latencies);
            run.failed += failed;
        }
        Ok(run)
    }

    async fn call(&self) -> Result<()> {
        let arguments = (self.connection.clone(), self.request.clone());
        let invoke = self.host.exports().invoke;
        let answer: CallResult<Invocation> = self.instance.call(invoke, arguments).await;
        let invocation = answer??;
        check(invocation.output.as_ref(), EVENT).context("the function's response")
    }
}

/// Threads that compute until this value is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..cores * LOAD_PER_CORE)
            .map(|_| {
                let stop = Arc::clone(&stop);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
