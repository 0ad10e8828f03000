//! Builds `host-test/bench/sdk-component`, the AWS SDK for Rust as a component. It is built only when
//! needed, because the build takes a minute or two and requires a Rust target that no other part of
//! the repository uses.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use component::install_target;

const TARGET: &str = "wasm32-wasip2";

/// Builds the component from its own lock file, and returns its path.
pub fn build() -> Result<PathBuf> {
    install_target(TARGET)?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk-component");
    let target_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sdk-component");
    let status = Command::new("cargo")
        .current_dir(&sources)
        .args(["build", "--quiet", "--locked", "--release"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "building the SDK as a component failed: {status}"
    );
    Ok(target_dir.join(TARGET).join("release/sdk_component.wasm"))
}
