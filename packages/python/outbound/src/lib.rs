//! Asks the host before each request of the connector. The package `wasmtime` has no hook for outgoing
//! requests, so this component imports one. `wac plug` inserts it between the connector and the host.

use exports::wasi::http::outgoing_handler::Guest;
use wasi::http::outgoing_handler::handle;
use wasi::http::types::{
    ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme,
};

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "connectors:outbound/outbound",
    generate_all,
});

struct Outbound;

impl Guest for Outbound {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        let scheme = match request.scheme() {
            // The default of `wasi:http`.
            None | Some(Scheme::Https) => "https",
            Some(Scheme::Http) => "http",
            Some(Scheme::Other(_)) => return Err(ErrorCode::HttpRequestDenied),
        };
        match request.authority() {
            Some(authority) if allows(scheme, &authority) => handle(request, options),
            _ => Err(ErrorCode::HttpRequestDenied),
        }
    }
}

export!(Outbound);
