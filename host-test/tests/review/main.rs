//! Verifies `docs/review.md` and the threat model. Tables are compared with the sources or with the
//! built components, and every test that they name must exist.
//!
//! `UPDATE=1 cargo test --test review` rewrites the measured tables.

mod addresses;
mod cards;
mod contents;
mod errors;
mod hosts;
mod imports;
mod limits;
mod named;
mod page;
mod policies;
mod reach;
mod snippets;
mod waits;
mod wasmtime_policy;
