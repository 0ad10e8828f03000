//! A client for AWS Lambda as a WebAssembly component, for any host of `wasi:http`.
//!
//! # Layers
//!
//! The modules form layers, listed here from top to bottom. A module imports only from the layers
//! below its own, which `tests/layers.rs` checks.
//!
//! | Module | Contents |
//! |---|---|
//! | `component` | the exports: WIT values in, one call, WIT values out |
//! | [`cards`] | forms for a workflow designer, and the calls behind them |
//! | [`executions`] | `executions.wait` |
//! | [`sessions`] | `sessions.open` |
//! | [`mod@test_connection`] | `lambda.test-connection` |
//! | [`mod@perform`] | one operation: sign, send, read, retry |
//! | `http` | the transport over `wasi:http` |
//! | [`transport`] | the trait between `perform` and `http` |
//! | [`session_cache`] | the temporary keys that outlive a call |
//! | [`sts`] | roles and identities |
//! | [`lambda`] | Lambda's operations, one file each |
//! | [`call`] | the types of a call: connection, delivery, errors, attempts |
//! | [`aws`] | what any AWS client needs: signatures, endpoints, JSON |
//!
//! `executions`, `sessions` and `test_connection` share a layer, and so do `perform` and `http`.
//! `allocator`, `bindings` and [`mod@block_on`] are at the bottom. Only `component` and `http` need a host. The
//! other modules do not perform I/O, read a clock or hold global state, so they compile natively.
//!
//! # Where to start
//!
//! [`perform::perform`] is the path that every call takes. [`lambda::invoke`] is the largest of the
//! operations that take it.
#![cfg_attr(target_arch = "wasm32", no_std)]
// A test fails by a panic.
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
pub mod executions;
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
mod allocator;
#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod http;
