//! One interface for invocations in either host.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::host::Host;

use crate::call::invoke_in;
use crate::component::Component;
use crate::plain_wasmtime::PlainWasmtime;

/// A host that runs the component.
#[derive(Clone)]
pub enum AnyHost {
    Reference(Host),
    Plain(Box<PlainWasmtime>),
}

impl AnyHost {
    pub fn plain(component: Component) -> Self {
        Self::Plain(Box::new(PlainWasmtime::of(component)))
    }

    /// Invokes a function. The endpoint of the connection is the only allowed destination.
    pub async fn invoke(
        &self,
        connection: &Connection,
        request: &InvokeRequest,
    ) -> Result<Invocation, Error> {
        match self {
            Self::Reference(host) => invoke_in(host, connection, request).await,
            Self::Plain(host) => {
                let invoked = host.invoke(&mut host.store(), connection, request).await;
                invoked.unwrap()
            }
        }
    }
}
