//! Each check has its own result, independent of the others.

use serde_json::json;

use super::*;
use crate::aws::credentials::Secret;
use crate::block_on::block_on;
use crate::call::connection::Credentials;
use crate::call::error::{Executed, TransportKind};
use crate::testing::scripted::{Answer, Scripted, Sent};
use crate::testing::{
    access_key, answer, assert_contains, assuming, connection, connection_with, denied_by_sts,
    failure, lambdas, refused, role,
};

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
    } else if sent.path.ends_with("/configuration") {
        lambdas(
            200,
            &[DATE],
            r#"{"FunctionName":"f","State":"Active","Timeout":1800}"#,
        )
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
        (Subject::Clock, "in step with AWS"),
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
        (
            Subject::FunctionConfiguration,
            "the function is active, with a timeout of 1800 seconds",
        ),
    ];
    let expected = expected.map(|(subject, detail)| (subject, Outcome::Passed, detail.into()));
    assert_eq!(checks(healthy, Some("f")), expected);
    let without = checks(healthy, None);
    assert_eq!(without[4].1, Outcome::Skipped);
    assert_eq!(without[5].1, Outcome::Skipped);
}

#[test]
fn missing_permission_is_named_and_does_not_stop_other_checks() {
    let checks = checks(denied, Some("f"));
    let outcomes: Vec<Outcome> = checks.iter().map(|check| check.1).collect();
    use Outcome::{Failed, Passed};
    assert_eq!(outcomes, [Passed, Passed, Passed, Failed, Failed, Failed]);
    assert_contains(&checks[3].2, ["lambda:ListFunctions"]);
    assert_contains(
        &checks[4].2,
        ["lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:f:live"],
    );
    assert_contains(
        &checks[5].2,
        ["lambda:GetFunctionConfiguration on arn:aws:lambda:us-east-1:<account>:function:f:live"],
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
    assert_eq!(outcomes, [Skipped, Failed, Failed, Failed, Failed, Failed]);
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
    assert_contains(
        &checks[0].2,
        ["3600 seconds behind", "corrects for that", "NTP"],
    );
    assert!(
        checks[1..].iter().all(|check| check.1 == Outcome::Passed),
        "{checks:?}"
    );
}

#[test]
fn clock_check_fails_only_beyond_the_five_minutes_that_aws_tolerates() {
    use Outcome::{Failed, Passed};
    for (date, outcome, detail) in [
        ("12:00:00", Passed, "in step with AWS"),
        ("12:00:01", Passed, "in step with AWS"),
        ("12:00:02", Passed, "2 seconds behind AWS"),
        ("11:59:58", Passed, "2 seconds ahead of AWS"),
        ("12:05:00", Passed, "300 seconds behind AWS"),
        ("11:55:00", Passed, "300 seconds ahead of AWS"),
        (
            "12:05:01",
            Failed,
            "the host's clock is 301 seconds behind AWS; ",
        ),
        (
            "11:54:59",
            Failed,
            "the host's clock is 301 seconds ahead of AWS; ",
        ),
    ] {
        let services = Scripted::new(|sent: &Sent| {
            let date = format!("Sun, 22 Nov 2026 {date} GMT");
            let mut response = healthy(sent)?;
            response.headers = lambdas(200, &[("date", &date)], "").headers;
            Ok(response)
        });
        let checks = block_on(test_connection(&services, &connection(), None, None));
        let clock = checks.unwrap().remove(0);
        assert_eq!((clock.subject, clock.outcome), (Subject::Clock, outcome));
        assert!(clock.detail.starts_with(detail), "{}", clock.detail);
        if outcome == Passed {
            assert_eq!(clock.detail, detail);
        }
    }
}

#[test]
fn denied_role_is_the_result_of_the_identity_check() {
    let services = Scripted::new(|sent: &Sent| {
        assert!(sent.authority.starts_with("sts."), "{}", sent.authority);
        let mut response = denied_by_sts("no");
        response.headers.push((DATE.0.into(), DATE.1.into()));
        Ok(response)
    });
    let assuming = assuming(vec![role("arn:aws:iam::123456789012:role/x")]);
    let checks = block_on(test_connection(&services, &assuming, Some("f"), None)).unwrap();
    let found: Vec<_> = checks.iter().map(|c| (c.subject, c.outcome)).collect();
    use Outcome::{Failed, Passed, Skipped};
    assert_eq!(
        found,
        [
            (Subject::Clock, Passed),
            (Subject::Endpoint, Skipped),
            (Subject::Identity, Failed),
            (Subject::ListFunctions, Skipped),
            (Subject::InvokeFunction, Skipped),
            (Subject::FunctionConfiguration, Skipped),
        ]
    );
    assert_contains(
        &checks[2].detail,
        ["AccessDenied", "role 1 of 1", "trust policy"],
    );
    assert_eq!(checks[3].detail, "could not obtain the role's credentials");
}

#[test]
fn check_that_was_throttled_or_met_a_fault_has_an_unknown_result() {
    for (status, code) in [(429, "TooManyRequestsException"), (503, "ServiceException")] {
        let services = Scripted::new(|sent: &Sent| {
            if sent.path.ends_with("/functions") || sent.path.ends_with("/functions/") {
                let code = ("x-amzn-errortype", code);
                return Ok(lambdas(status, &[DATE, code], r#"{"message":"busy"}"#));
            }
            healthy(sent)
        });
        let checks = block_on(test_connection(&services, &connection(), None, None)).unwrap();
        assert_eq!(checks[3].subject, Subject::ListFunctions);
        assert_eq!(checks[3].outcome, Outcome::Failed);
        assert_eq!(checks[3].detail, format!("unknown: {code} busy"));
    }
}

#[test]
fn clock_skew_of_more_than_a_day_is_reported_as_uncorrected() {
    let years_off = |_: &Sent| {
        let date_header = ("date", "Sun, 22 Nov 2036 12:00:00 GMT");
        let code = ("x-amzn-errortype", "InvalidSignatureException");
        Ok(lambdas(403, &[date_header, code], "{}"))
    };
    let checks = checks(years_off, None);
    assert_eq!(checks[0].1, Outcome::Failed);
    assert_contains(
        &checks[0].2,
        ["behind AWS", "does not correct for more than a day", "NTP"],
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

/// The result of the check for the response `body`, with and without a qualifier.
fn configuration(body: &serde_json::Value, qualifier: Option<&str>) -> (Outcome, String) {
    let services = Scripted::new(|sent: &Sent| {
        if sent.path.ends_with("/configuration") {
            assert_eq!(sent.parameter("Qualifier"), qualifier);
            return Ok(lambdas(200, &[DATE], body.to_string()));
        }
        healthy(sent)
    });
    let connection = connection();
    let checks = test_connection(&services, &connection, Some("f"), qualifier);
    let check = block_on(checks).unwrap().pop().unwrap();
    assert_eq!(check.subject, Subject::FunctionConfiguration);
    (check.outcome, check.detail)
}

#[test]
fn configuration_check_reports_what_prevents_an_invocation() {
    use Outcome::{Failed, Passed};
    for (fields, qualifier, outcome, detail) in [
        (
            json!({"State": "Active", "Timeout": 1815}),
            None,
            Passed,
            "the function is active, with a timeout of 1815 seconds",
        ),
        (
            json!({}),
            None,
            Passed,
            "the response does not report the function's state",
        ),
        (
            json!({"State": "Active", "LastUpdateStatus": "InProgress"}),
            None,
            Passed,
            "the function is active; an update is in progress",
        ),
        (
            json!({"State": "Active", "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}),
            None,
            Passed,
            "the function is active; each invocation must have a tenant ID",
        ),
        (
            json!({"State": "Pending", "StateReasonCode": "Creating", "StateReason": "The function is being created."}),
            None,
            Failed,
            "the function is Pending (Creating: The function is being created.), not active: try again when Lambda has prepared it",
        ),
        (
            json!({"State": "Inactive", "StateReasonCode": "Idle"}),
            None,
            Failed,
            "the function is Inactive (Idle), not active: invoke it to activate it, and try again when it is active",
        ),
        (
            json!({"State": "Failed"}),
            None,
            Failed,
            "the function is Failed, not active: correct its configuration",
        ),
        (
            json!({"State": "Deleting"}),
            None,
            Failed,
            "the function is Deleting, not active: it cannot be invoked in this state",
        ),
        (
            json!({"State": "ActiveNonInvocable"}),
            None,
            Failed,
            "the function is active, but its unpublished code cannot be invoked: publish a version and pass its qualifier, for example `$LATEST.PUBLISHED`",
        ),
        (
            json!({"State": "ActiveNonInvocable"}),
            Some("1"),
            Failed,
            "the function is ActiveNonInvocable, not active: it cannot be invoked in this state",
        ),
        (
            json!({"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReasonCode": "ImageDeleted"}),
            None,
            Failed,
            "the last update of the function failed (ImageDeleted): the code and configuration from before it are in use",
        ),
        (
            json!({"State": "Active", "DurableConfig": {}}),
            None,
            Failed,
            "the function is durable, and an invocation without a qualifier is rejected: pass a version, an alias or `$LATEST`",
        ),
        (
            json!({"State": "Active", "DurableConfig": {}}),
            Some("live"),
            Passed,
            "the function is active",
        ),
        (
            json!({"State": "Active", "Timeout": 1816}),
            None,
            Failed,
            "the timeout of the function is 1816 seconds, and a synchronous call waits 1815 by default: invoke it as `event`, because Lambda ends a synchronous run after 30 minutes",
        ),
        (
            json!({"State": "Failed", "Timeout": 5400}),
            None,
            Failed,
            "the function is Failed, not active: correct its configuration; the timeout of the function is 5400 seconds, and a synchronous call waits 1815 by default: invoke it as `event`, because Lambda ends a synchronous run after 30 minutes",
        ),
    ] {
        let mut body = fields;
        body["FunctionName"] = "f".into();
        let expected = (outcome, detail.to_owned());
        assert_eq!(configuration(&body, qualifier), expected, "{body}");
    }
}

#[test]
fn secret_that_a_successful_response_repeats_is_removed() {
    const SECRET: &str = "marked-secret-of-40-characters-0123456789";
    let services = Scripted::new(|sent: &Sent| {
        Ok(if sent.path.ends_with("/configuration") {
            let body = json!({"FunctionName": "f", "State": "Failed", "StateReason": SECRET});
            lambdas(200, &[DATE], body.to_string())
        } else if sent.authority.starts_with("sts.") {
            lambdas(200, &[DATE], IDENTITY.replace("user/ada", SECRET))
        } else {
            return healthy(sent);
        })
    });
    let mut key = access_key();
    key.secret_access_key = Secret::new(SECRET.into());
    let connection = connection_with(Credentials::AccessKey(key));
    let checks = block_on(test_connection(&services, &connection, Some("f"), None)).unwrap();
    let text = format!("{checks:?}");
    assert!(!text.contains("marked"), "{text}");
    assert_contains(
        &text,
        [
            "the function is Failed (…), not active",
            "::123456789012:… of account",
        ],
    );
}
