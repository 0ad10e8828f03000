//! Measures sides in alternating rounds, so that other load on the machine affects all of them.

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

/// Lets each side measure once per round, in turn and in turn backwards. The first round is a warm-up.
/// Returns the values of each round in the order of the sides.
pub fn in_turn<T>(
    rounds: usize,
    sides: usize,
    mut measure: impl FnMut(usize) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let mut all = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..sides).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let measured: Result<Vec<T>> = order.into_iter().map(&mut measure).collect();
        let mut values = measured?;
        if round % 2 == 1 {
            values.reverse();
        }
        if round > 0 {
            all.push(values);
        }
    }
    Ok(all)
}

/// Returns the first number of each round beside the one at `other`.
pub fn pairs(rounds: &[Vec<f64>], other: usize) -> Pairs {
    let mut pairs = Pairs::default();
    for round in rounds {
        if let (Some(ours), Some(other)) = (round.first(), round.get(other)) {
            pairs.add(*ours, *other);
        }
    }
    pairs
}
