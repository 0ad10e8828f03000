//! Runs the AWS Lambda connector in wasmtime: within limits, by a policy of what it may reach, with
//! the host's own HTTPS client.

pub mod bindings;
pub mod caller;
pub mod credentials;
pub mod exports;
pub mod host;
pub mod outbound;
pub mod policy;
pub mod sandbox;
