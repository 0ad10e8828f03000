//! Compares the component's file with the AWS SDK for Rust as a component: size, compile time and
//! imported interfaces.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use super::args::BenchArgs;
use super::process::cpu_time;
use super::samples::{Pairs, seconds};
use super::sdk_component;
use super::table::{Goal, Row};

const RAW_GOAL: usize = 400_000;
const GZIP_GOAL: usize = 150_000;
const COMPILE_GOAL: Goal = Goal::AtMost(0.22);

/// Returns rows for the file alone, and compared with the SDK.
pub fn run(args: &BenchArgs) -> Result<Vec<Row>> {
    let ours = read(&args.component)?;
    let sdk = read(&sdk_component::build()?)?;
    let gzip = (gzip_size(&ours)?, gzip_size(&sdk)?);
    let (cpu, wall) = compile(args.rounds, &ours, &sdk)?;
    let (ours_compiled, sdk_compiled) = (Compiled::of(&ours)?, Compiled::of(&sdk)?);

    let size = |what, ours, sdk| beside_sdk(what, once(ours, sdk), bytes, None);
    Ok(vec![
        Row::single(
            "component, raw",
            bytes(ours.len() as f64),
            Some(("≤ 400000 B", ours.len() <= RAW_GOAL)),
        ),
        Row::single(
            "component, gzip",
            bytes(gzip.0 as f64),
            Some(("≤ 150000 B", gzip.0 <= GZIP_GOAL)),
        ),
        size("raw", ours.len(), sdk.len()),
        size("gzip", gzip.0, gzip.1),
        size("compiled", ours_compiled.bytes, sdk_compiled.bytes),
        beside_sdk(
            "imported interfaces",
            once(ours_compiled.imports, sdk_compiled.imports),
            |count| format!("{count}"),
            None,
        ),
        beside_sdk(
            "compile time, CPU of all cores",
            cpu,
            seconds,
            Some(COMPILE_GOAL),
        ),
        beside_sdk("compile time, elapsed", wall, seconds, Some(COMPILE_GOAL)),
    ])
}

fn beside_sdk(what: &str, pairs: Pairs, show: fn(f64) -> String, goal: Option<Goal>) -> Row {
    Row::pairs(
        format!("component beside the SDK: {what}"),
        &pairs,
        show,
        goal,
    )
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn bytes(count: f64) -> String {
    format!("{count} B")
}

fn once(ours: usize, other: usize) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.add(ours as f64, other as f64);
    pairs
}

/// A compiled component.
struct Compiled {
    /// Includes tables for unwinding and traps.
    bytes: usize,
    imports: usize,
}

impl Compiled {
    fn of(bytes: &[u8]) -> Result<Self> {
        let engine = engine()?;
        let component = Component::from_binary(&engine, bytes)?;
        Ok(Self {
            bytes: component.serialize()?.len(),
            imports: component.component_type().imports(&engine).count(),
        })
    }
}

/// Measures the CPU time and the elapsed time of compiling, each time with a new engine.
fn compile(rounds: usize, ours: &[u8], sdk: &[u8]) -> Result<(Pairs, Pairs)> {
    let (mut cpu, mut wall) = (Pairs::default(), Pairs::default());
    for _ in 0..rounds {
        let (first, second) = (time(ours)?, time(sdk)?);
        cpu.add(first.0, second.0);
        wall.add(first.1, second.1);
    }
    Ok((cpu, wall))
}

fn time(bytes: &[u8]) -> Result<(f64, f64)> {
    let engine = engine()?;
    let (before, start) = (cpu_time(), Instant::now());
    Component::from_binary(&engine, bytes)?;
    let wall = start.elapsed().as_secs_f64();
    Ok((cpu_time().saturating_sub(before).as_secs_f64(), wall))
}

/// Creates an engine with the sandbox's settings.
fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    Ok(Engine::new(&config)?)
}
