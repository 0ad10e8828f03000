//! Lambda's longest synchronous call, on a fake clock.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Executed, TransportKind};
use http::Response;
use http_body_util::Full;
use hyper::body::Bytes;
use local_lambda::Key;
use testing::barrier::{Arrived, Barrier};
use testing::outcome::{assert_transport, text};
use testing::{Component, connection, for_each_component, request};
use tokio::time::Duration;

use crate::{Result, invoke};

const MINUTE: Duration = Duration::from_secs(60);

fn answer(_: &Arrived) -> Option<Response<Full<Bytes>>> {
    let answer = Response::builder().header("x-amzn-requestid", "3a53bd2c");
    Some(answer.body(Full::from(r#""done""#)).unwrap())
}

/// Invokes with the default options a function that runs for `duration`.
async fn invoke_for(component: Component, duration: Duration) -> Result {
    let server = Barrier::start(answer).await;
    let connection = connection(&Key::default(), server.url());
    let request = InvokeRequest {
        delivery: None,
        ..request("f", "{}")
    };
    let call = invoke(component, &connection, &request);
    let time = async {
        server.waiting(1).await;
        tokio::time::pause();
        tokio::time::advance(duration).await;
        tokio::time::resume();
        server.open();
    };
    tokio::join!(call, time).0
}

#[for_each_component]
#[tokio::test]
async fn call_of_29_minutes_succeeds_with_the_default_options(component: Component) {
    let invoked = invoke_for(component, 29 * MINUTE).await;
    assert_eq!(text(invoked), r#""done""#);
}

/// The host ends a call after 31 minutes, so that the time advances only past the connector's limit.
#[for_each_component]
#[tokio::test]
async fn call_of_more_than_30_minutes_times_out_with_the_default_options(component: Component) {
    let invoked = invoke_for(component, 30 * MINUTE + MINUTE / 2).await;
    assert_transport(invoked, TransportKind::Timeout, Executed::Unknown, 1);
}
