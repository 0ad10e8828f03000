//! Calls a second, by the number of calls in flight. Each side runs in its own process, on a runtime
//! with a thread for each core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Result;
use aws_sdk_lambda::primitives::Blob;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::alternate::{in_turn, pairs};
use super::args::{BenchArgs, Side, SideArgs};
use super::chart::{Axis, Chart, Line, Scale, values};
use super::native::Native;
use super::ours::{Ours, load_for_many, request};
use super::payload::records;
use super::peer::{Peer, answer_lines, this_program};
use super::samples::{Pairs, thousands};
use super::table::{Goal, Row};

/// Calls in flight, and the goal.
const LEVELS: [(usize, Option<f64>); 5] = [
    (8, None),
    (32, None),
    (100, Some(0.7)),
    (316, None),
    (1_000, Some(0.7)),
];
/// The calls of one measurement: enough that filling and draining the slots hardly count.
const CALLS: usize = 2_500;
const CALLS_PER_SLOT: usize = 5;
/// The bytes of an event.
const BYTES: usize = 100;

/// The throughput of both sides with a number of calls in flight.
pub struct Level {
    /// The number of calls in flight.
    pub in_flight: usize,
    /// Calls a second.
    pub rates: Pairs,
    goal: Option<f64>,
}

impl Level {
    fn name(&self) -> String {
        thousands(self.in_flight as f64)
    }

    /// Returns the row of the table.
    pub fn row(&self) -> Row {
        Row::pairs(
            format!("{} in flight: calls a second", self.name()),
            &self.rates,
            thousands,
            self.goal.map(Goal::AtLeast),
        )
    }
}

/// Draws the throughput of both sides. `machine` names where it was measured.
pub fn chart(levels: &[Level], machine: &str) -> Chart {
    let line = |name: &str, rate: fn(&Pairs) -> f64| Line {
        name: name.to_owned(),
        points: levels
            .iter()
            .map(|level| (level.in_flight as f64, rate(&level.rates)))
            .collect(),
    };
    let lines = vec![
        line("component", Pairs::ours),
        line("SDK for Rust", Pairs::other),
    ];
    let tick = |level: &Level| (level.in_flight as f64, level.name());
    Chart {
        title: "Calls a second, by calls in flight".to_owned(),
        note: format!("More is better. {machine}"),
        x: Axis {
            label: "calls in flight (logarithmic)".to_owned(),
            scale: Scale::Logarithmic,
            ticks: levels.iter().map(tick).collect(),
        },
        y: Axis::from_zero("calls a second", values(&lines), thousands),
        lines,
    }
}

/// Measures every level in alternating rounds.
pub fn run(args: &BenchArgs, url: &str) -> Result<Vec<Level>> {
    let mut sides = [
        start(Side::Ours, args, url)?,
        start(Side::Native, args, url)?,
    ];
    let mut levels = Vec::new();
    for (in_flight, goal) in LEVELS {
        let calls = CALLS.max(CALLS_PER_SLOT * in_flight);
        let measure = |side: usize| sides[side].measure(in_flight, calls);
        let rounds = in_turn(args.rounds, 2, measure)?;
        levels.push(Level {
            in_flight,
            rates: pairs(&rounds, 1),
            goal,
        });
    }
    Ok(levels)
}

fn start(side: Side, args: &BenchArgs, url: &str) -> Result<Peer> {
    let mut command = this_program()?;
    command
        .args(["throughput", "--side", side.name(), "--url", url])
        .arg("--component")
        .arg(&args.component);
    Peer::start(command)
}

/// Runs one side in this process. A line has the calls in flight and the number of calls. The answer
/// is the number of calls a second.
pub fn child(args: &SideArgs) -> Result<()> {
    let runtime = Runtime::new()?;
    let text: Arc<str> = records(BYTES).into();
    match args.side {
        Side::Ours => {
            let ours = Ours::new(load_for_many(&args.component)?, &args.url)?;
            let request = Arc::new(request("echo", &text));
            let call = move || {
                let (ours, request, text) = (ours.clone(), request.clone(), text.clone());
                async move { ours.invoke(&request, &text).await }
            };
            answer_lines(args.side.name(), |in_flight, calls| {
                runtime.block_on(rate(in_flight, calls, &call))
            })
        }
        Side::Native => {
            let native = Native::new(&args.url);
            let call = move || {
                let (native, text) = (native.clone(), text.clone());
                async move {
                    let payload = Blob::new(text.as_bytes());
                    native.invoke("echo", payload, &text).await
                }
            };
            answer_lines(args.side.name(), |in_flight, calls| {
                runtime.block_on(rate(in_flight, calls, &call))
            })
        }
    }
}

/// Makes the calls, and returns how many of them end in a second. It fails if a call fails.
async fn rate<F>(
    in_flight: usize,
    calls: usize,
    call: &(impl Fn() -> F + Clone + Send + 'static),
) -> Result<f64>
where
    F: Future<Output = Result<()>> + Send,
{
    let started = Arc::new(AtomicUsize::new(0));
    let mut callers: JoinSet<Result<()>> = JoinSet::new();
    let start = Instant::now();
    for _ in 0..in_flight {
        let (started, call) = (Arc::clone(&started), call.clone());
        callers.spawn(async move {
            while started.fetch_add(1, Ordering::Relaxed) < calls {
                call().await?;
            }
            Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(calls as f64 / start.elapsed().as_secs_f64())
}
