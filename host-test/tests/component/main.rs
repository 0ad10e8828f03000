//! The built component in the reference host against the local Lambda, over real sockets: what a
//! caller relies on, by value.

mod cards;
mod endpoints;
mod errors;
mod invoking;
mod listing;
mod payloads;
mod support;
