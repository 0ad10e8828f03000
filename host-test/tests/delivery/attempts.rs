//! How often a call is attempted, and how long it waits between attempts.

use std::time::{Duration, Instant};

use aws_lambda_connector_host::bindings::types::{
    Delivery, ErrorCategory, Executed, TransportKind,
};
use local_lambda::Key;
use testing::outcome::{assert_service, assert_transport, service};
use testing::server::{Canned, Server};
use testing::{
    Component, connection, connection_to, for_each_component, lambda, request, request_with,
};

use crate::{LAMBDA, REQUEST_ID, invoke, invoke_answered_by};

const THROTTLED: &str = "429 Too Many Requests
x-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11
x-amzn-errortype: TooManyRequestsException";

#[for_each_component]
#[tokio::test]
async fn retry_waits_as_long_as_the_service_asks(component: Component) {
    let server = Server::start(&[
        Canned::with_length(&format!("{THROTTLED}\nx-amz-retry-after: 1200"), "{}"),
        Canned::with_length(LAMBDA, "{}"),
    ])
    .await;
    let began = Instant::now();
    let connection = connection(&Key::default(), server.url());
    let invoked = invoke(component, &connection, &request("f", "{}")).await;
    assert_eq!((invoked.unwrap().attempts, server.requests()), (2, 2));
    // The backoff alone would be below a second.
    assert!(began.elapsed() >= Duration::from_millis(1_200));
    // Each attempt is signed separately.
    for header in ["x-amz-date", "authorization"] {
        let sent = server.headers(header);
        assert_ne!(sent[0], sent[1], "{header}");
    }
}

#[for_each_component]
#[tokio::test]
async fn retry_after_in_seconds_is_ignored(component: Component) {
    let answers = [
        Canned::with_length(&format!("{THROTTLED}\nretry-after: 86400"), "{}"),
        Canned::with_length(LAMBDA, "{}"),
    ];
    let (result, requests) = invoke_answered_by(component, request("f", "{}"), &answers).await;
    assert_eq!((result.unwrap().attempts, requests), (2, 2));
}

#[for_each_component]
#[tokio::test]
async fn persistent_throttling_ends_with_the_last_attempt(component: Component) {
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    let error = service(invoke(component, &connection, &request("throttled", "{}")).await);
    assert_service(&error, ErrorCategory::Throttled, Executed::No, 3);
    assert!(error.retryable);
    assert_eq!(lambda.requests().len(), 3);
}

/// Invokes a function that takes longer than the response timeout.
async fn assert_slow_function_runs(
    component: Component,
    change: impl FnOnce(&mut Delivery),
    runs: u8,
) {
    let lambda = lambda().await;
    let request = request_with("slow", r#"{"key":"k","ms":4000}"#, |delivery| {
        delivery.response_timeout_ms = Some(1_500);
        change(delivery);
    });
    let result = invoke(component, &connection_to(&lambda), &request).await;
    assert_transport(result, TransportKind::Timeout, Executed::Unknown, runs);
    lambda.wait_until_idle().await;
    assert_eq!(lambda.runs("k"), u64::from(runs));
    assert_eq!(lambda.requests().len(), usize::from(runs));
}

#[for_each_component]
#[tokio::test]
async fn slow_function_runs_once(component: Component) {
    assert_slow_function_runs(component, |_| (), 1).await;
}

#[for_each_component]
#[tokio::test]
async fn slow_idempotent_function_runs_once_per_attempt(component: Component) {
    let twice = |delivery: &mut Delivery| {
        delivery.max_attempts = Some(2);
        delivery.idempotent = Some(true);
    };
    assert_slow_function_runs(component, twice, 2).await;
}

const ASKED: &str = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";

/// Invokes at a server that gives these answers. Returns the result, and the request ID and the
/// signed headers of each request.
async fn invoke_with_id(
    component: Component,
    answers: &[Canned],
) -> (crate::Result, Vec<String>, Vec<String>) {
    let server = Server::start(answers).await;
    let mut request = request_with("f", "{}", |delivery| delivery.idempotent = Some(true));
    request.request_id = Some(ASKED.to_owned());
    let connection = connection(&Key::default(), server.url());
    let result = invoke(component, &connection, &request).await;
    let signed = server.headers("authorization");
    (result, server.headers("x-amzn-requestid"), signed)
}

#[for_each_component]
#[tokio::test]
async fn request_id_is_sent_until_an_attempt_may_have_run(component: Component) {
    let throttled = || Canned::with_length(THROTTLED, "{}");
    let cut_off = || Canned::raw("");
    let works = || Canned::with_length(LAMBDA, "{}");

    let answers = [throttled(), throttled(), works()];
    let (result, ids, signed) = invoke_with_id(component, &answers).await;
    assert_eq!(result.unwrap().attempts, 3);
    assert_eq!(ids, [ASKED; 3]);
    assert!(
        signed
            .iter()
            .all(|signed| signed.contains(";x-amzn-requestid,"))
    );

    let answers = [throttled(), cut_off(), works()];
    let (result, ids, signed) = invoke_with_id(component, &answers).await;
    assert_eq!(result.unwrap().attempts, 3);
    assert_eq!(ids, [ASKED, ASKED, ""]);
    assert!(!signed[2].contains("requestid"), "{signed:?}");
}

#[for_each_component]
#[tokio::test]
async fn error_names_the_request_id_that_the_functions_log_may_have(component: Component) {
    let cut_off = || Canned::raw("");
    let (result, ids, _) = invoke_with_id(component, &[cut_off()]).await;
    assert_eq!(ids, [ASKED, "", ""]);
    let message = assert_transport(result, TransportKind::CutOff, Executed::Unknown, 3);
    let earlier =
        format!("an earlier attempt may have run the function with the request ID {ASKED}");
    assert!(message.contains(&earlier), "{message}");

    let missing = "404 X\nx-amzn-requestid: 8f5e\nx-amzn-errortype: ResourceNotFoundException";
    let answers = [cut_off(), Canned::with_length(missing, "{}")];
    let (result, _, _) = invoke_with_id(component, &answers).await;
    let error = service(result);
    assert_eq!(error.request_id.as_deref(), Some("8f5e"));
    let hint = error.hint.unwrap();
    assert!(hint.contains(&earlier), "{hint}");

    let answers = [Canned::new(&format!("{LAMBDA}\ncontent-length: 9"), "")];
    let (result, _, _) = invoke_with_id(component, &answers).await;
    let message = assert_transport(result, TransportKind::CutOff, Executed::Yes, 1);
    let own = "the request ID is 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11";
    assert!(
        message.contains(own) && !message.contains(ASKED),
        "{message}"
    );
}

#[for_each_component]
#[tokio::test]
async fn max_attempts_of_one_prevents_every_retry(component: Component) {
    let request = request_with("f", "{}", |delivery| {
        delivery.max_attempts = Some(1);
        delivery.idempotent = Some(true);
    });
    let throttled = Canned::with_length(THROTTLED, "{}");
    let (result, requests) = invoke_answered_by(component, request.clone(), &[throttled]).await;
    assert_eq!((service(result).attempts, requests), (1, 1));

    let closing = Canned::new(&format!("{LAMBDA}\ncontent-length: 9"), "");
    let (result, requests) = invoke_answered_by(component, request, &[closing]).await;
    assert_transport(result, TransportKind::CutOff, Executed::Yes, 1);
    assert_eq!(requests, 1);
}

#[for_each_component]
#[tokio::test]
async fn permanent_fault_with_status_502_is_not_retried(component: Component) {
    for code in [
        "KMSAccessDeniedException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
    ] {
        let head = format!("502 Bad Gateway\n{REQUEST_ID}\nx-amzn-errortype: {code}");
        let request = request_with("f", "{}", |delivery| delivery.idempotent = Some(true));
        let answers = [Canned::with_length(&head, "{}")];
        let (result, requests) = invoke_answered_by(component, request, &answers).await;
        let error = service(result);
        assert_eq!((&*error.code, error.executed), (code, Executed::No));
        assert_eq!((error.attempts, requests), (1, 1));
    }
}
