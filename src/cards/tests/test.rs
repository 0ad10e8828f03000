//! Testing a connection, and the function that a form names.

use super::*;
use crate::test_connection::{Check, Outcome, Subject};

fn test_card(lambda: &Scripted<Lambda>, card: &str, values: &str) -> Result<Vec<Check>, Error> {
    block_on(test(lambda, CONNECT, card, values))
}

/// The outcome and the detail of the invocation's check. The check of the configuration must have the
/// same outcome.
fn invocation(lambda: &Scripted<Lambda>, values: &Value) -> (Outcome, String) {
    let checks = test_card(lambda, "invoke", &values.to_string()).unwrap();
    let of_configuration = |check: &&Check| check.subject == Subject::FunctionConfiguration;
    let configuration = checks.iter().find(of_configuration).unwrap().outcome;
    let of_invocation = |check: &&Check| check.subject == Subject::InvokeFunction;
    let check = checks.iter().find(of_invocation).unwrap();
    assert_eq!(check.outcome, configuration, "{checks:?}");
    (check.outcome, check.detail.clone())
}

/// The dry runs, each by path and qualifier.
fn dry_runs(lambda: &Scripted<Lambda>) -> Vec<String> {
    let sent = lambda.sent.borrow();
    let dry_runs = sent
        .iter()
        .filter(|sent| sent.path.ends_with("/invocations"));
    dry_runs
        .map(|sent| {
            assert_eq!(sent.header("x-amz-invocation-type"), "DryRun");
            assert_eq!(sent.body, "", "the form's payload is not sent");
            let path = sent.path.strip_prefix("/2015-03-31/functions/").unwrap();
            let qualifier = sent.parameter("Qualifier").unwrap_or_default();
            format!("{path}?{qualifier}")
        })
        .collect()
}

#[test]
fn connection_is_tested_without_a_function() {
    for (card, values) in [
        ("invoke", "{}"),
        (
            "invoke",
            r#"{"useFunctionName":"Yes","functionName":" ","yourFunctions":"left over"}"#,
        ),
        ("invoke", r#"{"qualifier":"live"}"#),
        ("list-functions", r#"{"nameContains":"x"}"#),
        ("get-execution", "{}"),
        ("list-executions", r#"{"functionName":"orders"}"#),
        ("stop-execution", "{}"),
        ("complete-callback", "{}"),
    ] {
        let lambda = account(&["orders"]);
        let checks = test_card(&lambda, card, values).unwrap();
        assert_eq!(checks.len(), 6, "{card}");
        for check in checks {
            let expected = match check.subject {
                Subject::Endpoint | Subject::Identity | Subject::ListFunctions => Outcome::Passed,
                _ => Outcome::Skipped,
            };
            assert_eq!(check.outcome, expected, "{check:?}");
        }
        assert_eq!(dry_runs(&lambda), [""; 0]);
    }
}

#[test]
fn function_and_qualifier_of_the_form_are_tested_by_a_dry_run() {
    for (values, dry_run) in [
        (json!({"yourFunctions": "orders"}), "orders/invocations?"),
        (
            json!({"yourFunctions": "orders", "qualifier": "live"}),
            "orders/invocations?live",
        ),
        (
            json!({"useFunctionName": "Yes", "functionName": " orders:live ", "payload": {"a": 1}}),
            "orders%3Alive/invocations?",
        ),
    ] {
        let lambda = account(&["orders"]);
        let (outcome, detail) = invocation(&lambda, &values);
        assert_eq!(outcome, Outcome::Passed, "{detail}");
        assert_eq!(dry_runs(&lambda), [dry_run]);
        assert!(lambda.service.invoked.borrow().is_empty());
    }
}

#[test]
fn partial_name_is_completed_and_reported() {
    for unknown in [NOT_FOUND, DENIED] {
        for (text, whole, path) in [
            ("SENDER", "mail-sender", "mail-sender"),
            ("sender:live", "mail-sender:live", "mail-sender%3Alive"),
        ] {
            let mut lambda = account(&["mail-sender", "orders"]);
            lambda.service.unknown = unknown;
            let values = json!({"useFunctionName": "Yes", "functionName": text});
            let (outcome, detail) = invocation(&lambda, &values);
            assert_eq!(outcome, Outcome::Passed);
            assert!(detail.starts_with(&format!("{whole}: allowed")), "{detail}");
            let runs = dry_runs(&lambda);
            assert_eq!(runs.len(), 2);
            assert_eq!(runs[1], format!("{path}/invocations?"));
        }
    }
}

#[test]
fn name_that_cannot_be_completed_fails_with_the_reason() {
    for (lambda, text, reason) in [
        (
            account(&["mail-a", "mail-b"]),
            "mail",
            "type one of them: mail-a, mail-b",
        ),
        (
            closed_account(&["mail-a"]),
            "mail",
            "listing the functions is denied as well",
        ),
        (account(&["mail-a"]), "orders", "ResourceNotFoundException"),
        // The function exists, and the alias does not.
        (
            account(&["mail", "mail-b"]),
            "mail:beta",
            "ResourceNotFoundException",
        ),
    ] {
        let values = json!({"useFunctionName": "Yes", "functionName": text});
        let (outcome, detail) = invocation(&lambda, &values);
        assert_eq!(outcome, Outcome::Failed);
        assert_contains(&detail, [reason, "ResourceNotFoundException"]);
        assert_eq!(dry_runs(&lambda).len(), 1, "{text}");
    }
}

#[test]
fn invalid_form_is_rejected_by_the_fields_key_and_nothing_is_sent() {
    let lambda = account(&["orders"]);
    for (card, values, field) in [
        ("fly", "{}", "card"),
        ("invoke", "[]", "values"),
        ("invoke", r#"{"paylod":1}"#, "values.paylod"),
        ("invoke", r#"{"yourFunctions":".."}"#, "yourFunctions"),
        (
            "invoke",
            r#"{"useFunctionName":"Yes","functionName":"https://x"}"#,
            "functionName",
        ),
        (
            "invoke",
            r#"{"yourFunctions":"orders","qualifier":"a b"}"#,
            "qualifier",
        ),
        (
            "invoke",
            r#"{"yourFunctions":"orders:live","qualifier":"beta"}"#,
            "qualifier",
        ),
        (
            "invoke",
            r#"{"yourFunctions":"arn:aws:lambda:eu-west-1:123456789012:function:f"}"#,
            "yourFunctions",
        ),
        (
            "list-functions",
            r#"{"yourFunctions":"f"}"#,
            "values.yourFunctions",
        ),
    ] {
        assert_eq!(
            refused(test_card(&lambda, card, values)).field,
            field,
            "{values}"
        );
    }
    for (connection, field) in [
        ("{}", "accessKeyId"),
        (r#"{"accessKey":"x"}"#, "connection.accessKey"),
        (r#"{"credentialType":"hostSigned"}"#, "region"),
    ] {
        let tested = block_on(test(&lambda, connection, "invoke", "{}"));
        assert_eq!(refused(tested).field, field, "{connection}");
    }
    assert_eq!(lambda.attempts(), 0);
}
