//! The machine and the versions that a measurement depends on.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Returns the version of this component and its size, the host's runtime and the kernel.
pub fn describe(component: &Path) -> Result<Vec<String>> {
    let bytes = fs::metadata(component)
        .with_context(|| format!("reading {}", component.display()))?
        .len();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Ok(vec![
        format!(
            "component {}, {bytes} B, in wasmtime {}",
            env!("CARGO_PKG_VERSION"),
            locked(LOCK, "wasmtime").unwrap_or("of an unknown version")
        ),
        processor(),
        format!("Linux {}", kernel.trim()),
    ])
}

/// Returns the model of the processor, and whether it has instructions for SHA-256.
pub fn processor() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&info, "model name").unwrap_or("unknown processor");
    let model = model.replace("(R)", "").replace("(TM)", "");
    let sha = if has_sha(&info) { "with" } else { "without" };
    format!("{model}, {cores} cores, {sha} SHA instructions")
}

fn has_sha(info: &str) -> bool {
    // The names on x86-64 and on AArch64.
    let flags = field(info, "flags").or_else(|| field(info, "Features"));
    flags.is_some_and(|flags| {
        flags
            .split_whitespace()
            .any(|flag| flag == "sha_ni" || flag == "sha2")
    })
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Returns the first version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_instructions_are_found_in_the_flags_of_both_architectures() {
        assert!(has_sha("model name\t: A\nflags\t\t: fpu sha_ni avx\n"));
        assert!(has_sha("Features\t: fp aes sha1 sha2\n"));
        for info in ["flags : fpu avx sha_nix\n", "Features : sha1\n", ""] {
            assert!(!has_sha(info), "{info:?}");
        }
    }

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
        assert_eq!(locked(lock, "a"), Some("1.2.3"));
        assert_eq!(locked(lock, "b"), None);
        assert!(locked(LOCK, "wasmtime").is_some());
    }
}
