//! The contract in Rust, generated from `wit/`: its types serve the component for WASI 0.3 as well.
//!
//! Only the exports: the WASI interfaces that the connector imports come from `wasmtime-wasi` and
//! `wasmtime-wasi-http`, which `sandbox/linker.rs` adds one by one.

#![allow(missing_docs)]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package connectors:reference-host;
        world connector {
            export connectors:aws-lambda/types@0.2.0;
            export connectors:aws-lambda/lambda@0.2.0;
            export connectors:aws-lambda/sessions@0.2.0;
            export connectors:aws-lambda/cards@0.2.0;
        }
    ",
    world: "connectors:reference-host/connector",
    exports: { default: async },
});

pub use exports::connectors::aws_lambda::{cards, lambda, sessions, types};

impl lambda::InvokeRequest {
    /// An invocation without anything that may be left out.
    pub fn new(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            qualifier: None,
            invocation_type: None,
            log_type: None,
            client_context: None,
            payload: None,
            tenant_id: None,
            durable_execution_name: None,
            trace_id: None,
            delivery: None,
        }
    }
}
