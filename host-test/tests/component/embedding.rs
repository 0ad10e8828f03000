//! The connector in its host: what the policy lets through, and what the connector learns of the
//! rest.

use std::path::Path;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Endpoint, Error, Executed, Invocation, TransportError,
    TransportKind,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use aws_lambda_connector_host::policy::{Policy, Refusal};
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Config, LocalLambda};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn host(outbound: OutboundOptions) -> Host {
    let options = Options {
        outbound,
        ..Options::default()
    };
    Host::new(Path::new(super::COMPONENT), options).unwrap()
}

async fn invoke(host: &Host, policy: &Arc<Policy>, url: String) -> Result<Invocation, Error> {
    let connection = Connection {
        region: "us-east-1".to_owned(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: "AKIDLOCALLAMBDA".to_owned(),
            secret_access_key: "local/lambda+secret/that+opens/nothing/elsewhere".to_owned(),
            session_token: None,
        }),
        endpoint: Some(Endpoint::Url(url)),
    };
    let request = InvokeRequest {
        payload: Some("{}".to_owned()),
        ..InvokeRequest::new("echo")
    };
    host.invoke(policy, &connection, &request).await.unwrap()
}

fn transport(result: Result<Invocation, Error>) -> TransportError {
    match result {
        Err(Error::Transport(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn denied(result: Result<Invocation, Error>) {
    let error = transport(result);
    assert_eq!(error.kind, TransportKind::Denied);
    assert_eq!(error.executed, Executed::No);
}

#[tokio::test]
async fn a_destination_not_allowed_is_denied_and_named_to_the_host() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let host = host(OutboundOptions::default());
    let policy = Arc::new(Policy::for_region("us-east-1"));
    denied(invoke(&host, &policy, lambda.url()).await);
    assert_eq!(
        policy.refusals(),
        [Refusal::NotAllowed {
            scheme: "http".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: lambda.addr().port(),
        }]
    );
    assert_eq!(lambda.requests().len(), 0);

    let policy = Arc::new(Policy::deny_all().allow(&lambda.url()).unwrap());
    assert_eq!(
        invoke(&host, &policy, lambda.url())
            .await
            .unwrap()
            .status_code,
        200
    );
    assert_eq!(policy.refusals(), []);
}

#[tokio::test]
async fn an_allowed_name_that_leads_to_a_link_local_address_is_denied() {
    let host = host(OutboundOptions {
        resolve: [("inside.example", "169.254.169.254:80".parse().unwrap())].into(),
        ..OutboundOptions::default()
    });
    let policy = Arc::new(Policy::deny_all().allow("inside.example").unwrap());
    denied(invoke(&host, &policy, "http://inside.example".to_owned()).await);
    assert_eq!(
        policy.refusals(),
        [Refusal::LinkLocal {
            host: "inside.example".to_owned()
        }]
    );
}

#[tokio::test]
async fn many_calls_at_once_share_nothing_but_connections() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let host = host(OutboundOptions::default());
    let policy = Arc::new(Policy::deny_all().allow(&lambda.url()).unwrap());
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (host, policy, url) = (host.clone(), policy.clone(), lambda.url());
            tokio::spawn(async move { invoke(&host, &policy, url).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status_code, 200);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut part = [0; 4096];
        assert_ne!(stream.read(&mut part).await.unwrap(), 0);
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let policy = Arc::new(Policy::deny_all().allow(&url).unwrap());
    let error = transport(invoke(&host(OutboundOptions::default()), &policy, url).await);
    server.await.unwrap();
    assert_eq!(error.kind, TransportKind::CutOff);
    assert_eq!(error.executed, Executed::Yes);
    assert_eq!(error.message, "the answer broke off in the middle");
}
