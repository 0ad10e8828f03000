//! Responses to the two operations. `tests/aws_vectors` compares their requests with botocore's.

use super::*;
use crate::call::delivery::Delivery;
use crate::call::error::{Executed, TransportKind};
use crate::call::target::Target;
use crate::testing::{
    answer, assert_contains, connection, service_error, transport_error, unauthenticated,
};

fn call() -> Call {
    Call {
        target: Target::sts(connection(), None).unwrap(),
        delivery: Delivery::new("delivery", None, false).unwrap(),
    }
}

fn scoped() -> ScopeDown {
    ScopeDown::scoped_credentials(call(), "{}", None, "invoke f")
}

fn read(mut step: ScopeDown, status: u16, body: &str) -> Result<Session, Error> {
    step.read(answer(status, &[], body), 1)?;
    Ok(step.take_output().expect("it is one request"))
}

const CREDENTIALS: &str = "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s/e+c</SecretAccessKey><SessionToken>to&amp;ken</SessionToken><Expiration>2026-11-22T12:00:00Z</Expiration></Credentials>";

#[test]
fn keys_are_read_from_the_result_of_each_operation() {
    let arn = "arn:aws:sts::123456789012:assumed-role/x/sess";
    let body = format!(
        "<GetScopedCredentialsResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetScopedCredentialsResult><ScopedPoliciesCount>1</ScopedPoliciesCount>{CREDENTIALS}<SessionInfo><ScopedSessionId>AROA:sess</ScopedSessionId><Arn>{arn}</Arn></SessionInfo></GetScopedCredentialsResult></GetScopedCredentialsResponse>"
    );
    let session = read(scoped(), 200, &body).unwrap();
    assert_eq!(session.principal, arn);
    assert_eq!(session.expires, 1_795_348_800);
    assert_eq!(session.keys.secret_access_key.reveal(), "s/e+c");
    assert_eq!(session.keys.session_token.unwrap().reveal(), "to&ken");

    let body = format!(
        "<GetSessionTokenResponse><GetSessionTokenResult>{CREDENTIALS}</GetSessionTokenResult></GetSessionTokenResponse>"
    );
    let session = read(ScopeDown::session_token(call(), 900), 200, &body).unwrap();
    assert_eq!(session.keys.access_key_id, "ASIAEXAMPLE");

    // The result of another operation, and one without its owner.
    for result in ["GetSessionTokenResult", "GetScopedCredentialsResult"] {
        let body = format!("<R><{result}>{CREDENTIALS}</{result}></R>");
        let error = transport_error(read(scoped(), 200, &body));
        assert_eq!(
            (error.kind, error.executed),
            (TransportKind::Malformed, Executed::No)
        );
        assert_contains(
            &error.message,
            ["getting temporary keys (GetScopedCredentials)"],
        );
    }
}

fn rejected(code: &str) -> Result<Session, Error> {
    let body = format!("<R><Error><Code>{code}</Code><Message>why</Message></Error></R>");
    read(scoped(), 400, &body)
}

#[test]
fn each_error_of_the_operation_has_its_own_advice() {
    for (code, category, hint) in [
        (
            "InsufficientSessionLifetime",
            Category::InvalidRequest,
            "request a shorter lifetime",
        ),
        (
            "MalformedPolicyDocument",
            Category::InvalidRequest,
            "the policy",
        ),
        (
            "PackedPolicyTooLarge",
            Category::TooLarge,
            "name fewer functions",
        ),
    ] {
        let error = service_error(rejected(code));
        assert_eq!(
            (error.category, error.retryable, error.executed),
            (category, false, Executed::No),
            "{code}"
        );
        assert_contains(&error.hint.unwrap(), [hint]);
    }
    let error = unauthenticated(rejected("InvalidSubjectCredentials"));
    assert_eq!(error.category, Category::Credentials);
    assert_contains(&error.hint.unwrap(), ["temporary keys"]);
}

#[test]
fn transport_error_names_the_operation() {
    let mut error = Error::Transport(crate::call::error::TransportError {
        kind: TransportKind::Timeout,
        message: "no response".into(),
        executed: Executed::No,
        request_id: None,
        attempts: 1,
        transient: true,
    });
    scoped().annotate_error(&mut error);
    assert_eq!(
        transport_error(Err::<(), _>(error)).message,
        "getting temporary keys (GetScopedCredentials): no response"
    );
}

#[test]
fn debug_contains_neither_keys_nor_policy() {
    let shown = format!("{:?}", scoped());
    for hidden in ["secret\"", "invoke f"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
