//! Every credential type from the form to the wire, and the values that are rejected on the way.

use serde_json::{Value, json};

use super::*;
use crate::aws::{hex, sigv4};
use crate::block_on::block_on;
use crate::cards::{choices, run};
use crate::testing::scripted::{Aws, Scripted};
use crate::testing::{assert_contains, denied_by_sts, refused};

const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const SECOND: &str = "arn:aws:iam::210987654321:role/second";
/// Part of every secret, and of no other value.
const MARK: &str = "marked";

/// A form of the given type with `changes`. A null removes a value.
fn form(credential_type: &str, changes: &Value) -> String {
    let key = sigv4::signing_key(
        "marked-secret-access-key",
        "20261122",
        "us-east-1",
        "lambda",
    );
    let mut form = match credential_type {
        "accessKeys" => {
            json!({"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "marked-secret-access-key"})
        }
        "assumeRole" => json!({
            "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "marked-secret-access-key", "roleArn": FIRST,
        }),
        "webIdentity" => json!({"webIdentityToken": "marked.oidc-token", "roleArn": FIRST}),
        "signingKey" => json!({
            "accessKeyId": "AKIDEXAMPLE", "signingKeyDate": "20261122",
            "signingKey": hex::encode(&*key),
        }),
        _ => json!({}),
    };
    form["region"] = json!("us-east-1");
    form["credentialType"] = json!(credential_type);
    for (key, value) in changes.as_object().unwrap() {
        form[key] = value.clone();
    }
    form.to_string()
}

fn invoke(aws: &Scripted<Aws>, connection: &str) -> Result<String, Error> {
    block_on(run(aws, connection, "invoke", r#"{"yourFunctions":"f"}"#))
}

#[test]
fn every_credential_type_signs_as_expected() {
    for (credential_type, by) in [
        ("accessKeys", &["lambda AKIDEXAMPLE"][..]),
        ("assumeRole", &["sts AKIDEXAMPLE", "lambda ASIA1"]),
        ("webIdentity", &["sts unsigned", "lambda ASIA1"]),
        ("signingKey", &["lambda AKIDEXAMPLE"]),
        ("hostSigned", &["lambda unsigned"]),
    ] {
        let aws = Scripted::aws();
        invoke(&aws, &form(credential_type, &json!({}))).unwrap();
        assert_eq!(aws.by(), by, "{credential_type}");
    }
}

#[test]
fn credential_types_of_the_form_match_the_interface() {
    let mut kinds = CREDENTIAL_TYPES.iter().map(|choice| {
        let connection = read(&form(choice.value, &json!({}))).unwrap();
        connection.credentials.kind()
    });
    for kind in [
        "access-key",
        "assume-role",
        "web-identity",
        "signing-key",
        "host-signed",
    ] {
        assert_eq!(kinds.next(), Some(kind));
    }
    assert_eq!(kinds.next(), None);
}

#[test]
fn blank_credential_type_means_access_keys() {
    for blank in [Value::Null, json!("")] {
        let aws = Scripted::aws();
        let blank = json!({"credentialType": blank, "roleArn": FIRST});
        invoke(&aws, &form("accessKeys", &blank)).unwrap();
        assert_eq!(aws.by(), ["lambda AKIDEXAMPLE"]);
    }
}

#[test]
fn emulator_decides_what_the_url_of_the_endpoint_is() {
    let url = || "http://127.0.0.1:9000".into();
    for (changes, expected) in [
        (json!({}), EndpointChoice::Standard),
        (json!({"emulator": false}), EndpointChoice::Standard),
        (json!({"endpoint": url()}), EndpointChoice::Url(url())),
        (
            json!({"endpoint": url(), "emulator": false}),
            EndpointChoice::Url(url()),
        ),
        (
            json!({"endpoint": url(), "emulator": ""}),
            EndpointChoice::Url(url()),
        ),
        (
            json!({"endpoint": url(), "emulator": null}),
            EndpointChoice::Url(url()),
        ),
        (
            json!({"endpoint": url(), "emulator": true}),
            EndpointChoice::Emulator(url()),
        ),
        (
            json!({"endpoint": url(), "emulator": "true"}),
            EndpointChoice::Emulator(url()),
        ),
        (
            json!({"endpoint": "fips", "emulator": "false"}),
            EndpointChoice::Fips,
        ),
    ] {
        let connection = read(&form("accessKeys", &changes)).unwrap();
        assert_eq!(connection.endpoint, expected, "{changes}");
    }
}

#[test]
fn emulator_without_a_url_is_rejected() {
    for endpoint in [
        Value::Null,
        json!(""),
        json!("fips"),
        json!("dual-stack"),
        json!("fips-dual-stack"),
    ] {
        let form = form(
            "accessKeys",
            &json!({"endpoint": endpoint, "emulator": true}),
        );
        let input = refused(read(&form));
        assert_eq!(input.field, "endpoint");
        assert_contains(
            &input.message,
            ["URL of the emulator", "Emulator must be false"],
        );
    }
    let aws = Scripted::aws();
    let wrong = form(
        "accessKeys",
        &json!({"endpoint": "ftp://x", "emulator": true}),
    );
    assert_eq!(refused(invoke(&aws, &wrong)).field, "endpoint");
    assert_eq!(aws.by(), [""; 0]);
}

#[test]
fn assume_role_request_carries_every_form_value() {
    let aws = Scripted::aws();
    let all = json!({
        "sessionToken": "marked-session-token", "externalId": "id-1", "roleSessionName": "nightly",
        "roleDurationSeconds": 7200,
    });
    invoke(&aws, &form("assumeRole", &all)).unwrap();
    let sent = aws.sent.borrow();
    assert_eq!(
        [0, 1].map(|request: usize| sent[request].header("x-amz-security-token")),
        ["marked-session-token", "t1"],
        "each request has its own token"
    );
    assert_eq!(
        sent[0].body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffirst&RoleSessionName=nightly&ExternalId=id-1&DurationSeconds=7200"
    );
}

#[test]
fn second_role_is_assumed_by_the_first_with_the_duration_of_the_form() {
    let aws = Scripted::aws();
    let both = json!({
        "secondRoleArn": SECOND, "secondExternalId": "id-2", "roleSessionName": "nightly",
        "roleDurationSeconds": "900",
    });
    invoke(&aws, &form("assumeRole", &both)).unwrap();
    assert_eq!(aws.by(), ["sts AKIDEXAMPLE", "sts ASIA1", "lambda ASIA2"]);
    let sent = aws.sent.borrow();
    assert_eq!(
        [&*sent[0].body, &*sent[1].body],
        [
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffirst&RoleSessionName=nightly",
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fsecond&RoleSessionName=nightly&ExternalId=id-2&DurationSeconds=900"
        ]
    );
}

#[test]
fn web_identity_request_carries_every_form_value() {
    let aws = Scripted::aws();
    let all = json!({"roleSessionName": "nightly", "roleDurationSeconds": 900.0});
    invoke(&aws, &form("webIdentity", &all)).unwrap();
    assert_eq!(
        aws.sent.borrow()[0].body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffirst&RoleSessionName=nightly&WebIdentityToken=marked.oidc-token&DurationSeconds=900"
    );
}

#[test]
fn signing_key_produces_the_signature_of_its_secret() {
    let token = json!({"sessionToken": "marked-session-token"});
    let with_secret = Scripted::aws();
    invoke(&with_secret, &form("accessKeys", &token)).unwrap();
    let lower = form("signingKey", &token);
    let key: Value = serde_json::from_str(&lower).unwrap();
    let upper = key["signingKey"].as_str().unwrap().to_uppercase();
    let upper = form(
        "signingKey",
        &json!({"sessionToken": "marked-session-token", "signingKey": upper}),
    );
    for connection in [lower, upper] {
        let with_key = Scripted::aws();
        invoke(&with_key, &connection).unwrap();
        assert_eq!(with_key.sent, with_secret.sent);
    }
}

/// Platforms keep the values of the type that was chosen before.
#[test]
fn values_of_other_credential_types_are_ignored() {
    let left_over = json!({
        "accessKeyId": ["no text"], "secretAccessKey": {}, "sessionToken": [],
        "signingKeyDate": {}, "signingKey": "no hex", "roleArn": [], "externalId": {},
        "webIdentityToken": [], "roleSessionName": [], "roleDurationSeconds": "soon",
        "secondRoleArn": [], "secondExternalId": "id-2",
    });
    for choice in CREDENTIAL_TYPES {
        let mut changes = left_over.clone();
        let hidden = changes.as_object_mut().unwrap();
        for field in Input::FIELDS {
            let Some(condition) = field.visible_when else {
                continue;
            };
            assert!(left_over.get(field.key).is_some(), "{}", field.key);
            if condition.values.contains(&choice.value) {
                hidden.remove(field.key);
            }
        }
        assert_eq!(
            read(&form(choice.value, &changes)),
            read(&form(choice.value, &json!({}))),
            "{}",
            choice.value
        );
    }
}

/// Each row is a credential type, an invalid change to its form, and the field that the error names.
fn wrong_values() -> Vec<(String, Value, String)> {
    let hex = |digits: usize| "a".repeat(digits);
    let of_each_type = json!({
        "accessKeys": {
            "region": [null, "US"],
            "accessKeyId": [null, "a b"],
            "secretAccessKey": ["marked é"],
            "sessionToken": ["marked é"],
            "endpoint": ["ftp://x"],
            "emulator": ["yes", 1, [true]],
            "credentialType": ["access-key"],
        },
        "assumeRole": {
            "region": [null],
            "accessKeyId": [null, "a b"],
            "secretAccessKey": ["", "marked é"],
            "sessionToken": ["marked é"],
            "roleArn": [null, "first", [FIRST]],
            "externalId": ["1"],
            "roleSessionName": ["a b"],
            "roleDurationSeconds": [899, "1h", 4_294_967_296_u64],
            "secondRoleArn": ["second"],
            "endpoint": ["ftp://x"],
        },
        "webIdentity": {
            "region": [""],
            "webIdentityToken": [null, "marked é"],
            "roleArn": ["", "first"],
            "roleSessionName": ["a b"],
            "roleDurationSeconds": [43_201],
        },
        "signingKey": {
            "region": [""],
            "accessKeyId": [null, "a b"],
            "sessionToken": ["marked é"],
            // The last one is detected only when the request is signed.
            "signingKeyDate": [null, "2026-11-22", 20_261_322, "20261121"],
            "signingKey": [
                null, "marked-secret-access-key", hex(62), hex(63), hex(65), hex(66),
                "marked".repeat(11)[..64], "+1".repeat(32), "é".repeat(32),
            ],
        },
        "hostSigned": {
            "region": [""],
            "endpoint": ["ftp://x"],
        },
    });
    let mut wrong = Vec::new();
    for (credential_type, fields) in of_each_type.as_object().unwrap() {
        for (key, values) in fields.as_object().unwrap() {
            for value in values.as_array().unwrap() {
                let changes = json!({key: value});
                wrong.push((credential_type.clone(), changes, key.clone()));
            }
        }
    }
    for (changes, key) in [
        (json!({"region": "cn-north-1"}), "roleArn"),
        (json!({"secondExternalId": "id-2"}), "secondRoleArn"),
    ] {
        wrong.push(("assumeRole".into(), changes, key.into()));
    }
    for (key, value) in [
        ("secondExternalId", json!("1")),
        ("externalId", json!("1")),
        ("roleSessionName", json!("a b")),
        ("roleDurationSeconds", json!(3_601)),
    ] {
        let changes = json!({"secondRoleArn": SECOND, key: value});
        wrong.push(("assumeRole".into(), changes, key.into()));
    }
    wrong
}

/// Runs and choices alike check the connection.
#[test]
fn errors_name_the_form_field_and_contain_no_secret() {
    for (credential_type, changes, field) in wrong_values() {
        let connection = form(&credential_type, &changes);
        let aws = Scripted::aws();
        let chosen = r#"{"yourFunctions":"f"}"#;
        let choices_of = |field| {
            let asked = choices(&aws, &connection, "invoke", field, chosen, None, None);
            refused(block_on(asked))
        };
        let listed = block_on(run(&aws, &connection, "list-functions", "{}"));
        for (asked, input) in [
            ("run", refused(invoke(&aws, &connection))),
            ("list", refused(listed)),
            ("functions", choices_of("yourFunctions")),
            ("qualifiers", choices_of("qualifier")),
        ] {
            assert_eq!(input.field, field, "{asked}: {credential_type} {changes}");
            for part in [MARK, "aaaa", "é"] {
                assert!(!input.message.contains(part), "{}", input.message);
            }
        }
        assert_eq!(aws.by(), [""; 0], "{credential_type} {changes}");
    }
}

/// [`wrong_values`] covers every field, and errors name no other.
#[test]
fn every_form_field_can_be_rejected() {
    let mut refused: Vec<String> = wrong_values().into_iter().map(|(.., key)| key).collect();
    let mut known: Vec<&str> = Input::FIELDS.iter().map(|field| field.key).collect();
    refused.sort_unstable();
    refused.dedup();
    known.sort_unstable();
    assert_eq!(refused, known);
}

#[test]
fn error_that_quotes_sts_contains_no_secret() {
    let token = json!({"sessionToken": "marked-session-token"});
    for connection in [form("assumeRole", &token), form("webIdentity", &json!({}))] {
        let aws = Scripted::aws();
        aws.service.sts.set(|sent| {
            let token = sent.header("x-amz-security-token");
            Some(denied_by_sts(&format!("no: {} {token}", sent.body)))
        });
        let told = format!("{:?}", invoke(&aws, &connection));
        assert_contains(&told, [FIRST, "trust policy", "no: Action=AssumeRole"]);
        assert!(!told.contains(MARK), "{told}");
    }
}
