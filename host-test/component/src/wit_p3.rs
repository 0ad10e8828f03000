//! Derives the WIT package for WASI 0.3 from the one for WASI 0.2.
//!
//! The derived text is committed, because macros, editors and other tools read it in place. Each
//! build updates it, so an edit of `wit/` needs no further step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const SOURCE: &str = "wit";
/// The folder of the derived package.
pub const FOLDER: &str = "wit/p3";
/// Interfaces that only this package has. Their files are handwritten, in its folder.
pub const OWN: &[&str] = &["streaming"];

/// Replacements, in the order in which they apply.
const REPLACED: &[(&str, &str)] = &[
    (": func(", ": async func("),
    // The only function that never waits.
    ("describe: async func(", "describe: func("),
    ("wasi:http/outgoing-handler@", "wasi:http/client@"),
    ("wasi:clocks/wall-clock@", "wasi:clocks/system-clock@"),
    ("@0.2.0", "@0.3.0"),
];

/// Returns the names and texts of the derived files.
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
        // The world ends here.
        if name == "world.wit" && line == "}" {
            derived.extend(OWN.iter().map(|own| format!("    export {own};\n")));
        }
        derived.push_str(&line);
        derived.push('\n');
        // A comment before it would be the package's documentation, which only one file may have.
        if line.starts_with("package ") {
            let source =
                format!("// The build derives this file from `{SOURCE}/{name}`; edit that one.\n");
            derived.push_str(&source);
        }
    }
    derived
}

/// Writes the files that differ. The others keep their modification time, which cargo compares.
pub fn write(root: &Path) -> Result<()> {
    for (name, text) in derived(root)? {
        let path = root.join(FOLDER).join(name);
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}
