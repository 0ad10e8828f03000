//! The whole table of outcomes.

use super::*;
use crate::call::delivery::Options;
use crate::call::error_response::{self, RequestContext};
use crate::call::failure;
use crate::call::invocation::{FailedInvocation, Invocation};
use crate::testing::coded;

fn delivery(max_attempts: u8) -> Delivery {
    let options = Options {
        max_attempts: Some(max_attempts),
        connect_timeout_ms: Some(1_000),
        response_timeout_ms: Some(9_000),
        idempotent: None,
    };
    Delivery::new("delivery", Some(&options), true).unwrap()
}

fn failed(error: &Error) -> FailedAttempt<'_> {
    FailedAttempt {
        error,
        attempt: 1,
        elapsed_ms: 5,
        retry_after_ms: None,
        clock_was_off: false,
        keys_expired: false,
        jitter: u64::MAX,
    }
}

fn transport(kind: TransportKind, executed: Executed) -> Error {
    Error::Transport(TransportError {
        kind,
        message: String::new(),
        executed,
        attempts: 1,
    })
}

fn service(status: u16, code: &str) -> Error {
    let refused = RequestContext {
        action: "lambda:InvokeFunction",
        resource: String::new(),
        runs_function: true,
        attempts: 1,
    };
    error_response::read(&coded(status, code), &refused)
}

fn function_failed() -> Error {
    Error::FunctionFailed(Box::new(FailedInvocation {
        invocation: Invocation {
            status_code: 200,
            output: None,
            log: None,
            executed_version: None,
            request_id: None,
            trace_id: None,
            durable_execution_arn: None,
            attempts: 1,
        },
        failure: failure::read("Unhandled".into(), b""),
    }))
}

/// After the first of three attempts.
fn decision(error: &Error, repeatable: bool) -> RetryDecision {
    Attempts::new(delivery(3), repeatable).after(&failed(error))
}

/// After the first of three attempts that may not be repeated.
fn first(outcome: &FailedAttempt<'_>) -> RetryDecision {
    Attempts::new(delivery(3), false).after(outcome)
}

const RETURN: RetryDecision = RetryDecision::Return;
const SOON: RetryDecision = RetryDecision::Wait(49);
const THROTTLED: RetryDecision = RetryDecision::Wait(999);

#[test]
fn transport_failures() {
    use Executed::{No, Unknown, Yes};
    use TransportKind as K;
    // kind, executed, verdict, verdict where a second run does no harm
    for (kind, executed, once, repeatable) in [
        (K::Dns, No, SOON, SOON),
        (K::Connect, No, SOON, SOON),
        (K::Timeout, No, SOON, SOON),
        (K::Timeout, Unknown, RETURN, SOON),
        (K::Tls, No, RETURN, RETURN),
        (K::Denied, No, RETURN, RETURN),
        (K::CutOff, No, SOON, SOON),
        (K::CutOff, Unknown, RETURN, SOON),
        (K::CutOff, Yes, RETURN, RETURN),
        (K::Malformed, No, SOON, SOON),
        (K::Malformed, Unknown, RETURN, SOON),
        (K::Malformed, Yes, RETURN, RETURN),
        (K::Other, No, RETURN, RETURN),
        (K::Other, Unknown, RETURN, RETURN),
    ] {
        let error = transport(kind, executed);
        let decisions = [false, true].map(|repeatable| decision(&error, repeatable));
        assert_eq!(decisions, [once, repeatable], "{kind:?} {executed:?}");
    }
}

#[test]
fn answers() {
    for (status, code, once, repeatable) in [
        (429, "TooManyRequestsException", THROTTLED, THROTTLED),
        (400, "ThrottlingException", THROTTLED, THROTTLED),
        (502, "EC2ThrottledException", THROTTLED, THROTTLED),
        (502, "ENINotReadyException", SOON, SOON),
        (502, "ResourceNotReadyException", SOON, SOON),
        (409, "SnapStartNotReadyException", SOON, SOON),
        (409, "CodeArtifactUserPendingException", SOON, SOON),
        (409, "ResourceConflictException", SOON, SOON),
        (500, "ServiceException", RETURN, SOON),
        (500, "", RETURN, SOON),
        (502, "", RETURN, SOON),
        (503, "", RETURN, SOON),
        (504, "", RETURN, SOON),
        (502, "KMSAccessDeniedException", RETURN, RETURN),
        (502, "KMSDisabledException", RETURN, RETURN),
        (502, "InvalidSubnetIDException", RETURN, RETURN),
        (502, "InvalidZipFileException", RETURN, RETURN),
        (502, "EC2AccessDeniedException", RETURN, RETURN),
        (400, "InvalidParameterValueException", RETURN, RETURN),
        (403, "AccessDeniedException", RETURN, RETURN),
        (403, "UnrecognizedClientException", RETURN, RETURN),
        (403, "InvalidSignatureException", RETURN, RETURN),
        (404, "ResourceNotFoundException", RETURN, RETURN),
        (
            409,
            "DurableExecutionAlreadyStartedException",
            RETURN,
            RETURN,
        ),
        (413, "RequestTooLargeException", RETURN, RETURN),
        (302, "", RETURN, RETURN),
    ] {
        let error = service(status, code);
        let decisions = [false, true].map(|repeatable| decision(&error, repeatable));
        assert_eq!(decisions, [once, repeatable], "{status} {code}");
    }
}

#[test]
fn a_failed_function_and_a_refused_input_are_never_repeated() {
    for error in [
        function_failed(),
        Error::invalid("request.function", "it is empty"),
    ] {
        for repeatable in [false, true] {
            assert_eq!(decision(&error, repeatable), RETURN);
        }
    }
}

#[test]
fn attempts_end_at_their_number() {
    let error = service(429, "TooManyRequestsException");
    for max_attempts in 1..=10 {
        let mut attempts = Attempts::new(delivery(max_attempts), true);
        let made = (1..)
            .find(|attempt| {
                let outcome = FailedAttempt {
                    attempt: *attempt,
                    ..failed(&error)
                };
                attempts.after(&outcome) == RETURN
            })
            .unwrap();
        // 10 × (1 s + 9 s) is longer than all backoffs together, so that time does not end it.
        assert_eq!(made, max_attempts);
    }
}

#[test]
fn the_wait_never_exceeds_what_the_options_allow() {
    let error = service(429, "TooManyRequestsException");
    let after = |elapsed_ms| {
        let outcome = FailedAttempt {
            elapsed_ms,
            ..failed(&error)
        };
        first(&outcome)
    };
    // 3 × (1 s + 9 s), of which the next attempt needs 9 s.
    assert_eq!(after(21_000 - 999), THROTTLED);
    assert_eq!(after(21_000 - 998), RETURN);
    assert_eq!(after(u64::MAX), RETURN);
}

#[test]
fn the_service_says_how_long_to_wait() {
    let error = service(429, "TooManyRequestsException");
    let outcome = FailedAttempt {
        retry_after_ms: Some(2_500),
        ..failed(&error)
    };
    assert_eq!(first(&outcome), RetryDecision::Wait(2_500));
    let permanent = service(404, "ResourceNotFoundException");
    let outcome = FailedAttempt {
        error: &permanent,
        ..outcome
    };
    assert_eq!(first(&outcome), RETURN, "the header alone repeats nothing");
}

#[test]
fn a_wrong_clock_is_corrected_once() {
    for code in [
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
        "AccessDeniedException",
    ] {
        let error = service(403, code);
        let mut attempts = Attempts::new(delivery(3), false);
        let off = FailedAttempt {
            clock_was_off: true,
            ..failed(&error)
        };
        assert_eq!(attempts.after(&off), SOON, "{code}");
        assert_eq!(attempts.after(&off), RETURN, "{code}, again");
    }
    let error = service(404, "ResourceNotFoundException");
    let off = FailedAttempt {
        clock_was_off: true,
        ..failed(&error)
    };
    assert_eq!(first(&off), RETURN);
}

#[test]
fn expired_keys_are_renewed_once() {
    let error = service(403, "ExpiredTokenException");
    let expired = FailedAttempt {
        keys_expired: true,
        ..failed(&error)
    };
    let mut attempts = Attempts::new(delivery(3), false);
    assert_eq!(attempts.after(&expired), SOON);
    assert_eq!(attempts.after(&expired), RETURN, "again");
    // Keys that nobody can renew.
    assert_eq!(first(&failed(&error)), RETURN);
    let mut attempts = Attempts::new(delivery(1), false);
    assert_eq!(attempts.after(&expired), RETURN, "one attempt in all");
}
