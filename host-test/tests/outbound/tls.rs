//! HTTPS: trust, names, and handshakes that fail before anything is sent.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate for `name`, and an acceptor that presents it.
fn acceptor(name: &str) -> (CertificateDer<'static>, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (cert.der().clone(), TlsAcceptor::from(Arc::new(config)))
}

/// A client that resolves `lambda.example` to the listener.
fn trusting(roots: Vec<CertificateDer<'static>>, listener: &TcpListener) -> Outbound {
    let options = OutboundOptions {
        extra_roots: roots,
        resolve: [("lambda.example", listener.local_addr().unwrap())].into(),
        ..OutboundOptions::default()
    };
    Outbound::new(&options).unwrap()
}

const URI: &str = "https://lambda.example/2015-03-31/functions";

#[tokio::test]
async fn trusted_certificate_is_accepted() {
    let listener = listener().await;
    let (root, acceptor) = acceptor("lambda.example");
    let client = trusting(vec![root], &listener);
    let ((), served) = tokio::join!(assert_answered(&client, request(URI, "")), async {
        let mut stream = acceptor.accept(accept(&listener).await).await.unwrap();
        answer(&mut stream).await
    });
    assert!(served.contains("\r\nhost: lambda.example\r\n"), "{served}");
}

#[tokio::test]
async fn certificate_with_another_name_or_unknown_issuer_is_rejected() {
    for (name, trusted) in [("lambda.example", false), ("other.example", true)] {
        let listener = listener().await;
        let (root, acceptor) = acceptor(name);
        let client = trusting(if trusted { vec![root] } else { Vec::new() }, &listener);
        let (sent, ()) = tokio::join!(send(&client, request(URI, "")), async {
            let accepted = acceptor.accept(accept(&listener).await);
            accepted.await.err().unwrap();
        });
        assert_eq!(outcome(sent), "TlsCertificateError", "{name}");
    }
}

#[tokio::test]
async fn server_without_tls_is_reported() {
    let listener = listener().await;
    let client = trusting(Vec::new(), &listener);
    let (sent, ()) = tokio::join!(send(&client, request(URI, "")), async {
        let mut stream = accept(&listener).await;
        write(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    assert_eq!(outcome(sent), "TlsProtocolError");
    // The server closes in the middle of the handshake.
    let (sent, ()) = tokio::join!(send(&client, request(URI, "")), async {
        server::read_some(&mut accept(&listener).await).await;
    });
    assert_eq!(outcome(sent), "DestinationUnavailable");
}

#[tokio::test]
async fn tls_alert_is_reported() {
    let listener = listener().await;
    let client = trusting(Vec::new(), &listener);
    let (sent, ()) = tokio::join!(send(&client, request(URI, "")), async {
        let mut stream = accept(&listener).await;
        server::read_some(&mut stream).await;
        // Alert, TLS 1.2, two bytes: fatal, unrecognized_name.
        write(&mut stream, [21, 3, 3, 0, 2, 2, 112]).await;
    });
    let Err(Error::TlsAlertReceived { alert_id, .. }) = sent else {
        panic!("{}", outcome(sent))
    };
    assert_eq!(alert_id, Some(112));
}

/// The connect timeout covers TCP and TLS. In this test TCP connects, but TLS never completes.
#[tokio::test]
async fn endless_handshake_ends_at_the_connect_timeout() {
    let listener = listener().await;
    let client = trusting(Vec::new(), &listener);
    let options = RequestOptions {
        connect_timeout: millis(30),
        ..RequestOptions::default()
    };
    let sent = client.send(request(URI, ""), options).await;
    assert_eq!(outcome(sent), "ConnectionTimeout");
}

/// The connect timeout covers nothing else. A pooled connection needs none of it, so zero is
/// enough.
#[tokio::test]
async fn connect_timeout_covers_only_connecting() {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut stream = accept(&listener).await;
        for _ in 0..2 {
            answer(&mut stream).await;
        }
    });
    let client = client();
    assert_answered(&client, get(address)).await;
    let options = RequestOptions {
        connect_timeout: millis(0),
        ..RequestOptions::default()
    };
    let sent = client.send(get(address), options).await;
    assert_eq!(text(sent).await.unwrap(), "ok");
    server.await.unwrap();
}
