//! The local Lambda responds like the real one. Requests go over sockets and are signed by AWS's
//! own crate.

mod client;
mod configuration;
mod executions;
mod functions;
mod invoking;
mod listing;
mod names;
mod serving;
mod session_policies;
mod signatures;
mod streaming;
mod tls;
