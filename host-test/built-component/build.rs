//! Builds the components with `host-test/component`.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use component::COMPONENTS;

fn main() -> Result<()> {
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
        fs::write(&path, component.build(&root)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
