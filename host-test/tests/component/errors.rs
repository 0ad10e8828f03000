//! Every kind of error and its details.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::{CheckOutcome, CheckSubject, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    Credentials, ErrorCategory, Executed, TransportKind,
};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Key;
use testing::outcome::{assert_service, assert_transport, invalid_input, service, unauthenticated};
use testing::{
    Component, Local, access_key, case, changed, for_each_component, invoke_in, query, request_with,
};

use crate::request;

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn missing_function_or_qualifier_is_not_found(component: Component) {
    let local = Local::start(component).await;
    for request in [
        InvokeRequest::new("missing"),
        InvokeRequest {
            qualifier: Some("missing".into()),
            ..InvokeRequest::new("versioned")
        },
    ] {
        let _case = case(request.function.clone());
        let error = service(local.invoke(request).await);
        assert_eq!(error.code, "ResourceNotFoundException");
        assert_eq!(error.status_code, 404);
        assert_service(&error, ErrorCategory::NotFound, Executed::No, 1);
        let message = &error.message;
        assert!(message.starts_with("Function not found"), "{message}");
        assert!(error.request_id.is_some() && !error.retryable);
    }
    let error = service(local.qualifiers("missing").await);
    assert_eq!(error.category, ErrorCategory::NotFound);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_unauthenticated(component: Component) {
    let local = Local::with(component, |config| {
        config.keys[0].session_token = Some("right-token".into());
    })
    .await;
    type Change = fn(&mut Key);
    let invoke_as = async |change: Change| {
        let key = changed(local.lambda.key(), change);
        let connection = changed(&local.connection, |connection| {
            connection.credentials = Credentials::AccessKey(access_key(&key));
        });
        let request = InvokeRequest::new("echo");
        local.invoke_by(&connection, request).await
    };
    assert!(invoke_as(|_| ()).await.is_ok());
    let wrong: [(&str, Change, &str); 4] = [
        (
            "secret",
            |key| key.secret_access_key = "planted-wrong-secret".into(),
            "InvalidSignatureException",
        ),
        (
            "key ID",
            |key| key.access_key_id = "AKIDUNKNOWN".into(),
            "UnrecognizedClientException",
        ),
        (
            "token",
            |key| key.session_token = Some("planted-wrong-token".into()),
            "UnrecognizedClientException",
        ),
        (
            "no token",
            |key| key.session_token = None,
            "UnrecognizedClientException",
        ),
    ];
    for (name, change, code) in wrong {
        let _case = case(name);
        let error = unauthenticated(invoke_as(change).await);
        assert_eq!(error.code, code);
        assert_service(&error, ErrorCategory::Credentials, Executed::No, 1);
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn access_denied_hint_names_the_missing_permission(component: Component) {
    let local = Local::with(component, |config| config.keys[0].denied = true).await;
    let echo = "arn:aws:lambda:us-east-1:<account>:function:echo";
    let invoked = service(local.invoke(InvokeRequest::new("echo")).await);
    let listed = service(local.list(query()).await);
    let qualified = service(local.qualifiers("echo").await);
    for (error, permission) in [
        (invoked, format!("lambda:InvokeFunction on {echo}")),
        (listed, "lambda:ListFunctions on *".to_owned()),
        (
            qualified,
            format!("lambda:ListAliases or lambda:ListVersionsByFunction on {echo}"),
        ),
    ] {
        let _case = case(&permission);
        assert_service(&error, ErrorCategory::AccessDenied, Executed::No, 1);
        let hint = error.hint.expect("a hint");
        assert!(hint.contains(&permission), "{hint}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_retried_and_then_reported(component: Component) {
    let local = Local::start(component).await;
    let error = service(local.invoke(InvokeRequest::new("throttled")).await);
    assert_eq!(error.code, "TooManyRequestsException");
    assert_eq!(error.status_code, 429);
    assert_service(&error, ErrorCategory::Throttled, Executed::No, 3);
    assert!(error.retryable);
    assert!(error.hint.unwrap().contains("reserved concurrency"));
    assert_eq!(local.lambda.requests().len(), 3);
    let once = request_with("throttled", "{}", |delivery| {
        delivery.max_attempts = Some(1);
    });
    assert_eq!(service(local.invoke(once).await).attempts, 1);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn parameter_rejected_by_lambda_is_an_invalid_request(component: Component) {
    let local = Local::start(component).await;
    let error = service(local.invoke(InvokeRequest::new("tenant")).await);
    assert_eq!(error.code, "InvalidParameterValueException");
    assert_eq!(error.category, ErrorCategory::InvalidRequest);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_rejected_before_sending(component: Component) {
    let local = Local::start(component).await;
    let new = InvokeRequest::new;
    let other_region = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let qualified_twice = InvokeRequest {
        qualifier: Some("b".into()),
        ..new("f:a")
    };
    let not_an_object = InvokeRequest {
        client_context: Some("[]".into()),
        ..new("f")
    };
    let two_lines = InvokeRequest {
        tenant_id: Some("a\r\nb: c".into()),
        ..new("f")
    };
    for (request, field) in [
        (new(".."), "request.function"),
        (new(other_region), "request.function"),
        (qualified_twice, "request.qualifier"),
        (request("f", "{"), "request.payload"),
        (not_an_object, "request.client-context"),
        (two_lines, "request.tenant-id"),
    ] {
        let _case = case(request.function.clone());
        assert_eq!(invalid_input(local.invoke(request).await).field, field);
    }
    assert!(local.lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn destination_outside_the_policy_is_denied(component: Component) {
    let local = Local::start(component).await;
    let policy = Arc::new(Policy::for_region("us-east-1"));
    let request = InvokeRequest::new("echo");
    let answer = local.host.invoke(&policy, &local.connection, &request);
    let answer = answer.await.unwrap();
    assert_transport(answer, TransportKind::Denied, Executed::No, 1);
    assert!(local.lambda.requests().is_empty());
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn refused_connection_is_retried_and_then_reported(component: Component) {
    let local = Local::start(component).await;
    local.lambda.stop().await;
    let request = InvokeRequest::new("echo");
    let answer = invoke_in(&local.host, &local.connection, &request).await;
    assert_transport(answer, TransportKind::Connect, Executed::No, 3);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn connection_test_reports_each_check(component: Component) {
    let local = Local::start(component).await;
    for (function, invoking) in [
        (Some("echo"), CheckOutcome::Passed),
        (Some("missing"), CheckOutcome::Failed),
        (None, CheckOutcome::Skipped),
    ] {
        let _case = case(format!("{function:?}"));
        let (policy, connection) = (&local.policy, &local.connection);
        let checks = local
            .host
            .test_connection(policy, connection, function, None);
        let checks = checks.await.unwrap().unwrap();
        assert_eq!(checks.len(), 6);
        for (subject, outcome) in [
            (CheckSubject::Clock, CheckOutcome::Passed),
            (CheckSubject::Endpoint, CheckOutcome::Passed),
            (CheckSubject::ListFunctions, CheckOutcome::Passed),
            (CheckSubject::InvokeFunction, invoking),
            (CheckSubject::FunctionConfiguration, invoking),
        ] {
            let check = checks.iter().find(|check| check.subject == subject);
            assert_eq!(check.unwrap().outcome, outcome, "{checks:?}");
        }
    }
}
