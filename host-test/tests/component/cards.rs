//! Cards, from JSON to JSON.

use aws_lambda_connector_host::bindings::types::Error;
use serde_json::{Value, json};

use testing::{Component, Local, for_each_component, form};

async fn run(local: &Local, card: &str, values: &str) -> Result<Value, Error> {
    let answer = local
        .host
        .run(&local.policy, &form(&local.lambda), card, values)
        .await;
    let outputs = answer.expect("the host works")?;
    Ok(serde_json::from_str(&outputs).expect("JSON"))
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn a_card_runs(component: Component) {
    let local = Local::start(component).await;
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

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn choices_follow_the_values(component: Component) {
    let local = Local::start(component).await;
    let page = local
        .host
        .choices(
            &local.policy,
            &form(&local.lambda),
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

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn describe_needs_nothing(component: Component) {
    let local = Local::start(component).await;
    let nowhere = std::sync::Arc::new(aws_lambda_connector_host::policy::Policy::deny_all());
    let manifest = local
        .host
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
