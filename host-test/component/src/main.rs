//! Builds the components and their WIT packages for a release, without the host. It prints one line
//! for each: `component FILE NAME@VERSION FEATURES` or `wit FILE NAME@VERSION`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use component::{COMPONENTS, root_version, wit_package, with_revision};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: component FOLDER REVISION";
    let folder = PathBuf::from(arguments.next().context(usage)?);
    let revision = arguments.next().context(usage)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("the folder host-test/component")?;

    fs::create_dir_all(&folder)?;
    for component in COMPONENTS {
        let wit = wit_package(root, component.wit)?;
        let (namespace, package) = wit.name.split_once(':').context("a namespace")?;
        let file = format!("{namespace}-{package}-{}.wit.wasm", wit.version);
        fs::write(folder.join(&file), with_revision(&wit.bytes, &revision)?)?;
        println!("wit {file} {}@{}", wit.name, wit.version);

        let file = format!("{}.wasm", component.name);
        let bytes = component.build(root)?;
        fs::write(folder.join(&file), with_revision(&bytes, &revision)?)?;
        let name = format!("{namespace}:{}@{}", component.name, root_version(root)?);
        println!("component {file} {name} {}", component.features.join(","));
    }
    Ok(())
}
