//! One interface for calls in either host. The endpoint of the connection is the only allowed
//! destination.

use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, ExecutionFailure, HistoryPage, HistoryQuery,
};
use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::host::Host;

use crate::call::{invoke_in, only, url};
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

    pub async fn execution_history(
        &self,
        connection: &Connection,
        query: &HistoryQuery,
    ) -> Result<HistoryPage, Error> {
        match self {
            Self::Reference(host) => {
                let policy = only(url(connection));
                let read = host.execution_history(&policy, connection, query);
                read.await.unwrap()
            }
            Self::Plain(host) => host.call(&host.exports.history, (connection, query)).await,
        }
    }

    pub async fn stop_execution(
        &self,
        connection: &Connection,
        arn: &str,
        failure: Option<&ExecutionFailure>,
    ) -> Result<u64, Error> {
        match self {
            Self::Reference(host) => {
                let policy = only(url(connection));
                let stopped = host.stop_execution(&policy, connection, arn, failure);
                stopped.await.unwrap()
            }
            Self::Plain(host) => {
                let arguments = (connection, arn, failure);
                host.call(&host.exports.stop, arguments).await
            }
        }
    }

    pub async fn complete_callback(
        &self,
        connection: &Connection,
        callback_id: &str,
        outcome: &CallbackResult,
    ) -> Result<(), Error> {
        match self {
            Self::Reference(host) => {
                let policy = only(url(connection));
                let completed = host.complete_callback(&policy, connection, callback_id, outcome);
                completed.await.unwrap()
            }
            Self::Plain(host) => {
                let arguments = (connection, callback_id, outcome);
                host.call(&host.exports.complete_callback, arguments).await
            }
        }
    }
}
