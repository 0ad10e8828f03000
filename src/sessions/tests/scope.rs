//! Sessions that are limited to a scope: which requests lead to them, and with what policy.

use super::*;
use crate::call::error::ServiceError;
use crate::testing::{access_key, answer, assert_contains};

/// The policy for the function `orders` of an account.
fn policy(account: &str) -> String {
    let arn = format!("arn:aws:lambda:us-east-1:{account}:function:orders");
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":["{arn}","{arn}:*"]}}]}}"#
    )
}

fn orders() -> SessionRequest {
    scoped(&["orders"])
}

fn scoped(functions: &[&str]) -> SessionRequest {
    SessionRequest {
        scope: Some(Scope {
            functions: functions.iter().map(|name| (*name).into()).collect(),
            ..Scope::default()
        }),
        ..SessionRequest::default()
    }
}

fn lasting(seconds: u32, request: SessionRequest) -> SessionRequest {
    SessionRequest {
        duration_seconds: Some(seconds),
        ..request
    }
}

fn temporary() -> Connection {
    connection_with(Credentials::AccessKey(AccessKey {
        session_token: Some(Secret::new("t0".into())),
        ..access_key()
    }))
}

fn long_term() -> Connection {
    crate::testing::connection()
}

fn open_with(
    aws: &Scripted<Aws>,
    connection: Connection,
    request: SessionRequest,
) -> Result<Session, Error> {
    block_on(open(aws, connection, request))
}

/// The forms sent since the last look, each after the access key ID that signed.
fn forms(aws: &Scripted<Aws>) -> Vec<(String, Vec<(String, String)>)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&text);
        decoded.decode_utf8().unwrap().into_owned()
    };
    let fields = |sent: &Sent| {
        let pairs = sent.body.split('&').filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key != "Version").then(|| (decode(key), decode(value)))
        });
        (sent.by(), pairs.collect())
    };
    aws.sent.take().iter().map(fields).collect()
}

fn form(by: &str, pairs: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
    let pairs = pairs.iter();
    (
        by.into(),
        pairs
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
    )
}

#[test]
fn temporary_keys_are_scoped_down_to_the_function_of_their_account() {
    let aws = Scripted::aws();
    let session = open_with(&aws, temporary(), lasting(60, orders())).unwrap();
    assert_eq!(
        (&*session.keys.access_key_id, &*session.principal),
        ("ASIA1", "session1")
    );
    assert_eq!(
        forms(&aws),
        [
            form("sts AKIDEXAMPLE", &[("Action", "GetCallerIdentity")]),
            form(
                "sts AKIDEXAMPLE",
                &[
                    ("Action", "GetScopedCredentials"),
                    ("Policy", &policy("210987654321")),
                    ("DurationSeconds", "60"),
                    ("ScopedSessionDescription", "invoke orders"),
                ]
            ),
        ]
    );
}

#[test]
fn long_term_keys_become_temporary_before_they_are_scoped_down() {
    let aws = Scripted::aws();
    for (request, seconds) in [
        (scoped(&["123456789012:function:orders"]), "3600"),
        (
            lasting(900, scoped(&["123456789012:function:orders"])),
            "900",
        ),
    ] {
        let session = open_with(&aws, long_term(), request).unwrap();
        let forms = forms(&aws);
        let issued: Vec<&str> = forms.iter().map(|(by, _)| &**by).collect();
        assert_eq!(issued[0], "sts AKIDEXAMPLE");
        assert!(issued[1].starts_with("sts ASIA"), "{issued:?}");
        assert!(!issued[1].ends_with(&session.keys.access_key_id));
        assert_eq!(
            [&forms[0].1, &forms[1].1],
            [
                &form(
                    "",
                    &[("Action", "GetSessionToken"), ("DurationSeconds", seconds)]
                )
                .1,
                // The scoped keys end with those that they come from.
                &form(
                    "",
                    &[
                        ("Action", "GetScopedCredentials"),
                        ("Policy", &policy("123456789012")),
                        ("ScopedSessionDescription", "invoke orders"),
                    ]
                )
                .1,
            ]
        );
        assert_eq!(forms.len(), 2);
    }
}

#[test]
fn scope_is_the_session_policy_of_the_last_role() {
    let aws = Scripted::aws();
    open_with(&aws, assuming(&[FIRST, SECOND]), lasting(900, orders())).unwrap();
    let name = ("RoleSessionName", "aws-lambda-connector");
    assert_eq!(
        forms(&aws),
        [
            form(
                "sts AKIDEXAMPLE",
                &[("Action", "AssumeRole"), ("RoleArn", FIRST), name]
            ),
            form(
                "sts ASIA1",
                &[
                    ("Action", "AssumeRole"),
                    ("RoleArn", SECOND),
                    name,
                    ("Policy", &policy("123456789012")),
                    ("DurationSeconds", "900"),
                ]
            ),
        ]
    );
    open_with(&aws, bearing("a.b.c"), orders()).unwrap();
    let (by, pairs) = forms(&aws).remove(0);
    assert_eq!(by, "sts unsigned");
    let policy = ("Policy".into(), policy("123456789012"));
    assert!(pairs.contains(&policy), "{pairs:?}");
}

/// The keys of a scoped session may not serve a call that needs more, nor those of a whole role one
/// that asked for less.
#[test]
fn scoped_session_never_serves_another_call() {
    let aws = Scripted::aws();
    let connection = assuming(&[FIRST]);
    open_with(&aws, connection.clone(), orders()).unwrap();
    invoke(&aws, &connection).unwrap();
    let (_, pairs) = &forms(&aws)[1];
    assert!(!pairs.iter().any(|(key, _)| key == "Policy"), "{pairs:?}");
    let session = open_with(&aws, connection, orders()).unwrap();
    assert_eq!(session.keys.access_key_id, "ASIA3");
}

#[test]
fn region_of_a_function_serves_a_connection_without_one() {
    let aws = Scripted::aws();
    let connection = Connection {
        region: String::new(),
        ..temporary()
    };
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
    open_with(&aws, connection.clone(), scoped(&[arn])).unwrap();
    assert_eq!(
        aws.sent.borrow()[0].authority,
        "sts.eu-west-1.amazonaws.com"
    );
    let rejected = refused(open_with(&aws, connection, orders()));
    assert_eq!(rejected.field, "connection.region");

    // A function may be in another region: keys are valid in all regions.
    open_with(&aws, temporary(), scoped(&[arn])).unwrap();
    let (_, pairs) = forms(&aws).pop().unwrap();
    assert_contains(&pairs[1].1, [arn]);
}

#[test]
fn input_that_sts_would_reject_is_rejected_before_a_request() {
    let aws = Scripted::aws();
    let many: Vec<String> = (0..30).map(|number| format!("function-{number}")).collect();
    let many: Vec<&str> = many.iter().map(|name| &**name).collect();
    let executions_of_nothing = SessionRequest {
        scope: Some(Scope {
            executions: true,
            list_functions: true,
            ..Scope::default()
        }),
        ..SessionRequest::default()
    };
    let options = SessionRequest {
        delivery: Some(Options {
            max_attempts: Some(0),
            ..Options::default()
        }),
        ..orders()
    };
    for (connection, request, field) in [
        (temporary(), scoped(&[]), "request.scope"),
        (
            temporary(),
            executions_of_nothing,
            "request.scope.functions",
        ),
        (
            temporary(),
            scoped(&["orders", "or ders"]),
            "request.scope.functions[1]",
        ),
        (
            temporary(),
            scoped(&[
                "orders",
                "arn:aws-cn:lambda:cn-north-1:123456789012:function:f",
            ]),
            "request.scope.functions[1]",
        ),
        (temporary(), scoped(&many), "request.scope.functions"),
        (assuming(&[FIRST]), scoped(&many), "request.scope.functions"),
        (
            temporary(),
            lasting(0, orders()),
            "request.duration-seconds",
        ),
        (
            temporary(),
            lasting(129_601, orders()),
            "request.duration-seconds",
        ),
        (
            long_term(),
            lasting(899, orders()),
            "request.duration-seconds",
        ),
        (
            assuming(&[FIRST]),
            lasting(899, orders()),
            "request.duration-seconds",
        ),
        (
            bearing("a.b.c"),
            lasting(43_201, orders()),
            "request.duration-seconds",
        ),
        (temporary(), options, "request.delivery.max-attempts"),
    ] {
        let rejected = refused(open_with(&aws, connection, request));
        assert_eq!(rejected.field, field, "{}", rejected.message);
    }
    assert_eq!(seen(&aws), [""; 0]);
}

fn denied(message: &str) -> crate::aws::message::Response {
    answer(
        403,
        &[("x-amzn-requestid", "8f5e")],
        format!("<R><Error><Code>AccessDenied</Code><Message>{message}</Message></Error></R>"),
    )
}

#[test]
fn denial_names_the_permission_and_the_limit_of_three() {
    let aws = Scripted::aws();
    aws.service.sts.set(|sent| {
        sent.body
            .starts_with("Action=GetScopedCredentials")
            .then(|| denied("no"))
    });
    let error: ServiceError = service_error(open_with(&aws, temporary(), orders()));
    assert_eq!(
        (error.category, error.executed, &*error.message),
        (
            Category::AccessDenied,
            Executed::No,
            "getting temporary keys (GetScopedCredentials): no"
        )
    );
    assert_contains(
        &error.hint.unwrap(),
        ["sts:GetScopedCredentials", "at most three times"],
    );

    aws.service.sts.set(|sent| {
        sent.body.starts_with("Action=GetSessionToken").then(|| {
            denied("User: x is not authorized to perform: sts:GetSessionToken because no identity-based policy allows the sts:GetSessionToken action")
        })
    });
    let error = service_error(open_with(&aws, long_term(), orders()));
    assert_eq!(
        error.hint.unwrap(),
        "an identity-based policy of the caller must allow sts:GetSessionToken on *"
    );
}

#[test]
fn keys_that_sts_does_not_know_are_unauthenticated() {
    let aws = Scripted::aws();
    aws.service.sts.set(|sent| {
        let code = "<Code>InvalidClientTokenId</Code><Message>no</Message>";
        let body = format!("<R><Error>{code}</Error></R>");
        (!sent.body.contains("GetCallerIdentity")).then(|| lambdas(403, &[], body))
    });
    let error = unauthenticated(open_with(&aws, temporary(), orders()));
    assert_eq!(
        (error.category, &*error.message),
        (
            Category::Credentials,
            "getting temporary keys (GetScopedCredentials): no"
        )
    );
}
