//! Memory of a process with a thousand invocations in flight. Each side runs in its own process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::args::{BenchArgs, InFlightArgs, Side};
use super::native::Native;
use super::ours::{Ours, load_for_many, request};
use super::peer::this_program;
use super::process::{memory, peak_memory};
use super::samples::{Pairs, mebibytes};
use super::table::{Goal, Row};

const CALLS: usize = 1_000;
const ROUNDS: usize = 3;
/// How often memory is sampled.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
/// Long enough that the last call is sent before the first one returns.
const EVENT: &str = r#"{"ms":1000}"#;
const RESPONSE: &str = r#"{"sleptMs":1000}"#;

/// A child process's peak memory, in bytes.
#[derive(Serialize, Deserialize)]
struct PeakMemory {
    /// Counts each page once.
    memory: u64,
    /// Counts each page as often as it is mapped.
    resident: u64,
}

/// Returns one row for the memory that the process uses, and one for its resident memory. They
/// differ because a thousand sandboxes map the same pages of the component.
pub fn run(args: &BenchArgs, url: &str) -> Result<Vec<Row>> {
    let (mut memory, mut resident) = (Pairs::default(), Pairs::default());
    for _ in 0..ROUNDS {
        let ours = start(Side::Ours, args, url)?;
        let native = start(Side::Native, args, url)?;
        memory.add(ours.memory as f64, native.memory as f64);
        resident.add(ours.resident as f64, native.resident as f64);
    }
    let row = |what, pairs| {
        let what = format!("1,000 calls in flight: {what}");
        Row::pairs(what, pairs, mebibytes, Some(Goal::AtMost(2.0)))
    };
    Ok(vec![
        row("peak memory (PSS)", &memory),
        row("peak memory (RSS)", &resident),
    ])
}

fn start(side: Side, args: &BenchArgs, url: &str) -> Result<PeakMemory> {
    let output = this_program()?
        .args(["in-flight", "--side", side.name(), "--url", url])
        .args(["--calls", &CALLS.to_string(), "--component"])
        .arg(&args.component)
        .output()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        side.name(),
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("reading the output of a child process")
}

/// Runs one side in this process. It fails if a call fails.
pub fn child(args: &InFlightArgs) -> Result<()> {
    let side = &args.side;
    let runtime = tokio::runtime::Runtime::new()?;
    let peak = runtime.block_on(async {
        match side.side {
            Side::Ours => {
                let ours = Ours::new(load_for_many(&side.component)?, &side.url)?;
                let request = Arc::new(request("slow", EVENT));
                call_concurrently(args.calls, || {
                    let (ours, request) = (ours.clone(), request.clone());
                    async move { ours.invoke(&request, RESPONSE).await }
                })
                .await
            }
            Side::Native => {
                let native = Native::new(&side.url);
                call_concurrently(args.calls, || {
                    let native = native.clone();
                    async move { native.invoke("slow", Blob::new(EVENT), RESPONSE).await }
                })
                .await
            }
        }
    })?;
    println!("{}", serde_json::to_string(&peak)?);
    Ok(())
}

async fn call_concurrently<F>(calls: usize, call: impl Fn() -> F) -> Result<PeakMemory>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut running: JoinSet<Result<()>> = (0..calls).map(|_| call()).collect();
    let mut sample = tokio::time::interval(SAMPLE_INTERVAL);
    let mut peak = memory()?;
    loop {
        tokio::select! {
            finished = running.join_next() => match finished {
                Some(finished) => finished??,
                None => break,
            },
            _ = sample.tick() => peak = peak.max(memory()?),
        }
    }
    Ok(PeakMemory {
        memory: peak,
        resident: peak_memory()?,
    })
}
