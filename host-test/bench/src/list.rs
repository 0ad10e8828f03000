//! CPU time of listing all functions of an account: 200 pages.

use anyhow::Result;

use super::alternate::{alternate, cpu_each};
use super::native::Native;
use super::ours::Ours;
use super::samples::seconds;
use super::table::{Goal, Row};

/// A round takes seconds, so a third of the rounds is enough.
pub async fn run(rounds: usize, ours: &Ours, native: &Native) -> Result<Row> {
    let pairs = alternate(
        rounds.div_ceil(3),
        async || cpu_each(vec![()], async |()| ours.list().await).await,
        async || cpu_each(vec![()], async |()| native.list().await).await,
    )
    .await?;
    Ok(Row::pairs(
        "list 10,000 functions: CPU",
        &pairs,
        seconds,
        Some(Goal::AtMost(0.85)),
    ))
}
