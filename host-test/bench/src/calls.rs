//! CPU time of one invocation of `echo`, including its response.

use anyhow::Result;
use aws_sdk_lambda::primitives::Blob;

use super::alternate::{alternate, cpu_each};
use super::native::Native;
use super::ours::{Ours, request};
use super::payload::records;
use super::samples::seconds;
use super::table::{Goal, Row};

/// Name, bytes, calls per round, goal.
const SIZES: [(&str, usize, usize, f64); 4] = [
    ("100 B", 100, 300, 1.3),
    ("10 KB", 10_000, 200, 1.6),
    ("1 MB", 1_000_000, 10, 1.6),
    ("6 MiB", 6 << 20, 3, 1.75),
];

/// Returns one row for each size.
pub async fn run(rounds: usize, ours: &Ours, native: &Native) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, bytes, calls, goal) in SIZES {
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
            Some(Goal::AtMost(goal)),
        ));
    }
    Ok(rows)
}
