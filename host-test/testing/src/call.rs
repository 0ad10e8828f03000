//! The parts of a call: a Lambda, a policy, a connection and a request.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Error, Invocation, Role,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, Key, LocalLambda};

/// Starts a local Lambda with its default configuration.
pub async fn lambda() -> LocalLambda {
    lambda_with(|_| ()).await
}

/// Starts a local Lambda with its default configuration, changed by `change`.
pub async fn lambda_with(change: impl FnOnce(&mut Config)) -> LocalLambda {
    let config = changed(&Config::default(), change);
    LocalLambda::start(config).await.unwrap()
}

/// Returns a copy of `value`, changed by `change`.
pub fn changed<T: Clone>(value: &T, change: impl FnOnce(&mut T)) -> T {
    let mut copy = value.clone();
    change(&mut copy);
    copy
}

/// Invokes a function in a host whose policy allows only the endpoint of the connection.
pub async fn invoke_in(
    host: &Host,
    connection: &Connection,
    request: &InvokeRequest,
) -> Result<Invocation, Error> {
    let policy = only(url(connection));
    host.invoke(&policy, connection, request).await.unwrap()
}

/// Returns a policy that allows one destination.
pub fn only(url: &str) -> Arc<Policy> {
    Arc::new(Policy::deny_all().allow(url).unwrap())
}

/// Returns the URL of a connection. Every connection in these tests has one, because the tests stay
/// on this machine.
#[track_caller]
pub fn url(connection: &Connection) -> &str {
    match &connection.endpoint {
        Some(Endpoint::Url(url) | Endpoint::Emulator(url)) => url,
        other => panic!("not a URL: {other:?}"),
    }
}

/// Returns a connection to `url` with `key`.
pub fn connection(key: &Key, url: String) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials: Credentials::AccessKey(access_key(key)),
        endpoint: Some(Endpoint::Url(url)),
    }
}

/// Returns the same connection, which declares its URL to be an emulator's.
pub fn as_emulator(connection: Connection) -> Connection {
    let endpoint = Some(Endpoint::Emulator(url(&connection).to_owned()));
    Connection {
        endpoint,
        ..connection
    }
}

/// Returns a connection to the local Lambda with its key.
pub fn connection_to(lambda: &LocalLambda) -> Connection {
    connection(lambda.key(), lambda.url())
}

/// Returns the same connection as the JSON of a form.
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

/// Returns a role without its optional fields.
pub fn role(arn: &str) -> Role {
    Role {
        arn: arn.to_owned(),
        external_id: None,
        session_name: None,
        duration_seconds: None,
    }
}

/// Returns a synchronous invocation with timeouts that a loaded machine does not reach.
pub fn request(function: &str, payload: impl Into<String>) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.into()),
        delivery: Some(delivery()),
        ..InvokeRequest::new(function)
    }
}

/// Returns the same invocation with changed options.
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

/// Returns a query for all functions, with default options.
pub fn query() -> FunctionQuery {
    FunctionQuery {
        name_contains: None,
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    }
}
