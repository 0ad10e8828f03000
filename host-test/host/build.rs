//! Sets `cfg(bundled)` in a package, which contains the components. The repository does not.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(bundled)");
    // A package does not change, and a missing file would make every build of the repository start again.
    println!("cargo::rerun-if-changed=build.rs");
    if Path::new("components").exists() {
        println!("cargo::rustc-cfg=bundled");
    }
}
