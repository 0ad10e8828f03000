//! Each kind of credentials end to end. The service verifies the signatures.

use std::time::{Duration, SystemTime};

use aws_lambda_connector_host::bindings::lambda::{Check, CheckOutcome, CheckSubject};
use aws_lambda_connector_host::bindings::sessions::{Session, SessionRequest};
use aws_lambda_connector_host::bindings::types::{
    Connection, Credentials, Error, ErrorCategory, Executed, Invocation, Role, SigningKey,
    WebIdentity,
};
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::exports::{self, Exports};
use local_lambda::{LocalLambda, RecordedRequest};
use testing::outcome::{assert_service, invalid_input, unauthenticated};
use testing::{Component, case, changed, for_each_component, invoke_in, only, url};

use crate::{
    EXTERNAL_ID, FIRST, SECOND, SESSION_TOKEN, access_key, assume, assume_role, chain, connection,
    key, roles, signing_proxy, start, start_short_lived, sts_requests, todays_key, web_identity,
};

const ECHO: &str = "arn:aws:lambda:us-east-1:123456789012:function:echo";

async fn invoke(component: Component, connection: &Connection) -> Result<Invocation, Error> {
    let request = testing::request("echo", "7");
    invoke_in(component.host(), connection, &request).await
}

async fn assert_invokes(component: Component, connection: &Connection) {
    let invoked = invoke(component, connection).await;
    assert_eq!(invoked.unwrap().status_code, 200);
}

fn assert_unsigned(request: &RecordedRequest) {
    for absent in ["authorization", "x-amz-date", "x-amz-security-token"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
}

async fn open(component: Component, connection: &Connection) -> Result<Session, Error> {
    let policy = only(url(connection));
    let opened = component
        .host()
        .open_session(&policy, connection, &SessionRequest::unscoped())
        .await;
    opened.unwrap()
}

async fn test_connection(
    component: Component,
    connection: &Connection,
    function: Option<&str>,
) -> Vec<Check> {
    let (host, policy) = (component.host(), only(url(connection)));
    let tested = host.test_connection(&policy, connection, function, None);
    tested.await.unwrap().unwrap()
}

/// A user whose policy lacks one action learns which one.
#[for_each_component]
#[tokio::test]
async fn check_of_a_denied_action_names_it_and_the_others_pass(component: Component) {
    for (subject, action, resource) in [
        (CheckSubject::ListFunctions, "lambda:ListFunctions", "*"),
        (CheckSubject::InvokeFunction, "lambda:InvokeFunction", ECHO),
        (
            CheckSubject::FunctionConfiguration,
            "lambda:GetFunctionConfiguration",
            ECHO,
        ),
    ] {
        let lambda = testing::lambda_with(|config| {
            config.keys = vec![key(None)];
            config.keys[0].denied_actions = vec![action.to_owned()];
        })
        .await;
        let connection = connection(Credentials::AccessKey(access_key(None)), lambda.url());
        for check in test_connection(component, &connection, Some("echo")).await {
            let expected = if check.subject == subject {
                let denied = format!(
                    "{action} on resource: {resource} because no identity-based policy allows the {action} action"
                );
                assert!(check.detail.contains(&denied), "{}", check.detail);
                let resource = resource.replace("123456789012", "<account>");
                let advice = format!(" must allow {action} on {resource}");
                assert!(check.detail.contains(&advice), "{}", check.detail);
                CheckOutcome::Failed
            } else {
                CheckOutcome::Passed
            };
            assert_eq!(check.outcome, expected, "{action} {check:?}");
        }
    }
}

#[for_each_component]
#[tokio::test]
async fn signing_key_works_with_and_without_a_session_token(component: Component) {
    for token in [None, Some(SESSION_TOKEN)] {
        let _case = case(token.unwrap_or("no token"));
        let lambda = start(token, vec![]).await;
        let key = Credentials::SigningKey(todays_key(token));
        let connection = connection(key, lambda.url());
        assert_invokes(component, &connection).await;
        let request = &lambda.requests()[0];
        assert_eq!(request.header("x-amz-security-token"), token);
    }
}

#[for_each_component]
#[tokio::test]
async fn signing_key_of_another_day_is_rejected_before_sending(component: Component) {
    let lambda = start(None, vec![]).await;
    let day = Duration::from_secs(86_400);
    for at in [SystemTime::now() - 2 * day, SystemTime::now() + 2 * day] {
        let key = signing_key(&access_key(None), "us-east-1", at);
        let date = key.date.clone();
        let _case = case(date.clone());
        let connection = connection(Credentials::SigningKey(key), lambda.url());
        let input = invalid_input(invoke(component, &connection).await);
        assert_eq!(input.field, "connection.credentials.signing-key.date");
        for date in [date, todays_key(None).date] {
            assert!(input.message.contains(&date), "{}", input.message);
        }
    }
    assert!(lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test]
async fn mismatched_signing_key_error_names_the_expected_derivation(component: Component) {
    let lambda = start(None, vec![]).await;
    let key = signing_key(&access_key(None), "eu-west-1", SystemTime::now());
    let invoke_with = |key: SigningKey| {
        let connection = connection(Credentials::SigningKey(key), lambda.url());
        async move { invoke(component, &connection).await }
    };
    let error = unauthenticated(invoke_with(key.clone()).await);
    assert_service(&error, ErrorCategory::Credentials, Executed::No, 1);
    let hint = error.hint.unwrap();
    let expected = "region us-east-1 and service lambda";
    assert!(hint.contains(expected), "{hint}");

    type Change = fn(&mut SigningKey);
    let changes: [(&str, Change); 4] = [
        ("key", |key| key.key = vec![0; 31]),
        ("key", |key| key.key = vec![]),
        ("date", |key| key.date = "2026-11-22".to_owned()),
        ("access-key-id", |key| key.access_key_id = "a b".to_owned()),
    ];
    for (field, change) in changes {
        let input = invalid_input(invoke_with(changed(&key, change)).await);
        let field = format!("connection.credentials.signing-key.{field}");
        assert_eq!(input.field, field);
    }
}

#[for_each_component]
#[tokio::test]
async fn signing_key_is_never_used_for_sts(component: Component) {
    let lambda = start(None, vec![]).await;
    let key = Credentials::SigningKey(todays_key(None));
    let connection = connection(key, lambda.url());
    let input = invalid_input(open(component, &connection).await);
    assert_eq!(input.field, "connection.credentials.signing-key");
    let message = input.message;
    assert!(
        message.starts_with("a signing key is derived for the service lambda"),
        "{message}"
    );
    for check in test_connection(component, &connection, Some("echo")).await {
        if check.subject == CheckSubject::Identity {
            assert_eq!(check.outcome, CheckOutcome::Skipped, "{check:?}");
            let reason = "derived for the service lambda";
            assert!(check.detail.contains(reason), "{check:?}");
        } else {
            assert_eq!(check.outcome, CheckOutcome::Passed, "{check:?}");
        }
    }
    assert_eq!(sts_requests(&lambda), []);
}

#[for_each_component]
#[tokio::test]
async fn role_is_assumed_with_every_option(component: Component) {
    let mut roles = roles();
    roles[0].external_id = Some(EXTERNAL_ID.to_owned());
    let lambda = start(None, roles).await;
    let role = Role {
        session_name: Some("night@work".to_owned()),
        duration_seconds: Some(900),
        ..assume(FIRST, Some(EXTERNAL_ID))
    };
    let connection = connection(assume_role(vec![role]), lambda.url());
    assert_invokes(component, &connection).await;
    let sessions = lambda.sessions();
    let [session] = sessions.as_slice() else {
        panic!("{sessions:?}");
    };
    assert_eq!(session.role_arn.as_deref(), Some(FIRST));
    assert_eq!(session.assumed_by.as_deref(), Some("AKIDMARKED"));
    assert_eq!(session.external_id.as_deref(), Some(EXTERNAL_ID));
    assert_eq!(session.session_name, "night@work");
    assert_eq!(session.duration_seconds, Some(900));
}

#[for_each_component]
#[tokio::test]
async fn role_chain_is_assumed_in_order(component: Component) {
    let lambda = start(None, roles()).await;
    assert_invokes(component, &connection(chain(), lambda.url())).await;
    let sessions = lambda.sessions();
    let [first, second] = sessions.as_slice() else {
        panic!("{sessions:?}");
    };
    assert_eq!(second.role_arn.as_deref(), Some(SECOND));
    assert_eq!(second.assumed_by.as_ref(), Some(&first.access_key_id));
    assert_eq!(second.session_name, "aws-lambda-connector");
}

#[for_each_component]
#[tokio::test]
async fn web_identity_token_is_exchanged_unsigned(component: Component) {
    let lambda = start(None, roles()).await;
    assert_invokes(component, &connection(web_identity(), lambda.url())).await;
    let requests = lambda.requests();
    let [sts, invoke] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_unsigned(sts);
    assert!(invoke.header("x-amz-security-token").is_some());
}

#[for_each_component]
#[tokio::test]
async fn host_signed_request_leaves_the_component_unsigned(component: Component) {
    let lambda = start(None, vec![]).await;
    let proxy = signing_proxy::start(lambda.addr(), key(None)).await;
    let signed = connection(Credentials::HostSigned, proxy.url());
    assert_invokes(component, &signed).await;
    assert_eq!(proxy.signed(), 1);

    // Without the proxy, the request is unsigned. The hint names the address whose proxy must sign.
    let unsigned = connection(Credentials::HostSigned, lambda.url());
    let error = unauthenticated(invoke(component, &unsigned).await);
    assert_eq!(error.code, "MissingAuthenticationTokenException");
    let hint = error.hint.unwrap();
    assert!(hint.contains(&lambda.addr().to_string()), "{hint}");
    assert_unsigned(&lambda.requests().pop().unwrap());
}

#[for_each_component]
#[tokio::test]
async fn sts_denial_names_role_step_and_trust_policy(component: Component) {
    let lambda = start(None, roles()).await;
    let denied = assume_role(vec![assume(FIRST, None), assume(SECOND, Some("wrong-id"))]);
    let error = unauthenticated(invoke(component, &connection(denied, lambda.url())).await);
    assert_eq!(error.code, "AccessDenied");
    assert_service(&error, ErrorCategory::AccessDenied, Executed::No, 1);
    let step = format!("assuming {SECOND} (role 2 of 2): ");
    let message = error.message.strip_prefix(&step).unwrap();
    let user = "User: arn:aws:sts::123456789012:assumed-role/first/";
    assert!(message.starts_with(user), "{message}");
    let hint = error.hint.unwrap();
    for word in ["trust policy", "external ID"] {
        assert!(hint.contains(word), "{hint}");
    }
    // The connector did not fall back to the keys of the first role or of the source.
    assert_eq!(lambda.requests(), sts_requests(&lambda));

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
async fn opened_session_has_working_keys_expiry_and_principal(component: Component) {
    let lambda = start(None, roles()).await;
    let opened = open(component, &connection(chain(), lambda.url())).await;
    let session = opened.unwrap();
    let issued = lambda.sessions().pop().unwrap();
    assert_eq!(session.principal, issued.principal);
    assert_eq!(session.keys.access_key_id, issued.access_key_id);
    let ends = issued.expires.duration_since(SystemTime::UNIX_EPOCH);
    assert_eq!(session.expires, ends.unwrap().as_secs());

    let with_keys = connection(Credentials::AccessKey(session.keys), lambda.url());
    assert_invokes(component, &with_keys).await;
    assert_eq!(lambda.sessions().len(), 2, "STS received another request");
    let mut checks = test_connection(component, &with_keys, None)
        .await
        .into_iter();
    let identity = checks.find(|check| check.subject == CheckSubject::Identity);
    let detail = identity.unwrap().detail;
    assert!(detail.starts_with(&issued.principal), "{detail}");
}

#[for_each_component]
#[tokio::test]
async fn connection_test_reports_the_role_as_the_cause(component: Component) {
    let lambda = start(None, vec![]).await;
    let connection = connection(chain(), lambda.url());
    let checks = test_connection(component, &connection, Some("echo")).await;
    let outcomes = checks.iter().map(|check| (check.subject, check.outcome));
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [
            (CheckSubject::Clock, CheckOutcome::Passed),
            (CheckSubject::Endpoint, CheckOutcome::Skipped),
            (CheckSubject::Identity, CheckOutcome::Failed),
            (CheckSubject::ListFunctions, CheckOutcome::Skipped),
            (CheckSubject::InvokeFunction, CheckOutcome::Skipped),
            (CheckSubject::FunctionConfiguration, CheckOutcome::Skipped),
        ]
    );
    assert!(checks[2].detail.contains("role 1 of 2"), "{:?}", checks[2]);
}

/// Makes several calls in one instance, like a host that reuses instances.
async fn in_one_instance(
    component: Component,
    lambda: &LocalLambda,
    between: impl Fn(usize),
) -> Vec<u8> {
    let sandbox = component.sandbox();
    let exports = Exports::find(sandbox.instance_pre().component()).unwrap();
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
async fn reused_instance_asks_sts_once(component: Component) {
    let lambda = start(None, roles()).await;
    assert_eq!(in_one_instance(component, &lambda, |_| ()).await, [1, 1, 1]);
    assert_eq!(lambda.sessions().len(), 2);
}

#[for_each_component]
#[tokio::test]
async fn keys_that_expire_within_five_minutes_are_renewed_before_use(component: Component) {
    let lambda = start_short_lived(Duration::from_secs(299)).await;
    assert_eq!(in_one_instance(component, &lambda, |_| ()).await, [1, 1, 1]);
    assert_eq!(lambda.sessions().len(), 6);
}

#[for_each_component]
#[tokio::test]
async fn keys_that_expired_early_are_renewed_and_the_call_is_retried(component: Component) {
    let lambda = start(None, roles()).await;
    let end_before_second = |call| {
        if call == 1 {
            lambda.expire_sessions();
        }
    };
    let attempts = in_one_instance(component, &lambda, end_before_second).await;
    assert_eq!(attempts, [1, 2, 1]);
    assert_eq!(lambda.sessions().len(), 4);
}
