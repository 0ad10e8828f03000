//! The decision for every kind of error.

use super::*;
use crate::call::delivery::Options;
use crate::call::error::{TransportError, TransportKind};
use crate::call::error_response::{self, RequestContext};
use crate::call::failure;
use crate::call::invocation::{FailedInvocation, Invocation};
use crate::call::operation::Effect;
use crate::testing::{coded, lambdas};

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
        signing_date: SigningDate::Unknown,
        keys_expired: false,
        jitter: u64::MAX,
    }
}

fn transport(transient: bool, executed: Executed) -> Error {
    Error::Transport(TransportError {
        kind: TransportKind::CutOff,
        message: String::new(),
        executed,
        request_id: None,
        attempts: 1,
        transient,
    })
}

fn context() -> RequestContext {
    RequestContext {
        action: "lambda:InvokeFunction",
        resource: String::new(),
        effect: Effect::Run,
        attempts: 1,
    }
}

fn service(status: u16, code: &str) -> Error {
    error_response::read(&coded(status, code), &context())
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

/// The decision after the first of three attempts.
fn decision(error: &Error, idempotent: bool) -> RetryDecision {
    let delivery = Delivery {
        idempotent,
        ..delivery(3)
    };
    Attempts::new(delivery).after(&failed(error))
}

/// The decision after the first of three attempts of a function that must not run twice.
fn first(attempt: &FailedAttempt<'_>) -> RetryDecision {
    Attempts::new(delivery(3)).after(attempt)
}

const RETURN: RetryDecision = RetryDecision::Return;
const SOON: RetryDecision = RetryDecision::Wait(49);
const THROTTLED: RetryDecision = RetryDecision::Wait(999);

#[test]
fn transport_errors_are_retried_if_they_may_pass_and_the_function_may_run_again() {
    use Executed::{No, Unknown, Yes};
    // transient, executed, decision, decision where a second run does no harm
    for (transient, executed, once, idempotent) in [
        (true, No, SOON, SOON),
        (true, Unknown, RETURN, SOON),
        (true, Yes, RETURN, RETURN),
        (false, No, RETURN, RETURN),
        (false, Unknown, RETURN, RETURN),
        (false, Yes, RETURN, RETURN),
    ] {
        let error = transport(transient, executed);
        let decisions = [false, true].map(|repeatable| decision(&error, repeatable));
        assert_eq!(decisions, [once, idempotent], "{transient} {executed:?}");
    }
}

#[test]
fn service_errors_are_retried_if_they_may_pass_and_the_function_may_run_again() {
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
fn a_failed_function_and_an_invalid_input_are_never_retried() {
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
fn retries_stop_at_the_maximum_number_of_attempts() {
    let error = service(429, "TooManyRequestsException");
    for max_attempts in 1..=10 {
        let mut attempts = Attempts::new(delivery(max_attempts));
        let made = (1..)
            .find(|attempt| {
                let failed = FailedAttempt {
                    attempt: *attempt,
                    ..failed(&error)
                };
                attempts.after(&failed) == RETURN
            })
            .unwrap();
        // 10 × (1 s + 9 s) is longer than all backoffs together, so the time limit does not end it.
        assert_eq!(made, max_attempts);
    }
}

#[test]
fn a_retry_is_skipped_when_the_remaining_time_is_too_short() {
    let error = service(429, "TooManyRequestsException");
    let after = |elapsed_ms| {
        first(&FailedAttempt {
            elapsed_ms,
            ..failed(&error)
        })
    };
    // The next attempt needs 9 s of the 3 × (1 s + 9 s).
    assert_eq!(after(21_000 - 999), THROTTLED);
    assert_eq!(after(21_000 - 998), RETURN);
    assert_eq!(after(u64::MAX), RETURN);
}

#[test]
fn retry_after_sets_the_wait_but_does_not_cause_a_retry() {
    let error = service(429, "TooManyRequestsException");
    let throttled = FailedAttempt {
        retry_after_ms: Some(2_500),
        ..failed(&error)
    };
    assert_eq!(first(&throttled), RetryDecision::Wait(2_500));
    let error = service(404, "ResourceNotFoundException");
    let not_found = FailedAttempt {
        error: &error,
        ..throttled
    };
    assert_eq!(first(&not_found), RETURN);
}

#[test]
fn a_wrong_clock_is_corrected_once() {
    for code in [
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
        "AccessDeniedException",
    ] {
        let error = service(403, code);
        let mut attempts = Attempts::new(delivery(3));
        let off = FailedAttempt {
            signing_date: SigningDate::Corrected,
            ..failed(&error)
        };
        assert_eq!(attempts.after(&off), SOON, "{code}");
        assert_eq!(attempts.after(&off), RETURN, "{code}, again");
    }
    let error = service(404, "ResourceNotFoundException");
    let off = FailedAttempt {
        signing_date: SigningDate::Corrected,
        ..failed(&error)
    };
    assert_eq!(first(&off), RETURN);
}

#[test]
fn date_that_cannot_be_improved_is_final() {
    let expired = error_response::read(
        &lambdas(
            403,
            &[("x-amzn-errortype", "InvalidSignatureException")],
            r#"{"message":"Signature expired: X is now earlier than Y"}"#,
        ),
        &context(),
    );
    for (signing_date, decision) in [
        (SigningDate::Unknown, RETURN),
        (SigningDate::Right, SOON),
        (SigningDate::Corrected, SOON),
        (SigningDate::TooFarOff, RETURN),
    ] {
        let attempt = FailedAttempt {
            signing_date,
            ..failed(&expired)
        };
        assert_eq!(first(&attempt), decision, "{signing_date:?}");
    }
}

#[test]
fn expired_keys_are_renewed_once() {
    let error = service(403, "ExpiredTokenException");
    let expired = FailedAttempt {
        keys_expired: true,
        ..failed(&error)
    };
    let mut attempts = Attempts::new(delivery(3));
    assert_eq!(attempts.after(&expired), SOON);
    assert_eq!(attempts.after(&expired), RETURN, "again");
    // These keys cannot be renewed.
    assert_eq!(first(&failed(&error)), RETURN);
    let mut attempts = Attempts::new(delivery(1));
    assert_eq!(attempts.after(&expired), RETURN, "one attempt in all");
}
