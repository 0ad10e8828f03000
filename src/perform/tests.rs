//! Whole calls over a scripted transport: what is sent, how often, and what comes of it.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::*;
use crate::lambda::delivery::Options;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::lambda::outcome::{Invocation, ServiceError};
use crate::lambda::testing::{answer, connection, lambdas};

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;

/// A service with a right clock, and a host whose clock is `off` by so many seconds.
struct Scripted {
    script: RefCell<Vec<Result<Response, Failure>>>,
    sent: RefCell<Vec<(String, String)>>,
    waited_ms: RefCell<Vec<u64>>,
    ns: Cell<u64>,
    off: i64,
}

impl Scripted {
    fn new(script: Vec<Result<Response, Failure>>) -> Scripted {
        Scripted {
            script: RefCell::new(script.into_iter().rev().collect()),
            sent: RefCell::default(),
            waited_ms: RefCell::default(),
            ns: Cell::new(7_000_000_000),
            off: 0,
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

    fn wait_ms(&self, ms: u64) {
        self.waited_ms.borrow_mut().push(ms);
        self.ns.set(self.ns.get() + ms * 1_000_000);
    }

    fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let header = |name| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.to_string()).unwrap()
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
    perform(transport, Invoke::new(connection(), request).unwrap())
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
    assert!(perform(&transport, list()).unwrap().functions.is_empty());

    let cut = || failure(TransportKind::CutOff, Executed::Yes);
    let transport = Scripted::new(vec![cut(), cut(), cut()]);
    let Err(Error::Transport(error)) = perform(&transport, list()) else {
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

    fn wait_ms(&self, ms: u64) {
        self.pass(ms);
    }

    fn send(&self, _: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.sent.set(self.sent.get() + 1);
        self.pass(limits.head_ms);
        if self.answer.is_ok() {
            self.pass(limits.body_ms.into());
        }
        self.answer.clone()
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
                let _ = perform(&transport, Invoke::new(connection(), request).unwrap());

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
fn the_jitter_spreads() {
    // One caller and second, a thousand nanoseconds: each sixteenth of the range is met.
    let mut counts = [0_u32; 16];
    for ns in 0..1_600 {
        let seed = Sha256::new().chain_update("AWS4-HMAC-SHA256 Credential=…");
        counts[usize::try_from(jitter(seed, ns) >> 60).unwrap()] += 1;
    }
    assert!(
        counts.iter().all(|count| (60..=140).contains(count)),
        "{counts:?}"
    );
}
