//! Names that no card, field or form has.

use super::*;
use crate::testing::scripted::Aws;

/// The field and the message of a rejection before which nothing was sent.
fn rejected(connection: &str, card: &str, values: &str, field: Option<&str>) -> (String, String) {
    let aws: Scripted<Aws> = Scripted::aws();
    let input = match field {
        None => refused(block_on(run(&aws, connection, card, values))),
        Some(field) => refused(block_on(choices(
            &aws, connection, card, field, values, None, None,
        ))),
    };
    assert_eq!(aws.attempts(), 0, "{input:?}");
    (input.field, input.message)
}

const CARDS: &str = "there is no card of this ID; the cards are: invoke, list-functions, get-execution, list-executions, stop-execution, complete-callback";

#[test]
fn unknown_card_is_rejected_with_the_known_ones() {
    for card in ["", "fly", "Invoke", "invoke ", "listFunctions"] {
        for field in [None, Some("yourFunctions")] {
            let (at, message) = rejected(CONNECT, card, "{}", field);
            assert_eq!((&*at, &*message), ("card", CARDS), "{card:?}");
        }
    }
}

#[test]
fn field_without_dynamic_choices_is_rejected_with_those_that_have_them() {
    let known = "the fields with dynamic choices are: yourFunctions, qualifier";
    for (card, field, message) in [
        (
            "invoke",
            "",
            format!("the card has no field of this key; {known}"),
        ),
        (
            "invoke",
            "Qualifier",
            format!("the card has no field of this key; {known}"),
        ),
        (
            "invoke",
            "region",
            format!("the card has no field of this key; {known}"),
        ),
        (
            "invoke",
            "payload",
            format!("the field has no dynamic choices; {known}"),
        ),
        (
            "list-functions",
            "limit",
            "the field has no dynamic choices; no field of this card has dynamic choices".into(),
        ),
        (
            "list-functions",
            "yourFunctions",
            "the card has no field of this key; no field of this card has dynamic choices".into(),
        ),
    ] {
        let rejected = rejected(CONNECT, card, "{}", Some(field));
        assert_eq!(rejected, ("field".into(), message), "{card} {field}");
    }
}

#[test]
fn misspelled_key_is_rejected_by_name_with_the_known_keys() {
    let chosen = r#"{"yourFunctions":"f","paylod":{}}"#;
    for field in [None, Some("qualifier")] {
        let (at, message) = rejected(CONNECT, "invoke", chosen, field);
        assert_eq!(at, "values.paylod");
        assert_contains(
            &message,
            [
                "there is no field of this key; the fields are: useFunctionName, ",
                ", payload, ",
            ],
        );
    }
    let (at, message) = rejected(CONNECT, "list-functions", r#"{"Limit":null}"#, None);
    assert_eq!(at, "values.Limit");
    assert_eq!(
        message,
        "there is no field of this key; the fields are: nameContains, allVersions, limit, cursor"
    );
    let connection = CONNECT.replace("accessKeyId", "accessKeyID");
    let (at, message) = rejected(&connection, "invoke", r#"{"yourFunctions":"f"}"#, None);
    assert_eq!(at, "connection.accessKeyID");
    assert_contains(&message, ["region, credentialType, accessKeyId, "]);
}

#[test]
fn unknown_key_that_may_be_a_secret_is_not_repeated() {
    let keys = [
        "wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLEKEY012", // As long as a secret access key.
        "marked/secret",
        "marked secret",
        "märked",
        r"marked\u202e",
        "",
    ];
    for key in keys {
        let object = format!(r#"{{"{key}":"x"}}"#);
        for (name, rejected) in [
            ("values", rejected(CONNECT, "invoke", &object, None)),
            (
                "connection",
                rejected(&object, "list-functions", "{}", None),
            ),
        ] {
            let (at, message) = rejected;
            assert_eq!(at, name, "{key}");
            assert_contains(
                &message,
                ["it has a key that is not a field's; the fields are: "],
            );
            assert!(key.is_empty() || !message.contains(key), "{message}");
        }
    }
}

#[test]
fn values_of_hidden_fields_are_ignored() {
    let lambda = account(&["echo"]);
    let values = r#"{"useFunctionName":"No","yourFunctions":"echo","functionName":["left over"]}"#;
    assert_eq!(invoke(&lambda, values).unwrap()["statusCode"], 200);
    assert_eq!(lambda.service.invoked.borrow()[0].0, "echo");
}
