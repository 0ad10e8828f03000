//! Keys that may make one call: the host obtains them by default, the services enforce them, and a
//! call without them is reported or rejected.

use std::io;
use std::time::Duration;

use aws_lambda_connector_host::bindings::sessions::{Scope, SessionRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Credentials, Error, ErrorCategory, Executed, Invocation, TransportKind,
};
use aws_lambda_connector_host::caller::{
    Caller, Fallback, Received, ReceivedKey, ScopeMode, SessionCache,
};
use http::{Method, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use local_lambda::LocalLambda;
use testing::http1::HttpServer;
use testing::outcome::{assert_service, assert_transport, invalid_input, service, unauthenticated};
use testing::{Component, case, for_each_component, invoke_in, only, query, request};

use crate::{
    FIRST, SESSION_TOKEN, access_key, assume, assume_role, chain, connection, key, roles, start,
    start_short_lived, sts_requests, todays_key, web_identity,
};

const ECHO: &str = "arn:aws:lambda:us-east-1:123456789012:function:echo";
const LIST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:ListFunctions","lambda:ListAliases","lambda:ListVersionsByFunction"],"Resource":"*"}]}"#;

fn caller(component: Component, credentials: Credentials, url: String) -> Caller {
    let host = component.host().clone();
    let connection = connection(credentials, url);
    let sessions = SessionCache::default();
    Caller::new(host, connection, "us-east-1", &[], sessions).unwrap()
}

fn keys(session_token: Option<&str>) -> Credentials {
    Credentials::AccessKey(access_key(session_token))
}

async fn invoke(caller: &Caller, function: &str) -> Result<Invocation, Error> {
    caller.invoke(&request(function, "7")).await.unwrap()
}

/// The policy that allows one function and its qualifiers.
fn only_function(arn: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":["{arn}","{arn}:*"]}}]}}"#
    )
}

/// The operations of STS that issued keys, with the policies of their sessions.
fn issued(lambda: &LocalLambda) -> Vec<(&'static str, Vec<String>)> {
    let sessions = lambda.sessions().into_iter();
    sessions
        .map(|session| (session.operation, session.policies))
        .collect()
}

/// The requests sent to Lambda.
fn lambda_requests(lambda: &LocalLambda) -> usize {
    lambda.requests().len() - sts_requests(lambda).len()
}

#[for_each_component]
#[tokio::test]
async fn access_keys_are_limited_to_the_function_of_the_call(component: Component) {
    let echo = || vec![only_function(ECHO)];
    for (token, issued_first) in [
        (None, vec![("GetSessionToken", vec![])]),
        (Some(SESSION_TOKEN), vec![]),
    ] {
        let lambda = start(token, vec![]).await;
        let caller = caller(component, keys(token), lambda.url());
        assert_eq!(invoke(&caller, "echo").await.unwrap().status_code, 200);
        let scoped = ("GetScopedCredentials", echo());
        let mut expected = [issued_first.clone(), vec![scoped]].concat();
        assert_eq!(issued(&lambda), expected);
        let signed_by = lambda.requests().pop().unwrap();
        let id = lambda.sessions().pop().unwrap().access_key_id;
        let authorization = signed_by.header("authorization").unwrap();
        assert!(authorization.contains(&format!("Credential={id}/")));

        // The account is part of the policy, so STS is asked for it as well.
        let requests = sts_requests(&lambda).len();
        assert_eq!(requests, 1 + expected.len());
        invoke(&caller, "echo").await.unwrap();
        assert_eq!(
            sts_requests(&lambda).len(),
            requests,
            "the session is cached"
        );

        invoke(
            &caller,
            "arn:aws:lambda:us-east-1:123456789012:function:greet",
        )
        .await
        .unwrap_err();
        caller.list_functions(&query()).await.unwrap().unwrap();
        caller.list_qualifiers("versioned").await.unwrap().unwrap();
        let greet = only_function("arn:aws:lambda:us-east-1:123456789012:function:greet");
        for policies in [vec![greet], vec![LIST.to_owned()]] {
            expected.extend(issued_first.clone());
            expected.push(("GetScopedCredentials", policies));
        }
        assert_eq!(
            issued(&lambda),
            expected,
            "one session for each function, and one for lists"
        );
        assert_eq!(caller.fallbacks(), []);
    }
}

#[for_each_component]
#[tokio::test]
async fn roles_are_limited_without_another_request(component: Component) {
    for (credentials, operations) in [
        (assume_role(vec![assume(FIRST, None)]), &["AssumeRole"][..]),
        (chain(), &["AssumeRole", "AssumeRole"]),
        (web_identity(), &["AssumeRoleWithWebIdentity"]),
    ] {
        let lambda = start(None, roles()).await;
        let caller = caller(component, credentials, lambda.url());
        invoke(&caller, "echo").await.unwrap();
        let issued = issued(&lambda);
        let seen: Vec<_> = issued.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(seen, operations);
        let (_, last) = issued.last().unwrap();
        assert_eq!(*last, [only_function(ECHO)]);
        let before = &issued[..issued.len() - 1];
        assert!(before.iter().all(|(_, policies)| policies.is_empty()));
        assert_eq!(sts_requests(&lambda).len(), operations.len());
    }
}

/// What a compromised sandbox could do with everything that it received.
#[for_each_component]
#[tokio::test]
async fn key_in_the_sandbox_invokes_its_function_and_is_refused_another(component: Component) {
    for credentials in [keys(None), chain(), web_identity()] {
        let lambda = start(None, roles()).await;
        let caller = caller(component, credentials, lambda.url());
        let scope = Scope {
            functions: vec!["versioned:live".to_owned()],
            list_functions: false,
            executions: false,
        };
        let grant = caller.grant(Some(&scope), None).await.unwrap().unwrap();
        let call = async |function: &str| {
            let request = request(function, "7");
            invoke_in(component.host(), &grant.connection, &request).await
        };
        for allowed in ["versioned", "versioned:live", "versioned:2"] {
            assert_eq!(call(allowed).await.unwrap().status_code, 200, "{allowed}");
        }
        for other in ["echo", "versioned-2", "count"] {
            let error = service(call(other).await);
            assert_service(&error, ErrorCategory::AccessDenied, Executed::No, 1);
            let action = "lambda:InvokeFunction";
            let arn = ECHO.replace("echo", other);
            let reason = format!(
                "{action} on resource: {arn} because no session policy allows the {action} action"
            );
            assert!(error.message.ends_with(&reason), "{}", error.message);
        }
        let (host, policy) = (component.host(), only(&lambda.url()));
        let all = query();
        let listed = host.list_functions(&policy, &grant.connection, &all);
        let error = service(listed.await.unwrap());
        assert_eq!(error.category, ErrorCategory::AccessDenied);
        // STS does not accept a signing key, so the sandbox cannot get other keys from it.
        let unscoped = SessionRequest::unscoped();
        let opened = host.open_session(&policy, &grant.connection, &unscoped);
        invalid_input(opened.await.unwrap());

        let Received::SigningKey(received) = grant.received else {
            panic!("{:?}", grant.received);
        };
        let today = todays_key(None).date;
        let ends = lambda.sessions().pop().unwrap().expires;
        let ends = ends
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let ReceivedKey {
            date,
            region,
            session_ends,
            ..
        } = received;
        assert_eq!(
            (date, &*region, session_ends),
            (today, "us-east-1", Some(ends))
        );
    }
}

/// A service whose keys may not be limited: the action is denied to them.
async fn denying(action: &str) -> LocalLambda {
    testing::lambda_with(|config| {
        config.keys = vec![key(None)];
        config.keys[0].denied_actions = vec![action.to_owned()];
    })
    .await
}

#[for_each_component]
#[tokio::test]
async fn denied_permission_falls_back_with_a_reason(component: Component) {
    for (permission, operation) in [
        ("sts:GetScopedCredentials", "GetScopedCredentials"),
        ("sts:GetSessionToken", "GetSessionToken"),
    ] {
        let _case = case(permission);
        let lambda = denying(permission).await;
        let caller = caller(component, keys(None), lambda.url());
        assert_eq!(invoke(&caller, "echo").await.unwrap().status_code, 200);
        let fallback = Fallback {
            permission,
            reason: format!(
                "AccessDenied: getting temporary keys ({operation}): User: \
                 arn:aws:iam::123456789012:user/local-lambda is not authorized to perform: {permission} \
                 on resource: * because no identity-based policy allows the {permission} action"
            ),
        };
        assert_eq!(caller.fallbacks(), std::slice::from_ref(&fallback));
        // The failure is remembered for the whole connection.
        let asked = sts_requests(&lambda).len();
        invoke(&caller, "greet").await.unwrap_err();
        caller.list_functions(&query()).await.unwrap().unwrap();
        assert_eq!(sts_requests(&lambda).len(), asked);
        assert_eq!(caller.fallbacks(), std::slice::from_ref(&fallback));

        let grant = caller.grant(None, None).await.unwrap().unwrap();
        let Received::SigningKey(received) = grant.received else {
            panic!("{:?}", grant.received);
        };
        assert_eq!(received.session_ends, None);
        assert_eq!(received.fallback, None, "none was asked for");
        let scope = Scope {
            functions: vec!["echo".to_owned()],
            list_functions: false,
            executions: false,
        };
        let grant = caller.grant(Some(&scope), None).await.unwrap().unwrap();
        let line = grant.received.to_string();
        let reason = format!("(the permission is {permission}): {}", fallback.reason);
        assert!(line.ends_with(&reason), "{line}");
        assert!(
            line.contains("has all permissions of the connection"),
            "{line}"
        );
    }
}

#[for_each_component]
#[tokio::test]
async fn required_scope_fails_the_call_and_sends_nothing_to_lambda(component: Component) {
    let lambda = denying("sts:GetScopedCredentials").await;
    let caller = caller(component, keys(None), lambda.url());
    // A failure that another caller of the same keys remembers does not matter.
    invoke(&caller, "echo").await.unwrap();
    let sent = lambda_requests(&lambda);
    let caller = caller.with_scope(ScopeMode::Require);
    let error = service(invoke(&caller, "echo").await);
    assert_service(&error, ErrorCategory::AccessDenied, Executed::No, 1);
    let hint = error.hint.unwrap();
    assert!(hint.contains("sts:GetScopedCredentials"), "{hint}");
    let error = service(caller.list_functions(&query()).await.unwrap());
    assert_eq!(error.category, ErrorCategory::AccessDenied);
    assert_eq!(lambda_requests(&lambda), sent);
}

#[for_each_component]
#[tokio::test]
async fn scope_that_is_off_sends_nothing_to_sts_for_access_keys(component: Component) {
    let lambda = denying("sts:GetScopedCredentials").await;
    let caller = caller(component, keys(None), lambda.url()).with_scope(ScopeMode::Off);
    invoke(&caller, "echo").await.unwrap();
    caller.list_functions(&query()).await.unwrap().unwrap();
    assert_eq!(sts_requests(&lambda).len(), 0);
    assert_eq!(caller.fallbacks(), []);

    let lambda = start(None, roles()).await;
    let caller = self::caller(component, web_identity(), lambda.url());
    let caller = caller.with_scope(ScopeMode::Off);
    invoke(&caller, "echo").await.unwrap();
    invoke(&caller, "greet").await.unwrap_err();
    let operation = "AssumeRoleWithWebIdentity";
    assert_eq!(
        issued(&lambda),
        [(operation, vec![])],
        "one session for all functions"
    );
}

/// Signed requests and unsigned ones pass on unchanged.
#[for_each_component]
#[tokio::test]
async fn credentials_that_sts_does_not_accept_are_passed_on(component: Component) {
    let lambda = start(None, vec![]).await;
    for mode in [ScopeMode::Prefer, ScopeMode::Require] {
        let signing = Credentials::SigningKey(todays_key(None));
        let caller = caller(component, signing, lambda.url()).with_scope(mode);
        invoke(&caller, "echo").await.unwrap();
        let unsigned = self::caller(component, Credentials::HostSigned, lambda.url());
        let unsigned = unsigned.with_scope(mode);
        let error = unauthenticated(invoke(&unsigned, "echo").await);
        assert_eq!(error.code, "MissingAuthenticationTokenException");
        let grant = unsigned.grant(None, None).await.unwrap().unwrap();
        assert!(matches!(grant.received, Received::Nothing));
        assert_eq!(caller.fallbacks(), []);
    }
    assert_eq!(sts_requests(&lambda).len(), 0);
}

/// A service that answers an invocation, and requests to STS by `sts`.
async fn without_sts(
    sts: impl Fn() -> io::Result<Response<Full<Bytes>>> + Clone + Send + Sync + 'static,
) -> HttpServer {
    HttpServer::start(move |request| {
        let sts = sts.clone();
        async move {
            if request.method() == Method::POST && request.uri().path() == "/" {
                return sts();
            }
            let answer = Response::builder()
                .header("x-amzn-requestid", "r")
                .header("x-amz-executed-version", "$LATEST");
            Ok(answer.body(Full::from("7")).unwrap())
        }
    })
    .await
}

fn status(status: u16, body: &'static str) -> io::Result<Response<Full<Bytes>>> {
    let answer = Response::builder()
        .status(status)
        .header("x-amzn-requestid", "r");
    Ok(answer.body(Full::from(body)).unwrap())
}

/// Emulators, proxies and networks without STS.
#[for_each_component]
#[tokio::test]
async fn service_without_the_operation_falls_back(component: Component) {
    type Sts = fn() -> io::Result<Response<Full<Bytes>>>;
    let cases: [(&str, Sts, &str); 5] = [
        (
            "unknown action",
            || {
                status(
                    400,
                    "<R><Error><Code>InvalidAction</Code><Message>unknown</Message></Error></R>",
                )
            },
            "InvalidAction: ",
        ),
        ("not implemented", || status(501, ""), "HTTP 501: "),
        ("not found", || status(404, "{}"), "HTTP 404: "),
        ("not AWS", || Ok(Response::new(Full::from("<html>"))), ""),
        ("no response", || Err(io::ErrorKind::BrokenPipe.into()), ""),
    ];
    for (name, sts, reason) in cases {
        let _case = case(name);
        let server = without_sts(sts).await;
        let caller = caller(component, keys(Some(SESSION_TOKEN)), server.url());
        assert_eq!(invoke(&caller, "echo").await.unwrap().status_code, 200);
        let [fallback] = &caller.fallbacks()[..] else {
            panic!("{:?}", caller.fallbacks());
        };
        assert_eq!(fallback.permission, "sts:GetScopedCredentials");
        assert!(fallback.reason.starts_with(reason), "{fallback}");
        let required = caller.with_scope(ScopeMode::Require);
        match invoke(&required, "echo").await {
            Err(Error::Service(error)) => assert_eq!(error.executed, Executed::No),
            Err(Error::Transport(error)) => assert_eq!(error.executed, Executed::No),
            other => panic!("{other:?}"),
        }
    }
}

#[for_each_component]
#[tokio::test]
async fn sts_that_cannot_be_reached_is_an_error_only_if_the_scope_is_required(
    component: Component,
) {
    let caller = caller(component, keys(None), "http://127.0.0.1:1".to_owned());
    let required = caller.clone().with_scope(ScopeMode::Require);
    let once = testing::request_with("echo", "7", |delivery| delivery.max_attempts = Some(1));
    let answer = required.invoke(&once).await.unwrap();
    assert_transport(answer, TransportKind::Connect, Executed::No, 1);
    assert_eq!(caller.fallbacks(), []);
    // Lambda cannot be reached either.
    let answer = caller.invoke(&once).await.unwrap();
    assert_transport(answer, TransportKind::Connect, Executed::No, 1);
    assert_eq!(caller.fallbacks().len(), 1);
}

#[for_each_component]
#[tokio::test]
async fn rejected_keys_are_an_error_and_no_fallback(component: Component) {
    let lambda = start(None, vec![]).await;
    let wrong = Credentials::AccessKey(AccessKey {
        secret_access_key: "wrong".to_owned(),
        ..access_key(None)
    });
    let caller = caller(component, wrong, lambda.url());
    let error = unauthenticated(invoke(&caller, "echo").await);
    assert_eq!(
        (&*error.code, error.executed),
        ("SignatureDoesNotMatch", Executed::No)
    );

    let lambda = start(None, roles()).await;
    let session = temporary_keys(component, &lambda).await;
    lambda.expire_sessions();
    let expired = self::caller(component, session, lambda.url());
    let error = unauthenticated(invoke(&expired, "echo").await);
    assert_eq!(
        (&*error.code, error.executed),
        ("ExpiredToken", Executed::No)
    );
    for (caller, lambda) in [(caller, &lambda), (expired, &lambda)] {
        assert_eq!(caller.fallbacks(), []);
        assert_eq!(lambda_requests(lambda), 0);
    }
}

/// The keys of a role, as an access key.
async fn temporary_keys(component: Component, lambda: &LocalLambda) -> Credentials {
    let connection = connection(web_identity(), lambda.url());
    let policy = only(&lambda.url());
    let host = component.host();
    let longest = SessionRequest {
        duration_seconds: Some(43_200),
        ..SessionRequest::unscoped()
    };
    let opened = host.open_session(&policy, &connection, &longest);
    Credentials::AccessKey(opened.await.unwrap().unwrap().keys)
}

#[for_each_component]
#[tokio::test]
async fn session_ends_with_the_keys_that_it_comes_from(component: Component) {
    for (lifetime, asks_again) in [(3_700, false), (400, true), (200, true)] {
        let _case = case(lifetime);
        let lambda = start_short_lived(Duration::from_secs(lifetime)).await;
        let keys = temporary_keys(component, &lambda).await;
        let caller = caller(component, keys, lambda.url());
        invoke(&caller, "echo").await.unwrap();
        let sessions = lambda.sessions();
        let [keys, session] = &sessions[..] else {
            panic!("{sessions:?}");
        };
        let seconds = (!asks_again).then_some(3_600);
        assert_eq!(session.duration_seconds, seconds);
        assert_eq!(session.expires == keys.expires, asks_again);

        // A session that ends within five minutes is used, but not again.
        invoke(&caller, "echo").await.unwrap();
        let kept = lifetime > 300;
        assert_eq!(lambda.sessions().len(), if kept { 2 } else { 3 });
    }
}

#[for_each_component]
#[tokio::test]
async fn session_that_expired_early_is_renewed_with_its_scope(component: Component) {
    let lambda = start(None, vec![]).await;
    let caller = caller(component, keys(None), lambda.url());
    invoke(&caller, "echo").await.unwrap();
    lambda.expire_sessions();
    assert_eq!(invoke(&caller, "echo").await.unwrap().status_code, 200);
    let scoped = || {
        [
            ("GetSessionToken", vec![]),
            ("GetScopedCredentials", vec![only_function(ECHO)]),
        ]
    };
    assert_eq!(issued(&lambda), [scoped(), scoped()].concat());
    invoke(&caller, "echo").await.unwrap();
    assert_eq!(lambda.sessions().len(), 4, "the new session is cached");
}

#[for_each_component]
#[tokio::test]
async fn invalid_function_is_reported_at_its_own_field(component: Component) {
    let lambda = start(None, roles()).await;
    for credentials in [keys(None), web_identity()] {
        let caller = caller(component, credentials, lambda.url());
        let rejected = invalid_input(invoke(&caller, "f*").await);
        assert_eq!(rejected.field, "request.function");
        assert_eq!(caller.fallbacks(), []);
    }
    assert_eq!(lambda.requests().len(), 0);
}
