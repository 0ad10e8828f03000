//! Whole calls over a scripted transport: what is sent, how often, and what comes of it.

use zeroize::Zeroizing;

use super::*;
use crate::aws::time::AmzDate;
use crate::block_on::block_on;
use crate::call::connection::{Connection, Credentials};
use crate::call::delivery::Options;
use crate::call::error::TransportKind;
use crate::call::invocation::Invocation;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::testing::scripted::{Answer, Script, Scripted};
use crate::testing::{
    answer, assert_contains, coded, connection, connection_with, invocation as request, lambdas,
    refused, service_error, transport_error, unauthenticated,
};

/// The call begins at 12:00:07, and an exchange takes two seconds.
fn scripted(script: Vec<Answer>) -> Scripted<Script> {
    let transport = Scripted::script(script);
    transport.set_clock(7);
    Scripted {
        takes_ms: |_, _| 2_000,
        ..transport
    }
}

fn failure(kind: TransportKind, executed: Executed) -> Answer {
    Err(crate::testing::failure(kind, executed))
}

fn ok() -> Answer {
    Ok(lambdas(200, &[], "7"))
}

fn error(status: u16, code: &str) -> Answer {
    Ok(coded(status, code))
}

fn invoke(transport: &Scripted<Script>, request: InvokeRequest) -> Result<Invocation, Error> {
    invoke_at(connection(), transport, request)
}

fn invoke_at(
    connection: Connection,
    transport: &Scripted<Script>,
    request: InvokeRequest,
) -> Result<Invocation, Error> {
    let operation = Invoke::new(connection, request).unwrap();
    block_on(perform(transport, operation))
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
    let transport = scripted(vec![error(429, "TooManyRequestsException"), ok()]);
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
    for attempt in sent.iter() {
        let date_time = attempt.header("x-amz-date");
        let date = AmzDate {
            date_time: date_time.into(),
            date: date_time[..8].into(),
        };
        let mut request = operation.request();
        let signed = sigv4::sign(&mut request, &hash, signer, "us-east-1", "lambda", &date);
        assert_eq!(signed, attempt.header("authorization"));
    }
}

#[test]
fn every_attempt_is_signed_anew_with_a_new_date() {
    let transport = scripted(vec![
        error(429, "TooManyRequestsException"),
        failure(TransportKind::Connect, Executed::No),
        ok(),
    ]);
    let invocation = invoke(&transport, request()).unwrap();
    assert_eq!(invocation.attempts, 3);
    let sent = transport.sent.borrow();
    let all = |name| [0, 1, 2].map(|attempt: usize| sent[attempt].header(name));
    let dates = all("x-amz-date");
    assert_eq!(dates[0], "20261122T120007Z");
    assert!(dates[1] > dates[0] && dates[2] > dates[1]);
    let signatures = all("authorization");
    assert!(signatures[0] != signatures[1] && signatures[1] != signatures[2]);
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
        let transport = scripted(vec![outcome]);
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
        let transport = scripted(vec![
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
    let transport = scripted(vec![
        failure(TransportKind::CutOff, Executed::Yes),
        error(500, ""),
        page,
    ]);
    let page = block_on(perform(&transport, list())).unwrap();
    assert!(page.functions.is_empty());

    let cut = || failure(TransportKind::CutOff, Executed::Yes);
    let transport = scripted(vec![cut(), cut(), cut()]);
    let error = transport_error(block_on(perform(&transport, list())));
    assert_eq!((error.executed, error.attempts), (Executed::No, 3));
}

#[test]
fn a_dry_run_never_ran_the_function() {
    let dry_run = InvokeRequest {
        invocation_type: Some(InvocationType::DryRun),
        ..request()
    };
    let transport = scripted(vec![error(500, ""), error(500, ""), error(500, "")]);
    let error = service_error(invoke(&transport, dry_run));
    assert_eq!((error.executed, error.attempts), (Executed::No, 3));
}

#[test]
fn the_last_of_the_attempts_is_reported() {
    let throttled = || error(429, "TooManyRequestsException");
    let transport = scripted(vec![throttled(), throttled(), throttled()]);
    let error = service_error(invoke(&transport, request()));
    assert_eq!(
        (error.attempts, error.executed, error.retryable),
        (3, Executed::No, true)
    );
}

/// Lambda's answer to a signature of another time.
fn skewed() -> Answer {
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
            ahead_s: off,
            ..scripted(vec![skewed(), ok()])
        };
        assert_eq!(invoke(&transport, request()).unwrap().attempts, 2);
        let sent = transport.sent.borrow();
        // After the exchange of two seconds; backoff is below one.
        assert_eq!(sent[1].header("x-amz-date"), "20261122T120009Z", "{off}");
    }
}

#[test]
fn a_clock_that_cannot_be_corrected_is_named() {
    let transport = Scripted {
        ahead_s: 3_600,
        ..scripted(vec![skewed(), skewed()])
    };
    let error = unauthenticated(invoke(&transport, request()));
    assert_eq!(
        (error.category, error.executed, error.attempts),
        (Category::ClockSkew, Executed::No, 2)
    );
    assert_contains(&error.hint.unwrap(), ["clock"]);
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
                // Each attempt takes all the time that it is given.
                let transport = Scripted {
                    takes_ms: |sent, answer| {
                        let body_ms = answer.is_ok().then_some(sent.limits.body_ms);
                        sent.limits.head_ms + u64::from(body_ms.unwrap_or_default())
                    },
                    ..Scripted::new(|_: &_| answer.clone())
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
                let operation = Invoke::new(connection(), request).unwrap();
                let _ = block_on(perform(&transport, operation));

                let each = 500 + u64::from(response_timeout_ms);
                let body = u64::from(response_timeout_ms.min(300_000));
                let most_ms = each * u64::from(max_attempts) + body;
                let took_ms = transport.ns.get() / 1_000_000;
                assert!(
                    took_ms <= most_ms,
                    "{took_ms} of {most_ms} ms: {max_attempts} × {each}"
                );
                if (max_attempts, response_timeout_ms) == (3, 1_000) {
                    assert_eq!(transport.attempts(), attempts_of_3, "{answer:?}");
                }
            }
        }
    }
}

#[test]
fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    use Executed::{No, Unknown};
    let refused = || failure(TransportKind::Connect, No);
    let timeout = || failure(TransportKind::Timeout, Unknown);
    let cut = || failure(TransportKind::CutOff, Unknown);
    let gone = || error(404, "ResourceNotFoundException");
    for (script, executed, attempts) in [
        (vec![timeout(), refused(), refused()], Unknown, 3),
        (vec![refused(), refused(), refused()], No, 3),
        (vec![cut(), gone()], Unknown, 2),
    ] {
        let transport = scripted(script);
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
    let transport = scripted(vec![
        failure(TransportKind::Timeout, Executed::Unknown),
        error(404, "ResourceNotFoundException"),
    ]);
    let ran = block_on(crate::cards::run(&transport, CONNECTION, "invoke", VALUES));
    let error = service_error(ran);
    assert_eq!(
        (error.category, error.executed, error.attempts),
        (Category::NotFound, Executed::Unknown, 2)
    );
}

fn signing_key(date: &str) -> Connection {
    connection_with(Credentials::SigningKey {
        access_key_id: "AKIDEXAMPLE".into(),
        date: date.into(),
        key: Zeroizing::new(sigv4::signing_key("secret", date, "us-east-1", "lambda").to_vec()),
        session_token: None,
    })
}

#[test]
fn a_signing_key_signs_as_its_secret_does() {
    let transport = scripted(vec![ok(), ok()]);
    invoke(&transport, request()).unwrap();
    transport.set_clock(7);
    invoke_at(signing_key("20261122"), &transport, request()).unwrap();
    let sent = transport.sent.borrow();
    assert_eq!(sent[0], sent[1]);
    let authorization = sent[0].header("authorization");
    assert_contains(authorization, ["/20261122/us-east-1/lambda/aws4_request"]);
}

#[test]
fn a_signing_key_of_another_day_is_refused_and_nothing_is_sent() {
    for date in ["20261121", "20261123"] {
        let transport = scripted(vec![]);
        let input = refused(invoke_at(signing_key(date), &transport, request()));
        assert_eq!(input.field, "connection.credentials.signing-key.date");
        assert_contains(&input.message, [date, "20261122"]);
        assert_eq!(transport.attempts(), 0);
    }
}

/// The day ends while the call waits for its second attempt: what is told is the first one's end.
#[test]
fn a_signing_key_that_ends_between_attempts_does_not_hide_that_something_was_sent() {
    let transport = scripted(vec![failure(TransportKind::Timeout, Executed::Unknown)]);
    // 2026-11-23T00:01:59Z when the first attempt begins; it takes two seconds.
    transport.set_clock(43_200 + 119);
    let ended = invoke_at(signing_key("20261122"), &transport, idempotent());
    let error = transport_error(ended);
    assert_eq!(
        (error.kind, error.executed),
        (TransportKind::Timeout, Executed::Unknown)
    );
    let sent = transport.sent.borrow();
    assert_eq!(sent[0].header("x-amz-date"), "20261122T235959Z");
}

#[test]
fn what_the_host_signs_leaves_unsigned_and_its_clock_does_not_matter() {
    let mut dated = coded(403, "InvalidSignatureException");
    dated
        .headers
        .push(("date".into(), b"Sun, 22 Nov 2026 13:00:00 GMT".to_vec()));
    let transport = scripted(vec![Ok(dated)]);
    let unsigned = connection_with(Credentials::HostSigned);
    let error = unauthenticated(invoke_at(unsigned, &transport, request()));
    // Another date would change nothing: there is none in the request.
    assert_eq!((error.attempts, error.category), (1, Category::Credentials));
    assert_contains(
        &error.hint.unwrap(),
        ["must sign them for region us-east-1"],
    );
    let sent = transport.sent.borrow();
    assert_eq!(sent.len(), 1);
    for header in ["x-amz-date", "authorization"] {
        assert_eq!(sent[0].header(header), "");
    }
}

#[test]
fn a_refused_signing_key_is_told_by_what_it_must_be_derived_for() {
    let transport = scripted(vec![error(403, "InvalidSignatureException")]);
    let ended = invoke_at(signing_key("20261122"), &transport, request());
    assert_contains(
        &unauthenticated(ended).hint.unwrap(),
        ["day 20261122, region us-east-1 and service lambda"],
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
