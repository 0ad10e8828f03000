//! The memory, files and threads of the host's process over time, and whether its memory is flat.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::process::bytes;
use crate::samples::median;

/// How often the process is sampled.
const INTERVAL: Duration = Duration::from_secs(1);
/// The samples that a minute has at least, for its median.
const ENOUGH: usize = 30;
/// The time in which pools and caches fill. It does not count.
pub const WARM_UP: Duration = Duration::from_secs(5 * 60);
/// The length of the two periods that are compared.
pub const PERIOD: Duration = Duration::from_secs(5 * 60);
/// How much more memory the last period may have than the first.
pub const TOLERANCE: f64 = 0.05;

/// The state of a process at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Seconds since the first call.
    pub second: f64,
    /// Proportional set size, in bytes. It counts each page once.
    pub proportional: f64,
    /// Resident set size, in bytes.
    pub resident: f64,
    pub files: f64,
    pub threads: f64,
}

/// Samples a process until `stop`.
pub async fn sample(pid: u32, stop: CancellationToken) -> Result<Vec<Sample>> {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut samples = Vec::new();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let second = start.elapsed().as_secs_f64();
        samples.push(read(pid, second)?);
    }
    Ok(samples)
}

fn read(pid: u32, second: f64) -> Result<Sample> {
    let folder = format!("/proc/{pid}");
    let status = fs::read_to_string(format!("{folder}/status"))
        .with_context(|| format!("the host's process {pid} has ended"))?;
    let threads = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:")?.trim().parse().ok());
    Ok(Sample {
        second,
        proportional: bytes(&format!("{folder}/smaps_rollup"), "Pss:")? as f64,
        resident: bytes(&format!("{folder}/status"), "VmRSS:")? as f64,
        files: fs::read_dir(format!("{folder}/fd"))?.count() as f64,
        threads: threads.context("the number of threads")?,
    })
}

/// The medians of the period after the warm-up and of the last period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub first: f64,
    pub last: f64,
}

impl Change {
    /// Compares one value of the samples. It needs a warm-up and two whole periods.
    pub fn of(samples: &[Sample], value: fn(&Sample) -> f64) -> Option<Self> {
        let end = samples.last()?.second;
        let (warm_up, period) = (WARM_UP.as_secs_f64(), PERIOD.as_secs_f64());
        if end < warm_up + 2.0 * period {
            return None;
        }
        let median_of = |from: f64, to: f64| {
            let within = samples.iter().filter(|s| (from..=to).contains(&s.second));
            median(within.map(value).collect())
        };
        Some(Self {
            first: median_of(warm_up, warm_up + period),
            last: median_of(end - period, end),
        })
    }

    /// Whether the last period has no more than the first, within the tolerance.
    pub fn is_flat(self) -> bool {
        self.last <= self.first * (1.0 + TOLERANCE)
    }

    /// Returns the growth as a part of the first period.
    pub fn growth(self) -> f64 {
        self.last / self.first - 1.0
    }
}

/// Returns the slope of the regression line after the warm-up, a minute.
pub fn slope(samples: &[Sample], value: fn(&Sample) -> f64) -> Option<f64> {
    let warm = samples.iter().filter(|s| s.second >= WARM_UP.as_secs_f64());
    let points: Vec<_> = warm.map(|s| (s.second / 60.0, value(s))).collect();
    let count = points.len() as f64;
    let (sum_x, sum_y) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), (x, y)| {
        let distance = x - mean_x;
        (above + distance * (y - mean_y), below + distance * distance)
    });
    (below > 0.0).then(|| above / below)
}

/// Returns the medians of each minute, with the minute's end. The rest of a minute does not count.
pub fn minutes(samples: &[Sample], value: fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    let chunks = samples.chunk_by(|a, b| (a.second / 60.0).floor() == (b.second / 60.0).floor());
    let whole = chunks.filter(|minute| minute.len() >= ENOUGH);
    let points = whole.filter_map(|minute| {
        let end = (minute.first()?.second / 60.0).floor() + 1.0;
        Some((end, median(minute.iter().map(value).collect())))
    });
    points.collect()
}

/// Returns the samples as comma-separated values.
pub fn csv(samples: &[Sample]) -> String {
    let mut text = "second,pss_bytes,rss_bytes,files,threads\n".to_owned();
    for s in samples {
        let Sample {
            second,
            proportional,
            resident,
            files,
            threads,
        } = s;
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{second:.1},{proportional},{resident},{files},{threads}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One sample a second, for this number of minutes.
    fn samples(minutes: u32, bytes: impl Fn(f64) -> f64) -> Vec<Sample> {
        let seconds = (0..=minutes * 60).map(f64::from);
        let sample = |second| Sample {
            second,
            proportional: bytes(second),
            resident: 2.0 * bytes(second),
            files: 9.0,
            threads: 4.0,
        };
        seconds.map(sample).collect()
    }

    fn proportional(samples: &[Sample]) -> Option<Change> {
        Change::of(samples, |sample| sample.proportional)
    }

    #[test]
    fn growth_in_the_warm_up_is_flat() {
        let change = proportional(&samples(30, |second| second.min(290.0))).expect("long enough");
        assert_eq!((change.first, change.last), (290.0, 290.0));
        assert!(change.is_flat());
    }

    #[test]
    fn a_leak_is_not_flat() {
        // 1 % of the memory a minute, from minute 7.5 to minute 27.5.
        let change = proportional(&samples(30, |second| 6_000.0 + second)).expect("long enough");
        assert!(!change.is_flat());
        assert!(
            (change.growth() - 1_200.0 / 6_450.0).abs() < 1e-9,
            "{change:?}"
        );
        let slope = slope(&samples(30, |second| 6_000.0 + second), |s| s.proportional);
        assert!((slope.expect("points") - 60.0).abs() < 1e-6, "{slope:?}");
    }

    #[test]
    fn the_tolerance_is_five_percent() {
        let step = |more: f64| {
            let change = samples(
                15,
                |second| if second > 600.0 { 100.0 + more } else { 100.0 },
            );
            proportional(&change).expect("long enough").is_flat()
        };
        assert!(step(4.9));
        assert!(!step(5.1));
        assert!(step(-50.0));
    }

    #[test]
    fn a_run_of_less_than_fifteen_minutes_is_not_compared() {
        assert_eq!(proportional(&samples(14, |second| second)), None);
        assert!(proportional(&samples(15, |second| second)).is_some());
        assert_eq!(
            slope(&samples(4, |second| second), |s| s.proportional),
            None
        );
    }

    #[test]
    fn a_minute_has_the_median_of_its_samples() {
        let medians = minutes(&samples(2, |second| second), |s| s.proportional);
        assert_eq!(medians, [(1.0, 29.5), (2.0, 89.5)]);
    }

    #[test]
    fn this_process_can_be_sampled() {
        let sample = read(std::process::id(), 0.0).expect("Linux");
        assert!(sample.proportional > 0.0 && sample.resident >= sample.proportional);
        assert!(sample.files >= 1.0 && sample.threads >= 1.0);
    }
}
