//! The built components in the reference host against the local Lambda, over real sockets. The
//! tests check by value what a caller relies on.

mod cards;
mod describe;
mod embedding;
mod endpoints;
mod errors;
mod executions;
mod invoking;
mod listing;
mod memory;
mod payloads;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;

/// A request with default delivery options.
fn request(function: &str, payload: &str) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        ..InvokeRequest::new(function)
    }
}
