//! When STS is called, and whose keys sign.

use super::*;

mod scope;

use crate::aws::credentials::{AccessKey, Secret};
use crate::block_on::block_on;
use crate::call::connection::Credentials;
use crate::call::delivery::Options;
use crate::call::error::{Category, Executed, TransportKind};
use crate::lambda::invoke::{Invoke, InvokeRequest};
use crate::perform::perform;
use crate::testing::scripted::{Aws, Scripted, Sent};
use crate::testing::{
    NOW, coded, connection_with, denied_by_sts, failure, invocation, lambdas, refused, role,
    service_error, unauthenticated,
};

const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const SECOND: &str = "arn:aws:iam::123456789012:role/second";

fn assuming(roles: &[&str]) -> Connection {
    crate::testing::assuming(roles.iter().map(|arn| role(arn)).collect())
}

fn bearing(token: &str) -> Connection {
    crate::testing::bearing(token, role(FIRST))
}

/// The services called since the last look, each with the access key ID that signed.
fn seen(aws: &Scripted<Aws>) -> Vec<String> {
    aws.sent.take().iter().map(Sent::by).collect()
}

fn invoke(aws: &Scripted<Aws>, connection: &Connection) -> Result<u8, Error> {
    invoke_with(aws, connection, Options::default())
}

fn invoke_with(
    aws: &Scripted<Aws>,
    connection: &Connection,
    delivery: Options,
) -> Result<u8, Error> {
    let request = InvokeRequest {
        delivery: Some(delivery),
        ..invocation()
    };
    let call = Invoke::new(connection.clone(), request)?;
    block_on(perform(aws, call)).map(|invocation| invocation.attempts)
}

#[test]
fn keys_are_cached_and_renewed_five_minutes_before_expiry() {
    let aws = Scripted::aws();
    let connection = assuming(&[FIRST]);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "lambda ASIA1"]);
    aws.set_clock(3_299);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(seen(&aws), ["lambda ASIA1"]);
    aws.set_clock(3_300);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "lambda ASIA2"]);
}

#[test]
fn each_role_of_a_chain_is_assumed_with_the_previous_roles_keys() {
    let aws = Scripted::aws();
    assert_eq!(invoke(&aws, &assuming(&[FIRST, SECOND])), Ok(1));
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "sts ASIA1", "lambda ASIA2"]);
}

#[test]
fn token_exchange_is_unsigned() {
    let aws = Scripted::aws();
    assert_eq!(invoke(&aws, &bearing("a.b.c")), Ok(1));
    assert_eq!(seen(&aws), ["sts unsigned", "lambda ASIA1"]);
}

/// Nothing signs the exchange of a token, so that no proxy is to blame.
#[test]
fn rejected_token_is_blamed_on_the_token() {
    let aws = Scripted::aws();
    aws.service.sts.set(|_| {
        let code = "<Code>InvalidIdentityToken</Code><Message>no</Message>";
        Some(lambdas(400, &[], format!("<R><Error>{code}</Error></R>")))
    });
    let error = unauthenticated(invoke(&aws, &bearing("a.b.c")));
    assert_eq!(error.category, Category::Credentials);
    assert!(
        error
            .hint
            .unwrap()
            .starts_with("the token's issuer must be")
    );
}

#[test]
fn connection_never_receives_the_keys_of_another() {
    let aws = Scripted::aws();
    let mut keys = Vec::new();
    let other_secret = {
        let mut connection = assuming(&[FIRST]);
        if let Credentials::AssumeRole { source, .. } = &mut connection.credentials {
            source.secret_access_key = Secret::new("guessed".into());
        }
        connection
    };
    let connections = [
        assuming(&[FIRST]),
        assuming(&[SECOND]),
        assuming(&[FIRST, SECOND]),
        other_secret,
        bearing("a.b.c"),
        bearing("a.b.d"),
    ];
    for connection in &connections {
        invoke(&aws, connection).unwrap();
        keys.push(seen(&aws).pop().unwrap());
    }
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{keys:?}");
        invoke(&aws, &connections[index]).unwrap();
        assert_eq!(
            seen(&aws),
            core::slice::from_ref(key),
            "each connection still has its own keys"
        );
    }
}

#[test]
fn full_cache_evicts_the_session_that_expires_first() {
    let aws = Scripted::aws();
    for number in 0..20 {
        aws.set_clock(number);
        invoke(&aws, &bearing(&format!("a.b.{number}"))).unwrap();
    }
    seen(&aws);
    // The sixteen that expire last are cached.
    invoke(&aws, &bearing("a.b.4")).unwrap();
    assert_eq!(seen(&aws).len(), 1);
    invoke(&aws, &bearing("a.b.3")).unwrap();
    assert_eq!(seen(&aws).len(), 2);
}

#[test]
fn expired_keys_are_renewed_and_retried_once() {
    let aws = Scripted::aws();
    let connection = assuming(&[FIRST]);
    invoke(&aws, &connection).unwrap();
    seen(&aws);
    aws.service.lambda.set(|signed_by| {
        Ok(if signed_by == "ASIA1" {
            coded(403, "ExpiredTokenException")
        } else {
            lambdas(200, &[], "7")
        })
    });
    assert_eq!(invoke(&aws, &connection), Ok(2));
    assert_eq!(
        seen(&aws),
        ["lambda ASIA1", "sts AKIDEXAMPLE", "lambda ASIA2"]
    );

    // The new keys are reported as expired as well: there is no third attempt, and they are evicted.
    aws.service
        .lambda
        .set(|_| Ok(coded(403, "ExpiredTokenException")));
    let error = unauthenticated(invoke(&aws, &connection));
    assert_eq!((error.attempts, error.executed), (2, Executed::No));
    assert_eq!(
        seen(&aws),
        ["lambda ASIA2", "sts AKIDEXAMPLE", "lambda ASIA3"]
    );

    // The last attempt's session was evicted as well: the next call opens a new one.
    let one = Options {
        max_attempts: Some(1),
        ..Options::default()
    };
    assert!(invoke_with(&aws, &connection, one).is_err());
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "lambda ASIA4"]);
}

#[test]
fn rejected_keys_are_evicted() {
    let aws = Scripted::aws();
    let connection = assuming(&[FIRST]);
    let refuse = |_: &_| Ok(coded(403, "UnrecognizedClientException"));
    aws.service.lambda.set(refuse);
    assert!(invoke(&aws, &connection).is_err());
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "lambda ASIA1"]);
    aws.service.lambda.set(|_| Ok(lambdas(200, &[], "7")));
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE", "lambda ASIA2"]);
}

#[test]
fn lambda_is_not_called_with_other_keys_when_sts_denies_the_role() {
    let aws = Scripted::aws();
    aws.service.sts.set(|_| Some(denied_by_sts("no")));
    let error = unauthenticated(invoke(&aws, &assuming(&[FIRST])));
    assert_eq!(
        (error.category, error.attempts),
        (Category::AccessDenied, 1)
    );
    assert_eq!(seen(&aws), ["sts AKIDEXAMPLE"]);
}

/// STS fails while the second attempt is prepared.
#[test]
fn execution_stays_unknown_when_the_renewal_fails() {
    // The keys are due for renewal a second after the call begins.
    let aws = Scripted {
        takes_ms: |_, _| 2_000,
        ..Scripted::aws()
    };
    let connection = assuming(&[FIRST]);
    invoke(&aws, &connection).unwrap();
    aws.set_clock(3_299);
    let timeout = |_: &_| Err(failure(TransportKind::Timeout, Executed::Unknown));
    aws.service.lambda.set(timeout);
    aws.service.sts.set(|_| Some(lambdas(503, &[], "")));
    let idempotent = Options {
        idempotent: Some(true),
        ..Options::default()
    };
    let error = service_error(invoke_with(&aws, &connection, idempotent));
    assert_eq!(
        (error.status_code, error.executed),
        (503, Executed::Unknown)
    );
}

fn opened(aws: &Scripted<Aws>, connection: &Connection) -> Result<Session, Error> {
    block_on(open(aws, connection.clone(), SessionRequest::default()))
}

#[test]
fn opened_session_is_always_new_and_requires_a_role() {
    let aws = Scripted::aws();
    let connection = assuming(&[FIRST, SECOND]);
    let session = opened(&aws, &connection).unwrap();
    assert_eq!(
        session,
        Session {
            keys: AccessKey {
                access_key_id: "ASIA2".into(),
                secret_access_key: Secret::new("s2".into()),
                session_token: Some(Secret::new("t2".into())),
            },
            expires: NOW + 3_600,
            principal: "session2".into(),
        }
    );
    let again = opened(&aws, &connection).unwrap();
    assert_eq!(again.keys.access_key_id, "ASIA4");
    seen(&aws);
    invoke(&aws, &connection).unwrap();
    assert_eq!(
        seen(&aws),
        ["sts AKIDEXAMPLE", "sts ASIA5", "lambda ASIA6"],
        "an opened session belongs to the caller"
    );

    let signing_key = Credentials::SigningKey {
        access_key_id: "AKIDEXAMPLE".into(),
        date: "20261122".into(),
        key: zeroize::Zeroizing::new(vec![0; 32]),
        session_token: None,
    };
    for (field, credentials) in [
        ("request.scope", crate::testing::connection().credentials),
        (
            "connection.credentials.host-signed",
            Credentials::HostSigned,
        ),
        ("connection.credentials.signing-key", signing_key),
    ] {
        let input = refused(opened(&aws, &connection_with(credentials)));
        assert_eq!(input.field, field);
    }
    assert_eq!(seen(&aws), [""; 0]);
}
