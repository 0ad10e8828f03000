//! Whole calls over a scripted transport: what is sent, how often, and what is returned.

use zeroize::Zeroizing;

use super::*;
use crate::aws::endpoint::EndpointChoice;
use crate::aws::time::AmzDate;
use crate::block_on::block_on;
use crate::call::connection::{Connection, Credentials};
use crate::call::delivery::Options;
use crate::call::error::{Executed, TransportKind};
use crate::call::invocation::Invocation;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::testing::scripted::{Answer, Script, Scripted};
use crate::testing::{
    access_key, answer, assert_contains, assuming, coded, connection, connection_with,
    denied_by_sts, invocation as request, lambdas, refused, role, service_error, transport_error,
    unauthenticated,
};
use crate::transport::{Failure, Reached};

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
        panic!("an access key is its own signer");
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
fn each_attempt_has_its_own_date_and_signature() {
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
fn invocation_is_not_repeated_when_execution_is_unknown() {
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
fn invocation_of_unknown_outcome_is_repeated_only_when_idempotent() {
    let script = || {
        scripted(vec![
            failure(TransportKind::Timeout, Executed::Unknown),
            error(500, "ServiceException"),
            ok(),
        ])
    };
    assert_eq!(invoke(&script(), idempotent()).unwrap().attempts, 3);

    // The name belongs to the request. An ordinary function ignores it and runs again.
    let named = InvokeRequest {
        durable_execution_name: Some("job-1".into()),
        ..request()
    };
    let error = transport_error(invoke(&script(), named));
    assert_eq!((error.executed, error.attempts), (Executed::Unknown, 1));
}

#[test]
fn listing_is_repeated_and_reported_as_not_executed() {
    let list = || ListFunctions::new(connection(), FunctionQuery::default()).unwrap();
    let page = Ok(lambdas(200, &[], r#"{"Functions": []}"#));
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
fn dry_run_is_repeated_and_reported_as_not_executed() {
    let dry_run = InvokeRequest {
        invocation_type: Some(InvocationType::DryRun),
        ..request()
    };
    let transport = scripted(vec![error(500, ""), error(500, ""), error(500, "")]);
    let error = service_error(invoke(&transport, dry_run));
    assert_eq!((error.executed, error.attempts), (Executed::No, 3));
}

#[test]
fn last_error_is_returned_when_attempts_are_exhausted() {
    let throttled = || error(429, "TooManyRequestsException");
    let transport = scripted(vec![throttled(), throttled(), throttled()]);
    let error = service_error(invoke(&transport, request()));
    assert_eq!(
        (error.attempts, error.executed, error.retryable),
        (3, Executed::No, true)
    );
}

/// Lambda's response to a signature that is out of date.
fn skewed() -> Answer {
    Ok(lambdas(
        403,
        &[
            ("x-amzn-errortype", "InvalidSignatureException"),
            ("Date", "Sun, 22 Nov 2026 12:00:08 GMT"),
        ],
        r#"{"message":"Signature expired: X is now earlier than Y (Z - 5 min.)"}"#,
    ))
}

#[test]
fn host_clock_an_hour_off_is_corrected_in_the_second_attempt() {
    for off in [-3_600, 3_600] {
        let transport = Scripted {
            ahead_s: off,
            ..scripted(vec![skewed(), ok()])
        };
        assert_eq!(invoke(&transport, request()).unwrap().attempts, 2);
        let sent = transport.sent.borrow();
        // The exchange took two seconds, and the backoff is below one.
        assert_eq!(sent[1].header("x-amz-date"), "20261122T120009Z", "{off}");
    }
}

/// A rejected signature, at 12:00:08 by AWS's clock.
fn rejected(message: &str) -> Answer {
    let headers = [
        ("x-amzn-errortype", "InvalidSignatureException"),
        ("Date", "Sun, 22 Nov 2026 12:00:08 GMT"),
    ];
    Ok(lambdas(
        403,
        &headers,
        format!(r#"{{"message":"{message}"}}"#),
    ))
}

#[test]
fn corrected_clock_is_not_blamed_for_the_next_rejection() {
    let mismatch = || rejected("The request signature we calculated does not match");
    for (script, category, hint) in [
        (
            vec![skewed(), mismatch()],
            Category::Credentials,
            "secret access key",
        ),
        (vec![skewed(), skewed()], Category::Other, "5 minutes later"),
        (
            vec![mismatch(), mismatch()],
            Category::Credentials,
            "secret access key",
        ),
    ] {
        let transport = Scripted {
            ahead_s: 3_600,
            ..scripted(script)
        };
        let error = unauthenticated(invoke(&transport, request()));
        assert_eq!(
            (error.category, error.executed, error.attempts),
            (category, Executed::No, 2)
        );
        assert_contains(&error.hint.unwrap(), [hint]);
    }
}

#[test]
fn signature_that_aged_on_the_way_is_renewed_once() {
    let transport = scripted(vec![skewed(), ok()]);
    assert_eq!(invoke(&transport, request()).unwrap().attempts, 2);

    let transport = scripted(vec![skewed(), skewed()]);
    let error = unauthenticated(invoke(&transport, request()));
    assert_eq!((error.category, error.attempts), (Category::Other, 2));
    assert_contains(&error.hint.unwrap(), ["5 minutes later"]);
}

#[test]
fn clock_that_is_years_off_is_reported_and_not_followed() {
    let transport = Scripted {
        ahead_s: 400_000_000,
        ..scripted(vec![skewed()])
    };
    let error = unauthenticated(invoke(&transport, request()));
    assert_eq!((error.category, error.attempts), (Category::ClockSkew, 1));
    assert_contains(&error.hint.unwrap(), ["clock", "NTP"]);
}

#[test]
fn date_of_a_response_without_a_request_id_is_not_believed() {
    let mut foreign = skewed().unwrap();
    foreign
        .headers
        .retain(|(name, _)| !name.contains("RequestId"));
    let transport = Scripted {
        ahead_s: 3_600,
        ..scripted(vec![Ok(foreign)])
    };
    let error = transport_error(invoke(&transport, request()));
    assert_eq!((error.kind, error.attempts), (TransportKind::NotLambda, 1));
}

#[test]
fn call_takes_no_longer_than_its_options_allow() {
    let throttled = lambdas(
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
        // The time that an answer's body takes is missing from the next attempt.
        (error(500, "ServiceException"), 2),
        (Ok(throttled), 1),
        (ok(), 1),
    ] {
        for max_attempts in 1..=10 {
            for response_timeout_ms in [1_u32, 1_000, 60_000, 1_815_000] {
                // Each attempt uses up its time limits.
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
fn execution_stays_unknown_when_an_earlier_attempt_may_have_run() {
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
        let reported = match invoke(&transport, idempotent()) {
            Err(Error::Transport(error)) => (error.executed, error.attempts),
            Err(Error::Service(error)) => (error.executed, error.attempts),
            other => panic!("{other:?}"),
        };
        assert_eq!(reported, (executed, attempts));
    }
}

/// After `not found`, the card tries the text as a part of a name, unless a function may have run.
#[test]
fn card_invokes_no_other_function_when_execution_is_unknown() {
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

const ASKED: &str = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";

fn with_id(request: InvokeRequest) -> InvokeRequest {
    InvokeRequest {
        request_id: Some(ASKED.into()),
        ..request
    }
}

/// The request ID that each attempt asked for.
fn asked<S>(transport: &Scripted<S>) -> Vec<String> {
    let sent = transport.sent.borrow();
    let lambda = sent
        .iter()
        .filter(|sent| sent.authority.starts_with("lambda."));
    lambda
        .map(|sent| sent.header("x-amzn-requestid").into())
        .collect()
}

#[test]
fn request_id_is_sent_and_signed_in_lower_case() {
    for credentials in [
        Credentials::AccessKey(access_key()),
        Credentials::HostSigned,
    ] {
        let signs = credentials != Credentials::HostSigned;
        let transport = scripted(vec![ok()]);
        let request = InvokeRequest {
            request_id: Some(ASKED.to_uppercase()),
            ..request()
        };
        invoke_at(connection_with(credentials), &transport, request).unwrap();
        assert_eq!(asked(&transport), [ASKED]);
        let sent = transport.sent.borrow();
        let authorization = sent[0].header("authorization");
        assert_eq!(
            authorization.contains(";x-amzn-requestid,"),
            signs,
            "{authorization}"
        );
    }
    let transport = scripted(vec![ok()]);
    invoke(&transport, request()).unwrap();
    assert_eq!(asked(&transport), [""]);
}

#[test]
fn request_id_is_sent_again_while_the_function_provably_did_not_start() {
    let transport = Scripted {
        ahead_s: 3_600,
        ..scripted(vec![
            failure(TransportKind::Connect, Executed::No),
            error(429, "TooManyRequestsException"),
            skewed(),
            error(409, "ResourceConflictException"),
            ok(),
        ])
    };
    let request = InvokeRequest {
        delivery: Some(Options {
            max_attempts: Some(5),
            ..Options::default()
        }),
        ..with_id(request())
    };
    assert_eq!(invoke(&transport, request).unwrap().attempts, 5);
    assert_eq!(asked(&transport), [ASKED; 5]);
}

#[test]
fn request_id_is_sent_again_with_the_keys_of_a_new_session() {
    let transport = Scripted::aws();
    transport.service.lambda.set(|key| match key {
        "ASIA1" => error(403, "ExpiredTokenException"),
        _ => ok(),
    });
    let connection = assuming(vec![role("arn:aws:iam::123456789012:role/x")]);
    let operation = Invoke::new(connection, with_id(request())).unwrap();
    assert_eq!(
        block_on(perform(&transport, operation)).unwrap().attempts,
        2
    );
    assert_eq!(asked(&transport), [ASKED; 2]);
    let sent = transport.sent.borrow();
    let mut sts = sent
        .iter()
        .filter(|sent| sent.authority.starts_with("sts."));
    assert!(sts.all(|sent| sent.header("x-amzn-requestid").is_empty()));
}

#[test]
fn request_id_is_not_sent_after_an_attempt_that_may_have_run() {
    for doubtful in [
        failure(TransportKind::Timeout, Executed::Unknown),
        failure(TransportKind::CutOff, Executed::Unknown),
        error(500, "ServiceException"),
        Ok(answer(502, &[], "")),
        // Lambda ignored the invocation type, or the response is not Lambda's.
        Ok(lambdas(202, &[], "")),
    ] {
        let throttled = || error(429, "TooManyRequestsException");
        let transport = scripted(vec![throttled(), doubtful, throttled(), ok()]);
        let mut request = with_id(idempotent());
        if let Some(delivery) = &mut request.delivery {
            delivery.max_attempts = Some(4);
        }
        assert_eq!(invoke(&transport, request).unwrap().attempts, 4);
        assert_eq!(asked(&transport), [ASKED, ASKED, "", ""]);
    }
}

const SEARCH: &str = "search the function's log for it";

#[test]
fn request_id_is_in_the_message_if_there_is_no_response() {
    use TransportKind::{CutOff, Malformed, Other, Timeout};
    let requested = format!("; the request ID asked for is {ASKED}: {SEARCH}");
    for kind in [CutOff, Malformed, Other, Timeout] {
        let transport = scripted(vec![failure(kind, Executed::Unknown)]);
        let error = transport_error(invoke(&transport, with_id(request())));
        assert!(error.message.ends_with(&requested), "{error:?}");
    }
    // A gateway, which may have forwarded the request.
    let transport = scripted(vec![Ok(answer(504, &[], ""))]);
    let error = transport_error(invoke(&transport, with_id(request())));
    assert_eq!(error.kind, TransportKind::NotLambda);
    assert!(error.message.ends_with(&requested), "{error:?}");
    // An emulator without request IDs.
    let emulator = Connection {
        endpoint: EndpointChoice::Emulator("http://127.0.0.1:9000".into()),
        ..connection()
    };
    let transport = scripted(vec![Ok(answer(500, &[], "{}"))]);
    let error = service_error(invoke_at(emulator, &transport, with_id(request())));
    assert!(error.hint.unwrap().ends_with(&requested));
    assert_eq!(error.request_id, None);

    let transport = scripted(vec![failure(Timeout, Executed::Unknown)]);
    let error = transport_error(invoke(&transport, request()));
    assert!(!error.message.contains("request ID"), "{error:?}");
}

#[test]
fn request_id_that_cannot_have_reached_lambda_is_not_reported() {
    for unsent in [
        failure(TransportKind::Dns, Executed::No),
        failure(TransportKind::Tls, Executed::No),
        Ok(answer(407, &[], "")),
    ] {
        let request = InvokeRequest {
            delivery: Some(Options {
                max_attempts: Some(1),
                ..Options::default()
            }),
            ..with_id(request())
        };
        let error = transport_error(invoke(&scripted(vec![unsent]), request));
        assert!(!error.message.contains(ASKED), "{error:?}");
    }
}

#[test]
fn request_id_of_the_response_is_reported_instead_of_another_one() {
    for own in [ASKED, "8f5e"] {
        let id = ("x-amzn-requestid", own);
        let coded = |code| Ok(lambdas(500, &[id, ("x-amzn-errortype", code)], "{}"));
        let service = service_error(invoke(
            &scripted(vec![coded("ServiceException")]),
            with_id(request()),
        ));
        assert_eq!(service.request_id.as_deref(), Some(own));
        assert!(!service.hint.unwrap().contains(SEARCH));

        let marker = ("x-amz-function-error", "Unhandled");
        let failed = Ok(lambdas(200, &[id, marker], "{}"));
        let Err(Error::FunctionFailed(failed)) =
            invoke(&scripted(vec![failed]), with_id(request()))
        else {
            panic!("the function failed");
        };
        assert_eq!(failed.invocation.request_id.as_deref(), Some(own));

        let head = |status, headers: &[_]| lambdas(status, &[&[id], headers].concat(), "");
        let cut = Failure {
            kind: TransportKind::CutOff,
            message: "cut".into(),
            reached: Reached::Head(head(200, &[])),
        };
        for unusable in [
            Err(cut),
            Ok(head(200, &[("content-encoding", "gzip")])),
            Ok(head(201, &[])),
        ] {
            let error = transport_error(invoke(&scripted(vec![unusable]), with_id(request())));
            let expected = format!("; the request ID is {own}: {SEARCH}");
            assert!(error.message.ends_with(&expected), "{error:?}");
            assert_eq!(error.message.matches("request ID").count(), 1, "{error:?}");
        }
    }
}

#[test]
fn later_error_names_the_request_id_of_the_attempt_that_may_have_run() {
    let timeout = || failure(TransportKind::Timeout, Executed::Unknown);
    let refused = || failure(TransportKind::Connect, Executed::No);
    let earlier = |id: &str| {
        format!(
            "an earlier attempt may have run the function with the request ID {id}, which later attempts do not have: {SEARCH}"
        )
    };
    let end = |script| invoke(&scripted(script), with_id(idempotent()));

    let gone = service_error(end(vec![
        timeout(),
        error(404, "ResourceNotFoundException"),
    ]));
    assert_eq!(
        (gone.executed, gone.request_id.as_deref()),
        (Executed::Unknown, Some("8f5e"))
    );
    assert!(gone.hint.unwrap().ends_with(&earlier(ASKED)));

    let unanswered = transport_error(end(vec![timeout(), timeout(), refused()]));
    let message = format!("no response, as scripted; {}", earlier(ASKED));
    assert_eq!(unanswered.message, message);

    let cut = failure(TransportKind::CutOff, Executed::Yes);
    let cut = transport_error(end(vec![refused(), timeout(), cut]));
    let message = format!(
        "no response, as scripted; the request ID is 8f5e: {SEARCH}; {}",
        earlier(ASKED)
    );
    assert_eq!(cut.message, message);

    // Lambda chose another ID for the first attempt.
    let fault = lambdas(500, &[("x-amzn-requestid", "77aa")], "{}");
    let denied = service_error(end(vec![
        Ok(fault),
        error(404, "ResourceNotFoundException"),
    ]));
    let hint = denied.hint.unwrap();
    assert!(
        hint.ends_with(&earlier("77aa")) && !hint.contains(ASKED),
        "{hint}"
    );

    // The error of the first attempt is returned, because the second was not sent.
    let transport = scripted(vec![timeout()]);
    transport.set_clock(43_200 + 119);
    let ended = invoke_at(signing_key("20261122"), &transport, with_id(idempotent()));
    let message = transport_error(ended).message;
    let requested = format!("; the request ID asked for is {ASKED}: {SEARCH}");
    assert!(message.ends_with(&requested), "{message}");
    assert_eq!(message.matches(ASKED).count(), 1, "{message}");
}

#[test]
fn error_of_sts_names_the_request_id_of_the_attempt_that_may_have_run() {
    let mut transport = Scripted::aws();
    // The session expires while the call waits for Lambda.
    transport.takes_ms = |sent, _| {
        if sent.authority.starts_with("lambda.") {
            3_590_000
        } else {
            0
        }
    };
    let timeout = |_: &_| failure(TransportKind::Timeout, Executed::Unknown);
    transport.service.lambda.set(timeout);
    transport.service.sts.set(|sent| {
        (sent.at_s > crate::testing::NOW + 3_000).then(|| denied_by_sts("not authorized"))
    });
    let connection = assuming(vec![role("arn:aws:iam::123456789012:role/x")]);
    let operation = Invoke::new(connection, with_id(idempotent())).unwrap();
    let error = unauthenticated(block_on(perform(&transport, operation)));
    assert_eq!(
        (&*error.code, error.executed),
        ("AccessDenied", Executed::Unknown)
    );
    assert_contains(
        &error.hint.unwrap(),
        [&format!(
            "may have run the function with the request ID {ASKED}"
        )],
    );
    assert_eq!(asked(&transport), [ASKED]);
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
fn signing_key_produces_the_signature_of_its_secret() {
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
fn signing_key_of_another_day_is_rejected_before_sending() {
    for date in ["20261121", "20261123"] {
        let transport = scripted(vec![]);
        let input = refused(invoke_at(signing_key(date), &transport, request()));
        assert_eq!(input.field, "connection.credentials.signing-key.date");
        assert_contains(&input.message, [date, "20261122"]);
        assert_eq!(transport.attempts(), 0);
    }
}

/// The day ends while the call waits for its second attempt.
#[test]
fn signing_key_expiry_between_attempts_keeps_the_earlier_error() {
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
fn host_signed_request_is_unsigned_and_ignores_the_clock() {
    let mut dated = coded(403, "InvalidSignatureException");
    dated
        .headers
        .push(("date".into(), b"Sun, 22 Nov 2026 13:00:00 GMT".to_vec()));
    let transport = scripted(vec![Ok(dated)]);
    let unsigned = connection_with(Credentials::HostSigned);
    let error = unauthenticated(invoke_at(unsigned, &transport, request()));
    // The request has no date that could be corrected.
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
fn hint_for_a_rejected_signing_key_names_its_scope() {
    let transport = scripted(vec![error(403, "InvalidSignatureException")]);
    let ended = invoke_at(signing_key("20261122"), &transport, request());
    assert_contains(
        &unauthenticated(ended).hint.unwrap(),
        ["day 20261122, region us-east-1 and service lambda"],
    );
}

/// Another key for the same region would be rejected as well.
#[test]
fn hint_for_a_signing_key_at_another_regions_endpoint_names_the_region() {
    let mut rejected = coded(403, "InvalidSignatureException");
    rejected.body =
        br#"{"message":"Credential should be scoped to a valid region, not 'us-east-1'. "}"#.into();
    let transport = scripted(vec![Ok(rejected)]);
    let ended = invoke_at(signing_key("20261122"), &transport, request());
    assert_contains(
        &unauthenticated(ended).hint.unwrap(),
        ["correct `connection.region` or the endpoint"],
    );
}

#[test]
fn jitter_is_uniform() {
    // One signature and 1,600 nanoseconds: each sixteenth of the range gets about a hundred.
    let shared = Shared {
        signer: Signer::Unsigned,
        payload_hash: Some("e3b0".into()),
        began_ns: 0,
        doubt: None,
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

#[test]
fn hash_of_the_payload_is_signed_as_the_host_computed_it() {
    let authorization = |payload_sha256: Option<Vec<u8>>| {
        let transport = scripted(vec![ok()]);
        let request = InvokeRequest {
            payload: Some("7".into()),
            payload_sha256,
            ..request()
        };
        invoke(&transport, request).unwrap();
        transport.sent.borrow()[0]
            .header("authorization")
            .to_owned()
    };
    let right = Sha256::digest(b"7").to_vec();
    assert_eq!(authorization(Some(right)), authorization(None));
    assert_ne!(authorization(Some(vec![0; 32])), authorization(None));

    let hint = |payload_sha256: Option<Vec<u8>>| {
        let transport = scripted(vec![error(403, "InvalidSignatureException")]);
        let request = InvokeRequest {
            payload: Some("7".into()),
            payload_sha256,
            ..request()
        };
        unauthenticated(invoke(&transport, request)).hint.unwrap()
    };
    assert_contains(
        &hint(Some(vec![0; 32])),
        ["`request.payload-sha256` is not"],
    );
    let of_a_wrong_key = hint(None);
    assert!(!of_a_wrong_key.contains("sha256"));
    let right = Sha256::digest(b"7").to_vec();
    assert_eq!(hint(Some(right)), of_a_wrong_key);
}
