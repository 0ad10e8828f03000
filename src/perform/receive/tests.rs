//! What a response, or the lack of one, proves about the function.

use super::*;
use crate::aws::endpoint::EndpointChoice;
use crate::call::connection::Connection;
use crate::lambda::executions::complete_callback::{CallbackResult, CompleteCallback};
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::testing::{answer, assert_contains, connection, lambdas, transport_error};

fn invoke(kind: InvocationType, endpoint: EndpointChoice) -> Invoke {
    let connection = Connection {
        endpoint,
        ..connection()
    };
    let request = InvokeRequest {
        function: "f".into(),
        invocation_type: Some(kind),
        ..InvokeRequest::default()
    };
    Invoke::new(connection, request).unwrap()
}

fn operation(effect: Effect) -> Box<dyn Exchange> {
    match effect {
        Effect::Read => {
            Box::new(ListFunctions::new(connection(), FunctionQuery::default()).unwrap())
        }
        Effect::DryRun => Box::new(invoke(InvocationType::DryRun, EndpointChoice::Standard)),
        Effect::Run => Box::new(invoke(
            InvocationType::RequestResponse,
            EndpointChoice::Standard,
        )),
        Effect::Change => {
            let heartbeat = CallbackResult::Heartbeat;
            Box::new(CompleteCallback::new(connection(), "a", heartbeat).unwrap())
        }
    }
}

fn failed(kind: TransportKind, reached: Reached, effect: Effect) -> TransportError {
    let failure = Failure {
        kind,
        message: "no response".into(),
        reached,
    };
    transport_error(receive_by(Err(failure), &*operation(effect), 2))
}

const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE//token==";

fn receive_by(
    sent: Result<Response, Failure>,
    operation: &dyn Exchange,
    attempts: u8,
) -> Result<(Response, Origin), Error> {
    receive(
        sent,
        operation,
        &Secrets::new([TOKEN].into_iter()),
        attempts,
    )
}

const EFFECTS: [Effect; 4] = [Effect::Read, Effect::DryRun, Effect::Run, Effect::Change];

#[test]
fn request_without_a_response_may_have_run_the_function_only_if_it_was_sent() {
    for effect in EFFECTS {
        let unsent = failed(TransportKind::Connect, Reached::Nothing, effect);
        assert_eq!(unsent.executed, Executed::No, "{effect:?}");
        let sent = failed(TransportKind::Timeout, Reached::Request, effect);
        let (executed, message) = match effect {
            Effect::Run => (
                Executed::Unknown,
                "no response; the function may still be running: raise `delivery.response-timeout-ms` if it needs longer",
            ),
            // `annotate` adds how to find out.
            Effect::Change => (Executed::Unknown, "no response"),
            Effect::Read | Effect::DryRun => (Executed::No, "no response"),
        };
        assert_eq!(
            (sent.executed, &*sent.message, sent.attempts),
            (executed, message, 2),
            "{effect:?}"
        );
    }
}

#[test]
fn dry_run_at_an_emulator_may_run_the_function() {
    let emulator = EndpointChoice::Emulator("http://127.0.0.1:9000".into());
    let operation = invoke(InvocationType::DryRun, emulator);
    let failure = Failure {
        kind: TransportKind::CutOff,
        message: String::new(),
        reached: Reached::Request,
    };
    let error = transport_error(receive_by(Err(failure), &operation, 1));
    assert_eq!(error.executed, Executed::Unknown);
}

#[test]
fn success_without_its_body_proves_what_its_origin_and_status_prove() {
    use Executed::{No, Unknown, Yes};
    use TransportKind::{CutOff, NotLambda};
    for (effect, head, kind, executed) in [
        (Effect::Run, lambdas(200, &[], ""), CutOff, Yes),
        (Effect::Run, lambdas(202, &[], ""), CutOff, Unknown),
        (Effect::Run, answer(200, &[], ""), NotLambda, Unknown),
        (Effect::Change, lambdas(200, &[], ""), CutOff, Yes),
        (Effect::Change, lambdas(202, &[], ""), CutOff, Unknown),
        (Effect::Change, answer(200, &[], ""), NotLambda, Unknown),
        (Effect::DryRun, lambdas(204, &[], ""), CutOff, No),
        (Effect::DryRun, lambdas(200, &[], ""), CutOff, Unknown),
        (Effect::DryRun, answer(204, &[], ""), NotLambda, Unknown),
        (Effect::Read, lambdas(200, &[], ""), CutOff, No),
        (Effect::Read, answer(200, &[], ""), NotLambda, No),
    ] {
        let status = head.status;
        let error = failed(CutOff, Reached::Head(head), effect);
        assert_eq!(
            (error.kind, error.executed),
            (kind, executed),
            "{effect:?} {status}"
        );
    }
}

#[test]
fn dry_run_whose_success_was_cut_off_is_repeated_only_if_it_did_not_run() {
    for (effect, status, transient) in [
        (Effect::DryRun, 204, true),
        (Effect::DryRun, 200, false),
        (Effect::DryRun, 202, false),
        (Effect::Run, 202, true),
        (Effect::Read, 200, true),
    ] {
        let head = Reached::Head(lambdas(status, &[], ""));
        let error = failed(TransportKind::CutOff, head, effect);
        assert_eq!(error.transient, transient, "{effect:?} {status}");
    }
}

#[test]
fn error_response_of_aws_is_read_without_its_body() {
    let head = lambdas(429, &[("x-amzn-errortype", "TooManyRequestsException")], "");
    let failure = Failure {
        kind: TransportKind::CutOff,
        message: String::new(),
        reached: Reached::Head(head.clone()),
    };
    let received = receive_by(Err(failure), &*operation(Effect::Run), 1);
    assert_eq!(received, Ok((head, Origin::Aws)));
}

#[test]
fn encoded_success_is_rejected_by_the_name_of_its_coding() {
    for coding in ["gzip", " BR "] {
        let response = lambdas(200, &[("Content-Encoding", coding)], "\u{1f}\u{8b}");
        let error = transport_error(receive_by(Ok(response), &*operation(Effect::Run), 1));
        assert_eq!(
            (error.kind, error.executed, error.transient),
            (TransportKind::Malformed, Executed::Yes, false)
        );
        assert_contains(&error.message, ["content-encoding", coding.trim()]);
    }
    // An error is read by its code and status, as far as possible.
    let response = lambdas(300, &[("content-encoding", "gzip")], "{}");
    let received = receive_by(Ok(response.clone()), &*operation(Effect::Run), 1);
    assert_eq!(received, Ok((response, Origin::Aws)));
    for coding in ["identity", "Identity", ""] {
        let response = lambdas(200, &[("content-encoding", coding)], "{}");
        let received = receive_by(Ok(response.clone()), &*operation(Effect::Run), 1);
        assert_eq!(received, Ok((response, Origin::Aws)));
    }
}

#[test]
fn another_attempt_follows_only_failures_that_pass_within_seconds() {
    use TransportKind::{Connect, CutOff, Denied, Dns, Malformed, Other, Timeout, Tls};
    for (kinds, transient) in [
        (&[Dns, Connect, Timeout, CutOff, Malformed][..], true),
        (&[Tls, Denied, Other], false),
    ] {
        for kind in kinds {
            let error = failed(*kind, Reached::Nothing, Effect::Run);
            assert_eq!(error.transient, transient, "{kind:?}");
        }
    }
}

#[test]
fn header_that_is_the_shortest_secret_is_scrubbed() {
    let secret = "0123456789abcdef";
    assert_eq!(secret.len(), MIN_SECRET);
    let mut response = lambdas(200, &[("x-amzn-trace-id", secret)], "{}");
    scrub_headers(&mut response, &Secrets::new([secret].into_iter()));
    assert_eq!(response.header("x-amzn-trace-id").unwrap(), "…");
}

#[test]
fn headers_that_repeat_a_secret_are_scrubbed_except_for_the_log() {
    let token = |text: &str| text.replace("TOKEN", TOKEN);
    let headers = [
        ("x-amzn-requestid", token("TOKEN")),
        ("x-amzn-trace-id", token("root=1-TOKEN;sampled=0")),
        ("x-amz-executed-version", "$LATEST".into()),
        ("X-Amz-Log-Result", token("TOKEN")),
    ];
    let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
    let sent = Ok(lambdas(200, &headers, "{}"));
    let (response, _) = receive_by(sent, &*operation(Effect::Run), 1).unwrap();
    for (name, value) in [
        ("x-amzn-requestid", "…"),
        ("x-amzn-trace-id", "root=1-…;sampled=0"),
        ("x-amz-executed-version", "$LATEST"),
        ("x-amz-log-result", TOKEN),
    ] {
        assert_eq!(response.header(name).unwrap(), value, "{name}");
    }
}
