//! The fixture of most tests: a component in its host, and a local Lambda.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{
    FunctionPage, FunctionQuery, InvokeRequest, QualifierChoice,
};
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, LocalLambda};

use crate::call::{changed, connection_to, only};
use crate::component::Component;
use crate::outcome;

/// The reference host, and the local Lambda that its calls may reach.
pub struct Local {
    pub host: Host,
    pub lambda: LocalLambda,
    pub policy: Arc<Policy>,
    pub connection: Connection,
}

impl Local {
    pub async fn start(component: Component) -> Self {
        Self::with(component, |_| ()).await
    }

    pub async fn with(component: Component, change: impl FnOnce(&mut Config)) -> Self {
        let config = changed(&Config::default(), change);
        let region = config.region.clone();
        let lambda = LocalLambda::start(config).await.unwrap();
        Self {
            host: component.host().clone(),
            policy: only(&lambda.addr().to_string()),
            connection: Connection {
                region,
                ..connection_to(&lambda)
            },
            lambda,
        }
    }

    pub async fn invoke(&self, request: InvokeRequest) -> Result<Invocation, Error> {
        self.invoke_by(&self.connection, request).await
    }

    pub async fn invoke_by(
        &self,
        connection: &Connection,
        request: InvokeRequest,
    ) -> Result<Invocation, Error> {
        let invoked = self.host.invoke(&self.policy, connection, &request).await;
        invoked.unwrap()
    }

    /// Invokes a function that must succeed, and returns its output.
    pub async fn output(&self, function: &str, payload: &str) -> String {
        let request = InvokeRequest {
            payload: Some(payload.into()),
            ..InvokeRequest::new(function)
        };
        outcome::text(self.invoke(request).await)
    }

    pub async fn list(&self, query: FunctionQuery) -> Result<FunctionPage, Error> {
        let listed = self
            .host
            .list_functions(&self.policy, &self.connection, &query)
            .await;
        listed.unwrap()
    }

    pub async fn qualifiers(&self, function: &str) -> Result<Vec<QualifierChoice>, Error> {
        let listed = self
            .host
            .list_qualifiers(&self.policy, &self.connection, function)
            .await;
        listed.unwrap()
    }
}
