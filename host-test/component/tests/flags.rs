//! The flags that cargo passes to rustc for the component. Cargo silently omits some of them, such
//! as link-time optimisation if a crate type does not support it.

use std::path::Path;

use component::{COMPONENTS, command, install_target};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Returns the arguments that cargo passes to rustc for the connector's crate. It compiles the
/// dependencies, unless a build already did, but not the crate itself.
fn arguments(features: &[&str]) -> Vec<String> {
    install_target("wasm32-unknown-unknown").unwrap();
    let root = Path::new(ROOT).canonicalize().unwrap();
    let output = command(&root, features)
        .unwrap()
        .arg("--verbose")
        .args(["--", "--print=crate-name"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    let line = stderr
        .lines()
        .find(|line| line.contains("--crate-name aws_lambda_connector "))
        .unwrap();
    line.trim_end_matches('`')
        .split_whitespace()
        .map(|argument| argument.trim_matches('\'').to_owned())
        .collect()
}

/// Returns the values of an option written as `NAME VALUE`, `NAMEVALUE` or `NAME=VALUE`.
fn values<'a>(arguments: &'a [String], name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix(name) {
            Some("") => values.extend(arguments.next().map(String::as_str)),
            Some(value) => values.push(value.trim_start_matches('=')),
            None => {}
        }
    }
    values
}

#[test]
fn rustc_receives_every_flag_that_reduces_the_size() {
    for component in COMPONENTS {
        let arguments = arguments(component.features);
        assert_eq!(values(&arguments, "--crate-type"), ["cdylib"]);
        let codegen = values(&arguments, "-C");
        let options = |name: &str| -> Vec<&str> {
            let option = |flag: &&&str| flag.split('=').next() == Some(name);
            codegen.iter().filter(option).copied().collect()
        };
        assert_eq!(options("lto"), ["lto=fat"]);
        assert_eq!(options("opt-level"), ["opt-level=z"]);
        assert_eq!(options("codegen-units"), ["codegen-units=1"]);
        assert_eq!(options("panic"), ["panic=abort"]);
        assert_eq!(options("strip"), ["strip=symbols"]);
        assert_eq!(options("target-feature"), ["target-feature=+simd128"]);
        assert_eq!(
            options("link-arg"),
            [
                "link-arg=-zstack-size=65536",
                "link-arg=--initial-memory=262144",
                "link-arg=--compress-relocations",
            ]
        );
    }
}
