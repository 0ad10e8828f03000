//! HTTPS with a certificate generated at start.

use std::sync::Arc;

use local_lambda::{LocalLambda, Tls};
use rustls_pki_types::{CertificateDer, ServerName};
use testing::case;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

use crate::client::{Call, send_on};

async fn start(tls: Tls) -> LocalLambda {
    testing::lambda_with(|config| config.tls = Some(tls)).await
}

async fn connect(
    lambda: &LocalLambda,
    name: &'static str,
    root: CertificateDer<'static>,
) -> Result<TlsStream<TcpStream>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(lambda.addr()).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
        .map_err(|error| {
            let error = error.into_inner().unwrap();
            error.downcast_ref::<Error>().unwrap().clone()
        })
}

#[tokio::test]
async fn client_that_trusts_the_root_gets_a_response() {
    let lambda = start(Tls::loopback().unwrap()).await;
    assert_eq!(lambda.url(), format!("https://{}", lambda.addr()));
    let root = lambda.root_certificate().unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let _case = case(name);
        let stream = connect(&lambda, name, root.clone()).await.unwrap();
        let request = Call::invoke("echo", r#"{"over":"tls"}"#).sign(&lambda);
        let answer = send_on(stream, request).await;
        answer.assert_success(r#"{"over":"tls"}"#);
    }
}

#[tokio::test]
async fn other_name_or_other_root_is_rejected() {
    use CertificateError::{BadSignature, NotValidForNameContext, UnknownIssuer};
    let lambda = start(Tls::for_names(&["lambda.example"]).unwrap()).await;
    let root = lambda.root_certificate().unwrap();
    let connected = connect(&lambda, "lambda.example", root.clone()).await;
    assert!(connected.is_ok());
    let connected = connect(&lambda, "localhost", root).await;
    let Err(Error::InvalidCertificate(NotValidForNameContext { .. })) = connected else {
        panic!("{connected:?}")
    };
    let other = Tls::for_names(&["lambda.example"]).unwrap();
    let root = other.root_certificate().clone();
    let connected = connect(&lambda, "lambda.example", root).await;
    let Err(Error::InvalidCertificate(UnknownIssuer | BadSignature)) = connected else {
        panic!("{connected:?}")
    };
}

#[tokio::test]
async fn name_that_no_certificate_can_hold_is_rejected() {
    let error = Tls::for_names(&["größe.example"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"cannot generate a certificate for the names ["größe.example"]: use ASCII host names or IP addresses"#
    );
}
