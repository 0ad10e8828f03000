//! CPU time, memory and file limit of this process, from the operating system.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Returns the user and system time of all threads so far. The clock is finer than `getrusage`.
pub fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime)
        .try_into()
        .unwrap_or_default()
}

/// Returns the peak resident memory of this process, in bytes. A page counts as often as it is
/// mapped.
pub fn peak_memory() -> Result<u64> {
    bytes("/proc/self/status", "VmHWM:")
}

/// Returns the current proportional set size, in bytes. It counts each page once.
pub fn memory() -> Result<u64> {
    bytes("/proc/self/smaps_rollup", "Pss:")
}

/// Returns the value of a line in a file of `/proc`, in bytes.
pub fn bytes(file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let kib: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"))
        .with_context(|| format!("{file} has no {name}"))?
        .trim()
        .parse()?;
    Ok(kib << 10)
}

/// Raises the limit of open files to its maximum, for this process and its children. A thousand
/// calls need a thousand connections, and the usual limit is 1024.
pub fn allow_many_files() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).context("raising the limit of open files")
}
