//! Folders for the files of a test.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns an empty folder of this name. `parent` is the `CARGO_TARGET_TMPDIR` of the test program.
pub fn empty_folder(parent: &str, name: &str) -> PathBuf {
    let folder = Path::new(parent).join(name);
    // An earlier run may have left it.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
