//! What a call consists of: a Lambda, a policy, a connection, a request.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Error, Invocation, Role,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, Key, LocalLambda};

/// A local Lambda with its default configuration.
pub async fn lambda() -> LocalLambda {
    lambda_with(|_| ()).await
}

/// A local Lambda whose configuration differs from the default in this.
pub async fn lambda_with(change: impl FnOnce(&mut Config)) -> LocalLambda {
    let config = changed(&Config::default(), change);
    LocalLambda::start(config).await.unwrap()
}

/// A copy with this change.
pub fn changed<T: Clone>(value: &T, change: impl FnOnce(&mut T)) -> T {
    let mut copy = value.clone();
    change(&mut copy);
    copy
}

/// Invokes in a host whose policy allows the connection's endpoint alone.
pub async fn invoke_in(
    host: &Host,
    connection: &Connection,
    request: &InvokeRequest,
) -> Result<Invocation, Error> {
    let policy = only(url(connection));
    host.invoke(&policy, connection, request).await.unwrap()
}

/// Lets calls through to one destination.
pub fn only(url: &str) -> Arc<Policy> {
    Arc::new(Policy::deny_all().allow(url).unwrap())
}

/// Of a connection with a URL: these tests stay on this machine.
#[track_caller]
pub fn url(connection: &Connection) -> &str {
    match &connection.endpoint {
        Some(Endpoint::Url(url)) => url,
        other => panic!("not a URL: {other:?}"),
    }
}

/// With `key`, at `url`.
pub fn connection(key: &Key, url: String) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials: Credentials::AccessKey(access_key(key)),
        endpoint: Some(Endpoint::Url(url)),
    }
}

/// A connection to the local Lambda with its key.
pub fn connection_to(lambda: &LocalLambda) -> Connection {
    connection(lambda.key(), lambda.url())
}

/// The same as a form, in JSON.
pub fn form(lambda: &LocalLambda) -> String {
    serde_json::json!({
        "region": "us-east-1",
        "accessKeyId": lambda.key().access_key_id,
        "secretAccessKey": lambda.key().secret_access_key,
        "endpoint": lambda.url(),
    })
    .to_string()
}

pub fn access_key(key: &Key) -> AccessKey {
    AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.clone(),
        session_token: key.session_token.clone(),
    }
}

/// A role without anything that may be left out.
pub fn role(arn: &str) -> Role {
    Role {
        arn: arn.to_owned(),
        external_id: None,
        session_name: None,
        duration_seconds: None,
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

/// The same with other options.
pub fn request_with(
    function: &str,
    payload: impl Into<String>,
    change: impl FnOnce(&mut Delivery),
) -> InvokeRequest {
    InvokeRequest {
        delivery: Some(changed(&delivery(), change)),
        ..request(function, payload)
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

/// Lists everything, by default options.
pub fn query() -> FunctionQuery {
    FunctionQuery {
        name_contains: None,
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    }
}
