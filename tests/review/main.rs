//! The reviewer's page and the threat model say nothing that is not so: each table is compared with
//! what it speaks of, and each test that they name is there.
//!
//! `UPDATE=1 cargo test --test review` writes the tables of figures anew, here and in `host-test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod contents;
mod hosts;
mod imports;
mod named;
mod page;
mod policies;
mod waits;
