//! Memory of a process with a thousand invocations in flight. Each side has one of its own.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::args::{BenchArgs, InFlightArgs, Side};
use super::native::Native;
use super::ours::{Ours, load, request};
use super::process::{memory, peak_memory};
use super::samples::{Pairs, mebibytes};
use super::table::Row;

const CALLS: usize = 1_000;
const ROUNDS: usize = 3;
/// How often memory is looked at while they are.
const SAMPLED: Duration = Duration::from_millis(100);
/// Long enough that the last call leaves before the first comes back.
const EVENT: &str = r#"{"ms":1000}"#;
const ANSWER: &str = r#"{"sleptMs":1000}"#;

/// What a process of its own found out, in bytes.
#[derive(Serialize, Deserialize)]
struct Most {
    /// Each page once.
    memory: u64,
    /// Each page as often as it is mapped.
    resident: u64,
}

/// One row for the memory that the process takes, one for what the system counts as resident: a
/// thousand sandboxes map the same pages of the component.
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
        Row::pairs(what, pairs, mebibytes, Some(2.0))
    };
    Ok(vec![
        row("most memory (PSS)", &memory),
        row("the same, shared pages each time (RSS)", &resident),
    ])
}

fn start(side: Side, args: &BenchArgs, url: &str) -> Result<Most> {
    let output = Command::new(std::env::current_exe()?)
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
    serde_json::from_slice(&output.stdout).context("reading a child's answer")
}

/// The process of one side. All calls must be answered.
pub fn child(args: &InFlightArgs) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let most = runtime.block_on(async {
        match args.side {
            Side::Ours => {
                let ours = Ours::new(load(&args.component)?, &args.url)?;
                let request = Arc::new(request("slow", EVENT));
                at_once(args.calls, || {
                    let (ours, request) = (ours.clone(), request.clone());
                    async move { ours.invoke(&request, ANSWER).await }
                })
                .await
            }
            Side::Native => {
                let native = Native::new(&args.url);
                at_once(args.calls, || {
                    let native = native.clone();
                    async move { native.invoke("slow", Blob::new(EVENT), ANSWER).await }
                })
                .await
            }
        }
    })?;
    println!("{}", serde_json::to_string(&most)?);
    Ok(())
}

async fn at_once<F>(calls: usize, call: impl Fn() -> F) -> Result<Most>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut running: JoinSet<Result<()>> = (0..calls).map(|_| call()).collect();
    let mut sample = tokio::time::interval(SAMPLED);
    let mut most = memory()?;
    loop {
        tokio::select! {
            answered = running.join_next() => match answered {
                Some(answered) => answered??,
                None => break,
            },
            _ = sample.tick() => most = most.max(memory()?),
        }
    }
    Ok(Most {
        memory: most,
        resident: peak_memory()?,
    })
}
