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

/// The most memory that this process had resident, in bytes, since the last [`forget_peak`].
pub fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading the process's status")?;
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))
        .context("the process's status has no VmHWM")?
        .trim()
        .parse()?;
    Ok(kib << 10)
}

/// Lets [`peak_memory`] start again from what is resident now.
pub fn forget_peak() -> Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("resetting the peak of resident memory")
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
