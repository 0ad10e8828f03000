//! Clock skew between the host and Lambda.

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, Invocation};
use local_lambda::LocalLambda;
use testing::outcome::{assert_service, unauthenticated};
use testing::{
    Component, case, connection, connection_to, for_each_component, lambda_with, request,
    request_with,
};

use crate::invoke;

async fn off_by(seconds: i64) -> LocalLambda {
    lambda_with(|config| config.clock_offset_seconds = seconds).await
}

async fn invoke_count(component: Component, lambda: &LocalLambda) -> Invocation {
    let request = request("count", r#"{"key":"k"}"#);
    let invoked = invoke(component, &connection_to(lambda), &request).await;
    invoked.unwrap()
}

#[for_each_component]
#[tokio::test]
async fn clock_skew_is_corrected_with_one_retry(component: Component) {
    const DAY: i64 = 24 * 3_600;
    for seconds in [3_600, -3_600, 330, -330, DAY - 60, 60 - DAY] {
        let lambda = off_by(seconds).await;
        let invocation = invoke_count(component, &lambda).await;
        assert_eq!(invocation.attempts, 2, "{seconds}");
        assert_eq!(lambda.runs("k"), 1, "{seconds}");
        let requests = lambda.requests();
        let [first, second] = &requests[..] else {
            panic!("{seconds}: {requests:?}")
        };
        let [first, second] = [first, second].map(|it| it.header("x-amz-date").unwrap());
        assert_ne!(first, second, "{seconds}");
    }
}

/// A false `Date` must not obtain a signature for a distant day.
#[for_each_component]
#[tokio::test]
async fn clock_skew_of_more_than_a_day_is_reported_and_not_followed(component: Component) {
    const YEAR: i64 = 365 * 24 * 3_600;
    for seconds in [YEAR, -YEAR] {
        let lambda = off_by(seconds).await;
        let request = request("count", r#"{"key":"k"}"#);
        let invoked = invoke(component, &connection_to(&lambda), &request).await;
        let error = unauthenticated(invoked);
        assert_eq!(
            (error.category, error.executed, error.attempts),
            (ErrorCategory::ClockSkew, Executed::No, 1),
            "{seconds}"
        );
        assert_eq!(
            (lambda.runs("k"), lambda.requests().len()),
            (0, 1),
            "{seconds}"
        );
    }
}

#[for_each_component]
#[tokio::test]
async fn tolerated_clock_skew_needs_no_retry(component: Component) {
    for seconds in [230, -230] {
        let lambda = off_by(seconds).await;
        let invocation = invoke_count(component, &lambda).await;
        assert_eq!((invocation.attempts, lambda.runs("k")), (1, 1), "{seconds}");
    }
}

#[for_each_component]
#[tokio::test]
async fn clock_skew_is_reported_when_no_attempt_is_left(component: Component) {
    for seconds in [3_600, -3_600] {
        let _case = case(seconds);
        let lambda = off_by(seconds).await;
        let request = request_with("count", r#"{"key":"k"}"#, |delivery| {
            delivery.max_attempts = Some(1);
        });
        let result = invoke(component, &connection_to(&lambda), &request).await;
        let error = unauthenticated(result);
        assert_service(&error, ErrorCategory::ClockSkew, Executed::No, 1);
        assert!(error.hint.unwrap().contains("clock"));
        assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 1));
    }
}

#[for_each_component]
#[tokio::test]
async fn wrong_secret_is_not_reported_as_clock_skew(component: Component) {
    let lambda = off_by(0).await;
    let mut key = lambda.key().clone();
    key.secret_access_key = "another".to_owned();
    let connection = connection(&key, lambda.url());
    let error = unauthenticated(invoke(component, &connection, &request("count", "{}")).await);
    assert_service(&error, ErrorCategory::Credentials, Executed::No, 1);
    assert_eq!(lambda.requests().len(), 1);
}
