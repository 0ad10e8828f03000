//! The vocabulary of a call, which every operation shares: who calls whom, how patiently, and what
//! can come of it.

pub mod attempts;
pub mod connection;
pub mod delivery;
pub mod error;
pub mod error_codes;
pub mod error_response;
pub mod failure;
pub mod invocation;
pub mod keys;
pub mod log_tail;
pub mod operation;
pub mod roles;
pub mod target;
pub mod text;
