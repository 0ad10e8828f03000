//! The hashes of the components as `cargo build` leaves them. On other kinds of machines nobody has
//! compared them.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;

use sha2::{Digest, Sha256};

use testing::Component;

use crate::page;

#[test]
fn the_files_have_the_hashes_of_the_page() {
    let rows = Component::ALL.map(|component| {
        let file = component.file();
        let bytes = fs::read(file).unwrap();
        let digest = Sha256::digest(&bytes);
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = file.file_name().unwrap().to_str().unwrap();
        [
            format!("`{name}`"),
            bytes.len().to_string(),
            format!("`{hash}`"),
        ]
        .to_vec()
    });
    page::hold("| File in `target/` | Bytes | SHA-256 |", &rows);
}
