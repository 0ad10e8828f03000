//! The vocabulary of a call, shared by all operations: connection, credentials, delivery, attempts,
//! results and errors.

pub mod advice;
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
pub mod origin;
pub mod roles;
pub mod scrub;
pub mod target;
pub mod text;
