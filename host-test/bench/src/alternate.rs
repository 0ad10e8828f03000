//! Rounds of two sides in turn, so that what else the machine does meets both.

use anyhow::Result;

use super::process::cpu_time;
use super::samples::{Pairs, part};

/// Each side measures itself, once a round; who begins changes. The first round warms up.
pub async fn alternate(
    rounds: usize,
    ours: impl AsyncFn() -> Result<f64>,
    other: impl AsyncFn() -> Result<f64>,
) -> Result<Pairs> {
    let mut pairs = Pairs::default();
    for round in 0..=rounds {
        let (first, second) = if round % 2 == 0 {
            let ours = ours().await?;
            (ours, other().await?)
        } else {
            let other = other().await?;
            (ours().await?, other)
        };
        if round > 0 {
            pairs.add(first, second);
        }
    }
    Ok(pairs)
}

/// This process's time on the processor for one of `inputs`, in seconds. The inputs are there
/// before the clock starts.
pub async fn cpu_each<I>(inputs: Vec<I>, call: impl AsyncFn(I) -> Result<()>) -> Result<f64> {
    let count = inputs.len();
    let start = cpu_time();
    for input in inputs {
        call(input).await?;
    }
    Ok(part(cpu_time().saturating_sub(start), count))
}
