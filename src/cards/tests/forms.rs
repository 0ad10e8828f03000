//! The properties of the forms that platforms rely on.

use super::*;
use crate::cards::field::{Choice, Field};

#[test]
fn forms_have_unique_keys_and_consistent_defaults_and_conditions() {
    let check = |fields: &[&Field]| {
        for (index, field) in fields.iter().enumerate() {
            assert!(
                !field.label.is_empty() && field.definition.ends_with('.'),
                "{}",
                field.key
            );
            assert!(
                fields[..index].iter().all(|other| other.key != field.key),
                "{} twice",
                field.key
            );
            let choices = field.choices;
            if let Some(default) = field.default {
                let default: Value = serde_json::from_str(default).unwrap();
                let named = |choice: &Choice| default == choice.value;
                assert!(
                    choices.is_empty() || choices.iter().any(named),
                    "{}",
                    field.key
                );
            }
            if let Some(condition) = field.visible_when {
                let on = fields
                    .iter()
                    .find(|other| other.key == condition.field.key)
                    .unwrap();
                let choices = on.choices;
                for value in condition.values {
                    assert!(
                        choices.iter().any(|choice| choice.value == *value),
                        "{}",
                        field.key
                    );
                }
            }
        }
    };
    check(connection::FIELDS);
    for card in Card::ALL {
        let description = card.description();
        check(description.fields);
        check(&description.outputs.iter().collect::<Vec<_>>());
    }
    let secrets: Vec<&str> = connection::FIELDS
        .iter()
        .filter(|field| field.secret)
        .map(|field| field.key)
        .collect();
    assert_eq!(
        secrets,
        [
            "secretAccessKey",
            "signingKey",
            "sessionToken",
            "webIdentityToken"
        ]
    );
}

#[test]
fn tenant_id_is_always_shown_in_advanced() {
    let fields = Card::Invoke.description().fields.iter();
    let tenant = fields
        .copied()
        .find(|field| field.key == "tenantId")
        .unwrap();
    assert!(tenant.visible_when.is_none() && !tenant.required && !tenant.is_option);
    assert_eq!(tenant.group, Some("Advanced"));
}

/// What happens to an event or to a client context after the response is not in any output.
#[test]
fn definitions_tell_what_happens_after_the_response() {
    let field = |key| {
        let mut fields = Card::Invoke.description().fields.iter();
        fields.find(|field| field.key == key).unwrap()
    };
    let types = field("invocationType").choices;
    let event = types.iter().find(|choice| choice.value == "Event").unwrap();
    assert_contains(
        event.description,
        [
            "2 more times",
            "6 hours",
            "dead-letter queue",
            "on-failure destination",
        ],
    );
    assert_contains(
        field("clientContext").definition,
        ["CloudTrail logs it if data events are on", "left out"],
    );
    let emulator = connection::FIELDS
        .iter()
        .find(|field| field.key == "emulator");
    assert_contains(emulator.unwrap().definition, ["Never", "AWS"]);
    assert_eq!(field("onError").default, Some("\"Fail\""));
}

#[test]
fn outbound_hosts_cover_every_partition() {
    let hosts = manifest::outbound_hosts();
    assert_eq!(hosts.len(), 2 * 14 * 2);
    for host in [
        "lambda.{region}.amazonaws.com",
        "lambda-fips.{region}.api.aws",
        "sts.{region}.amazonaws.com.cn",
        "lambda.{region}.amazonaws.eu",
        "sts-fips.{region}.c2s.ic.gov",
    ] {
        assert!(hosts.iter().any(|known| known == host), "{host}");
    }
}
