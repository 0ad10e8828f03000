//! What the tests of delivery share: hosts that run the component, and what a call consists of.
#![allow(dead_code)] // Each test program uses its part.

pub mod gate;
pub mod server;
pub mod stock;

use std::path::Path;
use std::sync::Arc;

use host_test::bindings::lambda::InvokeRequest;
use host_test::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Error, Invocation,
};
use host_test::host::Host;
use host_test::local_lambda::Key;
use host_test::policy::Policy;
use host_test::sandbox::Options;

use stock::Stock;

/// The component for WASI 0.2, as it was built.
pub const P2: &str = env!("AWS_LAMBDA_CONNECTOR_WASM");
/// The one for WASI 0.3.
pub const P3: &str = env!("AWS_LAMBDA_CONNECTOR_P3_WASM");

/// Something that runs the component.
#[derive(Clone)]
pub enum AnyHost {
    /// This package's.
    Reference(Host),
    /// wasmtime as it comes.
    Stock(Box<Stock>),
}

impl AnyHost {
    pub fn reference(component: &str, options: Options) -> Self {
        Self::Reference(Host::new(Path::new(component), options).unwrap())
    }

    /// Invokes. The connection's endpoint is the one destination that is allowed.
    pub async fn invoke(
        &self,
        connection: &Connection,
        request: &InvokeRequest,
    ) -> Result<Invocation, Error> {
        match self {
            Self::Reference(host) => {
                let Some(Endpoint::Url(url)) = &connection.endpoint else {
                    panic!(
                        "these tests stay on this machine: {:?}",
                        connection.endpoint
                    );
                };
                let policy = Arc::new(Policy::deny_all().allow(url).unwrap());
                host.invoke(&policy, connection, request).await.unwrap()
            }
            Self::Stock(host) => host.invoke(connection, request).await.unwrap(),
        }
    }
}

pub fn connection(key: &Key, url: String) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: key.access_key_id.clone(),
            secret_access_key: key.secret_access_key.clone(),
            session_token: key.session_token.clone(),
        }),
        endpoint: Some(Endpoint::Url(url)),
    }
}

/// A synchronous invocation that waits for longer than any loaded machine needs.
pub fn request(function: &str, payload: impl Into<String>) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        delivery: Some(delivery()),
        ..InvokeRequest::new(function)
    }
}

pub fn delivery() -> Delivery {
    Delivery {
        max_attempts: Some(3),
        connect_timeout_ms: Some(30_000),
        response_timeout_ms: Some(60_000),
        idempotent: Some(false),
    }
}
