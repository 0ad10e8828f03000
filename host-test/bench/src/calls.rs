//! CPU time of one invocation of `echo`, including its response.

use anyhow::Result;
use aws_sdk_lambda::primitives::Blob;

use super::alternate::{alternate, cpu_each};
use super::native::Native;
use super::ours::{Ours, request};
use super::payload::{SIZES, Size, records};
use super::samples::seconds;
use super::sdk::Sdk;
use super::table::{Goal, Row};

/// Returns one row for each size.
pub async fn run(rounds: usize, ours: &Ours, native: &Native) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (size, goal) in SIZES.into_iter().zip(Sdk::Rust.goals()) {
        let Size { name, bytes, calls } = size;
        let text = records(bytes);
        let request = request("echo", &text);
        let pairs = alternate(
            rounds,
            // Our side borrows the payload.
            async || {
                cpu_each(vec![(); calls], async |()| {
                    ours.invoke(&request, &text).await
                })
                .await
            },
            // The SDK takes ownership of the payload, so the copies are made beforehand.
            async || {
                let blobs = vec![Blob::new(text.as_bytes()); calls];
                cpu_each(blobs, async |blob| native.invoke("echo", blob, &text).await).await
            },
        )
        .await?;
        rows.push(Row::pairs(
            format!("invoke, {name}: CPU"),
            &pairs,
            seconds,
            goal.map(Goal::AtMost),
        ));
    }
    Ok(rows)
}
