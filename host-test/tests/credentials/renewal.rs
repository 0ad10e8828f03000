//! Renewal of a role's keys by the host: one request at a time for each connection, bounded by the
//! options of the calls that wait for it.
//!
//! Tests with several calls run on one thread. Every spawned call is then polled before the first
//! response can arrive, so all of them wait for the same renewal.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    Error, Executed, Invocation, ServiceError, TransportKind,
};
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use http::Response;
use http_body_util::Full;
use hyper::body::Bytes;
use local_lambda::LocalLambda;
use testing::barrier::Barrier;
use testing::outcome::{assert_transport, unauthenticated};
use testing::server::{Canned, Server};
use testing::{Component, for_each_component, request, request_with};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{connection, roles, start, sts_requests, web_identity};

const CALLS: usize = 8;

fn caller(component: Component, url: String, sessions: &SessionCache) -> Caller {
    let host = component.host().clone();
    let connection = connection(web_identity(), url);
    Caller::new(host, connection, "us-east-1", &[], sessions.clone()).unwrap()
}

fn begin(caller: &Caller, request: InvokeRequest) -> JoinHandle<Result<Invocation, Error>> {
    let caller = caller.clone();
    tokio::spawn(async move { caller.invoke(&request).await.unwrap() })
}

fn begin_all(caller: &Caller) -> Vec<JoinHandle<Result<Invocation, Error>>> {
    (0..CALLS)
        .map(|_| begin(caller, request("echo", "7")))
        .collect()
}

/// Rejects the request of every role.
async fn rejecting() -> Barrier {
    Barrier::start(|_| {
        let text = "<ErrorResponse><Error><Code>AccessDenied</Code>\
                    <Message>not trusted</Message></Error></ErrorResponse>";
        let answer = Response::builder()
            .status(403)
            .header("x-amzn-requestid", "r");
        Some(answer.body(Full::from(Bytes::from(text))).unwrap())
    })
    .await
}

#[for_each_component]
#[tokio::test]
async fn silent_sts_of_one_connection_delays_no_other(component: Component) {
    let silent = rejecting().await;
    let lambda = start(None, roles()).await;
    let sessions = SessionCache::default();
    let waiting = begin(
        &caller(component, silent.url(), &sessions),
        request("echo", "7"),
    );
    silent.waiting(1).await;

    let served = caller(component, lambda.url(), &sessions);
    let served = begin(&served, request("echo", "7")).await.unwrap();
    assert_eq!(served.unwrap().status_code, 200);
    assert!(!waiting.is_finished());
    silent.open();
    rejected(waiting.await.unwrap());
}

fn rejected(answer: Result<Invocation, Error>) -> ServiceError {
    let error = unauthenticated(answer);
    assert_eq!(error.code, "AccessDenied");
    error
}

#[for_each_component]
#[tokio::test]
async fn waiting_calls_share_the_failure_of_one_renewal(component: Component) {
    let sts = rejecting().await;
    let caller = caller(component, sts.url(), &SessionCache::default());
    let calls = begin_all(&caller);
    sts.waiting(1).await;
    sts.open();
    for call in calls {
        rejected(call.await.unwrap());
    }
    sts.waiting(1).await;

    // A later call does not get an old failure.
    rejected(begin(&caller, request("echo", "7")).await.unwrap());
    sts.waiting(2).await;
}

#[for_each_component]
#[tokio::test]
async fn calls_whose_keys_expired_early_share_one_renewal(component: Component) {
    let lambda = start(None, roles()).await;
    let caller = caller(component, lambda.url(), &SessionCache::default());
    all_succeed(&caller).await;
    assert_eq!(sts_requests(&lambda).len(), 1);
    lambda.expire_sessions();
    all_succeed(&caller).await;
    assert_eq!(sts_requests(&lambda).len(), 2);
}

/// The requested ID must not be sent again after an attempt that may have run the function.
#[for_each_component]
#[tokio::test]
async fn call_is_not_made_again_after_an_attempt_that_may_have_run_the_function(
    component: Component,
) {
    const ID: &str = "\nx-amzn-requestid: 8f5e";
    let keys = "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>";
    let result = format!(
        "<R><AssumeRoleWithWebIdentityResult><Credentials>{keys}</Credentials><AssumedRoleUser>\
         <Arn>a</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult></R>"
    );
    let expired = format!("403 Expired{ID}\nx-amzn-errortype: ExpiredTokenException");
    let server = Server::start(&[
        Canned::with_length(&format!("200 OK{ID}"), &result),
        Canned::with_length(&format!("500 Oops{ID}"), "{}"),
        Canned::with_length(&expired, "{}"),
    ])
    .await;
    let caller = caller(component, server.url(), &SessionCache::default());
    let request = request_with("echo", "7", |delivery| delivery.idempotent = Some(true));
    let error = unauthenticated(begin(&caller, request).await.unwrap());
    assert_eq!((error.attempts, error.executed), (2, Executed::Unknown));
    assert_eq!(server.requests(), 3);
}

async fn all_succeed(caller: &Caller) {
    for call in begin_all(caller) {
        assert_eq!(call.await.unwrap().unwrap().status_code, 200);
    }
}

/// The component alone would send three requests and wait 30 seconds for each response.
#[for_each_component]
#[tokio::test]
async fn timeouts_and_attempts_of_the_call_bound_the_renewal(component: Component) {
    for attempts in [1, 2] {
        let silent = rejecting().await;
        let caller = caller(component, silent.url(), &SessionCache::default());
        let impatient = request_with("echo", "7", |delivery| {
            delivery.max_attempts = Some(attempts);
            delivery.connect_timeout_ms = Some(30_000);
            delivery.response_timeout_ms = Some(50);
        });
        let answer = caller.invoke(&impatient).await.unwrap();
        let message = assert_transport(answer, TransportKind::Timeout, Executed::No, attempts);
        assert!(message.contains("`delivery`"), "{message}");
        silent.waiting(attempts.into()).await;
    }
}

#[for_each_component]
#[tokio::test]
async fn attempts_of_the_call_bound_the_renewal_when_sts_reports_a_fault(component: Component) {
    let sts = Server::start(&[Canned::with_length(
        "503 Service Unavailable\nx-amzn-requestid: r",
        "",
    )])
    .await;
    let caller = caller(component, sts.url(), &SessionCache::default());
    let once = request_with("echo", "7", |delivery| delivery.max_attempts = Some(1));
    let answer = caller.invoke(&once).await.unwrap();
    let message = assert_transport(answer, TransportKind::Other, Executed::No, 1);
    assert!(message.contains("status 503"), "{message}");
    assert_eq!(sts.requests(), 1);
}

/// The first call ends after 50 ms, and its failure is not the patient call's.
#[for_each_component]
#[tokio::test]
async fn impatient_call_does_not_fail_a_patient_one(component: Component) {
    let lambda = start(None, roles()).await;
    let (door, url) = door_before(&lambda).await;
    let caller = caller(component, url, &SessionCache::default());
    let impatient = request_with("echo", "7", |delivery| {
        delivery.max_attempts = Some(1);
        delivery.response_timeout_ms = Some(50);
    });
    let impatient = begin(&caller, impatient);
    let patient = begin(&caller, request("echo", "7"));
    let ended = impatient.await.unwrap();
    assert_transport(ended, TransportKind::Timeout, Executed::No, 1);
    door.send(()).unwrap();
    assert_eq!(patient.await.unwrap().unwrap().status_code, 200);
}

/// A proxy that passes nothing on until its door is opened.
async fn door_before(lambda: &LocalLambda) -> (tokio::sync::oneshot::Sender<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (door, opened) = tokio::sync::oneshot::channel();
    let lambda = lambda.addr();
    tokio::spawn(async move {
        opened.await.unwrap();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(lambda).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (door, url)
}

#[for_each_component]
#[tokio::test]
async fn renewal_ends_when_the_last_waiting_call_is_dropped(component: Component) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let caller = caller(component, url, &SessionCache::default());
    let calls = begin_all(&caller);
    let (mut sts, _) = listener.accept().await.unwrap();
    let mut byte = [0];
    assert_eq!(sts.read(&mut byte).await.unwrap(), 1);
    for call in calls {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    // Nothing else closes the connection.
    sts.read_to_end(&mut Vec::new()).await.unwrap();
}
