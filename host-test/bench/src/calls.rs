//! CPU time of one invocation of `echo`, including its response.

use anyhow::Result;
use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_sdk_lambda::primitives::Blob;

use super::alternate::{alternate, cpu_each};
use super::native::Native;
use super::ours::{Ours, checked_request, request};
use super::payload::{SIZES, Size, records};
use super::samples::{Pairs, seconds};
use super::sdk::Sdk;
use super::table::{Goal, Row};

/// From this size, in bytes, the check of a payload is measured as well.
const CHECKED: usize = 1_000_000;

/// Returns one row for each size.
pub async fn run(rounds: usize, ours: &Ours, native: &Native) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (size, goal) in SIZES.into_iter().zip(Sdk::Rust.goals()) {
        let text = records(size.bytes);
        let pairs = compare(rounds, size, &text, request("echo", &text), ours, native).await?;
        let what = format!("invoke, {}: CPU", size.name);
        rows.push(Row::pairs(what, &pairs, seconds, goal.map(Goal::AtMost)));
        if size.bytes >= CHECKED {
            let checked = checked_request("echo", &text);
            let pairs = compare(rounds, size, &text, checked, ours, native).await?;
            let what = format!("invoke, {}, payload checked as JSON: CPU", size.name);
            rows.push(Row::pairs(what, &pairs, seconds, None));
        }
    }
    Ok(rows)
}

async fn compare(
    rounds: usize,
    size: Size,
    text: &str,
    request: InvokeRequest,
    ours: &Ours,
    native: &Native,
) -> Result<Pairs> {
    let calls = size.calls;
    alternate(
        rounds,
        // Our side borrows the payload.
        async || {
            let call = async |()| ours.invoke(&request, text).await;
            cpu_each(vec![(); calls], call).await
        },
        // The SDK takes ownership of the payload, so the copies are made beforehand.
        async || {
            let blobs = vec![Blob::new(text.as_bytes()); calls];
            cpu_each(blobs, async |blob| native.invoke("echo", blob, text).await).await
        },
    )
    .await
}
