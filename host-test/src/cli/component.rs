//! `component`: the facts about the file that a reviewer asks for first.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::args::ComponentArgs;
use super::connection;
use super::files::Limit;
use super::outcome::Outcome;
use super::print::print_out;

const COMPONENT: Limit = Limit {
    what: "the component",
    bytes: 64 << 20,
    allows: "this program loads",
    instead: "name the file of a component",
};

/// Prints the path, sizes, digest, imports and exports of the component, and precompiles it if a file
/// is named.
pub fn run(args: &ComponentArgs) -> Result<Outcome> {
    let path = args.component.path();
    let bytes = COMPONENT.read(path)?;
    let digest = format!("{:x}", Bytes::from(Sha256::digest(&bytes).to_vec()));
    let gzip = gzip_size(&bytes)?;

    let engine = Engine::default();
    let component = Component::from_binary(&engine, &bytes)
        .map_err(|error| anyhow::anyhow!("{} is not a component: {error:#}", path.display()))?;
    let component = component.component_type();
    let imports: Vec<String> = component
        .imports(&engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exports: Vec<String> = component
        .exports(&engine)
        .map(|(name, _)| name.to_owned())
        .collect();

    if let Some(file) = &args.precompile {
        let code = connection::load(path, args.json)?.compiled_code()?;
        fs::write(file, code).with_context(|| format!("writing {}", file.display()))?;
    }
    let precompiled = args.precompile.as_deref().map(Path::display);

    if args.json {
        let document = json!({ "ok": {
            "path": path.display().to_string(),
            "size": bytes.len(),
            "gzip-size": gzip,
            "sha256": digest,
            "imports": imports,
            "exports": exports,
            "precompiled": precompiled.map(|file| file.to_string()),
        }});
        print_out(&document)?;
        return Ok(Outcome::Success);
    }
    print_out(format_args!("path     {}", path.display()))?;
    print_out(format_args!(
        "size     {} bytes, {gzip} gzipped",
        bytes.len()
    ))?;
    print_out(format_args!("SHA-256  {digest}"))?;
    print_out(format_args!("imports  {}", imports.join("\n         ")))?;
    print_out(format_args!("exports  {}", exports.join("\n         ")))?;
    if let Some(file) = precompiled {
        print_out(format_args!("code     {file}"))?;
    }
    Ok(Outcome::Success)
}

/// Returns the size of the component as a gzip download, in bytes.
fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
