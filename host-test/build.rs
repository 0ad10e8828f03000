//! Builds the component: the root package for `wasm32-unknown-unknown`, encoded with `wit-component`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-unknown-unknown";
/// Bytes. With a quarter of it the tests pass.
const STACK: u32 = 64 << 10;
/// Bytes, the stack included.
const INITIAL_MEMORY: u32 = 256 << 10;

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .parent()
        .context("host-test has a parent folder")?
        .to_owned();
    let component = root.join("target/aws-lambda-connector.wasm");
    // The component itself is watched too: a deleted one is built again.
    for path in [
        "src",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-changed={}", component.display());
    println!(
        "cargo::rustc-env=AWS_LAMBDA_CONNECTOR_WASM={}",
        component.display()
    );

    install_target()?;
    let module = build_module(&root)?;
    let bytes = wit_component::ComponentEncoder::default()
        .module(&fs::read(&module)?)?
        .validate(true)
        .encode()
        .context("encoding the core module as a component")?;
    fs::write(&component, bytes).with_context(|| format!("writing {}", component.display()))
}

/// Asks for the Wasm target where it is missing. rustup installs what `rust-toolchain.toml` names
/// by itself only where automatic installation is on.
fn install_target() -> Result<()> {
    let rustc = env::var("RUSTC")?;
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .with_context(|| format!("running {rustc}"))?;
    let libdir = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if output.status.success() && libdir.is_dir() {
        return Ok(());
    }
    let status = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status()
        .with_context(|| {
            format!("the Rust target {TARGET} is missing and rustup, which would install it, did not start")
        })?;
    ensure!(
        status.success(),
        "`rustup target add {TARGET}` failed: {status}"
    );
    Ok(())
}

/// Compiles the root package in a target directory of its own: cargo holds a lock on the one it
/// is running in.
fn build_module(root: &Path) -> Result<PathBuf> {
    let target_dir = root.join("target/component");
    let home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .unwrap_or_default();
    let flags = [
        // Panic locations carry source paths; nobody's folders belong into the component.
        format!("--remap-path-prefix={}=connector", root.display()),
        format!("--remap-path-prefix={home}=cargo"),
        // Part of WebAssembly 2.0. sha2 hashes a third faster with it.
        "-Ctarget-feature=+simd128".to_owned(),
        // A host clears, for each call, what the last one left: that is little, and at the start
        // of the memory. The stack comes first there, and an overflow of it traps.
        format!("-Clink-arg=-zstack-size={STACK}"),
        // As much as a call with a small payload takes: to grow is a change of the page tables.
        format!("-Clink-arg=--initial-memory={INITIAL_MEMORY}"),
    ];
    let status = Command::new(env::var("CARGO")?)
        .current_dir(root)
        .args([
            "build",
            "--locked",
            "--lib",
            "--package",
            "aws-lambda-connector",
        ])
        .args(["--profile", "component", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        // What the outer cargo set for the host's own build (clippy sets a wrapper).
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .status()?;
    if !status.success() {
        bail!("building the component failed: {status}");
    }
    Ok(target_dir
        .join(TARGET)
        .join("component/aws_lambda_connector.wasm"))
}
