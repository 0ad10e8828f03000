//! Whole calls over a scripted transport: what is sent, how often, and what comes of it.

use alloc::string::ToString;
use alloc::vec;
use core::cell::{Cell, RefCell};

use zeroize::Zeroizing;

use super::*;
use crate::aws::message::{Request, Response};
use crate::aws::time::AmzDate;
use crate::block_on::block_on;
use crate::call::connection::{Connection, Credentials};
use crate::call::delivery::{Options, TimeLimits};
use crate::call::error::{ServiceError, TransportKind};
use crate::call::invocation::Invocation;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::testing::{answer, connection, lambdas};

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;

/// A service with a right clock, and a host whose clock is `off` by so many seconds.
struct Scripted {
    script: RefCell<Vec<Result<Response, Failure>>>,
    sent: RefCell<Vec<(String, String)>>,
    waited_ms: RefCell<Vec<u64>>,
    ns: Cell<u64>,
    off: i64,
    sessions: SessionCache,
}

impl Scripted {
    fn new(script: Vec<Result<Response, Failure>>) -> Scripted {
        Scripted {
            script: RefCell::new(script.into_iter().rev().collect()),
            sent: RefCell::default(),
            waited_ms: RefCell::default(),
            ns: Cell::new(7_000_000_000),
            off: 0,
            sessions: SessionCache::new(),
        }
    }

    fn attempts(&self) -> usize {
        self.sent.borrow().len()
    }
}

impl Transport for Scripted {
    fn now_s(&self) -> u64 {
        (NOW + self.ns.get() / 1_000_000_000).saturating_add_signed(self.off)
    }

    fn monotonic_ns(&self) -> u64 {
        self.ns.get()
    }

    async fn wait_ms(&self, ms: u64) {
        self.waited_ms.borrow_mut().push(ms);
        self.ns.set(self.ns.get() + ms * 1_000_000);
    }

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let header = |name| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found
                .map(|(_, value)| value.to_string())
                .unwrap_or_default()
        };
        self.sent
            .borrow_mut()
            .push((header("x-amz-date"), header("authorization")));
        // An exchange takes two seconds.
        self.ns.set(self.ns.get() + 2_000_000_000);
        self.script
            .borrow_mut()
            .pop()
            .expect("more attempts than scripted")
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

fn failure(kind: TransportKind, executed: Executed) -> Result<Response, Failure> {
    Err(Failure {
        kind,
        message: "x".into(),
        executed,
    })
}

fn ok() -> Result<Response, Failure> {
    Ok(lambdas(200, &[], "7"))
}

fn error(status: u16, code: &str) -> Result<Response, Failure> {
    Ok(answer(status, &[("x-amzn-errortype", code)], "{}"))
}

fn request() -> InvokeRequest {
    InvokeRequest {
        function: "f".into(),
        ..InvokeRequest::default()
    }
}

fn invoke(transport: &Scripted, request: InvokeRequest) -> Result<Invocation, Error> {
    block_on(perform(
        transport,
        Invoke::new(connection(), request).unwrap(),
    ))
}

fn idempotent() -> InvokeRequest {
    InvokeRequest {
        delivery: Some(Options {
            idempotent: Some(true),
            ..Options::default()
        }),
        ..request()
    }
}

#[test]
fn signature_covers_the_payload_in_every_attempt() {
    let transport = Scripted::new(vec![error(429, "TooManyRequestsException"), ok()]);
    let request = InvokeRequest {
        payload: Some(r#"{"order":7}"#.into()),
        ..request()
    };
    invoke(&transport, request.clone()).unwrap();

    let operation = Invoke::new(connection(), request).unwrap();
    let Caller::Signer(signer) = &operation.call().target.caller else {
        panic!("a key signs by itself");
    };
    let hash = sigv4::payload_hash(br#"{"order":7}"#);
    let sent = transport.sent.borrow();
    assert_eq!(sent.len(), 2);
    for (date_time, authorization) in sent.iter() {
        let date = AmzDate {
            date_time: date_time.clone(),
            date: date_time[..8].into(),
        };
        let mut request = operation.request();
        let signed = sigv4::sign(&mut request, &hash, signer, "us-east-1", "lambda", &date);
        assert_eq!(signed, *authorization);
    }
}

#[test]
fn every_attempt_is_signed_anew_with_a_new_date() {
    let transport = Scripted::new(vec![
        error(429, "TooManyRequestsException"),
        failure(TransportKind::Connect, Executed::No),
        ok(),
    ]);
    let invocation = invoke(&transport, request()).unwrap();
    assert_eq!(invocation.attempts, 3);
    let sent = transport.sent.borrow();
    let [(first, a), (second, b), (third, c)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(first, "20261122T120007Z");
    assert!(second > first && third > second);
    assert!(a != b && b != c);
    let waited = transport.waited_ms.borrow();
    assert!(waited[0] < 1_000 && waited[1] < 100, "{waited:?}");
}

#[test]
fn an_unknown_outcome_is_returned_and_the_function_invoked_once() {
    for outcome in [
        failure(TransportKind::Timeout, Executed::Unknown),
        failure(TransportKind::CutOff, Executed::Unknown),
        failure(TransportKind::CutOff, Executed::Yes),
        error(500, "ServiceException"),
        error(503, ""),
    ] {
        let transport = Scripted::new(vec![outcome]);
        assert!(invoke(&transport, request()).is_err());
        assert_eq!(transport.attempts(), 1);
    }
}

#[test]
fn an_unknown_outcome_is_tried_again_where_that_does_no_harm() {
    let named = InvokeRequest {
        durable_execution_name: Some("job-1".into()),
        ..request()
    };
    for request in [idempotent(), named] {
        let transport = Scripted::new(vec![
            failure(TransportKind::Timeout, Executed::Unknown),
            error(500, "ServiceException"),
            ok(),
        ]);
        assert_eq!(invoke(&transport, request).unwrap().attempts, 3);
    }
}

#[test]
fn a_read_is_tried_again_and_never_ran_the_function() {
    let list = || ListFunctions::new(connection(), FunctionQuery::default()).unwrap();
    let page = Ok(answer(200, &[], r#"{"Functions": []}"#));
    let transport = Scripted::new(vec![
        failure(TransportKind::CutOff, Executed::Yes),
        error(500, ""),
        page,
    ]);
    assert!(
        block_on(perform(&transport, list()))
            .unwrap()
            .functions
            .is_empty()
    );

    let cut = || failure(TransportKind::CutOff, Executed::Yes);
    let transport = Scripted::new(vec![cut(), cut(), cut()]);
    let Err(Error::Transport(error)) = block_on(perform(&transport, list())) else {
        panic!("no error")
    };
    assert_eq!((error.executed, error.attempts), (Executed::No, 3));
}

#[test]
fn a_dry_run_never_ran_the_function() {
    let dry_run = InvokeRequest {
        invocation_type: Some(InvocationType::DryRun),
        ..request()
    };
    let transport = Scripted::new(vec![error(500, ""), error(500, ""), error(500, "")]);
    let Err(Error::Service(error)) = invoke(&transport, dry_run) else {
        panic!("no error")
    };
    assert_eq!((error.executed, error.attempts), (Executed::No, 3));
}

#[test]
fn the_last_of_the_attempts_is_reported() {
    let throttled = || error(429, "TooManyRequestsException");
    let transport = Scripted::new(vec![throttled(), throttled(), throttled()]);
    let Err(Error::Service(ServiceError {
        attempts,
        executed,
        retryable,
        ..
    })) = invoke(&transport, request())
    else {
        panic!("no error");
    };
    assert_eq!((attempts, executed, retryable), (3, Executed::No, true));
}

/// Lambda's answer to a signature of another time.
fn skewed() -> Result<Response, Failure> {
    Ok(answer(
        403,
        &[
            ("x-amzn-errortype", "InvalidSignatureException"),
            ("Date", "Sun, 22 Nov 2026 12:00:08 GMT"),
        ],
        r#"{"message":"Signature expired: X is now earlier than Y (Z - 5 min.)"}"#,
    ))
}

#[test]
fn a_host_clock_an_hour_off_either_way_works() {
    for off in [-3_600, 3_600] {
        let transport = Scripted {
            off,
            ..Scripted::new(vec![skewed(), ok()])
        };
        assert_eq!(invoke(&transport, request()).unwrap().attempts, 2);
        let sent = transport.sent.borrow();
        // The exchange began at 12:00:07 and took two seconds; backoff is below one.
        assert_eq!(sent[1].0, "20261122T120009Z", "{off}");
    }
}

#[test]
fn a_clock_that_cannot_be_corrected_is_named() {
    let transport = Scripted {
        off: 3_600,
        ..Scripted::new(vec![skewed(), skewed()])
    };
    let Err(Error::Unauthenticated(error)) = invoke(&transport, request()) else {
        panic!("no error")
    };
    assert_eq!(
        (error.category, error.executed, error.attempts),
        (Category::ClockSkew, Executed::No, 2)
    );
    assert!(error.hint.unwrap().contains("clock"));
}

/// Takes all the time that it is given, and answers the same for ever.
struct Slow {
    answer: Result<Response, Failure>,
    ns: Cell<u64>,
    sent: Cell<u8>,
    sessions: SessionCache,
}

impl Slow {
    fn pass(&self, ms: u64) {
        self.ns.set(self.ns.get() + ms * 1_000_000);
    }
}

impl Transport for Slow {
    fn now_s(&self) -> u64 {
        NOW + self.ns.get() / 1_000_000_000
    }

    fn monotonic_ns(&self) -> u64 {
        self.ns.get()
    }

    async fn wait_ms(&self, ms: u64) {
        self.pass(ms);
    }

    async fn send(&self, _: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.sent.set(self.sent.get() + 1);
        self.pass(limits.head_ms);
        if self.answer.is_ok() {
            self.pass(limits.body_ms.into());
        }
        self.answer.clone()
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

#[test]
fn a_call_takes_no_longer_than_its_options_allow() {
    let throttled = answer(
        429,
        &[
            ("x-amzn-errortype", "TooManyRequestsException"),
            ("x-amz-retry-after", "4000"),
        ],
        "{}",
    );
    for (answer, attempts_of_3) in [
        (failure(TransportKind::Timeout, Executed::Unknown), 3),
        (failure(TransportKind::Timeout, Executed::No), 3),
        // Each answer's body takes its own time, which the next attempt's is short of.
        (error(500, "ServiceException"), 2),
        (Ok(throttled), 1),
        (ok(), 1),
    ] {
        for max_attempts in 1..=10 {
            for response_timeout_ms in [1_u32, 1_000, 60_000, 915_000] {
                let transport = Slow {
                    sessions: SessionCache::new(),
                    answer: answer.clone(),
                    ns: Cell::new(0),
                    sent: Cell::new(0),
                };
                let delivery = Options {
                    max_attempts: Some(max_attempts),
                    connect_timeout_ms: Some(500),
                    response_timeout_ms: Some(response_timeout_ms),
                    idempotent: Some(true),
                };
                let request = InvokeRequest {
                    delivery: Some(delivery),
                    ..request()
                };
                let _ = block_on(perform(
                    &transport,
                    Invoke::new(connection(), request).unwrap(),
                ));

                let each = 500 + u64::from(response_timeout_ms);
                let body = u64::from(response_timeout_ms.min(300_000));
                let most_ms = each * u64::from(max_attempts) + body;
                let took_ms = transport.ns.get() / 1_000_000;
                assert!(
                    took_ms <= most_ms,
                    "{took_ms} of {most_ms} ms: {max_attempts} × {each}"
                );
                if (max_attempts, response_timeout_ms) == (3, 1_000) {
                    assert_eq!(transport.sent.get(), attempts_of_3, "{answer:?}");
                }
            }
        }
    }
}

#[test]
fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    let refused = || failure(TransportKind::Connect, Executed::No);
    for (script, executed, attempts) in [
        (
            vec![
                failure(TransportKind::Timeout, Executed::Unknown),
                refused(),
                refused(),
            ],
            Executed::Unknown,
            3,
        ),
        (vec![refused(), refused(), refused()], Executed::No, 3),
        (
            vec![
                failure(TransportKind::CutOff, Executed::Unknown),
                error(404, "ResourceNotFoundException"),
            ],
            Executed::Unknown,
            2,
        ),
    ] {
        let transport = Scripted::new(script);
        let told = match invoke(&transport, idempotent()) {
            Err(Error::Transport(error)) => (error.executed, error.attempts),
            Err(Error::Service(error)) => (error.executed, error.attempts),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, (executed, attempts));
    }
}

/// The card tries a text that is no whole name as a part of one; not where it may have been one.
#[test]
fn a_card_invokes_nothing_else_where_something_may_have_run() {
    const CONNECTION: &str =
        r#"{"region":"us-east-1","accessKeyId":"AKIDEXAMPLE","secretAccessKey":"secret"}"#;
    const VALUES: &str = r#"{"useFunctionName":"Yes","functionName":"order","idempotent":true}"#;
    let transport = Scripted::new(vec![
        failure(TransportKind::Timeout, Executed::Unknown),
        error(404, "ResourceNotFoundException"),
    ]);
    let Err(Error::Service(error)) =
        block_on(crate::cards::run(&transport, CONNECTION, "invoke", VALUES))
    else {
        panic!("another end")
    };
    assert_eq!(
        (error.category, error.executed, error.attempts),
        (Category::NotFound, Executed::Unknown, 2)
    );
}

fn signing_key(date: &str) -> Connection {
    Connection {
        credentials: Credentials::SigningKey {
            access_key_id: "AKIDEXAMPLE".into(),
            date: date.into(),
            key: Zeroizing::new(sigv4::signing_key("secret", date, "us-east-1", "lambda").to_vec()),
            session_token: None,
        },
        ..connection()
    }
}

#[test]
fn a_signing_key_signs_as_its_secret_does() {
    let transport = Scripted::new(vec![ok(), ok()]);
    invoke(&transport, request()).unwrap();
    transport.ns.set(7_000_000_000);
    block_on(perform(
        &transport,
        Invoke::new(signing_key("20261122"), request()).unwrap(),
    ))
    .unwrap();
    let sent = transport.sent.borrow();
    assert_eq!(sent[0], sent[1]);
    assert!(
        sent[0]
            .1
            .contains("/20261122/us-east-1/lambda/aws4_request"),
        "{sent:?}"
    );
}

#[test]
fn a_signing_key_of_another_day_is_refused_and_nothing_is_sent() {
    for date in ["20261121", "20261123"] {
        let transport = Scripted::new(vec![]);
        let call = Invoke::new(signing_key(date), request()).unwrap();
        let Err(Error::InvalidInput(input)) = block_on(perform(&transport, call)) else {
            panic!("not refused");
        };
        assert_eq!(input.field, "connection.credentials.signing-key.date");
        assert!(
            input.message.contains(date) && input.message.contains("20261122"),
            "{}",
            input.message
        );
        assert_eq!(transport.attempts(), 0);
    }
}

/// The day ends while the call waits for its second attempt: what is told is the first one's end.
#[test]
fn a_signing_key_that_ends_between_attempts_does_not_hide_that_something_was_sent() {
    let transport = Scripted::new(vec![failure(TransportKind::Timeout, Executed::Unknown)]);
    // 2026-11-23T00:01:59Z when the first attempt begins; it takes two seconds.
    transport.ns.set((43_200 + 119) * 1_000_000_000);
    let call = Invoke::new(signing_key("20261122"), idempotent()).unwrap();
    let Err(Error::Transport(error)) = block_on(perform(&transport, call)) else {
        panic!("another error");
    };
    assert_eq!(
        (error.kind, error.executed),
        (TransportKind::Timeout, Executed::Unknown)
    );
    assert_eq!(transport.sent.borrow()[0].0, "20261122T235959Z");
}

#[test]
fn what_the_host_signs_leaves_unsigned_and_its_clock_does_not_matter() {
    let mut dated = answer(
        403,
        &[("x-amzn-errortype", "InvalidSignatureException")],
        "{}",
    );
    dated
        .headers
        .push(("date".into(), b"Sun, 22 Nov 2026 13:00:00 GMT".to_vec()));
    let transport = Scripted::new(vec![Ok(dated)]);
    let connection = Connection {
        credentials: Credentials::HostSigned,
        ..connection()
    };
    let call = Invoke::new(connection, request()).unwrap();
    let Err(Error::Unauthenticated(error)) = block_on(perform(&transport, call)) else {
        panic!("another error");
    };
    // Another date would change nothing: there is none in the request.
    assert_eq!((error.attempts, error.category), (1, Category::Credentials));
    assert!(
        error
            .hint
            .unwrap()
            .contains("must sign them for region us-east-1")
    );
    assert_eq!(*transport.sent.borrow(), [(String::new(), String::new())]);
}

#[test]
fn a_refused_signing_key_is_told_by_what_it_must_be_derived_for() {
    let transport = Scripted::new(vec![error(403, "InvalidSignatureException")]);
    let call = Invoke::new(signing_key("20261122"), request()).unwrap();
    let Err(Error::Unauthenticated(error)) = block_on(perform(&transport, call)) else {
        panic!("another error");
    };
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("day 20261122, region us-east-1 and service lambda"),
        "{hint}"
    );
}

#[test]
fn the_jitter_spreads() {
    // One caller and second, a thousand nanoseconds: each sixteenth of the range is met.
    let shared = Shared {
        signer: Signer::Unsigned,
        payload_hash: Some("e3b0".into()),
        began_ns: 0,
    };
    let mut counts = [0_u32; 16];
    for ns in 0..1_600 {
        let jitter = shared.jitter("AWS4-HMAC-SHA256 Credential=…", ns);
        counts[usize::try_from(jitter >> 60).unwrap()] += 1;
    }
    assert!(
        counts.iter().all(|count| (60..=140).contains(count)),
        "{counts:?}"
    );
}
