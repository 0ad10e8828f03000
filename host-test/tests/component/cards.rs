//! Cards, from JSON to JSON.

use aws_lambda_connector_host::bindings::types::Error;
use serde_json::{Value, json};

use super::support::{Local, host, local};

fn connection(local: &Local) -> String {
    let key = local.lambda.key();
    json!({
        "region": "us-east-1",
        "accessKeyId": key.access_key_id,
        "secretAccessKey": key.secret_access_key,
        "endpoint": local.lambda.url(),
    })
    .to_string()
}

async fn run(local: &Local, card: &str, values: &str) -> Result<Value, Error> {
    let answer = host()
        .run(&local.policy, &connection(local), card, values)
        .await;
    let outputs = answer.expect("the host works")?;
    Ok(serde_json::from_str(&outputs).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_runs() {
    let local = local().await;
    let outputs = run(
        &local,
        "invoke",
        r#"{"yourFunctions":"greet","payload":{"name":"Ada"},"logType":"Tail"}"#,
    )
    .await
    .unwrap();
    assert_eq!(outputs["outputJson"], json!({"message": "Hello, Ada!"}));
    assert_eq!(outputs["statusCode"], 200);
    assert!(
        outputs["billedDurationMs"].is_u64() && outputs["durationMs"].is_f64(),
        "{outputs}"
    );
    let failed = run(
        &local,
        "invoke",
        r#"{"yourFunctions":"fail","onFunctionError":"Continue"}"#,
    )
    .await
    .unwrap();
    assert_eq!(failed["errorType"], "ValueError");
    let by_part = run(
        &local,
        "invoke",
        r#"{"useFunctionName":"Yes","functionName":"GREE","payload":{"name":"Bo"}}"#,
    )
    .await
    .unwrap();
    assert_eq!(by_part["outputJson"], json!({"message": "Hello, Bo!"}));
    let listed = run(&local, "list-functions", r#"{"nameContains":"ee"}"#)
        .await
        .unwrap();
    assert_eq!(listed["functions"][0]["name"], "greet");
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_follow_the_values() {
    let local = local().await;
    let page = host()
        .choices(
            &local.policy,
            &connection(&local),
            "invoke",
            "qualifier",
            r#"{"yourFunctions":"versioned"}"#,
            Some("be"),
            None,
        )
        .await
        .expect("the host works")
        .unwrap();
    let values: Vec<&str> = page
        .choices
        .iter()
        .map(|choice| choice.value.as_str())
        .collect();
    assert_eq!(values, ["beta"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_needs_nothing() {
    let local = local().await;
    let nowhere = std::sync::Arc::new(aws_lambda_connector_host::policy::Policy::deny_all());
    let manifest = host()
        .describe(&nowhere)
        .await
        .expect("the host works")
        .unwrap();
    assert_eq!(
        (manifest.name.as_str(), manifest.version.as_str()),
        ("aws-lambda", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(manifest.cards.len(), 2);
    assert!(nowhere.refusals().is_empty() && local.lambda.requests().is_empty());
}
