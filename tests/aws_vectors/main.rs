//! The connector, checked against data that AWS publishes or that AWS's own code produced.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod botocore;
mod clock_skew;
mod event_stream;
mod signing_suite;
mod support;
