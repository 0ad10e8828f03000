//! Each kind end to end, signatures checked by the service.

use std::time::{Duration, SystemTime};

use aws_lambda_connector_host::bindings::lambda::{Check, CheckOutcome, CheckSubject};
use aws_lambda_connector_host::bindings::sessions;
use aws_lambda_connector_host::bindings::types::{
    Connection, Credentials, Error, ErrorCategory, Executed, Invocation, Role, SigningKey,
    WebIdentity,
};
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::exports::{self, Exports};
use aws_lambda_connector_host::sandbox::{Options, Sandbox};
use local_lambda::{IssuedSession, LocalLambda};
use testing::outcome::{invalid_input, unauthenticated};
use testing::{Component, for_each_component, only, url};

use crate::{
    EXTERNAL_ID, FIRST, SECOND, SESSION_TOKEN, access_key, assume, assume_role, chain, connection,
    key, roles, signing_proxy, start, start_short_lived, todays_key, web_identity,
};

async fn invoke(component: Component, connection: &Connection) -> Result<Invocation, Error> {
    let request = testing::request("echo", "7");
    let policy = only(url(connection));
    let invoked = component.host().invoke(&policy, connection, &request).await;
    invoked.unwrap()
}

async fn open(component: Component, connection: &Connection) -> Result<sessions::Session, Error> {
    let policy = only(url(connection));
    let opened = component.host().open_session(&policy, connection).await;
    opened.unwrap()
}

async fn test(component: Component, connection: &Connection, function: Option<&str>) -> Vec<Check> {
    let policy = only(url(connection));
    let host = component.host();
    let tested = host
        .test_connection(&policy, connection, function, None)
        .await;
    tested.unwrap().unwrap()
}

/// What was handed out: role, who asked, external ID, session name, duration.
fn issued(lambda: &LocalLambda) -> Vec<String> {
    let row = |session: IssuedSession| {
        format!(
            "{} by {:?}, {:?}, {}, {}",
            session.role_arn,
            session.assumed_by,
            session.external_id,
            session.session_name,
            session.duration_seconds,
        )
    };
    lambda.sessions().into_iter().map(row).collect()
}

#[for_each_component]
#[tokio::test]
async fn a_signing_key_with_and_without_a_session_token(component: Component) {
    for token in [None, Some(SESSION_TOKEN)] {
        let lambda = start(token, vec![]).await;
        let key = Credentials::SigningKey(todays_key(token));
        let connection = connection(key, lambda.url());
        assert_eq!(
            invoke(component, &connection).await.unwrap().status_code,
            200
        );
        let request = &lambda.requests()[0];
        assert_eq!(request.header("x-amz-security-token"), token);
    }
}

#[for_each_component]
#[tokio::test]
async fn a_signing_key_of_another_day_is_refused_before_anything_is_sent(component: Component) {
    let lambda = start(None, vec![]).await;
    let day = Duration::from_secs(86_400);
    for at in [SystemTime::now() - 2 * day, SystemTime::now() + 2 * day] {
        let key = signing_key(&access_key(None), "us-east-1", at);
        let date = key.date.clone();
        let connection = connection(Credentials::SigningKey(key), lambda.url());
        let input = invalid_input(invoke(component, &connection).await);
        assert_eq!(input.field, "connection.credentials.signing-key.date");
        let today = todays_key(None).date;
        assert!(
            input.message.contains(&date) && input.message.contains(&today),
            "{}",
            input.message
        );
    }
    assert!(lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test]
async fn a_signing_key_that_does_not_fit_says_what_it_must_be_derived_for(component: Component) {
    let lambda = start(None, vec![]).await;
    let key = signing_key(&access_key(None), "eu-west-1", SystemTime::now());
    let refused = |key: SigningKey| {
        let connection = connection(Credentials::SigningKey(key), lambda.url());
        async move { invoke(component, &connection).await }
    };
    let error = unauthenticated(refused(key.clone()).await);
    assert_eq!(
        (error.category, error.executed),
        (ErrorCategory::Credentials, Executed::No)
    );
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("region us-east-1 and service lambda"),
        "{hint}"
    );

    let short_key = SigningKey {
        key: vec![0; 31],
        ..key.clone()
    };
    let empty_key = SigningKey {
        key: vec![],
        ..key.clone()
    };
    let dashed_date = SigningKey {
        date: "2026-11-22".to_owned(),
        ..key.clone()
    };
    let spaced_id = SigningKey {
        access_key_id: "a b".to_owned(),
        ..key
    };
    for (field, key) in [
        ("key", short_key),
        ("key", empty_key),
        ("date", dashed_date),
        ("access-key-id", spaced_id),
    ] {
        assert_eq!(
            invalid_input(refused(key).await).field,
            format!("connection.credentials.signing-key.{field}")
        );
    }
}

#[for_each_component]
#[tokio::test]
async fn a_signing_key_is_for_lambda_only(component: Component) {
    let lambda = start(None, vec![]).await;
    let key = Credentials::SigningKey(todays_key(None));
    let connection = connection(key, lambda.url());
    let input = invalid_input(open(component, &connection).await);
    assert_eq!(input.field, "connection.credentials");
    assert!(
        input
            .message
            .starts_with("signing-key does not name a role"),
        "{}",
        input.message
    );
    for check in test(component, &connection, Some("echo")).await {
        let expected = match check.subject {
            CheckSubject::Identity => CheckOutcome::Skipped,
            _ => CheckOutcome::Passed,
        };
        assert_eq!(check.outcome, expected, "{check:?}");
        if check.subject == CheckSubject::Identity {
            assert!(
                check.detail.contains("derived for the service lambda"),
                "{check:?}"
            );
        }
    }
    assert!(
        lambda
            .requests()
            .iter()
            .all(|request| request.path_and_query != "/")
    );
}

#[for_each_component]
#[tokio::test]
async fn one_role_with_all_that_can_be_said_about_it(component: Component) {
    let mut roles = roles();
    roles[0].external_id = Some(EXTERNAL_ID.to_owned());
    let lambda = start(None, roles).await;
    let role = Role {
        session_name: Some("night@work".to_owned()),
        duration_seconds: Some(900),
        ..assume(FIRST, Some(EXTERNAL_ID))
    };
    let connection = connection(assume_role(vec![role]), lambda.url());
    let invocation = invoke(component, &connection).await.unwrap();
    assert_eq!(invocation.status_code, 200);
    assert_eq!(
        issued(&lambda),
        [format!(
            "{FIRST} by Some(\"AKIDMARKED\"), Some(\"{EXTERNAL_ID}\"), night@work, 900"
        )]
    );
}

#[for_each_component]
#[tokio::test]
async fn a_chain_of_two_roles(component: Component) {
    let lambda = start(None, roles()).await;
    let invoked = invoke(component, &connection(chain(), lambda.url())).await;
    assert_eq!(invoked.unwrap().status_code, 200);
    let sessions = lambda.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].role_arn, SECOND);
    assert_eq!(
        sessions[1].assumed_by.as_ref(),
        Some(&sessions[0].access_key_id)
    );
    assert_eq!(sessions[1].session_name, "aws-lambda-connector");
}

#[for_each_component]
#[tokio::test]
async fn a_token_is_exchanged_without_any_signature(component: Component) {
    let lambda = start(None, roles()).await;
    let invoked = invoke(component, &connection(web_identity(), lambda.url())).await;
    assert_eq!(invoked.unwrap().status_code, 200);
    let requests = lambda.requests();
    let [sts, invoke] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    for absent in ["authorization", "x-amz-date", "x-amz-security-token"] {
        assert_eq!(sts.header(absent), None, "{absent}");
    }
    assert!(invoke.header("x-amz-security-token").is_some());
}

#[for_each_component]
#[tokio::test]
async fn what_a_proxy_of_the_hosts_signs_leaves_unsigned(component: Component) {
    let lambda = start(None, vec![]).await;
    let proxy = signing_proxy::start(lambda.addr(), key(None)).await;
    let signed = connection(Credentials::HostSigned, proxy.url());
    assert_eq!(invoke(component, &signed).await.unwrap().status_code, 200);
    assert_eq!(proxy.signed(), 1);

    // Nobody signs: the hint says who should.
    let error = unauthenticated(
        invoke(
            component,
            &connection(Credentials::HostSigned, lambda.url()),
        )
        .await,
    );
    assert_eq!(error.code, "MissingAuthenticationTokenException");
    let hint = error.hint.unwrap();
    assert!(hint.contains(&lambda.addr().to_string()), "{hint}");
    let request = lambda.requests().pop().unwrap();
    for absent in ["authorization", "x-amz-date", "x-amz-security-token"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
}

#[for_each_component]
#[tokio::test]
async fn denied_by_sts_names_role_step_and_trust(component: Component) {
    let lambda = start(None, roles()).await;
    let denied = assume_role(vec![assume(FIRST, None), assume(SECOND, Some("wrong-id"))]);
    let error = unauthenticated(invoke(component, &connection(denied, lambda.url())).await);
    assert_eq!(
        (error.code.as_str(), error.category, error.executed),
        ("AccessDenied", ErrorCategory::AccessDenied, Executed::No)
    );
    assert!(
        error.message.starts_with(&format!(
            "assuming {SECOND} (role 2 of 2): User: arn:aws:sts::123456789012:assumed-role/first/"
        )),
        "{}",
        error.message
    );
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("trust policy") && hint.contains("external ID"),
        "{hint}"
    );
    // Nobody fell back to the first role's keys, or to the source's.
    assert!(
        lambda
            .requests()
            .iter()
            .all(|request| request.path_and_query == "/")
    );

    let unknown = Credentials::WebIdentity(WebIdentity {
        token: "eyJhbGciOiJSUzI1NiJ9.unknown.c2ln".to_owned(),
        role: assume(FIRST, None),
    });
    let error = unauthenticated(invoke(component, &connection(unknown, lambda.url())).await);
    assert_eq!(error.code, "InvalidIdentityToken");
    assert!(error.hint.unwrap().contains("identity provider"));
}

#[for_each_component]
#[tokio::test]
async fn a_session_is_keys_that_work_their_end_and_who_they_are(component: Component) {
    let lambda = start(None, roles()).await;
    let session = open(component, &connection(chain(), lambda.url()))
        .await
        .unwrap();
    let issued = lambda.sessions().pop().unwrap();
    assert_eq!(session.principal, issued.principal);
    assert_eq!(session.keys.access_key_id, issued.access_key_id);
    let ends = issued
        .expires
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(session.expires, ends.as_secs());

    let with_keys = connection(Credentials::AccessKey(session.keys), lambda.url());
    assert_eq!(
        invoke(component, &with_keys).await.unwrap().status_code,
        200
    );
    assert_eq!(lambda.sessions().len(), 2, "STS was not asked again");
    let checks = test(component, &with_keys, None).await;
    let identity = checks
        .iter()
        .find(|check| check.subject == CheckSubject::Identity)
        .unwrap();
    assert!(
        identity.detail.starts_with(&issued.principal),
        "{identity:?}"
    );
}

#[for_each_component]
#[tokio::test]
async fn a_test_of_a_connection_says_that_the_role_is_the_trouble(component: Component) {
    let lambda = start(None, vec![]).await;
    let connection = connection(chain(), lambda.url());
    let checks = test(component, &connection, Some("echo")).await;
    let outcomes: Vec<_> = checks
        .iter()
        .map(|check| (check.subject, check.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            (CheckSubject::Clock, CheckOutcome::Passed),
            (CheckSubject::Endpoint, CheckOutcome::Skipped),
            (CheckSubject::Identity, CheckOutcome::Failed),
            (CheckSubject::ListFunctions, CheckOutcome::Skipped),
            (CheckSubject::InvokeFunction, CheckOutcome::Skipped),
        ]
    );
    assert!(checks[2].detail.contains("role 1 of 2"), "{:?}", checks[2]);
}

/// Several calls in one instance, as a host makes them that keeps it.
async fn in_one_instance(
    component: Component,
    lambda: &LocalLambda,
    between: impl Fn(usize),
) -> Vec<u8> {
    let sandbox = Sandbox::load(component.file(), Options::default()).unwrap();
    let exports = Exports::of(sandbox.instance_pre().component()).unwrap();
    let connection = connection(chain(), lambda.url());
    let request = testing::request("echo", "7");
    let attempts = sandbox
        .call(&only(&lambda.url()), async |instance, store| {
            let mut attempts = Vec::new();
            for call in 0..3 {
                between(call);
                let arguments = (&connection, &request);
                let invoked: Result<Invocation, Error> =
                    exports::call(instance, &mut *store, &exports.invoke, arguments).await?;
                attempts.push(invoked.unwrap().attempts);
            }
            Ok(attempts)
        })
        .await;
    attempts.unwrap()
}

#[for_each_component]
#[tokio::test]
async fn an_instance_that_lives_asks_sts_once(component: Component) {
    let lambda = start(None, roles()).await;
    assert_eq!(in_one_instance(component, &lambda, |_| ()).await, [1, 1, 1]);
    assert_eq!(lambda.sessions().len(), 2);
}

#[for_each_component]
#[tokio::test]
async fn keys_that_end_within_five_minutes_are_renewed_before_they_are_used(component: Component) {
    let lambda = start_short_lived(Duration::from_secs(299)).await;
    assert_eq!(in_one_instance(component, &lambda, |_| ()).await, [1, 1, 1]);
    assert_eq!(lambda.sessions().len(), 6);
}

#[for_each_component]
#[tokio::test]
async fn keys_that_ended_early_are_renewed_and_the_call_is_made_once_more(component: Component) {
    let lambda = start(None, roles()).await;
    let end_before_second = |call| {
        if call == 1 {
            lambda.end_sessions();
        }
    };
    assert_eq!(
        in_one_instance(component, &lambda, end_before_second).await,
        [1, 2, 1]
    );
    assert_eq!(lambda.sessions().len(), 4);
}
