//! The least linear memory with which the largest payload goes there and back.

use anyhow::{Result, ensure};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::Options;

use super::args::BenchArgs;
use super::ours::{Ours, request};
use super::payload::records;
use super::table::Row;

const PAYLOAD: usize = 6 << 20;
/// In MiB.
const GOAL: usize = 16;
const MOST: usize = 64;

/// Halves the range until one limit is left.
pub async fn run(args: &BenchArgs, url: &str) -> Result<Row> {
    let text = records(PAYLOAD);
    let (mut too_little, mut enough) = (0, MOST);
    ensure!(
        suffices(enough, args, url, &text).await?,
        "{MOST} MiB of memory are not enough for {PAYLOAD} bytes, or the call fails"
    );
    while enough - too_little > 1 {
        let limit = usize::midpoint(too_little, enough);
        if suffices(limit, args, url, &text).await? {
            enough = limit;
        } else {
            too_little = limit;
        }
    }
    Ok(Row::single(
        "6 MiB in and out: linear memory",
        format!("{enough} MiB"),
        Some(("≤ 16 MiB", enough <= GOAL)),
    ))
}

async fn suffices(mebibytes: usize, args: &BenchArgs, url: &str, text: &str) -> Result<bool> {
    let options = Options {
        memory_limit: mebibytes << 20,
        // Places for more are not needed, and take address space.
        max_calls: 1,
        ..Options::default()
    };
    // Memory that is refused shows in many ways: no instance, a trap, the component's own error.
    // That nothing else is wrong, the largest limit has shown.
    let Ok(host) = Host::new(&args.component, options) else {
        return Ok(false);
    };
    let call = Ours::new(host, url)?;
    Ok(call.invoke(&request("echo", text), text).await.is_ok())
}
