//! AWS Lambda as a WebAssembly component, for any host of `wasi:http`.
//!
//! One way through the code: `component` takes WIT values in, `lambda` builds requests and reads
//! responses, `aws` signs, `http` sends. `lambda` and `aws` are pure: no I/O, no clock, no global
//! state; they compile and are tested without Wasm.
#![cfg_attr(target_arch = "wasm32", no_std)]
// Tests may panic: that is how they fail.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

pub mod aws;
pub mod cards;
pub mod lambda;
pub mod perform;
pub mod ready;
pub mod sessions;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod http;
