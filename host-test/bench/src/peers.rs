//! CPU time of one invocation of `echo`, beside the SDKs that workflow platforms use. Each side runs in
//! its own process, without retries and with the same timeouts. Each compares the response with the
//! event in one native comparison of memory, which counts for all of them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use aws_sdk_lambda::primitives::Blob;
use tokio::runtime::Runtime;

use super::alternate::{cpu_each, in_turn, pairs};
use super::args::{BenchArgs, PeerArgs, Side};
use super::chart::{Axis, Chart, Line, Scale, values};
use super::native::{self, Native};
use super::ours::{Ours, load, request_without_retries};
use super::payload::{SIZES, Size};
use super::peer::{Peer, answer_lines};
use super::samples::{median, round_seconds, seconds};
use super::sdk::{Place, Sdk, payload_file};
use super::table::{Goal, Row};

/// A virtual machine compiles what it runs often.
const WARM_UP_CALLS: usize = 2_000;

/// Every side's CPU time by size.
pub struct Costs {
    /// The versions of every SDK.
    pub versions: Vec<String>,
    sizes: Vec<Vec<Vec<f64>>>,
}

impl Costs {
    /// Returns the rows of the table: each SDK with every size.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (place, sdk) in Sdk::ALL.into_iter().enumerate().skip(1) {
            for ((rounds, size), goal) in self.sizes.iter().zip(SIZES).zip(sdk.goals()) {
                rows.push(Row::pairs(
                    format!("beside {}, {}: CPU", sdk.name(), size.name),
                    &pairs(rounds, place),
                    seconds,
                    goal.map(Goal::AtMost),
                ));
            }
        }
        rows
    }

    /// Draws every side's cost by size. `machine` names where it was measured.
    pub fn chart(&self, machine: &str) -> Chart {
        let line = |(place, sdk): (usize, Sdk)| {
            let medians = self.sizes.iter().zip(SIZES).map(|(rounds, size)| {
                let values = rounds.iter().filter_map(|round| round.get(place).copied());
                (size.bytes as f64, median(values.collect()))
            });
            Line {
                name: sdk.name().to_owned(),
                points: medians.collect(),
            }
        };
        let lines: Vec<Line> = Sdk::ALL.into_iter().enumerate().map(line).collect();
        Chart {
            title: "CPU time of one call, by payload".to_owned(),
            note: format!("Less is better. {machine}"),
            x: Axis {
                label: "payload, there and back (logarithmic)".to_owned(),
                scale: Scale::Logarithmic,
                ticks: SIZES
                    .map(|size| (size.bytes as f64, size.name.to_owned()))
                    .to_vec(),
            },
            y: Axis::decades("CPU time (logarithmic)", values(&lines), round_seconds),
            lines,
        }
    }
}

/// Measures every size, all sides in turn in each round.
pub fn run(args: &BenchArgs, folder: &Path, url: &str) -> Result<Costs> {
    let place = Place::new(args, folder, url, SIZES.map(|size| size.bytes))?;
    let mut sides = Sdk::ALL
        .into_iter()
        .map(|sdk| {
            let side = place.peer(sdk).and_then(Peer::start);
            side.with_context(|| format!("starting {}", sdk.name()))
        })
        .collect::<Result<Vec<_>>>()?;
    for side in &mut sides {
        side.measure(100, WARM_UP_CALLS)?;
    }
    let mut sizes = Vec::new();
    for Size { name, bytes, calls } in SIZES {
        eprintln!("  {name}");
        let measure = |side: usize| sides[side].measure(bytes, calls);
        sizes.push(in_turn(args.rounds, Sdk::ALL.len(), measure)?);
    }
    // The version of our side is known already.
    let sdks = sides.iter().skip(1);
    let versions = sdks.map(|side| side.versions.clone()).collect();
    Ok(Costs { versions, sizes })
}

/// Runs our side or the SDK for Rust in this process.
pub fn child(args: &PeerArgs, runtime: &Runtime) -> Result<()> {
    let side = &args.side;
    match side.side {
        Side::Ours => {
            let ours = Ours::new(load(&side.component)?, &side.url)?;
            answer_lines("the component", |bytes, calls| {
                let text = event(&args.payloads, bytes)?;
                let request = request_without_retries("echo", &text);
                // Our side borrows the payload.
                runtime.block_on(cpu_each(vec![(); calls], async |()| {
                    ours.invoke(&request, &text).await
                }))
            })
        }
        Side::Native => {
            let native = Native::without_retries(&side.url);
            let versions = format!("aws-sdk-lambda {}", native::version());
            answer_lines(versions, |bytes, calls| {
                let text = event(&args.payloads, bytes)?;
                // The SDK takes ownership of the payload, so the copies are made beforehand.
                let blobs = vec![Blob::new(text.as_bytes()); calls];
                runtime.block_on(cpu_each(blobs, async |blob| {
                    native.invoke("echo", blob, &text).await
                }))
            })
        }
    }
}

fn event(payloads: &Path, bytes: usize) -> Result<String> {
    let file = payload_file(payloads, bytes);
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}
