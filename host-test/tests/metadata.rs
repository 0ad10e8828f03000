//! The metadata embedded in each component, field by field.

use std::fs;

use memchr::memmem::find;
use testing::{Component, case};
use wasm_metadata::{Metadata, Payload};

/// Each component with its name.
const COMPONENTS: [(Component, &str); 2] = [
    (Component::Wasi02, "aws-lambda-connector"),
    (Component::Wasi03, "aws-lambda-connector-p3"),
];

fn metadata(component: Component) -> Metadata {
    match Payload::from_binary(&fs::read(component.file()).unwrap()).unwrap() {
        Payload::Component { metadata, .. } => metadata,
        Payload::Module(_) => panic!("the file is a core module"),
    }
}

fn text(field: Option<impl ToString>) -> String {
    field.map_or("missing".to_owned(), |field| field.to_string())
}

#[test]
fn every_field_except_the_revision_is_filled() {
    for (component, name) in COMPONENTS {
        let _case = case(name);
        let metadata = metadata(component);
        assert_eq!(text(metadata.name), name);
        assert_eq!(text(metadata.version), "0.1.0");
        assert_eq!(text(metadata.authors), "The aws-lambda-connector authors");
        assert_eq!(
            text(metadata.description),
            "AWS Lambda for any host of WebAssembly components: invoke, list, typed."
        );
        assert_eq!(text(metadata.licenses), "Apache-2.0");
        assert_eq!(
            text(metadata.source),
            "https://aws-lambda-connector.invalid/"
        );
        assert_eq!(text(metadata.homepage), "missing");
        // Only a release build adds the revision. Otherwise each commit would change the component.
        assert_eq!(text(metadata.revision), "missing");
    }
}

#[test]
fn producers_name_the_compiler_and_the_encoder() {
    for component in Component::ALL {
        let _case = case(component.wasi());
        let producers = metadata(component).producers.unwrap();
        let version = |field, tool| text(producers.get(field).and_then(|it| it.get(tool)));
        assert_eq!(version("language", "Rust"), "");
        assert_eq!(version("processed-by", "wit-component"), "0.254.2");
        let rustc = version("processed-by", "rustc");
        assert!(rustc.starts_with("1.95.0 ("), "{rustc}");
    }
}

/// Build paths would make the components impossible to reproduce on another machine.
#[test]
fn component_contains_no_path_of_the_build_machine() {
    let root = env!("CARGO_MANIFEST_DIR").strip_suffix("host-test");
    let mut paths = vec![root.unwrap().to_owned()];
    for variable in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        paths.extend(std::env::var(variable).map(|path| format!("{path}/")));
    }
    paths.retain(|path| path.contains(|character| character != '/'));
    for component in Component::ALL {
        let _case = case(component.wasi());
        let bytes = fs::read(component.file()).unwrap();
        for path in &paths {
            assert_eq!(find(&bytes, path.as_bytes()), None, "{path}");
        }
        // The path of a crate must not reveal the registry or mirror that it was downloaded from.
        assert!(find(&bytes, b"crates/serde_json-1.").is_some());
        assert_eq!(find(&bytes, b"registry/src"), None);
    }
}
