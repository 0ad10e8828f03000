//! Measures two sides in alternating rounds, so that other load on the machine affects both.

use anyhow::Result;

use super::process::cpu_time;
use super::samples::{Pairs, part};

/// Runs each side once per round, in alternating order. The first round is a warm-up.
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

/// Returns this process's CPU time per input, in seconds. Creating the inputs is not measured.
pub async fn cpu_each<I>(inputs: Vec<I>, call: impl AsyncFn(I) -> Result<()>) -> Result<f64> {
    let count = inputs.len();
    let start = cpu_time();
    for input in inputs {
        call(input).await?;
    }
    Ok(part(cpu_time().saturating_sub(start), count))
}
