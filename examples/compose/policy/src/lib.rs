//! An outbound policy for hosts without one. It forwards requests to the origins that were allowed at
//! build time, and denies all others. `wac plug` inserts it between the connector and the host.

use exports::wasi::http::outgoing_handler::Guest;
use wasi::http::outgoing_handler::handle;
use wasi::http::types::{
    ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme,
};

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "example:policy/policy",
    generate_all,
});

/// The allowed origins, separated by spaces, for example `https://lambda.eu-central-1.amazonaws.com`.
const ALLOWED_ORIGINS: &str = env!("ALLOWED_ORIGINS");

struct Policy;

impl Guest for Policy {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        let scheme = match request.scheme() {
            None | Some(Scheme::Https) => "https",
            Some(Scheme::Http) => "http",
            Some(Scheme::Other(_)) => return Err(ErrorCode::HttpRequestDenied),
        };
        let origin = format!("{scheme}://{}", request.authority().unwrap_or_default());
        // The comparison is byte for byte, so another spelling of an allowed origin is denied.
        if ALLOWED_ORIGINS.split(' ').any(|allowed| allowed == origin) {
            handle(request, options)
        } else {
            Err(ErrorCode::HttpRequestDenied)
        }
    }
}

export!(Policy);
