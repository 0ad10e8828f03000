//! Cards through their JSON interface.

use std::sync::{Arc, Mutex};

use aws_lambda_connector_host::bindings::lambda::{Check, CheckOutcome, CheckSubject};
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{BodyWatcher, ResponseWatcher};
use http::response::Parts;
use serde_json::{Value, json};
use testing::outcome::invalid_input;
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

/// The heads of all responses, and the bodies of those that have the status 200.
#[derive(Default)]
struct Seen {
    statuses: Mutex<Vec<u16>>,
    body: Arc<Mutex<Vec<u8>>>,
}

impl ResponseWatcher for Seen {
    fn response(&self, head: &Parts) -> Option<BodyWatcher> {
        self.statuses.lock().unwrap().push(head.status.as_u16());
        let body = Arc::clone(&self.body);
        let see: BodyWatcher = Box::new(move |piece| body.lock().unwrap().extend(piece));
        (head.status == 200).then_some(see)
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn watcher_sees_the_bytes_of_the_responses_that_it_chooses(component: Component) {
    let local = Local::start(component).await;
    let form = form(&local.lambda);
    let (form, policy) = (&form, &local.policy);
    for (values, statuses, key) in [
        (
            r#"{"yourFunctions":"big","payload":{"bytes":3000000}}"#,
            vec![200],
            "output",
        ),
        (
            r#"{"yourFunctions":"none","onError":"Continue"}"#,
            vec![404],
            "errorType",
        ),
    ] {
        let seen = Arc::new(Seen::default());
        let watcher = Arc::clone(&seen) as Arc<dyn ResponseWatcher>;
        let ran = local
            .host
            .run_watched(policy, watcher, form, "invoke", values);
        let outputs: Value = serde_json::from_str(&ran.await.unwrap().unwrap()).unwrap();
        assert_eq!(*seen.statuses.lock().unwrap(), statuses);
        assert!(outputs[key].is_string(), "{key}");
        let body = seen.body.lock().unwrap();
        assert_eq!(
            *body,
            outputs["output"].as_str().unwrap_or_default().as_bytes()
        );
    }
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
async fn test_of_a_card_checks_the_connection_and_its_function(component: Component) {
    let local = Local::start(component).await;
    let form = form(&local.lambda);
    let test = async |values: &str| {
        let tested = local
            .host
            .test(&local.policy, &form, "invoke", values)
            .await;
        tested.unwrap()
    };
    let outcome = |checks: &[Check], subject| {
        let mut checks = checks.iter();
        let check = checks.find(|check| check.subject == subject).unwrap();
        (check.outcome, check.detail.clone())
    };
    let values = r#"{"yourFunctions":"count","qualifier":"$LATEST","payload":{"key":"k"}}"#;
    let checks = test(values).await.unwrap();
    for subject in [
        CheckSubject::Clock,
        CheckSubject::Endpoint,
        CheckSubject::Identity,
        CheckSubject::ListFunctions,
        CheckSubject::InvokeFunction,
    ] {
        let (outcome, detail) = outcome(&checks, subject);
        assert_eq!(outcome, CheckOutcome::Passed, "{subject:?}: {detail}");
    }
    assert_eq!(local.lambda.runs("k"), 0);

    let values = r#"{"useFunctionName":"Yes","functionName":"GREE"}"#;
    let (passed, detail) = outcome(&test(values).await.unwrap(), CheckSubject::InvokeFunction);
    assert_eq!(passed, CheckOutcome::Passed);
    assert!(detail.starts_with("greet: "), "{detail}");

    let values = r#"{"yourFunctions":"missing"}"#;
    let (failed, detail) = outcome(&test(values).await.unwrap(), CheckSubject::InvokeFunction);
    assert_eq!(failed, CheckOutcome::Failed);
    assert!(
        detail.starts_with("ResourceNotFoundException: "),
        "{detail}"
    );

    let (skipped, _) = outcome(&test("{}").await.unwrap(), CheckSubject::InvokeFunction);
    assert_eq!(skipped, CheckOutcome::Skipped);

    let input = invalid_input(test(r#"{"paylod":{}}"#).await);
    assert_eq!(input.field, "values.paylod");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn refused_invocation_is_an_output_if_the_step_continues(component: Component) {
    let local = Local::start(component).await;
    let values = r#"{"yourFunctions":"missing","onError":"Continue"}"#;
    let outputs = run(&local, "invoke", values).await;
    for (key, value) in [
        ("statusCode", json!(404)),
        ("errorType", json!("ResourceNotFoundException")),
        ("executed", json!("no")),
        ("retryable", json!(false)),
        ("functionName", json!("missing")),
        ("output", Value::Null),
    ] {
        assert_eq!(outputs[key], value, "{key}");
    }
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
    assert_eq!(manifest.cards.len(), 6);
    assert!(deny_all.refusals().is_empty() && local.lambda.requests().is_empty());
}
