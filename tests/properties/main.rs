//! Properties of every input: no input makes the connector panic, which would trap the component,
//! and no result contains a secret of the connection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod answers;
mod executions;
mod inputs;
mod mutation;
mod pure;

use std::cell::{Cell, RefCell};

use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::message::{Request, Response};
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::delivery::TimeLimits;
use aws_lambda_connector::call::error::TransportKind;
use aws_lambda_connector::session_cache::SessionCache;
use aws_lambda_connector::transport::{Failure, Reached, Transport};
use proptest::test_runner::Config;

/// The secrets in every connection. No output may contain either.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+planted/secretKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEPLANTED//////////wEaCXVzLWVhc3QtMSJ";

/// More cases than the default, and no regression files: a failure becomes a named test.
fn config() -> Config {
    Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    }
}

fn connection() -> Connection {
    Connection {
        region: "eu-central-1".into(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new(SECRET.into()),
            session_token: Some(Secret::new(TOKEN.into())),
        }),
        endpoint: EndpointChoice::Standard,
    }
}

#[track_caller]
fn assert_no_secret(shown: &str) {
    assert!(
        !shown.contains(SECRET) && !shown.contains(TOKEN),
        "the output contains a secret: {shown}"
    );
}

/// Returns the scripted responses in turn. After the last one, connections fail.
struct Script {
    answers: RefCell<Vec<Response>>,
    now_s: Cell<u64>,
    sent: Cell<u32>,
    waited_ms: Cell<u64>,
    sessions: SessionCache,
}

impl Script {
    fn new(mut answers: Vec<Response>, now_s: u64) -> Self {
        answers.reverse();
        Self {
            answers: RefCell::new(answers),
            now_s: Cell::new(now_s),
            sent: Cell::new(0),
            waited_ms: Cell::new(0),
            sessions: SessionCache::new(),
        }
    }
}

impl Transport for Script {
    fn now_s(&self) -> u64 {
        self.now_s.get()
    }

    fn monotonic_ns(&self) -> u64 {
        self.waited_ms.get().saturating_mul(1_000_000)
    }

    async fn wait_ms(&self, ms: u64) {
        self.waited_ms.set(self.waited_ms.get().saturating_add(ms));
    }

    async fn send(&self, _: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        self.sent.set(self.sent.get().saturating_add(1));
        self.answers.borrow_mut().pop().ok_or_else(|| Failure {
            kind: TransportKind::Connect,
            message: "could not connect to the endpoint".into(),
            reached: Reached::Nothing,
        })
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}
