//! Checks what must be true of any call's result.

use aws_lambda_connector::aws::json;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::call::connection::Credentials;
use aws_lambda_connector::call::error::{Error, Executed};
use aws_lambda_connector::call::invocation::{Invocation, Payload};

use crate::call::{Call, CallOutcome};
use crate::secrets;
use crate::transport::Scripted;

/// Panics if the result of `call` breaks a promise.
pub fn check(call: &Call<'_>, outcome: &CallOutcome, transport: &Scripted, answers: usize) {
    let seen = &transport.seen;
    let (sent, invocations) = (seen.sent.get(), seen.invocations.get());
    no_secret(&format!("{outcome:?}"), &seen.secrets.borrow());

    // After the last answer every request fails. A call then makes a few attempts at no more than
    // five requests, and as many to get a role's keys before each.
    let answers = u32::try_from(answers).expect("a short script");
    assert!(sent <= answers + 100, "{sent} requests");
    let may_invoke = match outcome {
        CallOutcome::Invoked(_) => call.max_attempts(),
        // A partial name leads to a second operation.
        CallOutcome::Ran(_) => 20,
        // A dry run, with the default of three attempts.
        CallOutcome::Tested(_) => 3,
        // The default number of attempts, which is not an option of these calls.
        CallOutcome::Stopped(_) | CallOutcome::Completed(_) => 3,
        _ => 0,
    };
    assert!(invocations <= may_invoke, "{invocations} invocations");

    if let Some(error) = outcome.error() {
        check_error(error, transport, may_invoke > 0);
    }
    if outcome.is_success() {
        assert!(
            seen.is_known.get(),
            "a success that neither AWS nor a declared emulator sent"
        );
    }
    let last = seen.last.borrow();
    let answer = last.as_ref().and_then(|last| last.as_ref().ok());
    let status = answer.map(|answer| answer.status);
    match outcome {
        CallOutcome::Invoked(result) => {
            let own_keys = !matches!(
                call.connection.credentials,
                Credentials::AssumeRole { .. } | Credentials::WebIdentity { .. }
            );
            if own_keys {
                assert!(transport.elapsed_ms() <= call.longest_ms());
                assert_eq!(attempts(result), sent);
            }
            if let Ok(invocation) = result {
                let answer = answer.expect("an answer");
                assert!((200..300).contains(&answer.status));
                assert_eq!(invocation.status_code, answer.status);
                assert!(answer.header("x-amz-function-error").is_none());
                let output = match &invocation.output {
                    None => &[][..],
                    Some(Payload::Text(text)) => text.as_bytes(),
                    Some(Payload::Binary(bytes)) => bytes,
                };
                assert_eq!(output, answer.body);
            }
        }
        CallOutcome::Listed(Ok(_))
        | CallOutcome::Execution(Ok(_))
        | CallOutcome::Executions(Ok(_))
        | CallOutcome::History(Ok(_))
        | CallOutcome::Stopped(Ok(_))
        | CallOutcome::Completed(Ok(())) => assert_eq!(status, Some(200)),
        // One of the two listings of qualifiers may be denied.
        CallOutcome::Qualifiers(Ok(_)) | CallOutcome::Choices(Ok(_)) => {
            let denied = status.is_some_and(|status| status >= 300);
            assert!(denied || status == Some(200), "{status:?}");
        }
        CallOutcome::Opened(Ok(session)) => {
            assert_eq!(status, Some(200));
            assert!(session.keys.session_token.is_some());
        }
        CallOutcome::Ran(Ok(outputs)) => {
            // Emulators report a failed function with an error status, which the form may accept.
            let failed = |answer: &Response| {
                answer.status >= 500 && answer.header("x-amz-function-error").is_some()
            };
            assert!(answer.is_some_and(|it| (200..300).contains(&it.status) || failed(it)));
            json::check(outputs).expect("outputs are JSON");
        }
        CallOutcome::Tested(Ok(checks)) => assert_eq!(checks.len(), 6),
        _ => {}
    }
}

/// Panics if `shown` contains a planted secret or one of `others`.
pub fn no_secret(shown: &str, others: &[String]) {
    let others = others.iter().map(String::as_str);
    for secret in secrets::ALL.into_iter().chain(others) {
        assert!(
            !shown.contains(secret),
            "the output contains {secret}: {shown}"
        );
    }
}

fn check_error(error: &Error, transport: &Scripted, invokes: bool) {
    let seen = &transport.seen;
    let Some((executed, attempts)) = execution(error) else {
        assert!(!seen.may_have_run.get(), "{error:?}");
        return;
    };
    assert!((1..=10).contains(&attempts), "{error:?}");
    if executed == Executed::Yes {
        assert!(seen.ran.get(), "nothing proves a run: {error:?}");
    }
    if executed == Executed::No {
        assert!(
            !seen.may_have_run.get(),
            "the function may have run: {error:?}"
        );
    } else {
        assert!(invokes, "nothing was invoked: {error:?}");
    }
}

/// Returns whether the function ran, and the number of attempts. Returns `None` if nothing was sent.
fn execution(error: &Error) -> Option<(Executed, u8)> {
    Some(match error {
        Error::InvalidInput(_) => return None,
        Error::Service(error) | Error::Unauthenticated(error) => (error.executed, error.attempts),
        Error::Transport(error) => (error.executed, error.attempts),
        Error::FunctionFailed(failed) => (Executed::Yes, failed.invocation.attempts),
    })
}

fn attempts(result: &Result<Invocation, Error>) -> u32 {
    let attempts = match result {
        Ok(invocation) => invocation.attempts,
        Err(error) => execution(error).map_or(0, |(_, attempts)| attempts),
    };
    attempts.into()
}
