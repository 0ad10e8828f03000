//! AWS Lambda as a WebAssembly component, for any host of `wasi:http`.
//!
//! The layers, from top to bottom. Each imports only those below it, which `tests/layers.rs` checks.
//!
//! - `component`: the exports. WIT values in, one call, WIT values out.
//! - [`cards`], [`sessions`], [`mod@test_connection`]: what takes several operations.
//! - [`mod@perform`], `http`: one call from top to bottom, and its requests over `wasi:http`.
//! - [`transport`]: the trait between the two; [`session_cache`]: what outlives a call.
//! - [`sts`]: roles and identities.
//! - [`lambda`]: one file for each operation. Request out, response in.
//! - [`call`]: the vocabulary of a call. Connection, delivery, errors, attempts.
//! - [`aws`]: what any AWS client needs. Signatures, endpoints, JSON.
//!
//! `bindings` and [`mod@block_on`] are leaves. Nothing below `http` does I/O, reads a clock or has
//! global state: all of it compiles natively and is tested without a host.
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
pub mod block_on;
pub mod call;
pub mod cards;
pub mod lambda;
pub mod perform;
pub mod session_cache;
pub mod sessions;
pub mod sts;
pub mod test_connection;
pub mod transport;

#[cfg(test)]
mod testing;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod http;
