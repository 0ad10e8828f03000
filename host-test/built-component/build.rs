//! Builds the components with `host-test/component`.

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use component::COMPONENTS;

fn main() -> Result<()> {
    let started = SystemTime::now();
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .ancestors()
        .nth(2)
        .context("the folder host-test/built-component")?
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
    for component in COMPONENTS {
        let path = root
            .join("target")
            .join(component.name)
            .with_extension("wasm");
        // Watching the component's file rebuilds it after it was deleted.
        println!("cargo::rerun-if-changed={}", path.display());
        println!(
            "cargo::rustc-env={}_WASM={}",
            component.name.to_uppercase().replace('-', "_"),
            path.display()
        );
        write(&path, &component.build(&root)?, started)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Writes a file that this script watches. Cargo would run the script again for a file that is newer
/// than the script's start.
fn write(path: &Path, bytes: &[u8], started: SystemTime) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes)?;
    let before = started - Duration::from_secs(1);
    Ok(File::options()
        .write(true)
        .open(path)?
        .set_modified(before)?)
}
