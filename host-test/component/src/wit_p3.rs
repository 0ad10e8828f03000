//! The WIT package for WASI 0.3, derived from the one for WASI 0.2.
//!
//! The derived text is committed, since macros, editors and other tools read it where it is. Each
//! build writes it where it differs, so that an edit of `wit/` needs no other step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const SOURCE: &str = "wit";
/// The folder of the derived package.
pub const FOLDER: &str = "wit/p3";
/// Interfaces that only this package has. Their files are in its folder, written by hand.
pub const OWN: &[&str] = &[];

/// What differs, in the order in which it is replaced.
const REPLACED: &[(&str, &str)] = &[
    (": func(", ": async func("),
    // The one function that waits for nothing.
    ("describe: async func(", "describe: func("),
    ("wasi:http/outgoing-handler@", "wasi:http/client@"),
    ("wasi:clocks/wall-clock@", "wasi:clocks/system-clock@"),
    ("@0.2.0", "@0.3.0"),
];

/// The files that are derived: names and texts.
pub fn derived(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let folder = root.join(SOURCE);
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let name = path.file_name().context("a name")?.to_string_lossy();
            let text = fs::read_to_string(&path)?;
            files.insert(name.to_string(), derive(&name, &text));
        }
    }
    Ok(files)
}

fn derive(name: &str, text: &str) -> String {
    let mut derived = String::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        if !line.trim_start().starts_with("//") {
            for (from, to) in REPLACED {
                line = line.replace(from, to);
            }
        }
        // The world's end.
        if name == "world.wit" && line == "}" {
            derived.extend(OWN.iter().map(|own| format!("    export {own};\n")));
        }
        derived.push_str(&line);
        derived.push('\n');
        // Not before it: WIT counts a comment there as the package's docs, which one file may have.
        if line.starts_with("package ") {
            let source =
                format!("// Derived from `{SOURCE}/{name}` by the build: edit that one.\n");
            derived.push_str(&source);
        }
    }
    derived
}

/// Writes the files that differ. The others keep their time, by which cargo knows what is new.
pub fn write(root: &Path) -> Result<()> {
    for (name, text) in derived(root)? {
        let path = root.join(FOLDER).join(name);
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}
