//! What test programs share: hosts that run the component, what a call consists of, and servers
//! that misbehave.

pub mod gate;
pub mod proxy;
pub mod server;
pub mod stock;

use std::path::Path;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Error, Invocation,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::Key;

use stock::Stock;

pub use built_component::{P2, P3};

/// Something that runs the component.
#[derive(Clone)]
pub enum AnyHost {
    /// The reference host.
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
