//! The component's file: its size, and what compiling it takes.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use super::args::BenchArgs;
use super::process::cpu_time;
use super::samples::{median, seconds};
use super::table::Row;
use crate::cli::component::gzip_size;

const RAW_GOAL: usize = 160 << 10;
const GZIP_GOAL: usize = 64 << 10;

/// AWS's SDK for Rust, made a component that invokes and lists. Measured once, elsewhere.
const SDK_SIZE: &str = "1306204 B (known)";
const SDK_COMPILE: &str = "2.0 s (known)";

/// Three rows.
pub fn run(args: &BenchArgs) -> Result<Vec<Row>> {
    let path = &args.component.component;
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let gzip = gzip_size(&bytes)?;
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for _ in 0..args.rounds.min(5) {
        // As the sandbox compiles.
        let engine = Engine::new(Config::new().epoch_interruption(true))?;
        let (before, start) = (cpu_time(), Instant::now());
        Component::from_binary(&engine, &bytes)?;
        wall.push(start.elapsed().as_secs_f64());
        cpu.push(cpu_time().saturating_sub(before).as_secs_f64());
    }
    Ok(vec![
        Row::single(
            "component, raw; other: the SDK as a component",
            format!("{} B", bytes.len()),
            SDK_SIZE,
            Some(("≤ 160 KiB", bytes.len() <= RAW_GOAL)),
        ),
        Row::single(
            "component, gzip",
            format!("{gzip} B"),
            "",
            Some(("≤ 64 KiB", gzip <= GZIP_GOAL)),
        ),
        Row::single(
            "compiling it (on all cores); other: the SDK as a component",
            format!(
                "{} CPU, {} wall",
                seconds(median(cpu)),
                seconds(median(wall))
            ),
            SDK_COMPILE,
            None,
        ),
    ])
}
