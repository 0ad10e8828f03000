//! What the operating system says about this process: time on the processor, memory, files.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// User and system time of all threads so far. Finer than `getrusage`, which counts the same.
pub fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime)
        .try_into()
        .unwrap_or_default()
}

/// The most memory that this process had resident, in bytes. Pages that it maps several times
/// count several times.
pub fn peak_memory() -> Result<u64> {
    bytes("/proc/self/status", "VmHWM:")
}

/// What is resident now, in bytes, each page once: the proportional share.
pub fn memory() -> Result<u64> {
    bytes("/proc/self/smaps_rollup", "Pss:")
}

fn bytes(file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let kib: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"))
        .with_context(|| format!("{file} has no {name}"))?
        .trim()
        .parse()?;
    Ok(kib << 10)
}

/// As many open files as may be, for this process and those it starts: a thousand calls are a
/// thousand connections, and the usual limit is 1024.
pub fn allow_many_files() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).context("raising the limit of open files")
}
