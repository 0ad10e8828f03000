//! What goes over the wire, and where to.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Endpoint, Error};
use local_lambda::Config;

use super::support::{host, local, local_with, query};

#[tokio::test(flavor = "multi_thread")]
async fn the_wire_is_as_it_was_signed() {
    let local = local().await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:echo:$LATEST";
    local
        .invoke(InvokeRequest::new(arn))
        .await
        .expect("the signature is right");
    let recorded = &local.lambda.requests()[0];
    assert_eq!(recorded.method, "POST");
    assert_eq!(
        recorded.path_and_query,
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aecho%3A%24LATEST/invocations"
    );
    assert_eq!(
        recorded.header("host"),
        Some(local.lambda.addr().to_string().as_str())
    );
    assert_eq!(
        recorded.header("user-agent"),
        Some(concat!("aws-lambda-connector/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(recorded.header("x-amz-content-sha256"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_path_is_kept_and_signed() {
    let local = local_with(Config {
        base_path: "/proxy/aws%20lambda".into(),
        ..Config::default()
    })
    .await;
    assert_eq!(local.output("echo", "7").await, "7");
    local.list(query()).await.expect("the signature is right");
    for recorded in local.lambda.requests() {
        assert!(
            recorded
                .path_and_query
                .starts_with("/proxy/aws%20lambda/2015-03-31/functions")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_region_may_come_from_the_arn() {
    let local = local_with(Config {
        region: "eusc-de-east-1".into(),
        ..Config::default()
    })
    .await;
    let connection = Connection {
        region: String::new(),
        ..local.connection.clone()
    };
    let request =
        InvokeRequest::new("arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:context");
    let answer = host()
        .invoke(&local.policy, &connection, &request)
        .await
        .expect("the host works");
    assert_eq!(
        answer.expect("the scope's region is right").status_code,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_endpoints_are_those_of_the_region() {
    let local = local().await;
    for (endpoint, host_name) in [
        (None, "lambda.cn-north-1.amazonaws.com.cn:443"),
        (
            Some(Endpoint::Fips),
            "lambda-fips.cn-north-1.amazonaws.com.cn:443",
        ),
        (
            Some(Endpoint::DualStack),
            "lambda.cn-north-1.api.amazonwebservices.com.cn:443",
        ),
        (
            Some(Endpoint::FipsDualStack),
            "lambda-fips.cn-north-1.api.amazonwebservices.com.cn:443",
        ),
    ] {
        let connection = Connection {
            region: "cn-north-1".into(),
            endpoint,
            ..local.connection.clone()
        };
        // Nothing is allowed, so that the policy tells where the request would have gone.
        let policy = std::sync::Arc::new(aws_lambda_connector_host::policy::Policy::deny_all());
        let answer = host()
            .invoke(&policy, &connection, &InvokeRequest::new("f"))
            .await
            .expect("the host works");
        assert!(matches!(answer, Err(Error::Transport(_))), "{answer:?}");
        let [refusal] = &policy.refusals()[..] else {
            panic!("one refusal")
        };
        assert!(
            refusal
                .to_string()
                .contains(&format!("https://{host_name}")),
            "{refusal}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn link_local_addresses_are_never_contacted() {
    let local = local().await;
    for url in [
        "http://169.254.169.254/",
        "http://[fe80::1]",
        "http://2852039166",
    ] {
        let connection = Connection {
            endpoint: Some(Endpoint::Url(url.into())),
            ..local.connection.clone()
        };
        let answer = host()
            .invoke(&local.policy, &connection, &InvokeRequest::new("f"))
            .await
            .expect("the host works");
        assert!(
            matches!(answer, Err(Error::InvalidInput(input)) if input.field == "connection.endpoint.url")
        );
    }
    assert!(
        local.policy.refusals().is_empty(),
        "the component itself refused"
    );
}
