//! Memory of a process with a thousand invocations in flight. Each side has one of its own.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::args::{BenchArgs, InFlightArgs, Side};
use super::native::Native;
use super::ours::{Ours, request};
use super::process::{forget_peak, peak_memory};
use super::samples::{Pairs, mebibytes};
use super::table::Row;
use crate::cli::print::say;
use crate::cli::{Outcome, connection};

const CALLS: usize = 1_000;
const ROUNDS: usize = 3;
/// Long enough that the last call leaves before the first comes back.
const EVENT: &str = r#"{"ms":1000}"#;
const ANSWER: &str = r#"{"sleptMs":1000}"#;

/// What a process of its own found out, in bytes.
#[derive(Serialize, Deserialize)]
struct Peaks {
    /// Since the process began.
    whole: u64,
    /// Since the first call.
    calls: u64,
}

/// One row for the whole process, one for what comes after the component was compiled: a host may
/// do that elsewhere.
pub fn run(args: &BenchArgs, url: &str) -> Result<Vec<Row>> {
    let (mut whole, mut calls) = (Pairs::default(), Pairs::default());
    for _ in 0..ROUNDS {
        let ours = start(Side::Ours, args, url)?;
        let native = start(Side::Native, args, url)?;
        whole.add(ours.whole as f64, native.whole as f64);
        calls.add(ours.calls as f64, native.calls as f64);
    }
    Ok(vec![
        Row::pairs(
            "1,000 calls in flight: peak RSS",
            &whole,
            mebibytes,
            Some(2.0),
        ),
        Row::pairs(
            "the same once the component is compiled",
            &calls,
            mebibytes,
            None,
        ),
    ])
}

fn start(side: Side, args: &BenchArgs, url: &str) -> Result<Peaks> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "in-flight", "--side", side.name(), "--url", url])
        .args(["--calls", &CALLS.to_string(), "--component"])
        .arg(&args.component.component)
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
pub fn child(args: &InFlightArgs) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new()?;
    let peaks = runtime.block_on(async {
        match args.side {
            Side::Ours => {
                let ours = Ours::new(connection::load(&args.component)?, &args.url)?;
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
    say(serde_json::to_string(&peaks)?)?;
    Ok(Outcome::Success)
}

async fn at_once<F>(calls: usize, call: impl Fn() -> F) -> Result<Peaks>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let before = peak_memory()?;
    forget_peak()?;
    let mut running: JoinSet<Result<()>> = (0..calls).map(|_| call()).collect();
    while let Some(answered) = running.join_next().await {
        answered??;
    }
    let calls = peak_memory()?;
    Ok(Peaks {
        whole: before.max(calls),
        calls,
    })
}
