//! Each check has its own result, independent of the others.

use super::*;
use crate::block_on::block_on;
use crate::call::error::{Executed, TransportKind};
use crate::testing::scripted::{Answer, Scripted, Sent};
use crate::testing::{answer, assert_contains, connection, failure, lambdas, refused};

fn checks(answer: fn(&Sent) -> Answer, function: Option<&str>) -> Vec<(Subject, Outcome, String)> {
    let services = Scripted::new(answer);
    let qualifier = function.and(Some("live"));
    let connection = connection();
    let checks = test_connection(&services, &connection, function, qualifier);
    let checks = block_on(checks).unwrap().into_iter();
    checks
        .map(|check| (check.subject, check.outcome, check.detail))
        .collect()
}

const DATE: (&str, &str) = ("date", "Sun, 22 Nov 2026 12:00:01 GMT");
const IDENTITY: &str = "<R><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><Account>123456789012</Account></GetCallerIdentityResult></R>";

fn healthy(sent: &Sent) -> Answer {
    Ok(if sent.authority.starts_with("sts.") {
        lambdas(200, &[DATE], IDENTITY)
    } else if sent.path.ends_with("/invocations") {
        assert_eq!(sent.header("x-amz-invocation-type"), "DryRun");
        lambdas(204, &[DATE], "")
    } else {
        lambdas(200, &[DATE], r#"{"Functions": []}"#)
    })
}

fn denied(sent: &Sent) -> Answer {
    if sent.authority.starts_with("sts.") {
        return healthy(sent);
    }
    Ok(lambdas(
        403,
        &[DATE, ("x-amzn-errortype", "AccessDeniedException")],
        r#"{"Message":"no"}"#,
    ))
}

#[test]
fn every_check_passes_for_a_healthy_connection() {
    let expected = [
        (Subject::Clock, "in step with AWS's"),
        (Subject::Endpoint, "lambda.us-east-1.amazonaws.com responds"),
        (
            Subject::Identity,
            "arn:aws:iam::123456789012:user/ada of account 123456789012",
        ),
        (Subject::ListFunctions, "allowed"),
        (
            Subject::InvokeFunction,
            "allowed, and the function's name and qualifier exist",
        ),
    ];
    let expected = expected.map(|(subject, detail)| (subject, Outcome::Passed, detail.into()));
    assert_eq!(checks(healthy, Some("f")), expected);
    let without = checks(healthy, None);
    assert_eq!(without[4].1, Outcome::Skipped);
}

#[test]
fn missing_permission_is_named_and_does_not_stop_other_checks() {
    let checks = checks(denied, Some("f"));
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.1).collect();
    use Outcome::{Failed, Passed};
    assert_eq!(outcomes, [Passed, Passed, Passed, Failed, Failed]);
    assert_contains(&checks[3].2, ["lambda:ListFunctions"]);
    assert_contains(
        &checks[4].2,
        ["lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:f:live"],
    );
}

#[test]
fn endpoint_check_fails_when_nothing_responds() {
    let checks = checks(
        |_| Err(failure(TransportKind::Dns, Executed::No)),
        Some("f"),
    );
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.1).collect();
    use Outcome::{Failed, Skipped};
    assert_eq!(outcomes, [Skipped, Failed, Failed, Failed, Failed]);
    assert_contains(
        &checks[1].2,
        ["lambda.us-east-1.amazonaws.com", "as scripted"],
    );
}

#[test]
fn endpoint_check_fails_when_a_proxy_responds() {
    let checks = checks(|_| Ok(answer(404, &[DATE], "<html>")), None);
    assert_eq!(checks[1].1, Outcome::Failed);
    assert_contains(&checks[1].2, ["status 404", "proxy or gateway"]);
}

#[test]
fn clock_skew_is_reported_and_corrected() {
    let late = |sent: &Sent| {
        let date_header = ("date", "Sun, 22 Nov 2026 13:00:00 GMT");
        if sent.header("x-amz-date").starts_with("20261122T12") {
            let code = ("x-amzn-errortype", "InvalidSignatureException");
            return Ok(lambdas(403, &[date_header, code], "{}"));
        }
        let mut response = healthy(sent)?;
        response.headers = lambdas(200, &[date_header], "").headers;
        Ok(response)
    };
    let checks = checks(late, Some("f"));
    assert_eq!(checks[0].1, Outcome::Failed);
    assert_contains(&checks[0].2, ["3600 seconds behind"]);
    assert!(
        checks[1..].iter().all(|check| check.1 == Outcome::Passed),
        "{checks:?}"
    );
}

#[test]
fn invalid_connection_function_or_qualifier_is_rejected_before_sending() {
    let services = Scripted::new(healthy);
    let field = |connection, function, qualifier| {
        let checks = test_connection(&services, &connection, function, qualifier);
        refused(block_on(checks)).field
    };
    let nowhere = Connection {
        region: String::new(),
        ..connection()
    };
    assert_eq!(field(nowhere, None, None), "connection.region");
    assert_eq!(field(connection(), Some(".."), None), "function");
    assert_eq!(field(connection(), Some("f"), Some("$latest")), "qualifier");
    assert_eq!(services.attempts(), 0, "nothing was sent");
}
