//! HTTPS for real: whom the host trusts, and for which name.

use std::net::TcpListener;
use std::sync::LazyLock;

use aws_lambda_connector_host::bindings::types::{Executed, Payload, TransportKind};
use local_lambda::{Config, LocalLambda, Tls};

use super::{HOST, Result, STOCK, transport};
use testing::{AnyHost, connection, request};

/// Its root is trusted, its names are right.
pub static TRUSTED: LazyLock<Tls> = LazyLock::new(|| Tls::loopback().unwrap());

/// Its root is trusted, its name is another's.
pub static ELSEWHERE: LazyLock<Tls> = LazyLock::new(|| Tls::for_names(&[STANDARD]).unwrap());

/// Lambda's own endpoint ...
pub const STANDARD: &str = "lambda.us-east-1.amazonaws.com";

/// ... leads here, for the one test that serves it.
pub static PORT: LazyLock<TcpListener> =
    LazyLock::new(|| TcpListener::bind("127.0.0.1:0").unwrap());

async fn lambda(tls: &Tls) -> LocalLambda {
    LocalLambda::start(Config {
        tls: Some(tls.clone()),
        ..Config::default()
    })
    .await
    .unwrap()
}

async fn count(host: &AnyHost, lambda: &LocalLambda) -> Result {
    let connection = connection(lambda.key(), lambda.url());
    host.invoke(&connection, &request("count", r#"{"key":"k"}"#))
        .await
}

#[tokio::test]
async fn a_trusted_root_and_the_right_name() {
    let lambda = lambda(&TRUSTED).await;
    let invocation = count(&HOST, &lambda).await.unwrap();
    assert!(
        matches!(&invocation.output, Some(Payload::Text(text)) if text == r#"{"key":"k","runs":1}"#),
        "{invocation:?}"
    );
    assert_eq!((invocation.attempts, lambda.runs("k")), (1, 1));
}

#[tokio::test]
async fn a_wrong_name() {
    let lambda = lambda(&ELSEWHERE).await;
    let result = count(&HOST, &lambda).await;
    let message = transport(result, TransportKind::Tls, Executed::No, 1);
    assert_eq!(
        message,
        format!(
            "no trusted TLS connection to the endpoint (endpoint {}; the host says: TLS-certificate-error)",
            lambda.addr()
        )
    );
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[tokio::test]
async fn an_untrusted_root() {
    // The same names, signed by an authority that nobody trusts.
    let lambda = lambda(&Tls::loopback().unwrap()).await;
    for host in [&*HOST, &AnyHost::Stock(Box::new(STOCK.clone()))] {
        let result = count(host, &lambda).await;
        transport(result, TransportKind::Tls, Executed::No, 1);
    }
    assert_eq!((lambda.runs("k"), lambda.requests().len()), (0, 0));
}

#[tokio::test]
async fn http_where_https_is_spoken() {
    let lambda = lambda(&TRUSTED).await;
    let url = lambda.url().replace("https", "http");
    let connection = connection(lambda.key(), url);
    let result = HOST
        .invoke(&connection, &request("count", r#"{"key":"k"}"#))
        .await;
    // A TLS alert is no HTTP.
    transport(result, TransportKind::Malformed, Executed::Unknown, 1);
    assert_eq!(lambda.runs("k"), 0);
}
