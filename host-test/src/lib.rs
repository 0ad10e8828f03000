//! The reference host: loads the connector in wasmtime, decides what it may reach, and carries
//! its requests. And a Lambda on this machine, for demos and tests.

pub mod bindings;
pub mod caller;
pub mod credentials;
pub mod exports;
pub mod host;
pub mod json;
pub mod local_lambda;
pub mod outbound;
pub mod policy;
pub mod sandbox;
pub mod studio;
pub mod values;
