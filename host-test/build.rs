//! Builds the components, one for each version of WASI: the root package for
//! `wasm32-unknown-unknown`, encoded with `wit-component`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .parent()
        .context("host-test has a parent folder")?
        .to_owned();
    for path in [
        "src",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    install_target()?;
    let (p2, p3) = ("AWS_LAMBDA_CONNECTOR_WASM", "AWS_LAMBDA_CONNECTOR_P3_WASM");
    build_component(&root, "aws-lambda-connector.wasm", p2, &[])?;
    build_component(&root, "aws-lambda-connector-p3.wasm", p3, &["p3"])
}

/// Builds one component into `target/`; `variable` tells the package's code where it is.
fn build_component(root: &Path, file: &str, variable: &str, features: &[&str]) -> Result<()> {
    let component = root.join("target").join(file);
    // The component itself is watched too: a deleted one is built again.
    println!("cargo::rerun-if-changed={}", component.display());
    println!("cargo::rustc-env={variable}={}", component.display());
    let module = build_module(root, features)?;
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
fn build_module(root: &Path, features: &[&str]) -> Result<PathBuf> {
    let target_dir = root.join("target/component");
    let home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .unwrap_or_default();
    // Panic locations carry source paths; nobody's folders belong into the component.
    let flags = [
        format!("--remap-path-prefix={}=connector", root.display()),
        format!("--remap-path-prefix={home}=cargo"),
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
        .args(["--features", &features.join(",")])
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
