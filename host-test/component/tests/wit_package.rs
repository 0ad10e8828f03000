//! The WIT package that a release publishes: it carries the docs, which no component does.

use std::fs;
use std::path::Path;

use component::{wit_package, with_revision};
use wasm_metadata::Payload;
use wit_component::{DecodedWasm, WitPrinter};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn every_line_of_the_docs_is_in_the_package() {
    let package = wit_package(Path::new(ROOT), "wit").unwrap();
    let DecodedWasm::WitPackage(resolve, id) = wit_component::decode(&package.bytes).unwrap()
    else {
        panic!("no WIT package");
    };
    let mut printer = WitPrinter::default();
    printer.print(&resolve, id, &[]).unwrap();
    let printed = printer.output.to_string();
    let printed: Vec<&str> = printed.lines().map(str::trim).collect();

    let mut docs = 0;
    for entry in fs::read_dir(Path::new(ROOT).join("wit")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines().map(str::trim) {
            if line.starts_with("///") {
                assert!(printed.contains(&line), "{}: {line}", path.display());
                docs += 1;
            }
        }
    }
    assert!(docs > 90, "{docs} lines");
}

#[test]
fn it_has_a_version_of_its_own_and_the_revision_goes_behind_all_else() {
    let package = wit_package(Path::new(ROOT), "wit").unwrap();
    assert_eq!(package.name, "connectors:aws-lambda");
    assert_eq!(package.version, "0.1.0");

    let revision = "0123456789abcdef0123456789abcdef01234567";
    let released = with_revision(&package.bytes, revision).unwrap();
    let added = released.strip_prefix(package.bytes.as_slice()).unwrap();
    assert!(added.ends_with(revision.as_bytes()));

    let payload = Payload::from_binary(&released).unwrap();
    let metadata = payload.metadata();
    assert_eq!(metadata.name.as_deref(), Some("connectors:aws-lambda"));
    assert_eq!(metadata.version.as_ref().unwrap().to_string(), "0.1.0");
    assert_eq!(metadata.revision.as_ref().unwrap().to_string(), revision);
    assert_eq!(
        metadata.licenses.as_ref().unwrap().to_string(),
        "Apache-2.0"
    );
}
