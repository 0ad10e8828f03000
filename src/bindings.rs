//! Bindings generated from `wit/`: the imports that `http` uses, and the exports that `component`
//! implements.
#![allow(unsafe_code, missing_docs, clippy::all)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(not(feature = "p3"))]
wit_bindgen::generate!({
    world: "connector",
    path: "wit",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
#[cfg(feature = "p3")]
wit_bindgen::generate!({
    world: "connector",
    path: "wit/p3",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
