//! A workflow step over HTTP that runs cards of the connector.
//!
//! `POST /run/CARD` takes `{"connection": {…}, "values": {…}}`, the two JSON objects of `cards.run`. It
//! returns `{"ok": {…}}` with the outputs, or `{"err": {…}}`, with `executed`: whether the function ran.
//!
//! The caller sends the keys here, so that the example needs no store of secrets. In production, the step reads the
//! connection from the store of its platform.

mod step;

#[cfg(not(feature = "p3"))]
mod p2;
#[cfg(feature = "p3")]
mod p3;

/// The bindings that wit-bindgen generates.
#[allow(clippy::crate_in_macro_def)]
mod bindings {
    #[cfg(not(feature = "p3"))]
    wit_bindgen::generate!({
        path: ["../../../wit", "wit/p2"],
        world: "example:wasmcloud-step/step",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "crate::bindings",
    });
    #[cfg(feature = "p3")]
    wit_bindgen::generate!({
        path: ["../../../wit/p3", "wit/p3"],
        world: "example:wasmcloud-step/step",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "crate::bindings",
    });
}
