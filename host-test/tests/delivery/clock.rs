//! Clocks that differ.

use aws_lambda_connector_host::bindings::types::{Error, ErrorCategory, Executed};
use local_lambda::{Config, LocalLambda};

use super::HOST;
use testing::{connection, request};

async fn off_by(seconds: i64) -> LocalLambda {
    LocalLambda::start(Config {
        clock_offset_seconds: seconds,
        ..Config::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn an_hour_or_a_year_off_is_corrected_once() {
    const YEAR: i64 = 365 * 24 * 3_600;
    for seconds in [3_600, -3_600, 330, -330, YEAR, -YEAR] {
        let lambda = off_by(seconds).await;
        let connection = connection(lambda.key(), lambda.url());
        let invocation = HOST
            .invoke(&connection, &request("count", r#"{"key":"k"}"#))
            .await
            .unwrap();
        assert_eq!(invocation.attempts, 2, "{seconds}");
        let dates: Vec<String> = lambda
            .requests()
            .iter()
            .map(|request| request.header("x-amz-date").unwrap().to_owned())
            .collect();
        assert_eq!((lambda.runs("k"), dates.len()), (1, 2), "{seconds}");
        assert_ne!(dates[0], dates[1], "{seconds}");
    }
}

#[tokio::test]
async fn what_lambda_tolerates_needs_no_correction() {
    for seconds in [230, -230] {
        let lambda = off_by(seconds).await;
        let connection = connection(lambda.key(), lambda.url());
        let invocation = HOST
            .invoke(&connection, &request("count", r#"{"key":"k"}"#))
            .await
            .unwrap();
        assert_eq!((invocation.attempts, lambda.runs("k")), (1, 1), "{seconds}");
    }
}

#[tokio::test]
async fn without_a_second_attempt_the_clock_is_named() {
    for seconds in [3_600, -3_600] {
        let lambda = off_by(seconds).await;
        let connection = connection(lambda.key(), lambda.url());
        let mut request = request("count", r#"{"key":"k"}"#);
        request.delivery.as_mut().unwrap().max_attempts = Some(1);
        match HOST.invoke(&connection, &request).await {
            Err(Error::Unauthenticated(error)) => {
                assert_eq!(
                    (error.category, error.executed, error.attempts),
                    (ErrorCategory::ClockSkew, Executed::No, 1)
                );
                assert!(error.hint.unwrap().contains("clock"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 1));
    }
}

#[tokio::test]
async fn a_wrong_secret_is_not_taken_for_a_wrong_clock() {
    let lambda = off_by(0).await;
    let mut key = lambda.key().clone();
    key.secret_access_key = "another".to_owned();
    let connection = connection(&key, lambda.url());
    match HOST.invoke(&connection, &request("count", "{}")).await {
        Err(Error::Unauthenticated(error)) => assert_eq!(
            (error.category, error.attempts),
            (ErrorCategory::Credentials, 1)
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(lambda.requests().len(), 1);
}
