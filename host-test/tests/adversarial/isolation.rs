//! Another caller in the same instance, on a host that reuses instances, never gets the first
//! caller's keys.

use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Error, Role,
};
use aws_lambda_connector_host::exports::{self, Exports};
use local_lambda::{self, Key, LocalLambda, Trusted};
use testing::{
    Component, connection_to, for_each_component, invoke_in, lambda_with, only, request, role,
};

use crate::Result;

const ROLE: &str = "arn:aws:iam::123456789012:role/shared";

fn assuming(lambda: &LocalLambda, key: &str, secret: &str, external_id: &str) -> Connection {
    let mut connection = connection_to(lambda);
    connection.credentials = Credentials::AssumeRole(AssumeRole {
        source: AccessKey {
            access_key_id: key.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: None,
        },
        roles: vec![Role {
            external_id: Some(external_id.to_owned()),
            ..role(ROLE)
        }],
    });
    connection
}

/// A role that trusts only the owner of this key.
fn shared_role(key_id: &str, external_id: &str) -> Vec<local_lambda::Role> {
    vec![local_lambda::Role {
        arn: ROLE.to_owned(),
        trusts: vec![Trusted::Key(key_id.to_owned())],
        external_id: Some(external_id.to_owned()),
        max_lifetime: None,
    }]
}

/// Each neighbour differs from the owner's connection in one value and knows all the others.
#[for_each_component]
#[tokio::test]
async fn reused_instance_uses_role_keys_only_for_their_owner(component: Component) {
    let lambda = lambda_with(|config| {
        config.keys[0].access_key_id = "AKIDOWNER".to_owned();
        config.keys[0].secret_access_key = "owners-secret".to_owned();
        config.roles = shared_role("AKIDOWNER", "right");
    })
    .await;
    let owner = assuming(&lambda, "AKIDOWNER", "owners-secret", "right");
    let neighbours = [
        assuming(&lambda, "AKIDOWNER", "guessed", "right"),
        assuming(&lambda, "AKIDOTHER", "owners-secret", "right"),
        assuming(&lambda, "AKIDOWNER", "owners-secret", "wrong"),
    ];
    let request = request("echo", "7");
    let sandbox = component.sandbox();
    let exports = Exports::find(sandbox.instance_pre().component()).unwrap();
    let results = sandbox
        .call(&only(&lambda.url()), async |instance, store| {
            let mut results: Vec<Result> = Vec::new();
            for connection in [&owner].into_iter().chain(&neighbours).chain([&owner]) {
                let arguments = (connection, &request);
                let invoke = &exports.invoke;
                results.push(exports::call(instance, &mut *store, invoke, arguments).await?);
            }
            Ok(results)
        })
        .await
        .unwrap();
    let [first, rejected @ .., last] = &results[..] else {
        panic!("{results:?}")
    };
    assert!(first.is_ok() && last.is_ok(), "{results:?}");
    let unauthenticated = |it: &Result| matches!(it, Err(Error::Unauthenticated(_)));
    assert!(rejected.iter().all(unauthenticated), "{results:?}");
    assert_eq!(rejected.len(), neighbours.len());
    // The owner's second call reused the cached keys.
    assert_eq!(lambda.sessions().len(), 1);
}

/// The reference host never reuses an instance, so nothing from a call survives it.
#[for_each_component]
#[tokio::test]
async fn fresh_instance_keeps_nothing_from_the_previous_call(component: Component) {
    let key = Key::default();
    let roles = shared_role(&key.access_key_id, "any-id");
    let lambda = lambda_with(|config| config.roles = roles).await;
    let (id, secret) = (&key.access_key_id, &key.secret_access_key);
    let connection = assuming(&lambda, id, secret, "any-id");
    for exchanges in 1..=2 {
        let result = invoke_in(component.host(), &connection, &request("echo", "7")).await;
        assert_eq!(result.unwrap().status_code, 200);
        assert_eq!(lambda.sessions().len(), exchanges);
    }
}
