//! The built components in the reference host against the local Lambda, over real sockets: what a
//! caller relies on, by value.

mod cards;
mod describe;
mod embedding;
mod endpoints;
mod errors;
mod invoking;
mod listing;
mod payloads;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;

/// With every default of the delivery.
fn request(function: &str, payload: &str) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        ..InvokeRequest::new(function)
    }
}
