//! Precompiled code answers as the component does, and code that does not fit is rejected.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::{Code, HostError, Options, Sandbox};
use testing::{
    Component, case, connection_to, empty_folder, for_each_component, invoke_in, lambda, outcome,
    request,
};

/// An empty folder of this test.
fn folder(test: &str, component: Component) -> PathBuf {
    let name = format!("precompiled-{test}-{}", component.wasi());
    empty_folder(env!("CARGO_TARGET_TMPDIR"), &name)
}

fn with(file: &Path) -> Options {
    Options {
        precompiled: Some(file.to_owned()),
        ..Options::default()
    }
}

/// Asserts that the file is rejected for a component, and returns the reason.
#[track_caller]
fn rejection(component: &[u8], file: &Path) -> String {
    match Sandbox::from_bytes(component, with(file)).err() {
        Some(HostError::Load { path, reason }) => {
            assert_eq!(path, file.display().to_string());
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[for_each_component]
#[tokio::test]
async fn precompiled_component_answers_as_the_compiled_one(component: Component) {
    let file = folder("answers", component).join("code");
    let compiled = component.host();
    fs::write(&file, compiled.compiled_code().unwrap()).unwrap();
    let precompiled = Host::new(component.file(), with(&file)).unwrap();
    assert_eq!(precompiled.code(), &Code::Loaded { file });
    assert_eq!(
        precompiled.exports().concurrent,
        component == Component::Wasi03
    );

    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    for host in [compiled, &precompiled] {
        for payload in ["7", r#"{"größe": [1.0, null]}"#] {
            let invoked = invoke_in(host, &connection, &request("echo", payload)).await;
            assert_eq!(outcome::text(invoked), payload);
        }
        let failed = invoke_in(host, &connection, &request("fail", "{}")).await;
        assert!(failed.is_err(), "{failed:?}");
    }
    // Code that was loaded is the code that was written.
    assert!(precompiled.compiled_code().unwrap() == compiled.compiled_code().unwrap());
}

#[for_each_component]
#[tokio::test]
async fn code_of_another_component_or_host_is_rejected_with_the_difference(component: Component) {
    let file = folder("other", component).join("code");
    let bytes = fs::read(component.file()).unwrap();
    let code = component.host().compiled_code().unwrap();
    fs::write(&file, &code).unwrap();

    // An empty custom section.
    let changed = [&bytes[..], b"\0\x02\x01x"].concat();
    let reason = rejection(&changed, &file);
    assert!(
        reason.starts_with("it was made from the component with the SHA-256 ")
            && reason.ends_with("make it again from this component"),
        "{reason}"
    );

    let replaced = |from: &str, to: &str| {
        let mut windows = code.windows(from.len());
        let at = windows.position(|part| part == from.as_bytes()).unwrap();
        let mut code = code.clone();
        code.splice(at..at + from.len(), to.bytes());
        fs::write(&file, code).unwrap();
        rejection(&bytes, &file)
    };
    let reason = replaced("wasmtime 48.0.", "wasmtime 47.0.");
    assert!(
        reason.starts_with("it was made by wasmtime 47.0.")
            && reason.contains(", and this host is wasmtime 48.0."),
        "{reason}"
    );
    let reason = replaced("format 1", "format 2");
    assert!(reason.contains("format 2, and this host is"), "{reason}");

    // The settings of the engine are compared by wasmtime.
    let (own, other, difference) = match component {
        Component::Wasi02 => (r#""sync""#, r#""async""#, "without concurrency support"),
        Component::Wasi03 => (r#""async""#, r#""sync""#, "with concurrency support"),
    };
    let reason = replaced(own, other);
    assert!(
        reason.starts_with("wasmtime rejects the code; make it again")
            && reason.contains(difference),
        "{reason}"
    );
}

#[for_each_component]
#[tokio::test]
async fn changed_or_missing_bytes_are_rejected(component: Component) {
    let file = folder("damaged", component).join("code");
    let bytes = fs::read(component.file()).unwrap();
    let code = component.host().compiled_code().unwrap();
    let header = code.iter().position(|byte| *byte == b'\n').unwrap();
    let damaged = "its code was changed or cut off after it was made; make it again";
    let not_code =
        "it is not precompiled code; name a file that holds what `compiled_code` returned";
    let places = [header + 1, code.len() / 2, code.len() - 1];
    for place in places {
        let _case = case(place);
        let mut flipped = code.clone();
        flipped[place] ^= 0x10;
        fs::write(&file, flipped).unwrap();
        assert_eq!(rejection(&bytes, &file), damaged);
        fs::write(&file, &code[..place]).unwrap();
        assert_eq!(rejection(&bytes, &file), damaged);
    }
    for other in [&[][..], &code[..header / 2], &code[..header], &bytes] {
        fs::write(&file, other).unwrap();
        assert_eq!(rejection(&bytes, &file), not_code);
    }
    fs::remove_file(&file).unwrap();
    assert!(rejection(&bytes, &file).contains("No such file"));
}
