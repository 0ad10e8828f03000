//! The first answer of a process: the time from its start to the line that it prints when it has the
//! response of its first call, and to its end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use tokio::runtime::Runtime;

use super::alternate::in_turn;
use super::args::{BenchArgs, FirstAnswerArgs, Side};
use super::native::Native;
use super::ours::{Ours, load, load_and_compile, request_without_retries};
use super::samples::{Pairs, seconds};
use super::sdk::{Place, Sdk, payload_file};
use super::table::Row;

const BYTES: usize = 100;
/// The goal of our side with compiled code, in seconds.
const GOAL: f64 = 0.015;
const ANSWERED: &str = "answered";
/// Each side, and whether it compiles the component first.
const SIDES: [(Sdk, bool); 5] = [
    (Sdk::Ours, false),
    (Sdk::Rust, false),
    (Sdk::Boto3, false),
    (Sdk::JavaScript, false),
    (Sdk::Ours, true),
];

/// Elapsed times, in seconds.
struct Times {
    answer: f64,
    end: f64,
}

/// Starts every side once per round, in turn and in turn backwards. The first round is a warm-up: it
/// also keeps the compiled code.
pub fn run(args: &BenchArgs, folder: &Path, url: &str) -> Result<Vec<Row>> {
    let place = Place::new(args, folder, url, [BYTES])?;
    let rounds = in_turn(args.rounds, SIDES.len(), |side| {
        let (sdk, compile) = SIDES[side];
        time(place.first_answer(sdk, compile)?)
            .with_context(|| format!("the first answer of {}", sdk.name()))
    })?;
    Ok(rows(&rounds))
}

fn rows(rounds: &[Vec<Times>]) -> Vec<Row> {
    let pairs = |ours: usize, other: usize, what: fn(&Times) -> f64| {
        let mut pairs = Pairs::default();
        for times in rounds {
            if let (Some(ours), Some(other)) = (times.get(ours), times.get(other)) {
                pairs.add(what(ours), what(other));
            }
        }
        pairs
    };
    let answer = |times: &Times| times.answer;
    let end = |times: &Times| times.end;
    let compiling = SIDES.len() - 1;
    let kept = pairs(0, 0, answer).ours();
    let goal = Some(("≤ 15.00 ms", kept <= GOAL));
    let mut rows = vec![Row::single(
        "first answer, compiled code kept",
        seconds(kept),
        goal,
    )];
    for (place, (sdk, _)) in SIDES.iter().enumerate().take(compiling).skip(1) {
        let name = sdk.name();
        for (what, pairs) in [
            ("first answer, compiled code kept", pairs(0, place, answer)),
            ("the same, to the end of the process", pairs(0, place, end)),
            ("first answer, compiling", pairs(compiling, place, answer)),
        ] {
            rows.push(Row::pairs(
                format!("beside {name}, {what}"),
                &pairs,
                seconds,
                None,
            ));
        }
    }
    rows
}

fn time(mut command: Command) -> Result<Times> {
    let start = Instant::now();
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = process.stdout.take().context("its standard output")?;
    let line = BufReader::new(stdout).lines().next();
    let answer = start.elapsed().as_secs_f64();
    let status = process.wait()?;
    let end = start.elapsed().as_secs_f64();
    ensure!(
        status.success() && matches!(line, Some(Ok(line)) if line == ANSWERED),
        "the call failed: {status}"
    );
    Ok(Times { answer, end })
}

/// Runs our side or the SDK for Rust in this process.
pub fn child(args: &FirstAnswerArgs, runtime: &Runtime) -> Result<()> {
    let side = &args.peer.side;
    let text = fs::read_to_string(payload_file(&args.peer.payloads, BYTES))?;
    match side.side {
        Side::Ours => {
            let host = if args.compile {
                load_and_compile(&side.component)?
            } else {
                load(&side.component)?
            };
            let ours = Ours::new(host, &side.url)?;
            let request = request_without_retries("echo", &text);
            runtime.block_on(ours.invoke(&request, &text))?;
        }
        Side::Native => {
            let native = Native::without_retries(&side.url);
            let payload = Blob::new(text.as_bytes());
            runtime.block_on(native.invoke("echo", payload, &text))?;
        }
    }
    println!("{ANSWERED}");
    Ok(())
}
