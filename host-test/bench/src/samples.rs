//! Measurements of two sides, and their statistics.

use std::time::Duration;

/// The values of both sides in each round.
#[derive(Debug, Default)]
pub struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    /// Adds a round.
    pub fn add(&mut self, ours: f64, other: f64) {
        self.0.push((ours, other));
    }

    /// Returns the median of our side.
    pub fn ours(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.0).collect())
    }

    /// Returns the median of the other side.
    pub fn other(&self) -> f64 {
        median(self.0.iter().map(|pair| pair.1).collect())
    }

    /// Returns the median of the rounds' ratios. A slow round is slow for both sides, so ratios vary
    /// less than values.
    pub fn ratio(&self) -> f64 {
        median(self.ratios())
    }

    /// Returns the first and the third quartile of the rounds' ratios.
    pub fn spread(&self) -> (f64, f64) {
        (quantile(self.ratios(), 0.25), quantile(self.ratios(), 0.75))
    }

    fn ratios(&self) -> Vec<f64> {
        self.0.iter().map(|(ours, other)| ours / other).collect()
    }
}

/// Returns the median.
pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// Returns the quantile at `part`, interpolated. Without values, it is NaN.
pub fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = part * values.len().saturating_sub(1) as f64;
    let at = |index: f64| values.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor()), at(place.ceil()));
    low + (high - low) * place.fract()
}

/// Formats seconds for people.
pub fn seconds(value: f64) -> String {
    match value {
        ..1e-3 => format!("{:.1} µs", value * 1e6),
        ..1.0 => format!("{:.2} ms", value * 1e3),
        _ => format!("{value:.2} s"),
    }
}

/// Formats a power of ten of seconds for people.
pub fn round_seconds(value: f64) -> String {
    // A power of ten may be a little less than its unit.
    match value * 1.000_001 {
        ..1e-3 => format!("{:.0} µs", value * 1e6),
        ..1.0 => format!("{:.0} ms", value * 1e3),
        _ => format!("{value:.0} s"),
    }
}

/// Formats a whole number for people, with a comma after each thousand.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b',')).into_owned()
}

/// Formats bytes for people.
pub fn mebibytes(value: f64) -> String {
    format!("{:.1} MiB", value / f64::from(1 << 20))
}

/// Returns one of `parts` equal parts, in seconds.
pub fn part(whole: Duration, parts: usize) -> f64 {
    whole.as_secs_f64() / parts as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_by_commas() {
        let texts = [0.0, 999.4, 1_000.0, 12_345.6, 1e6].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "12,346", "1,000,000"]);
    }

    #[test]
    fn powers_of_ten_are_formatted_in_their_unit() {
        let texts = [-6, -4, -3, -1, 0, 1].map(|exponent| round_seconds(10_f64.powi(exponent)));
        assert_eq!(texts, ["1 µs", "100 µs", "1 ms", "100 ms", "1 s", "10 s"]);
    }

    #[test]
    fn median_and_quartiles_are_computed_over_rounds() {
        let mut pairs = Pairs::default();
        for ours in [5.0, 1.0, 4.0, 2.0, 3.0] {
            pairs.add(ours, 2.0);
        }
        assert_eq!((pairs.ours(), pairs.ratio()), (3.0, 1.5));
        assert_eq!(pairs.spread(), (1.0, 2.0));
        // Slow rounds are slow for both.
        let mut pairs = Pairs::default();
        for (ours, other) in [(1.0, 1.0), (30.0, 10.0), (20.0, 10.0)] {
            pairs.add(ours, other);
        }
        assert_eq!(
            (pairs.ours(), pairs.other(), pairs.ratio()),
            (20.0, 10.0, 2.0)
        );
        assert_eq!(pairs.spread(), (1.5, 2.5));
        assert_eq!(median(vec![1.0, 2.0]), 1.5);
    }
}
