//! AWS Lambda as a WebAssembly component, for any host of `wasi:http`.
//!
//! One way through the code: `component` takes WIT values in, `lambda` builds requests and reads
//! responses, `aws` signs, `http` sends. `lambda` and `aws` are pure: no I/O, no clock, no global
//! state; they compile and are tested without Wasm.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod aws;
pub mod lambda;

#[cfg(target_arch = "wasm32")]
mod component;
