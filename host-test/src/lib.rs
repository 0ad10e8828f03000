//! The reference host.

pub mod local_lambda;
