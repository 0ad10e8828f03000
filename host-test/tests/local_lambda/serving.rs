//! Starting, stopping, recording, and isolation between services.

use http_body_util::BodyExt;
use local_lambda::{Config, Key, LocalLambda};
use testing::{case, changed};
use tokio::net::TcpStream;

use crate::client::{Call, connect, invoke, start, untyped};

#[tokio::test]
async fn two_services_share_nothing() {
    let (a, b) = (start().await, start().await);
    assert_ne!(a.addr(), b.addr());
    assert!(a.addr().ip().is_loopback());
    assert_eq!(a.url(), format!("http://{}", a.addr()));
    assert_eq!(a.key().access_key_id, "AKIDLOCALLAMBDA");
    invoke(&a, "count", r#"{"key":"k"}"#).await;
    assert_eq!((a.runs("k"), b.runs("k")), (1, 0));
    assert_eq!((a.requests().len(), b.requests().len()), (1, 0));
}

#[tokio::test]
async fn requests_are_recorded_as_they_arrived() {
    let lambda = start().await;
    let path = "/2015-03-31/functions/arn%3Aaws%3ALambda:x/invocations?Qualifier=%24LATEST&b=%2f";
    let mut call = Call::new("POST", path).header("x-amz-tenant-id", "two  spaces");
    call.body = b"[1, 2]".to_vec();
    let wrong = |key: &mut Key| key.secret_access_key = "wrong".to_owned();
    call.key = Some(changed(&Key::default(), wrong));
    // Rejected requests are recorded as well.
    assert_eq!(call.send(&lambda).await.status, 403);
    let requests = lambda.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path_and_query, path);
    assert_eq!((request.body_length, request.complete), (6, true));
    let names = request.headers.iter().map(|(name, _)| name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "host",
            "x-amz-tenant-id",
            "x-amz-date",
            "authorization",
            "content-length"
        ]
    );
    let host = lambda.addr().to_string();
    assert_eq!(request.header("host"), Some(&*host));
    assert_eq!(request.header("x-amz-tenant-id"), Some("two  spaces"));
    let shown = format!("{request:?}");
    assert!(!shown.contains("Signature="), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

#[tokio::test]
async fn connection_is_reused_for_the_next_request() {
    let lambda = start().await;
    let (mut sender, _connection) = connect(&lambda).await;
    for n in 1..=3 {
        sender.ready().await.unwrap();
        let request = Call::invoke("count", r#"{"key":"kept"}"#).sign(&lambda);
        let answer = sender.send_request(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, format!(r#"{{"key":"kept","runs":{n}}}"#));
    }
}

#[tokio::test]
async fn stop_interrupts_slow_functions_and_closes_the_port() {
    let lambda = start().await;
    let addr = lambda.addr();
    let request = Call::invoke("slow", r#"{"ms":600000}"#).sign(&lambda);
    let (mut sender, _connection) = connect(&lambda).await;
    let answer = tokio::spawn(sender.send_request(request));
    while lambda.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    lambda.stop().await;
    // Either the connection was cut, or the service had time to respond with an error.
    let answer = answer.await.unwrap();
    assert!(answer.map_or(true, |answer| answer.status() == 500));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn run_outlives_its_connection() {
    let lambda = start().await;
    let request = Call::invoke("slow", r#"{"ms":50,"key":"cut"}"#).sign(&lambda);
    let (mut sender, connection) = connect(&lambda).await;
    let answer = tokio::spawn(sender.send_request(request));
    while !lambda.requests().iter().any(|request| request.complete) {
        tokio::task::yield_now().await;
    }
    connection.abort();
    answer.abort();
    // This loop hangs if the run ended with its connection.
    while lambda.runs("cut") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lambda.runs("cut"), 1);
}

#[tokio::test]
async fn region_account_and_base_path_are_configurable() {
    let lambda = testing::lambda_with(|config| {
        config.region = "cn-north-1".to_owned();
        config.account = "210987654321".to_owned();
        config.base_path = "/proxy/lambda".to_owned();
    })
    .await;
    let url = format!("http://{}/proxy/lambda", lambda.addr());
    assert_eq!(lambda.url(), url);
    let get = async |path: &str| {
        let mut call = Call::new("GET", path);
        call.region = "cn-north-1";
        call.send(&lambda).await
    };
    let page = get("/proxy/lambda/2015-03-31/functions/").await.json();
    let arn = "arn:aws-cn:lambda:cn-north-1:210987654321:function:echo";
    assert_eq!(page["Functions"][0]["FunctionArn"], arn);
    assert_eq!(get("/2015-03-31/functions/").await.status, 404);
}

#[tokio::test]
async fn unknown_operation_is_not_found() {
    let lambda = start().await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions/echo/invocations"),
        ("POST", "/2015-03-31/functions"),
        (
            "GET",
            "/2021-11-15/functions/echo/response-streaming-invocations",
        ),
        ("POST", "/2021-11-15/functions/echo/invocations"),
        ("GET", "/2015-03-31/functionsx"),
        ("GET", "/2015-03-31/functions/echo"),
        ("GET", "/2025-12-01/durable-executions"),
        ("POST", "/2025-12-01/durable-executions/arn"),
        ("DELETE", "/2025-12-01/durable-executions/arn"),
        ("POST", "/2025-12-01/durable-executions/arn/pause"),
        ("POST", "/2025-12-01/durable-executions/arn/resume"),
        ("GET", "/2025-12-01/durable-executions/arn/stop"),
        ("POST", "/2025-12-01/functions/durable/durable-executions"),
    ] {
        let _case = case(format!("{method} {path}"));
        let answer = Call::new(method, path).send(&lambda).await;
        let body = untyped(
            "The local Lambda does not support this operation. It supports Invoke, InvokeWithResponseStream, GetFunctionConfiguration, ListFunctions, ListVersionsByFunction, ListAliases and most operations on durable executions.",
        );
        answer.assert_error(404, "UnknownOperationException", body);
    }
}

#[tokio::test]
async fn invalid_configuration_is_rejected() {
    let lambda = start().await;
    let taken = format!(
        "cannot listen on {}: choose another port, or 0 for a free one",
        lambda.addr()
    );
    type Change<'a> = &'a dyn Fn(&mut Config);
    let changes: [(Change<'_>, &str); 5] = [
        (
            &|config| config.keys.clear(),
            "the configuration has no key: add at least one, because callers sign with it",
        ),
        (
            &|config| config.account = "12".to_owned(),
            "the account \"12\" is invalid: it must be 12 digits",
        ),
        (
            &|config| config.base_path = "proxy/".to_owned(),
            "the base path \"proxy/\" is invalid: it must start with a slash and not end with one",
        ),
        (
            &|config| config.addr = "0.0.0.0:0".parse().unwrap(),
            "the address 0.0.0.0 is not allowed: use an address of the loopback interface, such as 127.0.0.1",
        ),
        (&|config| config.addr = lambda.addr(), &taken),
    ];
    for (change, message) in changes {
        let config = changed(&Config::default(), change);
        let error = LocalLambda::start(config).await.unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn debug_output_hides_secrets() {
    let token = "the-token";
    let config = changed(&Config::default(), |config| {
        config.keys[0].session_token = Some(token.to_owned());
    });
    let lambda = LocalLambda::start(config.clone()).await.unwrap();
    for shown in [format!("{config:?}"), format!("{lambda:?}")] {
        for secret in [&*config.keys[0].secret_access_key, token] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("AKIDLOCALLAMBDA"), "{shown}");
    }
}

#[tokio::test]
async fn wait_until_idle_waits_for_every_event() {
    let lambda = start().await;
    for _ in 0..5 {
        let event = Call::invoke("slow", r#"{"key":"k","ms":100}"#).event();
        assert_eq!(event.send(&lambda).await.status, 202);
    }
    lambda.wait_until_idle().await;
    assert_eq!(lambda.runs("k"), 5);
    lambda.wait_until_idle().await;
}
