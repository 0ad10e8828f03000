//! Compiles the root package to a core module that contains no paths of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-unknown-unknown";
/// In bytes. The tests pass with a quarter of it.
const STACK: u32 = 64 << 10;
/// In bytes, including the stack.
const INITIAL_MEMORY: u32 = 256 << 10;

/// Compiles the core module and returns its file.
pub fn build(root: &Path, features: &[&str]) -> Result<PathBuf> {
    install_target(TARGET)?;
    let status = command(root, features)?.status()?;
    if !status.success() {
        bail!("building the component failed: {status}");
    }
    Ok(target_dir(root, features)
        .join(TARGET)
        .join("component/aws_lambda_connector.wasm"))
}

/// Returns the command that compiles the core module. Arguments after `--` go to rustc.
pub fn command(root: &Path, features: &[&str]) -> Result<Command> {
    let target_dir = target_dir(root, features);
    let mut command = Command::new(program("CARGO", "cargo"));
    command
        .current_dir(root)
        // A `cdylib` next to `rlib` in the manifest would disable link-time optimisation: cargo
        // omits its flag if one of the crate types does not support it.
        .args(["rustc", "--lib", "--crate-type", "cdylib"])
        .args(["--locked", "--package", "aws-lambda-connector"])
        .args(["--profile", "component", "--target", TARGET])
        .args(["--features", &features.join(",")])
        .arg("--target-dir")
        .arg(&target_dir)
        // The outer cargo holds the lock on a `build-dir` that the user configured.
        .env("CARGO_BUILD_BUILD_DIR", &target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root)?.join("\x1f"))
        // The outer cargo sets these for the host's build; clippy sets a wrapper.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    Ok(command)
}

/// A separate directory, because the outer cargo holds the lock on its own. There is one for each set of
/// features, because cargo keeps only the last `cdylib` of a package.
fn target_dir(root: &Path, features: &[&str]) -> PathBuf {
    let name = [&["component"], features].concat().join("-");
    root.join("target").join(name)
}

fn flags(root: &Path) -> Result<Vec<String>> {
    let mut flags = vec![
        // SIMD is part of WebAssembly 2.0, and sha2 hashes faster with it.
        "-Ctarget-feature=+simd128".to_owned(),
        // A host clears the pages that the previous call wrote. A small stack keeps them few. The
        // stack is at the start of the memory, so that an overflow traps.
        format!("-Clink-arg=-zstack-size={STACK}"),
        // Enough for a call with a small payload: growing the memory changes the page tables.
        format!("-Clink-arg=--initial-memory={INITIAL_MEMORY}"),
        // By default, the linker pads every address to five bytes.
        "-Clink-arg=--compress-relocations".to_owned(),
    ];
    flags.extend(remapped_paths(root)?);
    Ok(flags)
}

/// Panic locations contain source paths. These flags replace the paths of this machine, so that
/// every machine builds the same bytes. The last flag that matches a path applies.
fn remapped_paths(root: &Path) -> Result<Vec<String>> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![remap(root, "connector")];
    let home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map(PathBuf::from);
    if let Ok(home) = home {
        flags.push(remap(&home, "cargo"));
        // Each registry has its own folder, and a mirror's folder has a different name.
        if let Ok(registries) = fs::read_dir(home.join("registry/src")) {
            let mut registries = registries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>>>()?;
            registries.sort();
            flags.extend(registries.iter().map(|path| remap(path, "crates")));
        }
    }
    // Paths of the standard library are local only if its sources are installed.
    let sources = Path::new(rustc(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust");
    let version = rustc(&["--version", "--verbose"])?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "));
    let commit = commit.context("`rustc --version --verbose` does not print a commit hash")?;
    flags.push(remap(&sources, &format!("/rustc/{commit}")));
    Ok(flags)
}

/// Installs a missing target with rustup. rustup installs the targets in `rust-toolchain.toml` on
/// its own only if automatic installation is enabled.
pub fn install_target(target: &str) -> Result<()> {
    let libdir = rustc(&["--print", "target-libdir", "--target", target]);
    if libdir.is_ok_and(|libdir| Path::new(libdir.trim()).is_dir()) {
        return Ok(());
    }
    let status = Command::new("rustup")
        .args(["target", "add", target])
        .status()
        .with_context(|| {
            format!("the Rust target {target} is missing, and rustup did not start; install rustup or the target")
        })?;
    ensure!(
        status.success(),
        "`rustup target add {target}` failed: {status}"
    );
    Ok(())
}

/// Returns rustc's version as it prints it: number, commit and date.
pub fn compiler() -> Result<String> {
    let version = rustc(&["--version"])?;
    let version = version.trim().strip_prefix("rustc ");
    Ok(version
        .context("`rustc --version` does not print a version")?
        .to_owned())
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let rustc = program("RUSTC", "rustc");
    let output = Command::new(&rustc)
        .args(arguments)
        .output()
        .with_context(|| format!("running {rustc}"))?;
    ensure!(
        output.status.success(),
        "{rustc}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Cargo sets these variables to the programs of its own toolchain.
fn program(variable: &str, name: &str) -> String {
    env::var(variable).unwrap_or_else(|_| name.to_owned())
}
