//! Compiles the root package to a core module that carries nobody's paths.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-unknown-unknown";
/// Bytes. With a quarter of it the tests pass.
const STACK: u32 = 64 << 10;
/// Bytes, the stack included.
const INITIAL_MEMORY: u32 = 256 << 10;

/// Compiles it and returns its file.
pub fn build(root: &Path, features: &[&str]) -> Result<PathBuf> {
    install_target(TARGET)?;
    let status = command(root, features)?.status()?;
    if !status.success() {
        bail!("building the component failed: {status}");
    }
    Ok(target_dir(root)
        .join(TARGET)
        .join("component/aws_lambda_connector.wasm"))
}

/// The command that compiles it. Arguments after `--` go to rustc.
pub fn command(root: &Path, features: &[&str]) -> Result<Command> {
    let target_dir = target_dir(root);
    let mut command = Command::new(program("CARGO", "cargo"));
    command
        .current_dir(root)
        // Beside `rlib` in the manifest, `cdylib` would switch link-time optimisation off: cargo
        // passes no flag for it where one of the crate types cannot have it.
        .args(["rustc", "--lib", "--crate-type", "cdylib"])
        .args(["--locked", "--package", "aws-lambda-connector"])
        .args(["--profile", "component", "--target", TARGET])
        .args(["--features", &features.join(",")])
        .arg("--target-dir")
        .arg(&target_dir)
        // A `build-dir` that the user configured is the outer cargo's, and locked by it.
        .env("CARGO_BUILD_BUILD_DIR", &target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root)?.join("\x1f"))
        // What the outer cargo set for the host's own build (clippy sets a wrapper).
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    Ok(command)
}

/// Its own: cargo holds a lock on the one it is running in.
fn target_dir(root: &Path) -> PathBuf {
    root.join("target/component")
}

fn flags(root: &Path) -> Result<Vec<String>> {
    let mut flags = vec![
        // Part of WebAssembly 2.0. sha2 hashes faster with it.
        "-Ctarget-feature=+simd128".to_owned(),
        // A host clears, for each call, what the last one left: that is little, and at the start
        // of the memory. The stack comes first there, and an overflow of it traps.
        format!("-Clink-arg=-zstack-size={STACK}"),
        // As much as a call with a small payload takes: to grow is a change of the page tables.
        format!("-Clink-arg=--initial-memory={INITIAL_MEMORY}"),
        // The linker pads every address to five bytes unless told to write it in as few as it takes.
        "-Clink-arg=--compress-relocations".to_owned(),
    ];
    flags.extend(remapped_paths(root)?);
    Ok(flags)
}

/// Panic locations carry source paths: those of this machine become the same ones everywhere. The
/// last flag that fits a path is the one that counts.
fn remapped_paths(root: &Path) -> Result<Vec<String>> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![remap(root, "connector")];
    let home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map(PathBuf::from);
    if let Ok(home) = home {
        flags.push(remap(&home, "cargo"));
        // One folder a registry, and a mirror's has another name.
        if let Ok(registries) = fs::read_dir(home.join("registry/src")) {
            let mut registries = registries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>>>()?;
            registries.sort();
            flags.extend(registries.iter().map(|path| remap(path, "crates")));
        }
    }
    // The standard library's are nobody's until its sources are installed beside it.
    let sources = Path::new(rustc(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust");
    let version = rustc(&["--version", "--verbose"])?;
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "));
    let commit = commit.context("rustc names no commit")?;
    flags.push(remap(&sources, &format!("/rustc/{commit}")));
    Ok(flags)
}

/// Asks rustup for a target where it is missing. It installs what `rust-toolchain.toml` names by
/// itself only where automatic installation is on.
pub fn install_target(target: &str) -> Result<()> {
    let libdir = rustc(&["--print", "target-libdir", "--target", target]);
    if libdir.is_ok_and(|libdir| Path::new(libdir.trim()).is_dir()) {
        return Ok(());
    }
    let status = Command::new("rustup")
        .args(["target", "add", target])
        .status()
        .with_context(|| {
            format!("the Rust target {target} is missing and rustup, which would install it, did not start")
        })?;
    ensure!(
        status.success(),
        "`rustup target add {target}` failed: {status}"
    );
    Ok(())
}

/// Of rustc, as it prints it: number, commit and date.
pub fn compiler() -> Result<String> {
    let version = rustc(&["--version"])?;
    let version = version.trim().strip_prefix("rustc ");
    Ok(version.context("rustc names no version")?.to_owned())
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

/// Cargo names the programs of its own toolchain.
fn program(variable: &str, name: &str) -> String {
    env::var(variable).unwrap_or_else(|_| name.to_owned())
}
