//! The README's example of a host: it is the program that stands there, and it runs.

use std::path::PathBuf;
use std::process::{Command, Output};

use host_test::local_lambda::{Config, LocalLambda};

fn minimal() -> PathBuf {
    // Examples are built beside the tests: target/<profile>/{deps,examples}.
    let test = std::env::current_exe().expect("this test's path");
    let profile = test.ancestors().nth(2).expect("the profile's folder");
    profile.join("examples/minimal")
}

fn run(lambda: &LocalLambda, function: &str, payload: &str) -> Output {
    let key = lambda.key();
    Command::new(minimal())
        .args([env!("AWS_LAMBDA_CONNECTOR_WASM"), function, payload])
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", &key.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key)
        .env_remove("AWS_SESSION_TOKEN")
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .output()
        .expect("the example runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_invokes_a_function() {
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

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let readme = include_str!("../../README.md");
    let example = include_str!("../examples/minimal.rs");
    assert!(
        readme.contains(&format!("```rust\n{example}```\n")),
        "README.md must hold host-test/examples/minimal.rs, unchanged, in a ```rust block"
    );
}
