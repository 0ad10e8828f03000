//! The result of a soak: tables in Markdown, and a chart of the memory.

use std::collections::BTreeMap;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::account::{Truth, violations};
use super::call::{Call, Kind};
use super::fault::{Fault, Road};
use super::memory::{Change, Sample, TOLERANCE, minutes, slope};
use super::outcome::{Ended, Executed, Outcome};
use crate::chart::{Axis, Chart, Line, Scale, values};
use crate::samples::{mebibytes, thousands};

const MEBIBYTE: f64 = 1_048_576.0;
/// The violations that are printed one by one.
const PRINTED: usize = 50;

/// The calls of one row, by their outcome.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Tally {
    calls: u64,
    success: u64,
    function_failed: u64,
    not_executed: u64,
    unknown: u64,
    executed: u64,
    lost: u64,
    runs: u64,
}

impl Tally {
    fn add(&mut self, ended: &Ended, runs: u64) {
        self.calls += 1;
        self.runs += runs;
        let count = match &ended.outcome {
            Outcome::Success => &mut self.success,
            Outcome::FunctionFailed => &mut self.function_failed,
            Outcome::Error { executed, .. } => match executed {
                Executed::No => &mut self.not_executed,
                Executed::Unknown => &mut self.unknown,
                Executed::Yes => &mut self.executed,
            },
            Outcome::Unreported(_) | Outcome::Lost => &mut self.lost,
        };
        *count += 1;
    }

    const HEADERS: [&'static str; 8] = [
        "Calls",
        "Success",
        "Function failed",
        "Error, `no`",
        "Error, `unknown`",
        "Error, `yes`",
        "No outcome",
        "Runs",
    ];

    fn cells(&self) -> [String; 8] {
        [
            self.calls,
            self.success,
            self.function_failed,
            self.not_executed,
            self.unknown,
            self.executed,
            self.lost,
            self.runs,
        ]
        .map(|count| thousands(count as f64))
    }
}

/// What met the last attempt of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    Fault(Fault),
    /// No attempt arrived at the proxy.
    Road(Road),
    /// The requests of a list are not attributed to their call.
    List,
}

impl Met {
    fn name(self) -> String {
        match self {
            Self::Fault(fault) => fault.name(),
            Self::Road(road) => road.name().to_owned(),
            Self::List => "lists, any fault".to_owned(),
        }
    }
}

/// The account of all calls.
#[derive(Default)]
pub struct Report {
    kinds: BTreeMap<Kind, Tally>,
    met: BTreeMap<Met, Tally>,
    injected: BTreeMap<Fault, u64>,
    total: Tally,
    /// Calls that ran their function more than once, which they had declared harmless.
    declared_twice: u64,
    violations: Vec<String>,
}

impl Report {
    /// Adds a call, and checks it.
    pub fn add(&mut self, call: &Call, ended: &Ended, truth: &Truth) {
        let met = match truth.attempts.last() {
            _ if call.kind == Kind::List => Met::List,
            Some(attempt) => Met::Fault(attempt.fault),
            None => Met::Road(call.road),
        };
        let rows = [
            self.kinds.entry(call.kind).or_default(),
            self.met.entry(met).or_default(),
            &mut self.total,
        ];
        for row in rows {
            row.add(ended, truth.runs);
        }
        let faults = truth.attempts.iter().map(|attempt| attempt.fault);
        self.add_faults(faults);
        if call.idempotent && truth.runs > 1 {
            self.declared_twice += 1;
        }
        let broken = violations(call, ended, truth);
        self.violations.extend(broken.iter().map(|violation| {
            let (key, kind) = (call.key(), call.kind.name());
            format!("{key} ({kind}) {violation}")
        }));
    }

    /// Adds faults that were injected.
    pub fn add_faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        for fault in faults {
            *self.injected.entry(fault).or_default() += 1;
        }
    }

    /// Whether every call kept every rule, and there were calls.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.total.calls > 0
    }

    /// Returns the violations, one a line, the first ones in full.
    pub fn violations(&self) -> String {
        let shown = self.violations.iter().take(PRINTED);
        let mut text: String = shown.map(|line| format!("{line}\n")).collect();
        if let Some(more) = self.violations.len().checked_sub(PRINTED + 1) {
            text += &format!("and {} more\n", more + 1);
        }
        text
    }

    /// Returns the tables of calls and faults.
    pub fn tables(&self) -> String {
        let mut kinds = table("What is called", &Tally::HEADERS);
        for (kind, tally) in &self.kinds {
            add_row(&mut kinds, kind.name().to_owned(), None, tally);
        }
        add_row(&mut kinds, "all".to_owned(), None, &self.total);

        let mut headers = vec!["Injected"];
        headers.extend(Tally::HEADERS);
        let mut faults = table("Fault of the last attempt", &headers);
        for (met, tally) in &self.met {
            let injected = match met {
                Met::Fault(fault) => self.injected.get(fault).copied(),
                Met::Road(_) | Met::List => None,
            };
            add_row(&mut faults, met.name(), Some(injected), tally);
        }
        format!("{}\n\n{}\n", kinds.trim_fmt(), faults.trim_fmt())
    }

    /// Returns what the whole run shows, one fact a line.
    pub fn facts(&self) -> Vec<String> {
        let faults: u64 = self
            .injected
            .iter()
            .filter(|(fault, _)| **fault != Fault::Pass)
            .map(|(_, count)| count)
            .sum();
        vec![
            format!(
                "{} calls, {} runs of functions, {} faults injected",
                thousands(self.total.calls as f64),
                thousands(self.total.runs as f64),
                thousands(faults as f64)
            ),
            format!("{} calls without an outcome", self.total.lost),
            format!(
                "{} calls with more than one run, which they had declared harmless",
                self.declared_twice
            ),
            format!("{} violations", self.violations.len()),
        ]
    }
}

fn table(first: &str, others: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(std::iter::once(&first).chain(others));
    table
}

/// Adds a row. `injected` is the first figure, if the table has that column.
fn add_row(table: &mut Table, name: String, injected: Option<Option<u64>>, tally: &Tally) {
    let mut cells = vec![name];
    let injected = injected.map(|count| count.map_or(String::new(), |n| thousands(n as f64)));
    cells.extend(injected);
    cells.extend(tally.cells());
    table.add_row(cells);
}

/// One value of the samples, with its name.
struct Measure {
    name: &'static str,
    value: fn(&Sample) -> f64,
    show: fn(f64) -> String,
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "memory (PSS)",
        value: |sample| sample.proportional,
        show: mebibytes,
    },
    Measure {
        name: "memory (RSS)",
        value: |sample| sample.resident,
        show: mebibytes,
    },
    Measure {
        name: "open files",
        value: |sample| sample.files,
        show: |value| format!("{value:.0}"),
    },
    Measure {
        name: "threads",
        value: |sample| sample.threads,
        show: |value| format!("{value:.0}"),
    },
];

/// Whether the memory of the host is flat. `None` if the run was too short to tell.
pub fn is_flat(samples: &[Sample]) -> Option<bool> {
    Change::of(samples, |sample| sample.proportional).map(Change::is_flat)
}

/// Returns the table of the host's process.
pub fn memory_table(samples: &[Sample]) -> String {
    let headers = [
        "Minutes 5–10",
        "Last 5 minutes",
        "Change",
        "Slope a minute",
        "Highest",
    ];
    let mut table = table("The host's process", &headers);
    for Measure { name, value, show } in MEASURES {
        let change = Change::of(samples, value);
        let text = |part: fn(Change) -> f64| change.map_or(String::new(), |c| show(part(c)));
        let slope = slope(samples, value).map_or(String::new(), |slope| match name {
            "open files" | "threads" => format!("{slope:+.2}"),
            _ => format!("{:+.1} KiB", slope / 1_024.0),
        });
        table.add_row([
            name.to_owned(),
            text(|change| change.first),
            text(|change| change.last),
            change.map_or(String::new(), |c| format!("{:+.1} %", 100.0 * c.growth())),
            slope,
            show(samples.iter().map(value).fold(0.0, f64::max)),
        ]);
    }
    let verdict = match is_flat(samples) {
        Some(true) => "flat",
        Some(false) => "not flat",
        None => "not judged, because the run lasted less than 15 minutes",
    };
    format!(
        "{}\n\nThe memory (PSS) is {verdict}; the tolerance is {:.0} %.\n",
        table.trim_fmt(),
        100.0 * TOLERANCE
    )
}

/// Draws the memory by minutes. `note` is how it was measured.
pub fn chart(title: String, note: String, samples: &[Sample]) -> Chart {
    let lines: Vec<_> = MEASURES[..2]
        .iter()
        .map(|measure| Line {
            name: measure.name.to_owned(),
            points: minutes(samples, measure.value)
                .into_iter()
                .map(|(minute, bytes)| (minute, bytes / MEBIBYTE))
                .collect(),
        })
        .collect();
    let last = lines.iter().filter_map(|line| line.points.last());
    let last = last.map(|(minute, _)| *minute).fold(1.0, f64::max) as u32;
    let step = last.div_ceil(6).max(1) as usize;
    let ticks = (0..=last.next_multiple_of(step as u32)).step_by(step);
    Chart {
        title,
        note,
        x: Axis {
            label: "minutes".to_owned(),
            scale: Scale::Linear,
            ticks: ticks
                .map(|minute| (f64::from(minute), minute.to_string()))
                .collect(),
        },
        y: Axis::from_zero("MiB", values(&lines), |value| format!("{value:.0}")),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::ATTEMPTS;
    use super::super::proxy::Attempt;
    use super::*;

    fn call(idempotent: bool) -> Call {
        Call {
            number: 1,
            kind: Kind::Small,
            idempotent,
            road: Road::Proxy,
            faults: [Fault::Pass; ATTEMPTS],
        }
    }

    fn ran(runs: u64, fault: Fault) -> Truth {
        let attempt = Attempt {
            fault,
            forwarded: true,
        };
        Truth {
            runs,
            attempts: vec![attempt; usize::try_from(runs).expect("a few")],
        }
    }

    #[test]
    fn a_report_counts_calls_runs_and_faults() {
        let mut report = Report::default();
        let success = Ended::without_value(Outcome::Success);
        report.add(&call(false), &success, &ran(1, Fault::Pass));
        report.add(&call(true), &success, &ran(2, Fault::Delay));
        report.add_faults([Fault::Cut]);
        assert!(report.is_clean());
        let facts = report.facts();
        assert_eq!(facts[0], "2 calls, 3 runs of functions, 3 faults injected");
        assert!(
            facts[2].starts_with("1 calls with more than one run"),
            "{facts:?}"
        );
        let row = "| request delayed           | 2        | 1     | 1       |";
        assert!(report.tables().contains(row), "{}", report.tables());
    }

    #[test]
    fn a_violation_is_named_with_its_call_and_makes_the_report_unclean() {
        let mut report = Report::default();
        let lost = Ended::without_value(Outcome::Lost);
        report.add(&call(false), &lost, &ran(1, Fault::Pass));
        assert!(!report.is_clean());
        assert!(
            report
                .violations()
                .starts_with("call-000001 (small payload) never ended\n")
        );
        assert!(
            report
                .facts()
                .contains(&"1 calls without an outcome".to_owned())
        );
    }

    #[test]
    fn a_chart_has_round_mebibytes_and_whole_minutes() {
        let sample = |second| Sample {
            second: f64::from(second),
            proportional: 30.0 * MEBIBYTE,
            resident: 40.0 * MEBIBYTE,
            files: 9.0,
            threads: 4.0,
        };
        let samples: Vec<_> = (0..=600).map(sample).collect();
        let chart = chart("T".to_owned(), "N".to_owned(), &samples);
        let names = |axis: &Axis| {
            axis.ticks
                .iter()
                .map(|tick| tick.1.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&chart.y), ["0", "10", "20", "30", "40"]);
        assert_eq!(names(&chart.x), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(chart.lines[0].points.last(), Some(&(10.0, 30.0)));
    }

    #[test]
    fn a_run_without_calls_is_not_clean() {
        assert!(!Report::default().is_clean());
    }
}
