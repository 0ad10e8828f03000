//! An invocation with the hash of its payload. The host computes it several times as fast as the
//! component, because processors have instructions for SHA-256 that WebAssembly lacks.

use sha2::{Digest, Sha256};
use wasmtime::component::{ComponentType, Lower};

use crate::bindings::lambda::{InvocationType, InvokeRequest, LogType, ResponseMode};
use crate::bindings::types::Delivery;

/// The largest payload that Lambda accepts. The component rejects a larger one without its hash.
const MAX_PAYLOAD: usize = 6 << 20;

/// Returns the hash for the component: the one in the request, or that of its payload.
pub fn payload_sha256(request: &InvokeRequest) -> Option<Vec<u8>> {
    let given = request.payload_sha256.clone();
    given.or_else(|| {
        let payload = request.payload.as_ref();
        let payload = payload.filter(|payload| payload.len() <= MAX_PAYLOAD)?;
        Some(Sha256::digest(payload).to_vec())
    })
}

/// An [`InvokeRequest`] with its hash. It borrows the rest, so that the payload is not copied.
#[derive(ComponentType, Lower)]
#[component(record)]
pub struct Hashed<'a> {
    function: &'a String,
    qualifier: &'a Option<String>,
    #[component(name = "invocation-type")]
    invocation_type: &'a Option<InvocationType>,
    #[component(name = "log-type")]
    log_type: &'a Option<LogType>,
    #[component(name = "client-context")]
    client_context: &'a Option<String>,
    payload: &'a Option<String>,
    #[component(name = "payload-sha256")]
    payload_sha256: Option<Vec<u8>>,
    #[component(name = "payload-is-json")]
    payload_is_json: &'a Option<bool>,
    #[component(name = "tenant-id")]
    tenant_id: &'a Option<String>,
    #[component(name = "durable-execution-name")]
    durable_execution_name: &'a Option<String>,
    #[component(name = "trace-id")]
    trace_id: &'a Option<String>,
    #[component(name = "request-id")]
    request_id: &'a Option<String>,
    #[component(name = "response-mode")]
    response_mode: &'a Option<ResponseMode>,
    #[component(name = "max-response-bytes")]
    max_response_bytes: &'a Option<u32>,
    delivery: &'a Option<Delivery>,
}

impl<'a> Hashed<'a> {
    pub fn new(request: &'a InvokeRequest) -> Self {
        let InvokeRequest {
            function,
            qualifier,
            invocation_type,
            log_type,
            client_context,
            payload,
            payload_sha256: _,
            payload_is_json,
            tenant_id,
            durable_execution_name,
            trace_id,
            request_id,
            response_mode,
            max_response_bytes,
            delivery,
        } = request;
        Self {
            function,
            qualifier,
            invocation_type,
            log_type,
            client_context,
            payload,
            payload_sha256: payload_sha256(request),
            payload_is_json,
            tenant_id,
            durable_execution_name,
            trace_id,
            request_id,
            response_mode,
            max_response_bytes,
            delivery,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published digest of `abc`.
    const ABC: [u8; 4] = [0xba, 0x78, 0x16, 0xbf];

    #[test]
    fn hash_is_that_of_the_payload_unless_the_caller_gives_one() {
        let request = |payload: Option<&str>, payload_sha256| InvokeRequest {
            payload: payload.map(Into::into),
            payload_sha256,
            ..InvokeRequest::new("f")
        };
        let hash = |request| Hashed::new(&request).payload_sha256;
        assert_eq!(hash(request(Some("abc"), None)).unwrap()[..4], ABC);
        assert_eq!(hash(request(None, None)), None);
        let too_large = "7".repeat(MAX_PAYLOAD + 1);
        assert_eq!(hash(request(Some(&too_large), None)), None);
        let given = Some(vec![7; 32]);
        assert_eq!(hash(request(Some("abc"), given.clone())), given);
    }
}
