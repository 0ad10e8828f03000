//! Bindings generated from `wit/tools.wit`: the imports, and the exports that the crate implements.
#![allow(unsafe_code, missing_docs, clippy::all)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "connectors:aws-lambda-tools/tools",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
