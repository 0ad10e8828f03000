//! Another caller in the same instance, where a host keeps one: it gets nobody else's keys.

use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Error, Role,
};
use aws_lambda_connector_host::exports::{self, Exports};
use aws_lambda_connector_host::sandbox::{Options, Sandbox};
use local_lambda::{self, Config, Key, LocalLambda, Trusted};
use testing::{Component, connection_to, for_each_component, lambda_with, only, request, role};

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

/// A role that trusts the owner of this key.
fn shared_role(key_id: &str, external_id: &str) -> Vec<local_lambda::Role> {
    vec![local_lambda::Role {
        arn: ROLE.to_owned(),
        trusts: vec![Trusted::Key(key_id.to_owned())],
        external_id: Some(external_id.to_owned()),
        lasts: None,
    }]
}

/// Each differs from the owner's connection in one thing, and knows all the rest.
#[for_each_component]
#[tokio::test]
async fn a_kept_instance_hands_a_roles_keys_to_their_owner_only(component: Component) {
    let lambda = lambda_with(Config {
        keys: vec![Key {
            access_key_id: "AKIDOWNER".to_owned(),
            secret_access_key: "owners-secret".to_owned(),
            session_token: None,
            denied: false,
        }],
        roles: shared_role("AKIDOWNER", "right"),
        ..Config::default()
    })
    .await;
    let owner = assuming(&lambda, "AKIDOWNER", "owners-secret", "right");
    let neighbours = [
        assuming(&lambda, "AKIDOWNER", "guessed", "right"),
        assuming(&lambda, "AKIDOTHER", "owners-secret", "right"),
        assuming(&lambda, "AKIDOWNER", "owners-secret", "wrong"),
    ];
    let request = request("echo", "7");
    let sandbox = Sandbox::load(component.file(), Options::default()).unwrap();
    let exports = Exports::of(sandbox.instance_pre().component()).unwrap();
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
    let outcomes: Vec<&str> = results
        .iter()
        .map(|result| match result {
            Ok(_) => "invoked",
            Err(Error::Unauthenticated(_)) => "refused",
            Err(_) => "something else",
        })
        .collect();
    assert_eq!(
        outcomes,
        ["invoked", "refused", "refused", "refused", "invoked"]
    );
    // The owner's second call needed no other keys: theirs are still there.
    assert_eq!(lambda.sessions().len(), 1);
}

/// What a call was given is gone with its instance: no host of the reference kind keeps one.
#[for_each_component]
#[tokio::test]
async fn a_fresh_instance_knows_nothing_of_the_call_before(component: Component) {
    let key = Key::default();
    let lambda = lambda_with(Config {
        roles: shared_role(&key.access_key_id, "any-id"),
        ..Config::default()
    })
    .await;
    let (id, secret) = (&key.access_key_id, &key.secret_access_key);
    let connection = assuming(&lambda, id, secret, "any-id");
    let policy = only(&lambda.url());
    for asked in 1..=2 {
        let request = request("echo", "7");
        let result = component
            .host()
            .invoke(&policy, &connection, &request)
            .await;
        assert_eq!(result.unwrap().unwrap().status_code, 200);
        assert_eq!(lambda.sessions().len(), asked);
    }
}
