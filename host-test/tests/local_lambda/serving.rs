//! Starting, stopping, recording, and keeping services apart.

use http_body_util::BodyExt;
use local_lambda::{Config, Key, LocalLambda};
use serde_json::json;
use tokio::net::TcpStream;

use crate::client::{Call, connect, start};

#[tokio::test]
async fn services_side_by_side_share_nothing() {
    let (a, b) = (start().await, start().await);
    assert_ne!(a.addr(), b.addr());
    assert!(a.addr().ip().is_loopback());
    assert_eq!(a.url(), format!("http://{}", a.addr()));
    assert_eq!(a.key().access_key_id, "AKIDLOCALLAMBDA");
    Call::invoke("count", r#"{"key":"k"}"#).send(&a).await;
    assert_eq!((a.runs("k"), b.runs("k")), (1, 0));
    assert_eq!((a.requests().len(), b.requests().len()), (1, 0));
}

#[tokio::test]
async fn requests_are_recorded_as_they_arrived() {
    let lambda = start().await;
    let path = "/2015-03-31/functions/arn%3Aaws%3ALambda:x/invocations?Qualifier=%24LATEST&b=%2f";
    let mut call = Call::new("POST", path).header("x-amz-tenant-id", "two  spaces");
    call.body = b"[1, 2]".to_vec();
    call.key = Some(Key {
        secret_access_key: "wrong".to_owned(),
        ..Key::default()
    });
    assert_eq!(
        call.send(&lambda).await.status,
        403,
        "refused requests are recorded too"
    );
    let requests = lambda.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(
        (request.method.as_str(), request.path_and_query.as_str()),
        ("POST", path)
    );
    assert_eq!((request.body_length, request.complete), (6, true));
    let names: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "host",
            "x-amz-tenant-id",
            "x-amz-date",
            "authorization",
            "content-length"
        ]
    );
    assert_eq!(
        request.header("host"),
        Some(lambda.addr().to_string().as_str())
    );
    assert_eq!(request.header("x-amz-tenant-id"), Some("two  spaces"));
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("Signature=") && shown.contains("[redacted]"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let lambda = start().await;
    let (mut sender, _connection) = connect(&lambda).await;
    for n in 1..=3 {
        sender.ready().await.unwrap();
        let request = Call::invoke("count", r#"{"key":"kept"}"#).sign(&lambda);
        let answer = sender.send_request(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&body).unwrap()["runs"],
            n
        );
    }
}

#[tokio::test]
async fn stopping_interrupts_what_is_slow_and_closes_the_port() {
    let lambda = start().await;
    let addr = lambda.addr();
    let request = Call::invoke("slow", r#"{"ms":600000}"#).sign(&lambda);
    let (mut sender, _connection) = connect(&lambda).await;
    let answer = tokio::spawn(sender.send_request(request));
    while lambda.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    lambda.stop().await;
    // Either the connection was cut or the service had time to say why.
    assert!(
        answer
            .await
            .unwrap()
            .map_or(true, |answer| answer.status() == 500)
    );
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn a_run_outlives_the_connection_that_asked_for_it() {
    let lambda = start().await;
    let request = Call::invoke("slow", r#"{"ms":50,"key":"cut"}"#).sign(&lambda);
    let (mut sender, connection) = connect(&lambda).await;
    let answer = tokio::spawn(sender.send_request(request));
    while !lambda
        .requests()
        .first()
        .is_some_and(|request| request.complete)
    {
        tokio::task::yield_now().await;
    }
    connection.abort();
    answer.abort();
    // A test that hangs here is one where the run ended with its connection.
    while lambda.runs("cut") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lambda.runs("cut"), 1);
}

#[tokio::test]
async fn other_regions_partitions_and_base_paths() {
    let lambda = testing::lambda_with(Config {
        region: "cn-north-1".to_owned(),
        account: "210987654321".to_owned(),
        base_path: "/proxy/lambda".to_owned(),
        ..Config::default()
    })
    .await;
    assert_eq!(
        lambda.url(),
        format!("http://{}/proxy/lambda", lambda.addr())
    );
    let call = |path: &str| Call {
        region: "cn-north-1",
        ..Call::get(path)
    };
    let page = call("/proxy/lambda/2015-03-31/functions/")
        .send(&lambda)
        .await
        .json();
    assert_eq!(
        page["Functions"][0]["FunctionArn"],
        "arn:aws-cn:lambda:cn-north-1:210987654321:function:echo"
    );
    assert_eq!(
        call("/2015-03-31/functions/").send(&lambda).await.status,
        404
    );
}

#[tokio::test]
async fn what_is_no_operation_is_not_found() {
    let lambda = start().await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions/echo/invocations"),
        ("POST", "/2015-03-31/functions"),
        (
            "POST",
            "/2021-11-15/functions/echo/response-streaming-invocations",
        ),
        ("GET", "/2015-03-31/functionsx"),
    ] {
        Call::new(method, path).send(&lambda).await.assert_error(
            404,
            "UnknownOperationException",
            json!({ "message": "This is no operation that the local Lambda has" }),
        );
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let lambda = start().await;
    let taken = format!(
        "cannot listen on {}: choose another port, or 0 for a free one",
        lambda.addr()
    );
    let default = Config::default;
    let no_keys = Config {
        keys: Vec::new(),
        ..default()
    };
    let short_account = Config {
        account: "12".to_owned(),
        ..default()
    };
    let bad_path = Config {
        base_path: "proxy/".to_owned(),
        ..default()
    };
    let at = |addr| Config { addr, ..default() };
    for (config, message) in [
        (
            no_keys,
            "the local Lambda needs at least one key: without one nobody could call it",
        ),
        (short_account, "the account \"12\" is not 12 digits"),
        (
            bad_path,
            "the base path \"proxy/\" must start with a slash and not end with one",
        ),
        (
            at("0.0.0.0:0".parse().unwrap()),
            "the local Lambda listens on the loopback interface only, not on 0.0.0.0",
        ),
        (at(lambda.addr()), taken.as_str()),
    ] {
        let error = LocalLambda::start(config).await.unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn secrets_do_not_show() {
    let key = Key {
        session_token: Some("the-token".to_owned()),
        ..Key::default()
    };
    let secret = key.secret_access_key.clone();
    let config = Config {
        keys: vec![key],
        ..Config::default()
    };
    let lambda = LocalLambda::start(config.clone()).await.unwrap();
    for shown in [format!("{config:?}"), format!("{lambda:?}")] {
        assert!(
            !shown.contains(&secret) && !shown.contains("the-token"),
            "{shown}"
        );
        assert!(shown.contains("AKIDLOCALLAMBDA"), "{shown}");
    }
}

#[tokio::test]
async fn quiet_comes_when_every_event_has_run() {
    let lambda = start().await;
    for _ in 0..5 {
        let event = Call::invoke("slow", r#"{"key":"k","ms":100}"#).event();
        assert_eq!(event.send(&lambda).await.status, 202);
    }
    lambda.quiet().await;
    assert_eq!(lambda.runs("k"), 5);
    lambda.quiet().await;
}
