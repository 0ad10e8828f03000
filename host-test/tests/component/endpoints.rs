//! What the connector sends, and to which endpoint.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Endpoint};
use aws_lambda_connector_host::policy::Policy;
use testing::outcome::{invalid_input, transport};
use testing::{Component, Local, case, changed, for_each_component, query};

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn request_is_sent_exactly_as_signed(component: Component) {
    let local = Local::start(component).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:echo:$LATEST";
    let invoked = local.invoke(InvokeRequest::new(arn)).await;
    assert!(invoked.is_ok(), "the signature is right: {invoked:?}");
    let recorded = &local.lambda.requests()[0];
    assert_eq!(recorded.method, "POST");
    assert_eq!(
        recorded.path_and_query,
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aecho%3A%24LATEST/invocations"
    );
    let host = local.lambda.addr().to_string();
    let user_agent = concat!("aws-lambda-connector/", env!("CARGO_PKG_VERSION"));
    assert_eq!(recorded.header("host"), Some(&*host));
    assert_eq!(recorded.header("user-agent"), Some(user_agent));
    assert_eq!(recorded.header("x-amz-content-sha256"), None);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn base_path_is_kept_and_signed(component: Component) {
    let local = Local::with(component, |config| {
        config.base_path = "/proxy/aws%20lambda".into();
    })
    .await;
    assert_eq!(local.output("echo", "7").await, "7");
    local.list(query()).await.expect("the signature is right");
    for recorded in local.lambda.requests() {
        let path = recorded.path_and_query;
        let prefix = "/proxy/aws%20lambda/2015-03-31/functions";
        assert!(path.starts_with(prefix), "{path}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn region_comes_from_the_arn_when_the_connection_has_none(component: Component) {
    let local = Local::with(component, |config| config.region = "eusc-de-east-1".into()).await;
    let connection = changed(&local.connection, |connection| connection.region.clear());
    let arn = "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:context";
    let answer = local.invoke_by(&connection, InvokeRequest::new(arn)).await;
    let invocation = answer.expect("the scope's region is right");
    assert_eq!(invocation.status_code, 200);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn standard_endpoint_follows_region_and_variant(component: Component) {
    let local = Local::start(component).await;
    let (plain, dual_stack) = ("amazonaws.com.cn", "api.amazonwebservices.com.cn");
    for (endpoint, service, suffix) in [
        (None, "lambda", plain),
        (Some(Endpoint::Fips), "lambda-fips", plain),
        (Some(Endpoint::DualStack), "lambda", dual_stack),
        (Some(Endpoint::FipsDualStack), "lambda-fips", dual_stack),
    ] {
        let connection = Connection {
            region: "cn-north-1".into(),
            endpoint,
            ..local.connection.clone()
        };
        // The policy denies everything, so its refusals show where the request would have gone.
        let policy = Arc::new(Policy::deny_all());
        let request = InvokeRequest::new("f");
        let answer = local.host.invoke(&policy, &connection, &request).await;
        transport(answer.unwrap());
        let [refusal] = &policy.refusals()[..] else {
            panic!("one refusal")
        };
        let refusal = refusal.to_string();
        let origin = format!("https://{service}.cn-north-1.{suffix}:443");
        assert!(refusal.contains(&origin), "{refusal}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn link_local_endpoint_is_rejected_before_connecting(component: Component) {
    let local = Local::start(component).await;
    for url in [
        "http://169.254.169.254/",
        "http://[fe80::1]",
        "http://2852039166",
    ] {
        let _case = case(url);
        let connection = changed(&local.connection, |connection| {
            connection.endpoint = Some(Endpoint::Url(url.into()));
        });
        let answer = local.invoke_by(&connection, InvokeRequest::new("f")).await;
        assert_eq!(invalid_input(answer).field, "connection.endpoint.url");
    }
    // The component rejected the URL before the policy saw it.
    assert!(local.policy.refusals().is_empty());
}
