//! One host for all tests of this file, a local Lambda for each.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_lambda_connector_host::bindings::lambda::{
    FunctionPage, FunctionQuery, InvokeRequest, QualifierChoice,
};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Endpoint, Error, Invocation, Payload,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Config, Key, LocalLambda};

/// Compiled once: that takes about a second.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        Host::new(Path::new(super::COMPONENT), Options::default()).expect("the component loads")
    })
}

pub struct Local {
    pub lambda: LocalLambda,
    pub policy: Arc<Policy>,
    pub connection: Connection,
}

pub async fn local() -> Local {
    local_with(Config::default()).await
}

pub async fn local_with(config: Config) -> Local {
    let region = config.region.clone();
    let lambda = LocalLambda::start(config).await.expect("the local Lambda");
    let policy = Policy::deny_all()
        .allow(&lambda.addr().to_string())
        .expect("an address is a destination");
    let connection = Connection {
        region,
        credentials: access_key(lambda.key()),
        endpoint: Some(Endpoint::Url(lambda.url())),
    };
    Local {
        policy: Arc::new(policy),
        connection,
        lambda,
    }
}

pub fn access_key(key: &Key) -> Credentials {
    Credentials::AccessKey(AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.clone(),
        session_token: key.session_token.clone(),
    })
}

impl Local {
    pub async fn invoke(&self, request: InvokeRequest) -> Result<Invocation, Error> {
        host()
            .invoke(&self.policy, &self.connection, &request)
            .await
            .expect("the host carries the call out")
    }

    /// The output of a function that is expected to work.
    pub async fn output(&self, function: &str, payload: &str) -> String {
        let invocation = self.invoke(request(function, payload)).await;
        text(invocation.expect("the function works"))
    }

    pub async fn list(&self, query: FunctionQuery) -> Result<FunctionPage, Error> {
        host()
            .list_functions(&self.policy, &self.connection, &query)
            .await
            .expect("the host carries the call out")
    }

    pub async fn qualifiers(&self, function: &str) -> Result<Vec<QualifierChoice>, Error> {
        host()
            .list_qualifiers(&self.policy, &self.connection, function)
            .await
            .expect("the host carries the call out")
    }
}

pub fn text(invocation: Invocation) -> String {
    match invocation.output {
        Some(Payload::Text(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

pub fn request(function: &str, payload: &str) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        ..InvokeRequest::new(function)
    }
}

pub fn query() -> FunctionQuery {
    FunctionQuery {
        name_contains: None,
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    }
}
