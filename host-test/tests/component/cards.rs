//! Cards through their JSON interface.

use std::sync::Arc;

use aws_lambda_connector_host::policy::Policy;
use serde_json::{Value, json};
use testing::{Component, Local, for_each_component, form};

async fn run(local: &Local, card: &str, values: &str) -> Value {
    let form = form(&local.lambda);
    let ran = local.host.run(&local.policy, &form, card, values).await;
    serde_json::from_str(&ran.unwrap().unwrap()).unwrap()
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn both_cards_run_and_return_outputs(component: Component) {
    let local = Local::start(component).await;
    let values = r#"{"yourFunctions":"greet","payload":{"name":"Ada"},"logType":"Tail"}"#;
    let outputs = run(&local, "invoke", values).await;
    assert_eq!(outputs["outputJson"], json!({"message": "Hello, Ada!"}));
    assert_eq!(outputs["statusCode"], 200);
    assert!(outputs["billedDurationMs"].is_u64(), "{outputs}");
    assert!(outputs["durationMs"].is_f64(), "{outputs}");
    let values = r#"{"yourFunctions":"fail","onFunctionError":"Continue"}"#;
    let failed = run(&local, "invoke", values).await;
    assert_eq!(failed["errorType"], "ValueError");
    let values = r#"{"useFunctionName":"Yes","functionName":"GREE","payload":{"name":"Bo"}}"#;
    let by_part = run(&local, "invoke", values).await;
    assert_eq!(by_part["outputJson"], json!({"message": "Hello, Bo!"}));
    let listed = run(&local, "list-functions", r#"{"nameContains":"ee"}"#).await;
    assert_eq!(listed["functions"][0]["name"], "greet");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn qualifier_choices_follow_the_chosen_function(component: Component) {
    let local = Local::start(component).await;
    let form = form(&local.lambda);
    let chosen = local.host.choices(
        &local.policy,
        &form,
        "invoke",
        "qualifier",
        r#"{"yourFunctions":"versioned"}"#,
        Some("be"),
        None,
    );
    let choices = chosen.await.unwrap().unwrap().choices;
    let values: Vec<&str> = choices.iter().map(|choice| &*choice.value).collect();
    assert_eq!(values, ["beta"]);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn describe_needs_no_network(component: Component) {
    let local = Local::start(component).await;
    let deny_all = Arc::new(Policy::deny_all());
    let described = local.host.describe(&deny_all).await;
    let manifest = described.unwrap().unwrap();
    assert_eq!(manifest.name, "aws-lambda");
    assert_eq!(manifest.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest.cards.len(), 2);
    assert!(deny_all.refusals().is_empty() && local.lambda.requests().is_empty());
}
