//! Every kind of credentials at once in one instance of the component for WASI 0.3. No call uses
//! another caller's keys, and no error leaks another caller's secrets.

use std::sync::Arc;
use std::time::SystemTime;

use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Error, ErrorCategory, Invocation,
};
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::host::CallResult;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::SharedInstance;
use local_lambda::LocalLambda;
use testing::Component;
use tokio::task::JoinSet;

use crate::leaks::{assert_no_secret, echo_server, kinds, with_token};
use crate::{SECRET, access_key, connection, key, logs, roles, sts_requests};

/// Concurrent calls for each kind of credentials.
const CALLS: usize = 5;

async fn shared(urls: &[String]) -> SharedInstance {
    let policy = urls
        .iter()
        .fold(Policy::deny_all(), |policy, url| policy.allow(url).unwrap());
    let host = Component::Wasi03.host();
    host.share(&Arc::new(policy)).await.unwrap()
}

async fn invoke(instance: SharedInstance, connection: Connection) -> CallResult<Invocation> {
    let request = testing::request("echo", "7");
    let invoke = Component::Wasi03.host().exports().invoke;
    instance.call(invoke, (connection, request)).await
}

/// Starts a service for each kind that accepts only that kind's keys and roles.
async fn service(kind: &str, mark: usize) -> LocalLambda {
    let mut owner = key(with_token(kind));
    owner.secret_access_key = format!("{SECRET}{mark}");
    testing::lambda_with(|config| {
        config.keys = vec![owner];
        config.roles = roles();
    })
    .await
}

/// The credentials with the secret that the service with this mark accepts.
fn marked(credentials: Credentials, mark: usize) -> Credentials {
    let secret = format!("{SECRET}{mark}");
    match credentials {
        Credentials::AccessKey(mut key) => {
            key.secret_access_key = secret;
            Credentials::AccessKey(key)
        }
        Credentials::SigningKey(key) => {
            let source = AccessKey {
                secret_access_key: secret,
                ..access_key(key.session_token.as_deref())
            };
            Credentials::SigningKey(signing_key(&source, "us-east-1", SystemTime::now()))
        }
        Credentials::AssumeRole(mut assume) => {
            assume.source.secret_access_key = secret;
            Credentials::AssumeRole(assume)
        }
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_calls_never_use_another_callers_keys() {
    let mut services = Vec::new();
    for (mark, (kind, credentials)) in kinds().into_iter().enumerate() {
        let lambda = service(kind, mark).await;
        let connection = connection(marked(credentials, mark), lambda.url());
        services.push((kind, connection, lambda));
    }
    let urls: Vec<_> = services.iter().map(|(_, _, it)| it.url()).collect();
    let instance = shared(&urls).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        for (kind, connection, _) in &services {
            let call = invoke(instance.clone(), connection.clone());
            let kind = *kind;
            calls.spawn(async move { (kind, call.await) });
        }
    }
    for (kind, answer) in calls.join_all().await {
        assert_eq!(answer.unwrap().unwrap().status_code, 200, "{kind}");
    }
    for (kind, _, lambda) in &services {
        let invoked = lambda.requests().len() - sts_requests(lambda).len();
        assert_eq!(invoked, CALLS, "{kind}");
    }

    // The instance now caches keys of every kind, and must not use them for another caller.
    let mut calls = JoinSet::new();
    for mark in 0..services.len() {
        let (kind, own, _) = &services[mark];
        let (_, other, _) = &services[(mark + 1) % services.len()];
        let crossed = Connection {
            endpoint: other.endpoint.clone(),
            ..own.clone()
        };
        let call = invoke(instance.clone(), crossed);
        let kind = *kind;
        calls.spawn(async move { (kind, call.await) });
    }
    for (kind, answer) in calls.join_all().await {
        match answer.unwrap() {
            // Every service accepts the bearer's token, but rejects the keys of every other kind.
            Ok(_) => assert_eq!(kind, "web-identity"),
            Err(Error::Unauthenticated(error)) => {
                assert_eq!(error.category, ErrorCategory::Credentials, "{kind}");
            }
            Err(other) => panic!("{kind}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_errors_contain_no_secret() {
    logs::capture();
    for (status, xml) in [(403, true), (403, false), (500, false)] {
        let echo_server = echo_server(status, xml).await;
        let instance = shared(&[echo_server.url()]).await;
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            for (kind, credentials) in kinds() {
                let call = invoke(instance.clone(), connection(credentials, echo_server.url()));
                calls.spawn(async move { (kind, call.await) });
            }
        }
        for (kind, answer) in calls.join_all().await {
            let output = format!("{:?}", answer.unwrap().unwrap_err());
            assert_no_secret(&output, &format!("{kind}, {status}"));
        }
    }
}
