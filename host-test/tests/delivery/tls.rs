//! Real HTTPS: which certificates the host trusts, and for which names.

use std::net::TcpListener;
use std::sync::LazyLock;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind};
use local_lambda::{LocalLambda, Tls};
use testing::outcome::{assert_transport, text};
use testing::{
    Component, PerComponent, case, connection, connection_to, for_each_component, lambda_with,
    request,
};

use crate::{HOST_NAMES, Result, hosts, invoke};

/// Trusted root, matching names.
pub static TRUSTED: LazyLock<Tls> = LazyLock::new(|| Tls::loopback().unwrap());

/// Trusted root, but a certificate for Lambda's own name.
pub static OTHER_NAME: LazyLock<Tls> = LazyLock::new(|| Tls::for_names(&[STANDARD]).unwrap());

/// The standard endpoint of Lambda in the region, as a host name.
pub const STANDARD: &str = "lambda.us-east-1.amazonaws.com";

/// The listener that `STANDARD` resolves to, for the one test that serves it.
pub fn listener(component: Component) -> &'static TcpListener {
    static LISTENERS: PerComponent<TcpListener> =
        PerComponent::new(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    LISTENERS.of(component)
}

async fn lambda(tls: &Tls) -> LocalLambda {
    lambda_with(|config| config.tls = Some(tls.clone())).await
}

async fn count(component: Component, lambda: &LocalLambda) -> Result {
    let request = request("count", r#"{"key":"k"}"#);
    invoke(component, &connection_to(lambda), &request).await
}

#[for_each_component]
#[tokio::test]
async fn trusted_certificate_with_a_matching_name_is_accepted(component: Component) {
    let lambda = lambda(&TRUSTED).await;
    let invocation = count(component, &lambda).await.unwrap();
    assert_eq!((invocation.attempts, lambda.runs("k")), (1, 1));
    assert_eq!(text(Ok(invocation)), r#"{"key":"k","runs":1}"#);
}

#[for_each_component]
#[tokio::test]
async fn certificate_for_another_name_is_rejected(component: Component) {
    let lambda = lambda(&OTHER_NAME).await;
    let result = count(component, &lambda).await;
    let message = assert_transport(result, TransportKind::Tls, Executed::No, 1);
    let expected = format!(
        "could not establish a trusted TLS connection to the endpoint (endpoint {}; the host reports TLS-certificate-error)",
        lambda.addr()
    );
    assert_eq!(message, expected);
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[for_each_component]
#[tokio::test]
async fn certificate_from_an_untrusted_root_is_rejected(component: Component) {
    // The same names, but signed by an untrusted authority.
    let lambda = lambda(&Tls::loopback().unwrap()).await;
    for (host, name) in hosts(component).into_iter().zip(HOST_NAMES) {
        let _case = case(name);
        let request = request("count", r#"{"key":"k"}"#);
        let result = host.invoke(&connection_to(&lambda), &request).await;
        assert_transport(result, TransportKind::Tls, Executed::No, 1);
    }
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[for_each_component]
#[tokio::test]
async fn http_request_to_an_https_port_is_malformed(component: Component) {
    let lambda = lambda(&TRUSTED).await;
    let url = lambda.url().replace("https", "http");
    let connection = connection(lambda.key(), url);
    let request = request("count", r#"{"key":"k"}"#);
    let result = invoke(component, &connection, &request).await;
    // A TLS alert is not an HTTP response.
    assert_transport(result, TransportKind::Malformed, Executed::Unknown, 1);
    assert_eq!(lambda.runs("k"), 0);
}
