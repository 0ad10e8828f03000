//! Compares the imports and exports of each component, function by function, with a checked-in
//! list. Reviewers read `interface.txt` or `interface-p3.txt` to see what is allowed in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use testing::Component;
use wasmtime::Engine;
use wasmtime::component;
use wasmtime::component::types::ComponentItem;

fn list(direction: &str, engine: &Engine, name: &str, item: &ComponentItem) -> Vec<String> {
    let ComponentItem::ComponentInstance(instance) = item else {
        return vec![format!("{direction} {name}")];
    };
    let functions: Vec<String> = instance
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
        .map(|(function, _)| format!("{direction} {name} {function}"))
        .collect();
    if functions.is_empty() {
        return vec![format!("{direction} {name} (types only)")];
    }
    functions
}

fn assert_interface(component: Component, list_name: &str, allowed: &[&str]) {
    let engine = Engine::default();
    let component =
        component::Component::from_file(&engine, component.file()).expect("the component");
    let ty = component.component_type();
    let mut lines = BTreeSet::new();
    for (name, item) in ty.imports(&engine) {
        lines.extend(list("import", &engine, name, &item.ty));
    }
    for (name, item) in ty.exports(&engine) {
        lines.extend(list("export", &engine, name, &item.ty));
    }
    let seen: String = lines.iter().map(|line| format!("{line}\n")).collect();

    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(list_name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &seen).expect("writing the list");
    }
    let expected = fs::read_to_string(&file).expect("the list");
    assert_eq!(
        seen, expected,
        "the interface changed: if the change is intended, run this test with UPDATE=1 and review the diff"
    );
    let imports: BTreeSet<&str> = ty.imports(&engine).map(|(name, _)| name).collect();
    assert_eq!(imports, BTreeSet::from_iter(allowed.iter().copied()));
}

// The tests repeat the imports so that an accidental update of a list is noticed.

#[test]
fn imports_and_exports_for_wasi_0_2_match_the_list() {
    assert_interface(
        Component::Wasi02,
        "interface.txt",
        &[
            "wasi:clocks/monotonic-clock@0.2.0",
            "wasi:clocks/wall-clock@0.2.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:http/types@0.2.0",
            "wasi:io/error@0.2.0",
            "wasi:io/poll@0.2.0",
            "wasi:io/streams@0.2.0",
        ],
    );
}

#[test]
fn imports_and_exports_for_wasi_0_3_match_the_list() {
    assert_interface(
        Component::Wasi03,
        "interface-p3.txt",
        &[
            "wasi:clocks/monotonic-clock@0.3.0",
            "wasi:clocks/system-clock@0.3.0",
            "wasi:clocks/types@0.3.0",
            "wasi:http/client@0.3.0",
            "wasi:http/types@0.3.0",
        ],
    );
}
