//! Another caller in the same instance, where a host keeps one: it gets nobody else's keys.

use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Error, Role,
};
use aws_lambda_connector_host::exports::{self, Exports};
use aws_lambda_connector_host::sandbox::{Options, Sandbox};
use local_lambda::{self, Config, Key, LocalLambda, Trusted};

use crate::{Result, hosts, only};

const ROLE: &str = "arn:aws:iam::123456789012:role/shared";

fn assuming(lambda: &LocalLambda, key: &str, secret: &str, external_id: &str) -> Connection {
    let mut connection = testing::connection(lambda.key(), lambda.url());
    connection.credentials = Credentials::AssumeRole(AssumeRole {
        source: AccessKey {
            access_key_id: key.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: None,
        },
        roles: vec![Role {
            arn: ROLE.to_owned(),
            external_id: Some(external_id.to_owned()),
            session_name: None,
            duration_seconds: None,
        }],
    });
    connection
}

/// Each differs from the owner's connection in one thing, and knows all the rest.
#[tokio::test]
async fn a_kept_instance_hands_a_roles_keys_to_their_owner_only() {
    let key = Key {
        access_key_id: "AKIDOWNER".to_owned(),
        secret_access_key: "owners-secret".to_owned(),
        session_token: None,
        denied: false,
    };
    let lambda = LocalLambda::start(Config {
        keys: vec![key],
        roles: vec![local_lambda::Role {
            arn: ROLE.to_owned(),
            trusts: vec![Trusted::Key("AKIDOWNER".to_owned())],
            external_id: Some("right".to_owned()),
            lasts: None,
        }],
        ..Config::default()
    })
    .await
    .unwrap();
    let owner = assuming(&lambda, "AKIDOWNER", "owners-secret", "right");
    let neighbours = [
        assuming(&lambda, "AKIDOWNER", "guessed", "right"),
        assuming(&lambda, "AKIDOTHER", "owners-secret", "right"),
        assuming(&lambda, "AKIDOWNER", "owners-secret", "wrong"),
    ];
    let request = testing::request("echo", "7");
    for component in [testing::P2, testing::P3] {
        let sandbox = Sandbox::load(component.as_ref(), Options::default()).unwrap();
        let invoke = Exports::of(sandbox.instance_pre().component())
            .unwrap()
            .invoke;
        let before = lambda.sessions().len();
        let results = sandbox
            .call(&only(&lambda.url()), async |instance, store| {
                let mut results: Vec<Result> = Vec::new();
                for connection in [&owner].into_iter().chain(&neighbours).chain([&owner]) {
                    let arguments = (connection, &request);
                    results.push(exports::call(instance, &mut *store, &invoke, arguments).await?);
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
        assert_eq!(lambda.sessions().len(), before + 1);
    }
}

/// What a call was given is gone with its instance: no host of the reference kind keeps one.
#[tokio::test]
async fn a_fresh_instance_knows_nothing_of_the_call_before() {
    let lambda = LocalLambda::start(Config {
        roles: vec![local_lambda::Role {
            arn: ROLE.to_owned(),
            trusts: vec![Trusted::Key(Key::default().access_key_id)],
            external_id: Some("any-id".to_owned()),
            lasts: None,
        }],
        ..Config::default()
    })
    .await
    .unwrap();
    let key = Key::default();
    let connection = assuming(
        &lambda,
        &key.access_key_id,
        &key.secret_access_key,
        "any-id",
    );
    let policy = only(&lambda.url());
    for (wasi, host) in hosts() {
        let before = lambda.sessions().len();
        for asked in 1..=2 {
            let request = testing::request("echo", "7");
            let result = host.invoke(&policy, &connection, &request).await;
            assert_eq!(result.unwrap().unwrap().status_code, 200, "{wasi}");
            assert_eq!(lambda.sessions().len() - before, asked, "{wasi}");
        }
    }
}
