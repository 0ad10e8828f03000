//! The WIT packages that a release publishes. They contain the documentation, unlike components.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use component::{COMPONENTS, wit_p3, wit_package, with_revision};
use wasm_metadata::Payload;
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::Resolve;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// The folder and the version of each package.
const PACKAGES: [(&str, &str); 2] = [("wit", "0.2.0"), (wit_p3::FOLDER, "0.3.0")];

#[test]
fn component_has_a_wit_package() {
    let folders: Vec<&str> = COMPONENTS.iter().map(|component| component.wit).collect();
    assert_eq!(folders, PACKAGES.map(|(folder, _)| folder));
}

#[test]
fn package_for_wasi_0_3_matches_the_derivation_from_0_2() {
    let derived = wit_p3::derived(Path::new(ROOT)).unwrap();
    let mut expected: BTreeSet<String> = derived.keys().cloned().collect();
    expected.extend(wit_p3::OWN.iter().map(|own| format!("{own}.wit")));
    let folder = Path::new(ROOT).join(wit_p3::FOLDER);
    let files: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".wit"))
        .collect();
    assert_eq!(files, expected);
    for (name, text) in derived {
        let committed = fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(committed, text, "{name}: run `cargo build` to update it");
    }
}

#[test]
fn functions_are_async_only_for_wasi_0_3_and_describe_never_is() {
    for (folder, version) in PACKAGES {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(Path::new(ROOT).join(folder)).unwrap();
        let interfaces = resolve.packages[package].interfaces.values();
        let functions = interfaces.flat_map(|&id| resolve.interfaces[id].functions.values());
        let mut seen = 0;
        for function in functions {
            let expected = version == "0.3.0" && function.name != "describe";
            assert_eq!(function.kind.is_async(), expected, "{}", function.name);
            seen += 1;
        }
        assert!(seen > 5, "{seen} functions");
    }
}

#[test]
fn encoded_package_contains_every_line_of_documentation() {
    for (folder, _) in PACKAGES {
        let package = wit_package(Path::new(ROOT), folder).unwrap();
        let DecodedWasm::WitPackage(resolve, id) = wit_component::decode(&package.bytes).unwrap()
        else {
            panic!("the bytes are not a WIT package");
        };
        let mut printer = WitPrinter::default();
        printer.print(&resolve, id, &[]).unwrap();
        let printed = printer.output.to_string();
        let printed: Vec<&str> = printed.lines().map(str::trim).collect();

        let mut docs = 0;
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
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
        assert!(docs > 90, "{folder}: {docs} lines");
    }
}

#[test]
fn package_metadata_is_complete_and_the_revision_is_appended() {
    for (folder, version) in PACKAGES {
        let package = wit_package(Path::new(ROOT), folder).unwrap();
        assert_eq!(package.name, "connectors:aws-lambda");
        assert_eq!(package.version, version);

        let revision = "0123456789abcdef0123456789abcdef01234567";
        let released = with_revision(&package.bytes, revision).unwrap();
        let added = released.strip_prefix(package.bytes.as_slice()).unwrap();
        assert!(added.ends_with(revision.as_bytes()));

        let payload = Payload::from_binary(&released).unwrap();
        let metadata = payload.metadata();
        let text = |field: Option<String>| field.unwrap_or("missing".to_owned());
        assert_eq!(text(metadata.name.clone()), "connectors:aws-lambda");
        let of = [
            metadata.version.as_ref().map(ToString::to_string),
            metadata.authors.as_ref().map(ToString::to_string),
            metadata.description.as_ref().map(ToString::to_string),
            metadata.licenses.as_ref().map(ToString::to_string),
            metadata.source.as_ref().map(ToString::to_string),
            metadata.revision.as_ref().map(ToString::to_string),
        ];
        let expected = [
            version,
            "The aws-lambda-connector authors",
            "AWS Lambda for any host of WebAssembly components: invoke, list, typed.",
            "Apache-2.0",
            "https://aws-lambda-connector.invalid/",
            revision,
        ];
        assert_eq!(of.map(text), expected);
    }
}
