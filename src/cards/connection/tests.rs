//! Every credential type from the form to the wire, and what is refused on the way.

use alloc::format;
use alloc::string::{String, ToString};
use core::cell::RefCell;

use serde_json::{Value, json};

use super::*;
use crate::aws::message::{Request, Response};
use crate::aws::{hex, sigv4};
use crate::block_on::block_on;
use crate::call::delivery::TimeLimits;
use crate::cards::{choices, run};
use crate::session_cache::SessionCache;
use crate::testing::{answer, lambdas};
use crate::transport::{Failure, Transport};

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;
const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const SECOND: &str = "arn:aws:iam::210987654321:role/second";
/// In every secret field, and nowhere else.
const MARK: &str = "marked";

#[derive(Debug, PartialEq)]
struct Sent {
    /// `sts` or `lambda`, and the access key ID that signed.
    by: String,
    authorization: String,
    token: String,
    body: String,
}

/// STS hands out keys that last an hour, numbered; Lambda does what it is asked.
struct Aws {
    sent: RefCell<Vec<Sent>>,
    denies: bool,
    sessions: SessionCache,
}

impl Aws {
    fn new() -> Aws {
        Aws {
            sent: RefCell::default(),
            denies: false,
            sessions: SessionCache::new(),
        }
    }

    fn by(&self) -> Vec<String> {
        self.sent.borrow().iter().map(|s| s.by.clone()).collect()
    }
}

impl Transport for Aws {
    fn now_s(&self) -> u64 {
        NOW
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let header = |name| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, value)| &**value).to_string()
        };
        let authorization = header("authorization");
        let signer = authorization.split(['=', '/']).nth(1).unwrap_or("nobody");
        let service = request.authority.split('.').next().unwrap();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let mut sent = self.sent.borrow_mut();
        sent.push(Sent {
            by: format!("{service} {signer}"),
            token: header("x-amz-security-token"),
            body: body.clone(),
            authorization,
        });
        if service == "lambda" {
            return Ok(lambdas(200, &[], r#"{"Functions":[]}"#));
        }
        if self.denies {
            return Ok(answer(
                403,
                &[],
                format!(
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no: {body} {}</Message></Error></ErrorResponse>",
                    header("x-amz-security-token")
                ),
            ));
        }
        let action = body.split(['=', '&']).nth(1).unwrap();
        let number = sent.len();
        Ok(answer(
            200,
            &[],
            format!(
                "<R><{action}Result><Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s{number}</SecretAccessKey><SessionToken>t{number}</SessionToken><Expiration>2026-11-22T13:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>session{number}</Arn></AssumedRoleUser></{action}Result></R>"
            ),
        ))
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

/// A form of that type with `changes`, of which a null takes a value away.
fn form(credential_type: &str, changes: &Value) -> String {
    let key = sigv4::signing_key("marked-secret", "20261122", "us-east-1", "lambda");
    let mut form = match credential_type {
        "accessKeys" => {
            json!({"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "marked-secret"})
        }
        "assumeRole" => json!({
            "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "marked-secret", "roleArn": FIRST,
        }),
        "webIdentity" => json!({"webIdentityToken": "marked.token", "roleArn": FIRST}),
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

fn invoke(aws: &Aws, connection: &str) -> Result<String, Error> {
    block_on(run(aws, connection, "invoke", r#"{"yourFunctions":"f"}"#))
}

fn refused<T: core::fmt::Debug>(result: Result<T, Error>) -> (String, String) {
    match result {
        Err(Error::InvalidInput(input)) => (input.field, input.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_reaches_lambda_as_who_it_says() {
    for (credential_type, by) in [
        ("accessKeys", &["lambda AKIDEXAMPLE"][..]),
        ("assumeRole", &["sts AKIDEXAMPLE", "lambda ASIA1"]),
        ("webIdentity", &["sts nobody", "lambda ASIA1"]),
        ("signingKey", &["lambda AKIDEXAMPLE"]),
        ("hostSigned", &["lambda nobody"]),
    ] {
        let aws = Aws::new();
        invoke(&aws, &form(credential_type, &json!({}))).unwrap();
        assert_eq!(aws.by(), by, "{credential_type}");
    }
    let kinds: Vec<&str> = CREDENTIAL_TYPES
        .iter()
        .map(|choice| {
            let connection = read(&form(choice.value, &json!({}))).unwrap();
            connection.credentials.kind()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "access-key",
            "assume-role",
            "web-identity",
            "signing-key",
            "host-signed"
        ]
    );
}

#[test]
fn without_a_credential_type_there_are_access_keys() {
    for blank in [Value::Null, json!("")] {
        let aws = Aws::new();
        let blank = json!({"credentialType": blank, "roleArn": FIRST});
        invoke(&aws, &form("accessKeys", &blank)).unwrap();
        assert_eq!(aws.by(), ["lambda AKIDEXAMPLE"]);
    }
}

#[test]
fn a_role_is_asked_for_with_all_that_the_form_says() {
    let aws = Aws::new();
    let all = json!({
        "sessionToken": "marked-token", "externalId": "id-1", "roleSessionName": "nightly",
        "roleDurationSeconds": 7200,
    });
    invoke(&aws, &form("assumeRole", &all)).unwrap();
    let sent = aws.sent.borrow();
    assert_eq!(
        (&*sent[0].token, &*sent[1].token),
        ("marked-token", "t1"),
        "each with its own"
    );
    assert_eq!(
        sent[0].body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffirst&RoleSessionName=nightly&ExternalId=id-1&DurationSeconds=7200"
    );
}

#[test]
fn a_second_role_is_assumed_by_the_first_and_its_keys_last_as_long_as_said() {
    let aws = Aws::new();
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
fn a_token_is_exchanged_with_all_that_the_form_says() {
    let aws = Aws::new();
    let all = json!({"roleSessionName": "nightly", "roleDurationSeconds": 900.0});
    invoke(&aws, &form("webIdentity", &all)).unwrap();
    assert_eq!(
        aws.sent.borrow()[0].body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ffirst&RoleSessionName=nightly&WebIdentityToken=marked.token&DurationSeconds=900"
    );
}

#[test]
fn a_signing_key_signs_as_its_secret_does() {
    let token = json!({"sessionToken": "marked-token"});
    let with_secret = Aws::new();
    invoke(&with_secret, &form("accessKeys", &token)).unwrap();
    let lower = form("signingKey", &token);
    let key: Value = serde_json::from_str(&lower).unwrap();
    let upper = key["signingKey"].as_str().unwrap().to_uppercase();
    let upper = form(
        "signingKey",
        &json!({"sessionToken": "marked-token", "signingKey": upper}),
    );
    for connection in [lower, upper] {
        let with_key = Aws::new();
        invoke(&with_key, &connection).unwrap();
        assert_eq!(with_key.sent, with_secret.sent);
    }
}

/// Platforms keep what was filled in before another type was chosen.
#[test]
fn values_of_another_type_are_ignored() {
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

/// What is wrong, in a form of which type, and whose field it is.
fn wrong_values() -> Vec<(&'static str, Value, &'static str)> {
    let hex = |digits: usize| json!("a".repeat(digits));
    vec![
        ("accessKeys", json!({"region": null}), "region"),
        ("accessKeys", json!({"region": "US"}), "region"),
        ("accessKeys", json!({"accessKeyId": null}), "accessKeyId"),
        ("accessKeys", json!({"accessKeyId": "a b"}), "accessKeyId"),
        (
            "accessKeys",
            json!({"secretAccessKey": "marked é"}),
            "secretAccessKey",
        ),
        (
            "accessKeys",
            json!({"sessionToken": "marked é"}),
            "sessionToken",
        ),
        ("accessKeys", json!({"endpoint": "ftp://x"}), "endpoint"),
        (
            "accessKeys",
            json!({"credentialType": "access-key"}),
            "credentialType",
        ),
        ("assumeRole", json!({"region": null}), "region"),
        ("assumeRole", json!({"accessKeyId": null}), "accessKeyId"),
        ("assumeRole", json!({"accessKeyId": "a b"}), "accessKeyId"),
        (
            "assumeRole",
            json!({"secretAccessKey": ""}),
            "secretAccessKey",
        ),
        (
            "assumeRole",
            json!({"secretAccessKey": "marked é"}),
            "secretAccessKey",
        ),
        (
            "assumeRole",
            json!({"sessionToken": "marked é"}),
            "sessionToken",
        ),
        ("assumeRole", json!({"roleArn": null}), "roleArn"),
        ("assumeRole", json!({"roleArn": "first"}), "roleArn"),
        ("assumeRole", json!({"roleArn": [FIRST]}), "roleArn"),
        ("assumeRole", json!({"region": "cn-north-1"}), "roleArn"),
        ("assumeRole", json!({"externalId": "1"}), "externalId"),
        (
            "assumeRole",
            json!({"roleSessionName": "a b"}),
            "roleSessionName",
        ),
        (
            "assumeRole",
            json!({"roleDurationSeconds": 899}),
            "roleDurationSeconds",
        ),
        (
            "assumeRole",
            json!({"roleDurationSeconds": "1h"}),
            "roleDurationSeconds",
        ),
        (
            "assumeRole",
            json!({"roleDurationSeconds": 4_294_967_296_u64}),
            "roleDurationSeconds",
        ),
        (
            "assumeRole",
            json!({"secondRoleArn": "second"}),
            "secondRoleArn",
        ),
        (
            "assumeRole",
            json!({"secondExternalId": "id-2"}),
            "secondRoleArn",
        ),
        (
            "assumeRole",
            json!({"secondRoleArn": SECOND, "secondExternalId": "1"}),
            "secondExternalId",
        ),
        (
            "assumeRole",
            json!({"secondRoleArn": SECOND, "externalId": "1"}),
            "externalId",
        ),
        (
            "assumeRole",
            json!({"secondRoleArn": SECOND, "roleSessionName": "a b"}),
            "roleSessionName",
        ),
        (
            "assumeRole",
            json!({"secondRoleArn": SECOND, "roleDurationSeconds": 3_601}),
            "roleDurationSeconds",
        ),
        ("assumeRole", json!({"endpoint": "ftp://x"}), "endpoint"),
        ("webIdentity", json!({"region": ""}), "region"),
        (
            "webIdentity",
            json!({"webIdentityToken": null}),
            "webIdentityToken",
        ),
        (
            "webIdentity",
            json!({"webIdentityToken": "marked é"}),
            "webIdentityToken",
        ),
        ("webIdentity", json!({"roleArn": ""}), "roleArn"),
        ("webIdentity", json!({"roleArn": "first"}), "roleArn"),
        (
            "webIdentity",
            json!({"roleSessionName": "a b"}),
            "roleSessionName",
        ),
        (
            "webIdentity",
            json!({"roleDurationSeconds": 43_201}),
            "roleDurationSeconds",
        ),
        ("signingKey", json!({"region": ""}), "region"),
        ("signingKey", json!({"accessKeyId": null}), "accessKeyId"),
        ("signingKey", json!({"accessKeyId": "a b"}), "accessKeyId"),
        (
            "signingKey",
            json!({"sessionToken": "marked é"}),
            "sessionToken",
        ),
        (
            "signingKey",
            json!({"signingKeyDate": null}),
            "signingKeyDate",
        ),
        (
            "signingKey",
            json!({"signingKeyDate": "2026-11-22"}),
            "signingKeyDate",
        ),
        (
            "signingKey",
            json!({"signingKeyDate": 20_261_322}),
            "signingKeyDate",
        ),
        // Found out only when the request is to be signed.
        (
            "signingKey",
            json!({"signingKeyDate": "20261121"}),
            "signingKeyDate",
        ),
        ("signingKey", json!({"signingKey": null}), "signingKey"),
        (
            "signingKey",
            json!({"signingKey": "marked-secret"}),
            "signingKey",
        ),
        ("signingKey", json!({"signingKey": hex(62)}), "signingKey"),
        ("signingKey", json!({"signingKey": hex(63)}), "signingKey"),
        ("signingKey", json!({"signingKey": hex(65)}), "signingKey"),
        ("signingKey", json!({"signingKey": hex(66)}), "signingKey"),
        (
            "signingKey",
            json!({"signingKey": "marked".repeat(11)[..64]}),
            "signingKey",
        ),
        (
            "signingKey",
            json!({"signingKey": "+1".repeat(32)}),
            "signingKey",
        ),
        (
            "signingKey",
            json!({"signingKey": "é".repeat(32)}),
            "signingKey",
        ),
        ("hostSigned", json!({"region": ""}), "region"),
        ("hostSigned", json!({"endpoint": "ftp://x"}), "endpoint"),
    ]
}

/// Whatever is asked for: each looks at the connection.
#[test]
fn refusals_name_the_forms_field_and_repeat_no_secret() {
    for (credential_type, changes, field) in wrong_values() {
        let connection = form(credential_type, &changes);
        let aws = Aws::new();
        let chosen = r#"{"yourFunctions":"f"}"#;
        let choices_of = |field| {
            block_on(choices(
                &aws,
                &connection,
                "invoke",
                field,
                chosen,
                None,
                None,
            ))
        };
        for (asked, (named, message)) in [
            ("run", refused(invoke(&aws, &connection))),
            (
                "list",
                refused(block_on(run(&aws, &connection, "list-functions", "{}"))),
            ),
            ("functions", refused(choices_of("yourFunctions"))),
            ("qualifiers", refused(choices_of("qualifier"))),
        ] {
            assert_eq!(named, field, "{asked}: {credential_type} {changes}");
            assert!(
                !message.contains(MARK) && !message.contains("aaaa") && !message.contains('é'),
                "{message}"
            );
        }
        assert_eq!(aws.by(), [""; 0], "{credential_type} {changes}");
    }
}

/// Every field can be wrong, and no other name is ever told.
#[test]
fn the_fields_that_are_refused_are_those_of_the_form() {
    let mut refused: Vec<&str> = wrong_values().into_iter().map(|(.., key)| key).collect();
    let mut known: Vec<&str> = Input::FIELDS.iter().map(|field| field.key).collect();
    refused.sort_unstable();
    refused.dedup();
    known.sort_unstable();
    assert_eq!(refused, known);
}

#[test]
fn no_secret_is_in_what_sts_is_quoted_with() {
    let token = json!({"sessionToken": "marked-token"});
    for connection in [form("assumeRole", &token), form("webIdentity", &json!({}))] {
        let aws = Aws {
            denies: true,
            ..Aws::new()
        };
        let told = format!("{:?}", invoke(&aws, &connection));
        assert!(
            told.contains(FIRST) && told.contains("trust policy"),
            "{told}"
        );
        assert!(!told.contains(MARK), "{told}");
    }
}
