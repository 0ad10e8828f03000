//! Each answer by itself, whatever the others are.

use core::cell::RefCell;

use super::*;
use crate::aws::message::{Request, Response};
use crate::block_on::block_on;
use crate::call::delivery::TimeLimits;
use crate::call::error::{Executed, TransportKind};
use crate::session_cache::SessionCache;
use crate::testing::{answer, connection, lambdas};
use crate::transport::Failure;

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;

type Answer = Result<Response, Failure>;

/// Answers by the host's name and the path.
struct Services {
    answer: fn(&Request<'_>) -> Answer,
    seen: RefCell<Vec<String>>,
    sessions: SessionCache,
}

impl Transport for Services {
    fn now_s(&self) -> u64 {
        NOW
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Answer {
        let line = format!("{}{}", request.authority, request.path_with_query());
        self.seen.borrow_mut().push(line);
        (self.answer)(request)
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

fn checks(
    answer: fn(&Request<'_>) -> Answer,
    function: Option<&str>,
) -> Vec<(Subject, Outcome, String)> {
    let services = Services {
        answer,
        seen: RefCell::default(),
        sessions: SessionCache::new(),
    };
    block_on(test_connection(
        &services,
        &connection(),
        function,
        Some("live").filter(|_| function.is_some()),
    ))
    .unwrap()
    .into_iter()
    .map(|check| (check.subject, check.outcome, check.detail))
    .collect()
}

const DATE: (&str, &str) = ("date", "Sun, 22 Nov 2026 12:00:01 GMT");
const IDENTITY: &str = "<R><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><Account>123456789012</Account></GetCallerIdentityResult></R>";

fn healthy(request: &Request<'_>) -> Answer {
    Ok(if request.authority.starts_with("sts.") {
        answer(200, &[DATE], IDENTITY)
    } else if request.path.ends_with("/invocations") {
        assert!(
            request
                .headers
                .contains(&("x-amz-invocation-type", Cow::Borrowed("DryRun")))
        );
        lambdas(204, &[DATE], "")
    } else {
        answer(200, &[DATE], r#"{"Functions": []}"#)
    })
}

fn denied(request: &Request<'_>) -> Answer {
    if request.authority.starts_with("sts.") {
        return healthy(request);
    }
    Ok(answer(
        403,
        &[DATE, ("x-amzn-errortype", "AccessDeniedException")],
        r#"{"Message":"no"}"#,
    ))
}

#[test]
fn all_is_well() {
    use Outcome::Passed;
    assert_eq!(
        checks(healthy, Some("f")),
        [
            (Subject::Clock, Passed, "as AWS's".into()),
            (
                Subject::Endpoint,
                Passed,
                "lambda.us-east-1.amazonaws.com answers".into()
            ),
            (
                Subject::Identity,
                Passed,
                "arn:aws:iam::123456789012:user/ada of account 123456789012".into()
            ),
            (Subject::ListFunctions, Passed, "allowed".into()),
            (
                Subject::InvokeFunction,
                Passed,
                "allowed, and the function's name and qualifier exist".into()
            ),
        ]
    );
    let without = checks(healthy, None);
    assert_eq!(without[4].1, Outcome::Skipped);
}

#[test]
fn a_missing_permission_is_named_and_stops_nothing() {
    let checks = checks(denied, Some("f"));
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.1).collect();
    use Outcome::{Failed, Passed};
    assert_eq!(outcomes, [Passed, Passed, Passed, Failed, Failed]);
    assert!(
        checks[3].2.contains("lambda:ListFunctions"),
        "{}",
        checks[3].2
    );
    assert!(
        checks[4].2.contains(
            "lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:f:live"
        ),
        "{}",
        checks[4].2
    );
}

#[test]
fn an_endpoint_that_does_not_answer() {
    let checks = checks(
        |_| {
            Err(Failure {
                kind: TransportKind::Dns,
                message: "the endpoint's name was not resolved".into(),
                executed: Executed::No,
            })
        },
        Some("f"),
    );
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.1).collect();
    use Outcome::{Failed, Skipped};
    assert_eq!(outcomes, [Skipped, Failed, Failed, Failed, Failed]);
    assert!(
        checks[1].2.contains("lambda.us-east-1.amazonaws.com")
            && checks[1].2.contains("not resolved")
    );
}

#[test]
fn a_proxy_that_is_not_lambda() {
    let checks = checks(|_| Ok(answer(404, &[DATE], "<html>")), None);
    assert_eq!(checks[1].1, Outcome::Failed);
    assert!(
        checks[1].2.contains("not as Lambda does"),
        "{}",
        checks[1].2
    );
}

#[test]
fn a_clock_that_is_off_is_corrected_for_and_told() {
    let late = |request: &Request<'_>| {
        let (_, date) = request
            .headers
            .iter()
            .find(|(name, _)| *name == "x-amz-date")
            .unwrap();
        let date_header = ("date", "Sun, 22 Nov 2026 13:00:00 GMT");
        if date.starts_with("20261122T12") {
            let code = ("x-amzn-errortype", "InvalidSignatureException");
            return Ok(answer(403, &[date_header, code], "{}"));
        }
        let mut response = healthy(request)?;
        response.headers = lambdas(200, &[date_header], "").headers;
        Ok(response)
    };
    let checks = checks(late, Some("f"));
    assert_eq!(checks[0].1, Outcome::Failed);
    assert!(
        checks[0].2.contains("3600 seconds behind"),
        "{}",
        checks[0].2
    );
    assert!(
        checks[1..].iter().all(|check| check.1 == Outcome::Passed),
        "{checks:?}"
    );
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let services = Services {
        answer: healthy,
        seen: RefCell::default(),
        sessions: SessionCache::new(),
    };
    let field =
        |connection: Connection, function: Option<&str>, qualifier: Option<&str>| match block_on(
            test_connection(&services, &connection, function, qualifier),
        ) {
            Err(Error::InvalidInput(input)) => input.field,
            other => panic!("{other:?}"),
        };
    let nowhere = Connection {
        region: String::new(),
        ..connection()
    };
    assert_eq!(field(nowhere, None, None), "connection.region");
    assert_eq!(field(connection(), Some(".."), None), "function");
    assert_eq!(field(connection(), Some("f"), Some("$latest")), "qualifier");
    assert_eq!(services.seen.borrow().len(), 0, "nothing was sent");
}
