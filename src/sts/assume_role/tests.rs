//! Responses of STS: valid, unusual and hostile.

use super::*;
use crate::aws::credentials::{AccessKey, Secret};
use crate::call::connection::Connection;
use crate::call::error::{Executed, TransportError, TransportKind};
use crate::call::roles::RoleOptions;
use crate::testing::{
    answer, assert_contains, assuming, bearing, denied_by_sts, role, transport_error,
    unauthenticated,
};

const ARN: &str = "arn:aws:iam::123456789012:role/x";
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.marked-token.c2ln";

fn chain(roles: usize, external_id: Option<&str>) -> RoleChain {
    let role = RoleOptions {
        external_id: external_id.map(|id| Secret::new(id.into())),
        ..role(ARN)
    };
    of(assuming(vec![role; roles]))
}

fn web_identity() -> RoleChain {
    let role = RoleOptions {
        duration_seconds: Some(900),
        ..role(ARN)
    };
    of(bearing(TOKEN, role))
}

fn of(connection: Connection) -> RoleChain {
    match Target::new(connection, None).unwrap().caller {
        Caller::Roles(chain) => chain,
        Caller::Signer(_) => panic!("no roles"),
    }
}

fn step(chain: &RoleChain) -> AssumeRole<'_> {
    AssumeRole::new(
        chain,
        (1, &chain.first),
        None,
        Delivery::new("delivery", None, false).unwrap(),
    )
}

fn read(chain: &RoleChain, status: u16, body: &str) -> Result<Session, Error> {
    let mut step = step(chain);
    step.read(answer(status, &[], body), 1)?;
    Ok(step.take_output().expect("a step is one request"))
}

fn expected() -> Session {
    Session {
        keys: AccessKey {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("s/e+c".into()),
            session_token: Some(Secret::new("to&ken".into())),
        },
        expires: 1_795_348_800,
        principal: "arn:aws:sts::123456789012:assumed-role/x/sess".into(),
    }
}

/// The sample in the documentation of STS, with its order of elements, and an equivalent document.
#[test]
fn keys_are_read_from_any_equivalent_document() {
    for body in [
        r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><SourceIdentity>Alice</SourceIdentity><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/sess</Arn><AssumedRoleId>ARO123EXAMPLE123:sess</AssumedRoleId></AssumedRoleUser><Credentials><SessionToken>to&amp;ken</SessionToken><SecretAccessKey>s/e+c</SecretAccessKey><Expiration>2026-11-22T12:00:00Z</Expiration><AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials><PackedPolicySize>8</PackedPolicySize></AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata></AssumeRoleResponse>"#,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r:R xmlns:r=\"x\">\n <r:AssumeRoleResult>\n  <r:New><r:Credentials>no</r:Credentials></r:New>\n  <r:Credentials>\n   <r:AccessKeyId>\n ASIAEXAMPLE </r:AccessKeyId>\n<r:Expiration>2026-11-22T12:00:00.999Z</r:Expiration><!-- c --><r:SecretAccessKey><![CDATA[s/e+c]]></r:SecretAccessKey><r:SessionToken>to&#38;ken</r:SessionToken></r:Credentials><r:AssumedRoleUser><r:Arn>arn:aws:sts::123456789012:assumed-role/x/sess</r:Arn></r:AssumedRoleUser></r:AssumeRoleResult></r:R>",
    ] {
        assert_eq!(read(&chain(1, None), 200, body), Ok(expected()), "{body}");
    }
}

#[test]
fn a_response_without_valid_keys_is_malformed_and_not_repeated() {
    let whole = "<R><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>marked</SecretAccessKey><SessionToken>marked</SessionToken><Expiration>2026-11-22T12:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser></AssumeRoleResult></R>";
    assert!(read(&chain(1, None), 200, whole).is_ok());
    let mut bodies = vec![
        String::new(),
        "{}".into(),
        "<html>marked</html>".into(),
        whole.replace("AssumeRoleResult", "AssumeRoleWithWebIdentityResult"),
        whole.replace("2026-11-22", "marked"),
        whole.replace("<SecretAccessKey>marked", "<SecretAccessKey>marked\u{e9}"),
        whole.replace("<SessionToken>marked", "<SessionToken>marked\r\nx: y"),
        // Found by fuzzing.
        whole.replace("<SessionToken>marked", "<SessionToken>&#32;"),
        whole.replace("ASIAEXAMPLE", "ASIA EXAMPLE"),
        format!("<!DOCTYPE R [<!ENTITY e \"marked\">]>{whole}"),
        whole.replace("<R>", &"<R>".repeat(2_000)),
    ];
    for element in [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
        "Arn",
    ] {
        bodies.push(whole.replace(element, "Other"));
    }
    for body in bodies {
        let error = transport_error(read(&chain(1, None), 200, &body));
        assert_eq!(error.kind, TransportKind::Malformed, "{body}");
        assert_eq!(error.executed, Executed::No);
        assert_contains(&error.message, [ARN]);
        assert!(!error.message.contains("marked"), "{}", error.message);
    }
}

fn rejection(chain: &RoleChain, status: u16, code: &str) -> ServiceError {
    let body = format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>AWS says why</Message></Error><RequestId>r</RequestId></ErrorResponse>"#
    );
    match read(chain, status, &body) {
        Err(Error::Unauthenticated(error)) => {
            assert!(!error.retryable, "{code}");
            error
        }
        Err(Error::Service(error)) => {
            assert!(
                !matches!(
                    error.category,
                    Category::AccessDenied | Category::Credentials
                ),
                "{code}"
            );
            error
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rejection_names_the_role_the_step_and_the_usual_cause() {
    let denied = rejection(&chain(2, None), 403, "AccessDenied");
    assert_eq!(
        denied.message,
        "assuming arn:aws:iam::123456789012:role/x (role 1 of 2): AWS says why"
    );
    assert_eq!(
        (denied.category, denied.executed),
        (Category::AccessDenied, Executed::No)
    );
    let trust_policy = "trust policy of arn:aws:iam::123456789012:role/x";
    assert_contains(&denied.hint.unwrap(), [trust_policy, "none was given"]);

    let (plain, web) = (chain(1, None), web_identity());
    let external = chain(1, Some("ext-id"));
    for (chain, status, code, usually) in [
        (&external, 403, "AccessDenied", "check that the external ID"),
        (&web, 403, "AccessDenied", "sts:AssumeRoleWithWebIdentity"),
        (&web, 403, "AccessDenied", "audience"),
        (&web, 400, "InvalidIdentityToken", "identity provider"),
        (&web, 400, "IDPRejectedClaim", "identity provider"),
        (&web, 400, "ExpiredTokenException", "pass a fresh one"),
        (
            &plain,
            400,
            "ExpiredTokenException",
            "keys that assume the role have expired",
        ),
        (
            &plain,
            403,
            "RegionDisabledException",
            "deactivated for this region",
        ),
    ] {
        assert_contains(&rejection(chain, status, code).hint.unwrap(), [usually]);
    }
    for code in ["InvalidIdentityToken", "IDPRejectedClaim"] {
        let category = rejection(&web, 400, code).category;
        assert_eq!(category, Category::Credentials, "{code}");
    }
    let unreachable = rejection(&web, 400, "IDPCommunicationError");
    assert!(unreachable.retryable && unreachable.executed == Executed::No);
}

#[test]
fn hint_of_a_denied_role_names_the_policy_that_the_message_names() {
    let (plain, web) = (chain(1, None), web_identity());
    let hint = |chain: &RoleChain, why: &str| {
        let mut step = step(chain);
        let error = unauthenticated(step.read(denied_by_sts(why), 1));
        error.hint.unwrap()
    };
    let on_role = "sts:AssumeRole on arn:aws:iam::123456789012:role/x";
    for (why, expected) in [
        (
            "with an explicit deny in a service control policy",
            format!("a service control policy of the organization denies {on_role}"),
        ),
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            format!("an identity-based policy of the caller must allow {on_role}"),
        ),
        (
            "because no permissions boundary allows the sts:AssumeRole action",
            format!("the caller's permissions boundary must allow {on_role}"),
        ),
        (
            "because no session policy allows the sts:AssumeRole action",
            format!("the session policy of the temporary keys must allow {on_role}"),
        ),
        (
            "because no VPC endpoint policy allows the sts:AssumeRole action",
            format!("the policy of the VPC endpoint must allow {on_role}"),
        ),
        (
            "with an explicit deny in the role trust policy",
            "the trust policy of arn:aws:iam::123456789012:role/x denies the caller".into(),
        ),
        (
            "with an explicit deny in a resource-based policy",
            "the trust policy of arn:aws:iam::123456789012:role/x denies the caller".into(),
        ),
        (
            "because no role trust policy allows the sts:AssumeRole action",
            "the trust policy of arn:aws:iam::123456789012:role/x must allow".into(),
        ),
        (
            "because no resource-based policy allows the sts:AssumeRole action",
            "the trust policy of arn:aws:iam::123456789012:role/x must allow".into(),
        ),
    ] {
        let hint = hint(&plain, why);
        assert!(hint.starts_with(&expected), "{why}: {hint}");
    }
    let why = "with an explicit deny in a service control policy";
    assert_contains(
        &hint(&web, why),
        ["denies sts:AssumeRoleWithWebIdentity on"],
    );
    assert_contains(&hint(&web, "Not authorized"), ["the token's issuer"]);
}

#[test]
fn a_denied_second_role_names_the_session_of_the_first() {
    let chain = chain(2, None);
    let second = chain.rest.first().unwrap();
    let before = expected();
    let mut step = AssumeRole::new(
        &chain,
        (2, second),
        Some(&before),
        Delivery::new("delivery", None, false).unwrap(),
    );
    let error = unauthenticated(step.read(denied_by_sts("no"), 1));
    assert_contains(&error.message, ["(role 2 of 2)"]);
    let principal = "to arn:aws:sts::123456789012:assumed-role/x/sess";
    assert_contains(&error.hint.unwrap(), [principal]);
    assert_eq!(
        step.call.target.caller,
        Caller::Signer(Signer::AccessKey(before.keys))
    );
}

#[test]
fn a_token_is_sent_in_an_unsigned_request_and_a_key_signs() {
    let web = web_identity();
    let by_token = step(&web);
    let unsigned = Caller::Signer(Signer::Unsigned);
    assert_eq!(by_token.call.target.caller, unsigned);
    assert_eq!(
        core::str::from_utf8(by_token.request().body).unwrap(),
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=aws-lambda-connector&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.marked-token.c2ln&DurationSeconds=900"
    );
    let chain = chain(1, None);
    let by_key = step(&chain);
    assert!(matches!(
        by_key.call.target.caller,
        Caller::Signer(Signer::AccessKey(_))
    ));
    assert_eq!(
        (by_key.call.target.service, &*by_key.call.target.region),
        ("sts", "us-east-1")
    );
}

#[test]
fn a_transport_error_names_the_role() {
    let mut error = Error::Transport(TransportError {
        kind: TransportKind::Dns,
        message: "sts.us-east-1.amazonaws.com has no address".into(),
        executed: Executed::No,
        request_id: None,
        attempts: 3,
        transient: true,
    });
    step(&chain(1, None)).annotate_error(&mut error);
    assert_eq!(
        transport_error(Err::<(), _>(error)).message,
        "assuming arn:aws:iam::123456789012:role/x (role 1 of 1): sts.us-east-1.amazonaws.com has no address"
    );
}

#[test]
fn debug_of_a_step_and_of_its_session_has_no_secret() {
    let (external, web) = (chain(1, Some("marked-external-id")), web_identity());
    for chain in [&external, &web] {
        let mut step = step(chain);
        step.output = Some(expected());
        let shown = format!("{step:?}");
        for secret in ["marked", "s/e+c", "to&ken"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert_contains(&shown, ["Form(", "ASIAEXAMPLE", "Secret(…)"]);
        // A body that is printed byte by byte is readable as well.
        assert!(!shown.contains("65, 99, 116"), "{shown}");
    }
}

/// The keys of a later step are the connector's own, and other codes have other causes.
#[test]
fn only_expired_keys_of_the_first_step_are_the_callers_to_replace() {
    let (chain, before) = (chain(2, None), expected());
    let hint = |number: usize, code: &str| {
        let (role, before) = match number {
            1 => (&chain.first, None),
            _ => (&chain.rest[0], Some(&before)),
        };
        let delivery = Delivery::new("delivery", None, false).unwrap();
        let mut step = AssumeRole::new(&chain, (number, role), before, delivery);
        let body = format!("<R><Error><Code>{code}</Code><Message>no</Message></Error></R>");
        let read = step.read(answer(403, &[], body), 1);
        unauthenticated(read).hint.unwrap()
    };
    let own = "the temporary keys that assume the role have expired: get new ones";
    assert_eq!(hint(1, "ExpiredToken"), own);
    assert_eq!(
        hint(2, "ExpiredToken"),
        "the temporary keys have expired: get new ones"
    );
    assert!(hint(1, "InvalidClientTokenId").starts_with("check the access key ID"));
}
