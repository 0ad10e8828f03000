//! Searches for marked secrets in the output of the component and in the host's most verbose logs.
//! Covers every kind of credentials and every way in which a call can fail.

use std::io;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::sessions::{Scope, SessionRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Role, WebIdentity,
};
use aws_lambda_connector_host::caller::{Caller, ScopeMode, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use local_lambda::{ISSUED_MARK, Tls};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use testing::http1::HttpServer;
use testing::proxy::{Fault, Point, Proxy};
use testing::{Component, changed, delivery, for_each_component, only, query, request_with, url};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{
    FIRST, OIDC_TOKEN, SECRET, SESSION_TOKEN, access_key, assume, assume_role, chain, connection,
    key, logs, roles, todays_key, web_identity,
};

/// Number of cases that run concurrently.
const CONCURRENCY: usize = 16;

/// The encodings in which a secret may appear.
fn spellings(secret: &[u8]) -> Vec<String> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let listed = format!("{secret:?}");
    let mut all = vec![
        hex.to_uppercase(),
        hex,
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        listed.trim_matches(['[', ']']).to_owned(),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        all.push(text.to_owned());
        all.push(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        all.push(text.replace('/', "\\/"));
        // Half of a secret is enough to detect a truncated one.
        all.push(text[..text.len() / 2].to_owned());
        all.push(text[text.len() / 2..].to_owned());
    }
    all
}

pub fn assert_no_secret(text: &str, place: &str) {
    let today = todays_key(None);
    let secrets = [
        SECRET.as_bytes(),
        SESSION_TOKEN.as_bytes(),
        OIDC_TOKEN.as_bytes(),
        &today.key,
    ];
    let marks = [ISSUED_MARK.to_owned(), "Signature=".to_owned()];
    for spelling in secrets.into_iter().flat_map(spellings).chain(marks) {
        let before = text.split_once(&spelling).map(|(before, _)| before);
        let end = before.map(|it| &it[it.floor_char_boundary(it.len().saturating_sub(80))..]);
        assert_eq!(end, None, "{place}: {spelling}");
    }
}

pub fn kinds() -> Vec<(&'static str, Credentials)> {
    let token = Some(SESSION_TOKEN);
    let keys = |token| Credentials::AccessKey(access_key(token));
    let signing = |token| Credentials::SigningKey(todays_key(token));
    vec![
        ("access-key", keys(None)),
        ("access-key with token", keys(token)),
        ("signing-key", signing(None)),
        ("signing-key with token", signing(token)),
        ("assume-role", assume_role(vec![assume(FIRST, None)])),
        ("chain", chain()),
        ("web-identity", web_identity()),
    ]
}

pub fn with_token(kind: &str) -> Option<&'static str> {
    kind.ends_with("with token").then_some(SESSION_TOKEN)
}

fn request(fault: Option<Fault>) -> InvokeRequest {
    request_with("count", r#"{"key":"k","bytes":9000}"#, |delivery| {
        if fault == Some(Fault::Stall) {
            // This fault only waits for a timeout, so use short ones and a single attempt.
            delivery.max_attempts = Some(1);
            delivery.response_timeout_ms = Some(1_000);
            delivery.connect_timeout_ms = Some(1_000);
        }
    })
}

/// Calls each exported function and collects everything that is returned.
async fn all_output(host: &Host, connection: &Connection, fault: Option<Fault>) -> String {
    let policy = only(url(connection));
    let quick = changed(&delivery(), |delivery| {
        delivery.max_attempts = Some(1);
        delivery.response_timeout_ms = Some(2_000);
    });
    let query = changed(&query(), |query| query.delivery = Some(quick));
    let invoked = host.invoke(&policy, connection, &request(fault)).await;
    let mut output = format!("{invoked:?}\n");
    if fault != Some(Fault::Stall) {
        let listed = host.list_functions(&policy, connection, &query).await;
        let tested = host.test_connection(&policy, connection, Some("count"), None);
        let tested = tested.await;
        // A successful `open` returns the keys themselves. Only its errors must not contain
        // secrets.
        let opened = host
            .open_session(&policy, connection, &SessionRequest::unscoped())
            .await;
        let opened = opened.map(|answer| match answer {
            Ok(session) => session.principal,
            Err(error) => format!("{error:?}"),
        });
        output.push_str(&format!("{listed:?}\n{tested:?}\n{opened:?}\n"));
    }
    output.push_str(&format!("{:?}", policy.refusals()));
    output
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_leaks_for_any_credentials_at_any_fault(component: Component) {
    logs::capture();
    let tls = Tls::loopback().unwrap();
    let host = component.host_with_outbound(OutboundOptions {
        extra_roots: vec![tls.root_certificate().clone()],
        ..OutboundOptions::default()
    });
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for (kind, credentials) in kinds() {
        for point in Point::ALL {
            let possible = |fault: &Fault| possible(point, *fault);
            for fault in Fault::ALL.into_iter().filter(possible) {
                let (host, tls, permits) = (host.clone(), tls.clone(), Arc::clone(&permits));
                let credentials = credentials.clone();
                running.spawn(async move {
                    let _permit = permits.acquire().await;
                    run_case(&host, &tls, (kind, credentials), point, fault).await;
                });
            }
        }
    }
    let cases = running.join_all().await.len();
    assert_eq!(cases, 7 * (2 + 5 + 5 * 4));
    assert_no_secret_in_logs();
}

fn possible(point: Point, fault: Fault) -> bool {
    match fault {
        Fault::Refuse => matches!(point, Point::BeforeConnect | Point::InTls),
        Fault::Stall => true,
        _ => point != Point::BeforeConnect,
    }
}

/// Runs one case. The fault hits the first connection, which is the one to STS if a role is
/// assumed.
async fn run_case(
    host: &Host,
    tls: &Tls,
    (kind, credentials): (&str, Credentials),
    point: Point,
    fault: Fault,
) {
    let https = point == Point::InTls;
    let lambda = testing::lambda_with(|config| {
        config.keys = vec![key(with_token(kind))];
        config.roles = roles();
        config.tls = https.then(|| tls.clone());
    })
    .await;
    let proxy = Proxy::start(lambda.addr(), point, fault).await.unwrap();
    let scheme = if https { "https" } else { "http" };
    let connection = connection(credentials, format!("{scheme}://{}", proxy.addr()));
    let output = all_output(host, &connection, Some(fault)).await;
    proxy.end().await;
    assert_no_secret(&output, &format!("{kind}, {point:?}, {fault:?}"));
}

/// Responds with an error that repeats the whole request, as AWS repeats the canonical request.
pub async fn echo_server(status: u16, xml: bool) -> HttpServer {
    HttpServer::start(move |request| repeat(request, status, xml)).await
}

async fn repeat(
    request: Request<Bytes>,
    status: u16,
    xml: bool,
) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = String::from_utf8_lossy(&body).into_owned();
    let received: String = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .chain([body])
        .collect();
    let text = if xml {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{received}</Message></Error></ErrorResponse>",
            code = "SignatureDoesNotMatch",
            received = quick_xml::escape::escape(&received)
        )
    } else {
        serde_json::json!({ "message": received, "Type": received, "Reason": received }).to_string()
    };
    let authorization = head.headers.get("authorization").cloned();
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status.try_into().unwrap();
    for name in ["x-amzn-requestid", "x-amzn-errortype"] {
        if let Some(value) = &authorization {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    Ok(answer)
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_leaks_when_the_service_repeats_the_request(component: Component) {
    logs::capture();
    for (status, xml) in [
        (400, false),
        (403, false),
        (403, true),
        (404, true),
        (500, true),
        (301, false),
    ] {
        let echo_server = echo_server(status, xml).await;
        for (kind, credentials) in kinds() {
            let connection = connection(credentials, echo_server.url());
            let output = all_output(component.host(), &connection, None).await;
            assert_no_secret(&output, &format!("{kind}, {status}"));
        }
    }
    assert_no_secret_in_logs();
}

/// Calls with keys that STS limits, and collects everything that the host shows about them.
async fn output_of_limited_keys(host: &Host, connection: &Connection) -> String {
    let mut output = String::new();
    for mode in [ScopeMode::Prefer, ScopeMode::Require] {
        let sessions = SessionCache::default();
        let caller = Caller::new(host.clone(), connection.clone(), "us-east-1", &[], sessions);
        let caller = caller.unwrap().with_scope(mode);
        let once = request_with("count", r#"{"key":"k"}"#, |delivery| {
            delivery.max_attempts = Some(1);
            delivery.response_timeout_ms = Some(2_000);
        });
        let scope = Scope {
            functions: vec!["count".to_owned()],
            list_functions: false,
            executions: false,
        };
        let invoked = caller.invoke(&once).await;
        let granted = caller.grant(Some(&scope), once.delivery.as_ref()).await;
        let shown = granted.as_ref().ok().and_then(|granted| {
            let granted = granted.as_ref().ok()?;
            Some(granted.received.to_string())
        });
        output.push_str(&format!("{invoked:?}\n{granted:?}\n{shown:?}\n"));
        for fallback in caller.fallbacks() {
            output.push_str(&format!("{fallback:?}\n{fallback}\n"));
        }
        output.push_str(&format!("{:?}\n", caller.refusals()));
    }
    output
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_leaks_when_keys_are_limited_to_a_call(component: Component) {
    logs::capture();
    let host = component.host();
    for (kind, credentials) in kinds() {
        for denied in [false, true] {
            let lambda = testing::lambda_with(|config| {
                config.keys = vec![key(with_token(kind))];
                config.roles = roles();
                if denied {
                    let permission = "sts:GetScopedCredentials".to_owned();
                    config.keys[0].denied_actions.push(permission);
                }
            })
            .await;
            let connection = connection(credentials.clone(), lambda.url());
            let output = output_of_limited_keys(host, &connection).await;
            assert!(output.contains("SigningKey"), "{output}");
            let falls_back = denied && kind.starts_with("access-key");
            assert_eq!(
                output.contains("fallback: Some"),
                falls_back,
                "{kind} {output}"
            );
            assert_no_secret(&output, kind);
        }
        for (status, xml) in [
            (400, true),
            (403, true),
            (403, false),
            (500, true),
            (301, false),
        ] {
            let echo_server = echo_server(status, xml).await;
            let connection = connection(credentials.clone(), echo_server.url());
            let output = output_of_limited_keys(host, &connection).await;
            assert_no_secret(&output, &format!("{kind}, {status}"));
        }
        // A stalled request only waits for a timeout, and only keys wait for further ones.
        let faults = Fault::ALL.into_iter().filter(|fault| match fault {
            Fault::Stall => kind.starts_with("access-key"),
            fault => possible(Point::RequestHead, *fault),
        });
        for fault in faults {
            let lambda = testing::lambda_with(|config| {
                config.keys = vec![key(with_token(kind))];
                config.roles = roles();
            })
            .await;
            let proxy = Proxy::start(lambda.addr(), Point::RequestHead, fault)
                .await
                .unwrap();
            let connection = connection(credentials.clone(), format!("http://{}", proxy.addr()));
            let output = output_of_limited_keys(host, &connection).await;
            proxy.end().await;
            assert_no_secret(&output, &format!("{kind}, {fault:?}"));
        }
    }
    assert_no_secret_in_logs();
}

#[for_each_component]
#[tokio::test]
async fn rejected_input_is_not_repeated_in_the_error(component: Component) {
    logs::capture();
    // Putting a secret into the wrong field is the most likely mistake.
    let swapped = |id: &str, secret: &str, token: &str| {
        Credentials::AccessKey(AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: Some(token.to_owned()),
        })
    };
    let role = |arn: &str, external: &str, name: &str| Role {
        arn: arn.to_owned(),
        external_id: Some(external.to_owned()),
        session_name: Some(name.to_owned()),
        duration_seconds: None,
    };
    let spaced = format!("{SECRET} ");
    let mut wrong_key = todays_key(None);
    wrong_key.date = SECRET.to_owned();
    for credentials in [
        swapped(SECRET, "x", "y"),
        swapped("AKID", &spaced, "y"),
        swapped("AKID", "x", &format!("{SESSION_TOKEN}\n")),
        assume_role(vec![role(SECRET, "", "")]),
        assume_role(vec![role(FIRST, &spaced, "")]),
        assume_role(vec![role(FIRST, "", SECRET)]),
        Credentials::WebIdentity(WebIdentity {
            token: format!("{OIDC_TOKEN} "),
            role: assume(FIRST, None),
        }),
        Credentials::SigningKey(wrong_key),
    ] {
        let connection = connection(credentials, "http://127.0.0.1:9".to_owned());
        let output = all_output(component.host(), &connection, None).await;
        assert!(output.contains("InvalidInput"), "{output}");
        assert_no_secret(&output, "rejected");
    }
    assert_no_secret_in_logs();
}

fn assert_no_secret_in_logs() {
    let log = logs::captured();
    // The log must contain the host's own lines, or the search would prove nothing.
    assert!(log.contains("wasmtime"), "the log was not captured");
    assert_no_secret(&log, "the host's log");
}
