//! Every kind of error, and what it says.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{
    Check, CheckOutcome, CheckSubject, InvokeRequest,
};
use aws_lambda_connector_host::bindings::types::{
    Connection, Credentials, Delivery, ErrorCategory, Executed, TransportKind,
};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, Key};
use testing::outcome::{invalid_input, service, transport, unauthenticated};
use testing::{Component, Local, access_key, for_each_component, query};

use crate::request;

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there(component: Component) {
    let local = Local::start(component).await;
    for request in [
        InvokeRequest::new("nothing"),
        InvokeRequest {
            qualifier: Some("nothing".into()),
            ..InvokeRequest::new("versioned")
        },
    ] {
        let error = service(local.invoke(request).await);
        assert_eq!(error.code, "ResourceNotFoundException");
        assert_eq!(
            (error.category, error.executed, error.status_code),
            (ErrorCategory::NotFound, Executed::No, 404)
        );
        assert!(
            error.message.starts_with("Function not found"),
            "{}",
            error.message
        );
        assert!(error.request_id.is_some() && !error.retryable);
    }
    assert_eq!(
        service(local.qualifiers("nothing").await).category,
        ErrorCategory::NotFound
    );
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials(component: Component) {
    let token = Key {
        session_token: Some("right-token".into()),
        ..Key::default()
    };
    let local = Local::with(
        component,
        Config {
            keys: vec![token.clone()],
            ..Config::default()
        },
    )
    .await;
    let as_key = async |key: Key| {
        let connection = Connection {
            credentials: Credentials::AccessKey(access_key(&key)),
            ..local.connection.clone()
        };
        let request = InvokeRequest::new("echo");
        local.invoke_by(&connection, request).await
    };
    assert!(as_key(token.clone()).await.is_ok());
    let wrong_secret = Key {
        secret_access_key: "planted-wrong-secret".into(),
        ..token.clone()
    };
    let unknown = Key {
        access_key_id: "AKIDUNKNOWN".into(),
        ..token.clone()
    };
    let wrong_token = Key {
        session_token: Some("planted-wrong-token".into()),
        ..token.clone()
    };
    let no_token = Key {
        session_token: None,
        ..token
    };
    for (key, code) in [
        (wrong_secret, "InvalidSignatureException"),
        (unknown, "UnrecognizedClientException"),
        (wrong_token, "UnrecognizedClientException"),
        (no_token, "UnrecognizedClientException"),
    ] {
        let error = unauthenticated(as_key(key).await);
        assert_eq!(error.code, code);
        assert_eq!(
            (error.category, error.executed, error.attempts),
            (ErrorCategory::Credentials, Executed::No, 1)
        );
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named(component: Component) {
    let denied = Key {
        denied: true,
        ..Key::default()
    };
    let local = Local::with(
        component,
        Config {
            keys: vec![denied],
            ..Config::default()
        },
    )
    .await;
    for (error, permission) in [
        (
            service(local.invoke(InvokeRequest::new("echo")).await),
            "lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:echo",
        ),
        (
            service(local.list(query()).await),
            "lambda:ListFunctions on *",
        ),
        (
            service(local.qualifiers("echo").await),
            "lambda:ListAliases on arn:aws:lambda:us-east-1:<account>:function:echo",
        ),
    ] {
        assert_eq!(
            (error.category, error.executed),
            (ErrorCategory::AccessDenied, Executed::No)
        );
        let hint = error.hint.expect("a hint");
        assert!(hint.contains(permission), "{hint}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_tried_again_and_then_told(component: Component) {
    let local = Local::start(component).await;
    let error = service(local.invoke(InvokeRequest::new("throttled")).await);
    assert_eq!(
        (error.code.as_str(), error.status_code),
        ("TooManyRequestsException", 429)
    );
    assert_eq!(
        (error.category, error.executed),
        (ErrorCategory::Throttled, Executed::No)
    );
    assert!(
        error.retryable
            && error
                .hint
                .is_some_and(|hint| hint.contains("reserved concurrency"))
    );
    assert_eq!((error.attempts, local.lambda.requests().len()), (3, 3));
    let once = Delivery {
        max_attempts: Some(1),
        connect_timeout_ms: None,
        response_timeout_ms: None,
        idempotent: None,
    };
    let request = InvokeRequest {
        delivery: Some(once),
        ..InvokeRequest::new("throttled")
    };
    assert_eq!(service(local.invoke(request).await).attempts, 1);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_parameter_is_lambdas_word(component: Component) {
    let local = Local::start(component).await;
    let error = service(local.invoke(InvokeRequest::new("tenant")).await);
    assert_eq!(
        (error.code.as_str(), error.category),
        (
            "InvalidParameterValueException",
            ErrorCategory::InvalidRequest
        )
    );
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_refused_before_anything_is_sent(component: Component) {
    let local = Local::start(component).await;
    let new = InvokeRequest::new;
    let elsewhere = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let qualified_twice = InvokeRequest {
        qualifier: Some("b".into()),
        ..new("f:a")
    };
    let no_object = InvokeRequest {
        client_context: Some("[]".into()),
        ..new("f")
    };
    let two_lines = InvokeRequest {
        tenant_id: Some("a\r\nb: c".into()),
        ..new("f")
    };
    for (request, field) in [
        (new(".."), "request.function"),
        (new(elsewhere), "request.function"),
        (qualified_twice, "request.qualifier"),
        (request("f", "{"), "request.payload"),
        (no_object, "request.client-context"),
        (two_lines, "request.tenant-id"),
    ] {
        assert_eq!(invalid_input(local.invoke(request).await).field, field);
    }
    assert!(local.lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_the_policy_forbids(component: Component) {
    let local = Local::start(component).await;
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let request = InvokeRequest::new("echo");
    let answer = local
        .host
        .invoke(&policy, &local.connection, &request)
        .await;
    let error = transport(answer.unwrap());
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (TransportKind::Denied, Executed::No, 1)
    );
    assert!(local.lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens(component: Component) {
    let local = Local::start(component).await;
    local.lambda.stop().await;
    let request = InvokeRequest::new("echo");
    let answer = local
        .host
        .invoke(&local.policy, &local.connection, &request)
        .await;
    let error = transport(answer.unwrap());
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (TransportKind::Connect, Executed::No, 3)
    );
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_tested_point_by_point(component: Component) {
    let local = Local::start(component).await;
    let test = async |function: Option<&str>| {
        let checks = local
            .host
            .test_connection(&local.policy, &local.connection, function, None)
            .await;
        checks.unwrap().expect("the question is a good one")
    };
    let outcome = |checks: &[Check], subject| {
        checks
            .iter()
            .find(|check| check.subject == subject)
            .map(|check| check.outcome)
    };
    let checks = test(Some("echo")).await;
    assert_eq!(checks.len(), 5);
    for subject in [
        CheckSubject::Clock,
        CheckSubject::Endpoint,
        CheckSubject::ListFunctions,
        CheckSubject::InvokeFunction,
    ] {
        assert_eq!(
            outcome(&checks, subject),
            Some(CheckOutcome::Passed),
            "{checks:?}"
        );
    }
    let checks = test(Some("nothing")).await;
    assert_eq!(
        outcome(&checks, CheckSubject::InvokeFunction),
        Some(CheckOutcome::Failed)
    );
    let checks = test(None).await;
    assert_eq!(
        outcome(&checks, CheckSubject::InvokeFunction),
        Some(CheckOutcome::Skipped)
    );
}
