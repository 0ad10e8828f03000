//! Runs the examples, and checks that the README and the docs quote them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{AccessKey, Endpoint};
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Config, LocalLambda};

#[path = "../examples/signing_key.rs"]
#[allow(dead_code)] // The `main` of the example.
mod signing_key;

fn minimal() -> PathBuf {
    // Examples are built beside the tests: target/<profile>/{deps,examples}.
    let test = std::env::current_exe().expect("this test's path");
    let profile = test.ancestors().nth(2).expect("the profile's folder");
    profile.join("examples/minimal")
}

fn run(lambda: &LocalLambda, function: &str, payload: &str) -> Output {
    let key = lambda.key();
    Command::new(minimal())
        .args([built_component::P2, function, payload])
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", &key.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key)
        .env_remove("AWS_SESSION_TOKEN")
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .output()
        .expect("the example runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn minimal_example_invokes_a_function() {
    let lambda = LocalLambda::start(Config::default())
        .await
        .expect("the local Lambda");
    let output = run(&lambda, "greet", r#"{"name": "Ada"}"#);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"message\":\"Hello, Ada!\"}\n"
    );

    let failed = run(&lambda, "fail", "{}");
    assert!(!failed.status.success());
    assert_eq!(String::from_utf8_lossy(&failed.stdout), "");
    let message = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(message.contains("the function failed"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_key_of_the_example_is_accepted() {
    let lambda = LocalLambda::start(Config::default())
        .await
        .expect("the local Lambda");
    let key = AccessKey {
        access_key_id: lambda.key().access_key_id.clone(),
        secret_access_key: lambda.key().secret_access_key.clone(),
        session_token: None,
    };
    let mut connection = signing_key::connection(&key, "us-east-1");
    connection.endpoint = Some(Endpoint::Url(lambda.url()));
    let host =
        Host::new(Path::new(built_component::P2), Options::default()).expect("the component loads");
    let caller = Caller::new(host, connection, "us-east-1", &[], SessionCache::default())
        .expect("the URL is a destination");
    let request = InvokeRequest {
        payload: Some("7".to_owned()),
        ..InvokeRequest::new("echo")
    };
    let invoked = caller.invoke(&request).await;
    assert_eq!(
        invoked
            .expect("the host works")
            .expect("the signature is accepted")
            .status_code,
        200
    );
}

#[test]
fn docs_quote_the_examples_verbatim() {
    for (page, text, name, example) in [
        (
            "docs/embedding.md",
            include_str!("../../../docs/embedding.md"),
            "minimal",
            include_str!("../examples/minimal.rs"),
        ),
        (
            "docs/credentials.md",
            include_str!("../../../docs/credentials.md"),
            "signing_key",
            include_str!("../examples/signing_key.rs"),
        ),
    ] {
        assert!(
            text.contains(&format!("```rust\n{example}```\n")),
            "{page} must quote host-test/host/examples/{name}.rs unchanged in a ```rust block"
        );
    }
}

#[test]
fn readme_excerpt_quotes_lines_of_the_example_in_order() {
    let readme = include_str!("../../../README.md");
    let (_, excerpt) = readme.split_once("```rust\n").expect("an excerpt");
    let (excerpt, _) = excerpt.split_once("```\n").expect("the excerpt's end");
    let mut example = include_str!("../examples/minimal.rs")
        .lines()
        .map(str::trim);
    let lines = excerpt.lines().map(str::trim);
    // An ellipsis stands for lines that are left out.
    for line in lines.filter(|line| !line.is_empty() && !line.contains('…')) {
        assert!(
            example.any(|other| other == line),
            "README.md quotes `{line}`, which host-test/host/examples/minimal.rs does not contain at that point"
        );
    }
}
