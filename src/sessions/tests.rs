//! When STS is asked, and whose keys sign.

use alloc::string::String;
use alloc::vec;
use core::cell::{Cell, RefCell};

use super::*;
use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::message::{Request, Response};
use crate::block_on::block_on;
use crate::call::connection::Credentials;
use crate::call::delivery::{Options, TimeLimits};
use crate::call::error::{Category, Executed, TransportKind};
use crate::call::roles::RoleOptions;
use crate::lambda::invoke::{Invoke, InvokeRequest};
use crate::perform::perform;
use crate::session_cache::SessionCache;
use crate::testing::{answer, connection, lambdas};
use crate::transport::Failure;

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;
const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const SECOND: &str = "arn:aws:iam::123456789012:role/second";

type Answer = Result<Response, Failure>;

/// STS hands out keys that last an hour, numbered; Lambda takes what `lambda` says.
struct Aws {
    now: Cell<u64>,
    handed_out: Cell<u32>,
    /// Who signed, and for which service.
    seen: RefCell<Vec<String>>,
    sts: Cell<fn() -> Option<Response>>,
    lambda: Cell<fn(&str) -> Answer>,
    sessions: SessionCache,
}

impl Aws {
    fn new() -> Aws {
        Aws {
            now: Cell::new(NOW),
            handed_out: Cell::new(0),
            seen: RefCell::default(),
            sts: Cell::new(|| None),
            lambda: Cell::new(|_| Ok(lambdas(200, &[], "7"))),
            sessions: SessionCache::new(),
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.take()
    }
}

impl Transport for Aws {
    fn now_s(&self) -> u64 {
        self.now.get()
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let header = |name| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, value)| &**value)
        };
        let signed_by = header("authorization")
            .split(['=', '/'])
            .nth(1)
            .unwrap_or("nobody");
        if request.authority.starts_with("lambda.") {
            self.seen.borrow_mut().push(format!("lambda {signed_by}"));
            return self.lambda.get()(signed_by);
        }
        self.seen.borrow_mut().push(format!("sts {signed_by}"));
        if let Some(answer) = self.sts.get()() {
            return Ok(answer);
        }
        let number = self.handed_out.get() + 1;
        self.handed_out.set(number);
        let form = core::str::from_utf8(request.body).unwrap();
        let action = form.split(['=', '&']).nth(1).unwrap();
        let expires = crate::aws::time::AmzDate::from_unix(self.now.get() + 3_600).date_time;
        let (date, clock) = (expires.get(..8).unwrap(), expires.get(9..15).unwrap());
        let expires = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &date[..4],
            &date[4..6],
            &date[6..],
            &clock[..2],
            &clock[2..4],
            &clock[4..]
        );
        Ok(answer(
            200,
            &[],
            format!(
                "<R><{action}Result><Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s{number}</SecretAccessKey><SessionToken>t{number}</SessionToken><Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><Arn>session{number}</Arn></AssumedRoleUser></{action}Result></R>"
            ),
        ))
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

fn role(arn: &str) -> RoleOptions {
    RoleOptions {
        arn: arn.into(),
        ..RoleOptions::default()
    }
}

fn assuming(roles: &[&str]) -> Connection {
    Connection {
        credentials: Credentials::AssumeRole {
            source: AccessKey {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: Secret::new("secret".into()),
                session_token: None,
            },
            roles: roles.iter().map(|arn| role(arn)).collect(),
        },
        ..connection()
    }
}

fn bearing(token: &str) -> Connection {
    Connection {
        credentials: Credentials::WebIdentity {
            token: Secret::new(token.into()),
            role: role(FIRST),
        },
        ..connection()
    }
}

fn invoke(aws: &Aws, connection: &Connection) -> Result<u8, Error> {
    invoke_with(aws, connection, Options::default())
}

fn invoke_with(aws: &Aws, connection: &Connection, delivery: Options) -> Result<u8, Error> {
    let request = InvokeRequest {
        function: "f".into(),
        delivery: Some(delivery),
        ..InvokeRequest::default()
    };
    let call = Invoke::new(connection.clone(), request)?;
    block_on(perform(aws, call)).map(|invocation| invocation.attempts)
}

#[test]
fn keys_are_asked_for_once_and_renewed_five_minutes_before_they_end() {
    let aws = Aws::new();
    let connection = assuming(&[FIRST]);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "lambda ASIA1"]);
    aws.now.set(NOW + 3_299);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(aws.seen(), ["lambda ASIA1"]);
    aws.now.set(NOW + 3_300);
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "lambda ASIA2"]);
}

#[test]
fn each_role_of_a_chain_is_assumed_by_the_one_before() {
    let aws = Aws::new();
    assert_eq!(invoke(&aws, &assuming(&[FIRST, SECOND])), Ok(1));
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "sts ASIA1", "lambda ASIA2"]);
}

#[test]
fn a_token_is_exchanged_without_any_key() {
    let aws = Aws::new();
    assert_eq!(invoke(&aws, &bearing("a.b.c")), Ok(1));
    assert_eq!(aws.seen(), ["sts nobody", "lambda ASIA1"]);
}

#[test]
fn no_connection_is_served_with_anothers_keys() {
    let aws = Aws::new();
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
        keys.push(aws.seen().pop().unwrap());
    }
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{keys:?}");
        invoke(&aws, &connections[index]).unwrap();
        assert_eq!(
            aws.seen(),
            core::slice::from_ref(key),
            "each one's own are still there"
        );
    }
}

#[test]
fn what_is_kept_has_an_end() {
    let aws = Aws::new();
    for number in 0..20 {
        aws.now.set(NOW + number);
        invoke(&aws, &bearing(&format!("a.b.{number}"))).unwrap();
    }
    aws.seen();
    // The sixteen that last longest.
    invoke(&aws, &bearing("a.b.4")).unwrap();
    assert_eq!(aws.seen().len(), 1);
    invoke(&aws, &bearing("a.b.3")).unwrap();
    assert_eq!(aws.seen().len(), 2);
}

#[test]
fn expired_keys_lead_to_one_renewal_and_one_more_try() {
    let aws = Aws::new();
    let connection = assuming(&[FIRST]);
    invoke(&aws, &connection).unwrap();
    aws.seen();
    aws.lambda.set(|signed_by| {
        Ok(if signed_by == "ASIA1" {
            answer(403, &[("x-amzn-errortype", "ExpiredTokenException")], "{}")
        } else {
            lambdas(200, &[], "7")
        })
    });
    assert_eq!(invoke(&aws, &connection), Ok(2));
    assert_eq!(
        aws.seen(),
        ["lambda ASIA1", "sts AKIDEXAMPLE", "lambda ASIA2"]
    );

    // For ever expired: no third try, and nothing of it is kept.
    aws.lambda.set(|_| {
        Ok(answer(
            403,
            &[("x-amzn-errortype", "ExpiredTokenException")],
            "{}",
        ))
    });
    let Err(Error::Unauthenticated(error)) = invoke(&aws, &connection) else {
        panic!("another end");
    };
    assert_eq!((error.attempts, error.executed), (2, Executed::No));
    assert_eq!(
        aws.seen(),
        ["lambda ASIA2", "sts AKIDEXAMPLE", "lambda ASIA3"]
    );

    // One attempt in all: the next call gets the new keys.
    let one = Options {
        max_attempts: Some(1),
        ..Options::default()
    };
    assert!(invoke_with(&aws, &connection, one).is_err());
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "lambda ASIA4"]);
}

#[test]
fn keys_that_are_refused_are_not_offered_again() {
    let aws = Aws::new();
    let connection = assuming(&[FIRST]);
    aws.lambda.set(|_| {
        Ok(answer(
            403,
            &[("x-amzn-errortype", "UnrecognizedClientException")],
            "{}",
        ))
    });
    assert!(invoke(&aws, &connection).is_err());
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "lambda ASIA1"]);
    aws.lambda.set(|_| Ok(lambdas(200, &[], "7")));
    assert_eq!(invoke(&aws, &connection), Ok(1));
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE", "lambda ASIA2"]);
}

#[test]
fn denied_by_sts_lambda_is_never_asked_with_other_keys() {
    let aws = Aws::new();
    aws.sts.set(|| {
        Some(answer(
            403,
            &[],
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        ))
    });
    let Err(Error::Unauthenticated(error)) = invoke(&aws, &assuming(&[FIRST])) else {
        panic!("another end");
    };
    assert_eq!(
        (error.category, error.attempts),
        (Category::AccessDenied, 1)
    );
    assert_eq!(aws.seen(), ["sts AKIDEXAMPLE"]);
}

/// STS fails while a second attempt is prepared: what the first one may have done stays said.
#[test]
fn a_failed_renewal_does_not_hide_an_unknown_outcome() {
    let aws = Aws::new();
    let connection = assuming(&[FIRST]);
    invoke(&aws, &connection).unwrap();
    aws.now.set(NOW + 3_299);
    let call = Invoke::new(
        connection,
        InvokeRequest {
            function: "f".into(),
            delivery: Some(Options {
                idempotent: Some(true),
                ..Options::default()
            }),
            ..InvokeRequest::default()
        },
    )
    .unwrap();
    aws.lambda.set(|_| {
        Err(Failure {
            kind: TransportKind::Timeout,
            message: "x".into(),
            executed: Executed::Unknown,
        })
    });
    aws.sts.set(|| Some(answer(503, &[], "")));
    let slow = Slow(&aws);
    let Err(Error::Service(error)) = block_on(perform(&slow, call)) else {
        panic!("another end");
    };
    assert_eq!(
        (error.status_code, error.executed),
        (503, Executed::Unknown)
    );
}

/// As [`Aws`]; waiting takes time.
struct Slow<'a>(&'a Aws);

impl Transport for Slow<'_> {
    fn now_s(&self) -> u64 {
        self.0.now_s()
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {
        self.0.now.set(self.0.now.get() + 1);
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.0.send(request, limits).await
    }

    fn sessions(&self) -> &SessionCache {
        self.0.sessions()
    }
}

#[test]
fn a_session_is_opened_anew_each_time_and_only_where_there_is_a_role() {
    let aws = Aws::new();
    let connection = assuming(&[FIRST, SECOND]);
    let session = block_on(open(&aws, connection.clone())).unwrap();
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
    assert_eq!(
        block_on(open(&aws, connection.clone()))
            .unwrap()
            .keys
            .access_key_id,
        "ASIA4"
    );
    aws.seen();
    invoke(&aws, &connection).unwrap();
    assert_eq!(
        aws.seen(),
        ["lambda ASIA4"],
        "the newest serve this instance, too"
    );

    let refused = |credentials| match block_on(open(
        &aws,
        Connection {
            credentials,
            ..connection.clone()
        },
    )) {
        Err(Error::InvalidInput(input)) => (input.field, input.message),
        other => panic!("{other:?}"),
    };
    for (kind, credentials) in [
        ("access-key", crate::testing::connection().credentials),
        ("host-signed", Credentials::HostSigned),
        (
            "signing-key",
            Credentials::SigningKey {
                access_key_id: "AKIDEXAMPLE".into(),
                date: "20261122".into(),
                key: zeroize::Zeroizing::new(vec![0; 32]),
                session_token: None,
            },
        ),
    ] {
        let (field, message) = refused(credentials);
        assert_eq!(field, "connection.credentials");
        assert!(message.starts_with(kind), "{message}");
    }
    assert_eq!(aws.seen(), [""; 0]);
}
