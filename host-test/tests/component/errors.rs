//! Every kind of error, and what it says.

use aws_lambda_connector_host::bindings::lambda::{CheckOutcome, CheckSubject, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    Connection, Delivery, Error, ErrorCategory, Executed, ServiceError, TransportKind,
};
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, Key};

use super::support::{access_key, host, local, local_with, query, request};

fn service(result: Result<impl std::fmt::Debug, Error>) -> ServiceError {
    match result {
        Err(Error::Service(error)) => error,
        other => panic!("not a service error: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there() {
    let local = local().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials() {
    let token = Key {
        session_token: Some("right-token".into()),
        ..Key::default()
    };
    let local = local_with(Config {
        keys: vec![token.clone()],
        ..Config::default()
    })
    .await;
    let as_key = async |key: Key| {
        let connection = Connection {
            credentials: access_key(&key),
            ..local.connection.clone()
        };
        host()
            .invoke(&local.policy, &connection, &InvokeRequest::new("echo"))
            .await
            .expect("the host works")
    };
    assert!(as_key(token.clone()).await.is_ok());
    for (key, code) in [
        (
            Key {
                secret_access_key: "planted-wrong-secret".into(),
                ..token.clone()
            },
            "InvalidSignatureException",
        ),
        (
            Key {
                access_key_id: "AKIDUNKNOWN".into(),
                ..token.clone()
            },
            "UnrecognizedClientException",
        ),
        (
            Key {
                session_token: Some("planted-wrong-token".into()),
                ..token.clone()
            },
            "UnrecognizedClientException",
        ),
        (
            Key {
                session_token: None,
                ..token.clone()
            },
            "UnrecognizedClientException",
        ),
    ] {
        let Err(Error::Unauthenticated(error)) = as_key(key).await else {
            panic!("accepted");
        };
        assert_eq!(error.code, code);
        assert_eq!(
            (error.category, error.executed, error.attempts),
            (ErrorCategory::Credentials, Executed::No, 1)
        );
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named() {
    let denied = Key {
        denied: true,
        ..Key::default()
    };
    let local = local_with(Config {
        keys: vec![denied],
        ..Config::default()
    })
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

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_tried_again_and_then_told() {
    let local = local().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_parameter_is_lambdas_word() {
    let local = local().await;
    let error = service(local.invoke(InvokeRequest::new("tenant")).await);
    assert_eq!(
        (error.code.as_str(), error.category),
        (
            "InvalidParameterValueException",
            ErrorCategory::InvalidRequest
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_refused_before_anything_is_sent() {
    let local = local().await;
    let field = async |request: InvokeRequest| match local.invoke(request).await {
        Err(Error::InvalidInput(input)) => input.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(InvokeRequest::new("..")).await, "request.function");
    assert_eq!(
        field(InvokeRequest::new(
            "arn:aws:lambda:eu-west-1:123456789012:function:f"
        ))
        .await,
        "request.function"
    );
    assert_eq!(
        field(InvokeRequest {
            qualifier: Some("b".into()),
            ..InvokeRequest::new("f:a")
        })
        .await,
        "request.qualifier"
    );
    assert_eq!(field(request("f", "{")).await, "request.payload");
    assert_eq!(
        field(InvokeRequest {
            client_context: Some("[]".into()),
            ..InvokeRequest::new("f")
        })
        .await,
        "request.client-context"
    );
    assert_eq!(
        field(InvokeRequest {
            tenant_id: Some("a\r\nb: c".into()),
            ..InvokeRequest::new("f")
        })
        .await,
        "request.tenant-id"
    );
    assert!(local.lambda.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_the_policy_forbids() {
    let local = local().await;
    let policy = std::sync::Arc::new(Policy::for_region("us-east-1"));
    let answer = host()
        .invoke(&policy, &local.connection, &InvokeRequest::new("echo"))
        .await
        .expect("the host works");
    let Err(Error::Transport(error)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (TransportKind::Denied, Executed::No, 1)
    );
    assert!(local.lambda.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens() {
    let local = local().await;
    let connection = local.connection.clone();
    let policy = local.policy.clone();
    local.lambda.stop().await;
    let answer = host()
        .invoke(&policy, &connection, &InvokeRequest::new("echo"))
        .await
        .expect("the host works");
    let Err(Error::Transport(error)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (error.kind, error.executed, error.attempts),
        (TransportKind::Connect, Executed::No, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_tested_point_by_point() {
    let local = local().await;
    let test = async |function: Option<&str>| {
        let checks = host()
            .test_connection(&local.policy, &local.connection, function, None)
            .await;
        checks
            .expect("the host works")
            .expect("the question is a good one")
    };
    let outcome = |checks: &[aws_lambda_connector_host::bindings::lambda::Check], subject| {
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
