//! The imports of the component for WASI 0.3; those of the other are held to `interface.txt`.

use std::collections::BTreeMap;

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime::{Config, Engine};

use crate::{COMPONENTS, page};

#[test]
fn the_imports_for_wasi_03_are_those_of_the_page() {
    let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
    let component = Component::from_file(&engine, COMPONENTS[1].1).unwrap();
    let imports: BTreeMap<String, usize> = component
        .component_type()
        .imports(&engine)
        .map(|(name, item)| {
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                panic!("{name} is no interface");
            };
            let functions = instance
                .exports(&engine)
                .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)));
            (name.to_owned(), functions.count())
        })
        .collect();
    let expected: Vec<(String, String)> = imports
        .into_iter()
        .map(|(name, functions)| (format!("`{name}`"), functions.to_string()))
        .collect();
    let seen: Vec<(String, String)> = page::table("| Import for WASI 0.3 | Functions | Why |")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(seen, expected);
}
