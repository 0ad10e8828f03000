//! AWS Lambda as a WebAssembly component.
#![cfg_attr(target_arch = "wasm32", no_std)]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod component;
