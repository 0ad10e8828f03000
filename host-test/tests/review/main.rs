//! The reviewer's page and the threat model say nothing that is not so: each table is compared with
//! the sources or with the built components, and each test that they name is there.
//!
//! `UPDATE=1 cargo test --test review` writes the tables of figures.

mod contents;
mod errors;
mod hosts;
mod imports;
mod limits;
mod named;
mod page;
mod policies;
mod reach;
mod waits;
mod wasmtime_policy;
