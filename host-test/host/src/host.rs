//! The connector as a Rust value: every function of the contract, typed.
//!
//! A host's own work is all in here and in [`crate::sandbox`]: load once, then call from as many
//! tasks as there are.

use std::path::Path;
use std::sync::Arc;

use crate::bindings::types::{Connection, Error, Invocation};
use crate::bindings::{cards, lambda, sessions};
use crate::exports::{self, Exports};
use crate::policy::Policy;
use crate::sandbox::{Allocation, HostError, Options, Sandbox, SharedInstance};

/// The component's own answer inside the host's.
pub type Answer<T> = Result<Result<T, Error>, HostError>;

/// The loaded connector. Clones share it; calls may run at once and share nothing but connections.
///
/// ```no_run
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
/// use aws_lambda_connector_host::bindings::types::{Connection, Error};
/// use aws_lambda_connector_host::host::Host;
/// use aws_lambda_connector_host::policy::Policy;
/// use aws_lambda_connector_host::sandbox::{HostError, Options};
///
/// # async fn example(connection: Connection) -> Result<(), HostError> {
/// let host = Host::new(Path::new("aws-lambda-connector.wasm"), Options::default())?;
/// let policy = Arc::new(Policy::for_region("eu-central-1"));
/// let request = InvokeRequest {
///     payload: Some(r#"{"order": 7}"#.to_owned()),
///     ..InvokeRequest::new("my-function")
/// };
/// match host.invoke(&policy, &connection, &request).await? {
///     Ok(invocation) => println!("{:?}", invocation.output),
///     Err(Error::FunctionFailed(failed)) => println!("{:?}", failed.failure),
///     Err(error) => println!("{error:?}, refused by the policy: {:?}", policy.refusals()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Host {
    sandbox: Sandbox,
    exports: Arc<Exports>,
}

/// Instantiates and calls one export.
macro_rules! call {
    ($host:expr, $policy:expr, $function:ident($($argument:expr),*)) => {
        $host.sandbox.call($policy, async |instance, store| {
            let function = &$host.exports.$function;
            exports::call(instance, store, function, ($($argument,)*)).await
        }).await
    };
}

impl Host {
    /// Compiles the component, for either version of WASI, which takes about a second.
    ///
    /// # Errors
    /// The file is not a component, imports something other than HTTP, clocks and streams, or does not
    /// export the connector's interfaces.
    pub fn new(component: &Path, options: Options) -> Result<Self, HostError> {
        let sandbox = Sandbox::load(component, options)?;
        let exports =
            Exports::of(sandbox.instance_pre().component()).map_err(|error| HostError::Load {
                path: component.display().to_string(),
                reason: format!("it is not the connector: {error:#}"),
            })?;
        Ok(Self {
            sandbox,
            exports: Arc::new(exports),
        })
    }

    /// Where instances get their memory from.
    pub fn allocation(&self) -> &Allocation {
        self.sandbox.allocation()
    }

    /// One instance for as many calls at once as there are, all by this policy; [`Self::exports`]
    /// says where its functions are. For the component for WASI 0.3.
    ///
    /// # Errors
    /// The component is the one for WASI 0.2, or cannot be instantiated.
    pub async fn share(&self, policy: &Arc<Policy>) -> Result<SharedInstance, HostError> {
        self.sandbox.share(policy).await
    }

    /// Where the component's functions are.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Invokes a function.
    ///
    /// # Errors
    /// The host's own; the component's are in the answer. The same holds for all calls.
    pub async fn invoke(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &lambda::InvokeRequest,
    ) -> Answer<Invocation> {
        call!(self, policy, invoke(connection, request))
    }

    /// One page of the account's functions.
    pub async fn list_functions(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        query: &lambda::FunctionQuery,
    ) -> Answer<lambda::FunctionPage> {
        call!(self, policy, list_functions(connection, query))
    }

    /// The aliases and versions of a function.
    pub async fn list_qualifiers(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        function: &str,
    ) -> Answer<Vec<lambda::QualifierChoice>> {
        call!(self, policy, list_qualifiers(connection, function))
    }

    /// What works with this connection and what does not.
    pub async fn test_connection(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
        function: Option<&str>,
        qualifier: Option<&str>,
    ) -> Answer<Vec<lambda::Check>> {
        call!(
            self,
            policy,
            test_connection(connection, function, qualifier)
        )
    }

    /// Temporary keys for a connection that leads to a role.
    pub async fn open_session(
        &self,
        policy: &Arc<Policy>,
        connection: &Connection,
    ) -> Answer<sessions::Session> {
        call!(self, policy, open(connection))
    }

    /// The connector's forms.
    pub async fn describe(&self, policy: &Arc<Policy>) -> Answer<cards::Manifest> {
        call!(self, policy, describe())
    }

    /// A card's fields as they stand for `values`; both are JSON objects by field key.
    pub async fn fields(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        values: &str,
    ) -> Answer<Vec<cards::Field>> {
        call!(self, policy, fields(connection, card, values))
    }

    /// A dynamic dropdown's choices; `connection` and `values` are JSON objects by field key.
    #[allow(clippy::too_many_arguments)] // The contract's.
    pub async fn choices(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        field: &str,
        values: &str,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Answer<cards::ChoicePage> {
        call!(
            self,
            policy,
            choices(connection, card, field, values, search, cursor)
        )
    }

    /// Runs a card; `connection` and `values` are JSON objects by field key, and so is the result.
    pub async fn run(
        &self,
        policy: &Arc<Policy>,
        connection: &str,
        card: &str,
        values: &str,
    ) -> Answer<String> {
        call!(self, policy, run(connection, card, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_between_threads<T: Send>(_: T) {}

    /// Calls are spawned as tasks.
    #[allow(dead_code)]
    fn calls_are_send(
        host: &Host,
        policy: &Arc<Policy>,
        connection: &Connection,
        request: &lambda::InvokeRequest,
    ) {
        sent_between_threads(host.invoke(policy, connection, request));
        sent_between_threads(host.run(policy, "", "", ""));
    }

    #[test]
    fn the_built_component_loads() {
        let component = Path::new(built_component::P2);
        assert!(Host::new(component, Options::default()).is_ok());
    }
}
