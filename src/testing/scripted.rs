//! A transport without a network: scripted services, a clock that the tests control, and a record of
//! the requests.

use core::cell::{Cell, RefCell};

use super::{NOW, lambdas};
use crate::aws::message::{Request, Response};
use crate::call::delivery::TimeLimits;
use crate::session_cache::SessionCache;
use crate::transport::{Failure, Transport};

pub type Answer = Result<Response, Failure>;

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The host's clock at the time.
    pub at_s: u64,
    pub authority: String,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub limits: TimeLimits,
}

impl Sent {
    /// The value of a header, or empty if the request does not have it.
    pub fn header(&self, name: &str) -> &str {
        value(&self.headers, name).unwrap_or_default()
    }

    pub fn parameter(&self, key: &str) -> Option<&str> {
        value(&self.query, key)
    }

    /// The service and the access key ID that signed, such as `lambda AKIDEXAMPLE`.
    pub fn by(&self) -> String {
        let (service, _) = self.authority.split_once('.').unwrap();
        format!("{service} {}", self.signer())
    }

    fn signer(&self) -> &str {
        let mut parts = self.header("authorization").split(['=', '/']);
        parts.nth(1).unwrap_or("unsigned")
    }
}

fn value<'a>(pairs: &'a [(&str, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(key, _)| *key == name)?;
    Some(value)
}

/// A service that answers requests.
pub trait Service {
    fn answer(&self, sent: &Sent) -> Answer;
}

impl<F: Fn(&Sent) -> Answer> Service for F {
    fn answer(&self, sent: &Sent) -> Answer {
        self(sent)
    }
}

/// Returns its answers in turn. A request beyond the last answer fails the test.
pub struct Script(RefCell<alloc::vec::IntoIter<Answer>>);

impl Service for Script {
    fn answer(&self, _: &Sent) -> Answer {
        let next = self.0.borrow_mut().next();
        next.expect("more attempts than scripted")
    }
}

pub struct Scripted<S> {
    pub service: S,
    /// The duration of an exchange.
    pub takes_ms: fn(&Sent, &Answer) -> u64,
    /// The time since the test began, at [`NOW`].
    pub ns: Cell<u64>,
    /// The seconds by which the host's clock is ahead.
    pub ahead_s: i64,
    pub sent: RefCell<Vec<Sent>>,
    pub waited_ms: RefCell<Vec<u64>>,
    pub sessions: SessionCache,
}

impl Scripted<Script> {
    pub fn script(answers: Vec<Answer>) -> Self {
        Scripted::new(Script(RefCell::new(answers.into_iter())))
    }
}

impl<S: Service> Scripted<S> {
    pub fn new(service: S) -> Self {
        Scripted {
            service,
            takes_ms: |_, _| 0,
            ns: Cell::new(0),
            ahead_s: 0,
            sent: RefCell::default(),
            waited_ms: RefCell::default(),
            sessions: SessionCache::new(),
        }
    }

    /// Sets the clock to `seconds` after [`NOW`].
    pub fn set_clock(&self, seconds: u64) {
        self.ns.set(seconds * 1_000_000_000);
    }

    fn pass(&self, ms: u64) {
        self.ns.set(self.ns.get() + ms * 1_000_000);
    }

    pub fn attempts(&self) -> usize {
        self.sent.borrow().len()
    }

    /// [`Sent::by`] of every request.
    pub fn by(&self) -> Vec<String> {
        self.sent.borrow().iter().map(Sent::by).collect()
    }
}

impl<S: Service> Transport for Scripted<S> {
    fn now_s(&self) -> u64 {
        (NOW + self.ns.get() / 1_000_000_000).saturating_add_signed(self.ahead_s)
    }

    fn monotonic_ns(&self) -> u64 {
        self.ns.get()
    }

    async fn wait_ms(&self, ms: u64) {
        self.waited_ms.borrow_mut().push(ms);
        self.pass(ms);
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Answer {
        let owned = |pairs: &[(&'static str, alloc::borrow::Cow<'_, str>)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, text)| (*name, text.to_string()))
                .collect()
        };
        let sent = Sent {
            at_s: self.now_s(),
            authority: request.authority.clone(),
            path: request.path.clone(),
            query: owned(&request.query),
            headers: owned(&request.headers),
            body: String::from_utf8(request.body.to_vec()).unwrap(),
            limits: *limits,
        };
        let answer = self.service.answer(&sent);
        self.pass((self.takes_ms)(&sent, &answer));
        self.sent.borrow_mut().push(sent);
        answer
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

/// STS and Lambda.
///
/// STS knows the account of every caller. It issues keys for an hour, numbered from 1, unless `sts` returns another response. `lambda`
/// answers by the access key ID that signed.
pub struct Aws {
    issued: Cell<u32>,
    pub sts: Cell<fn(&Sent) -> Option<Response>>,
    pub lambda: Cell<fn(&str) -> Answer>,
}

impl Scripted<Aws> {
    pub fn aws() -> Self {
        Scripted::new(Aws {
            issued: Cell::new(0),
            sts: Cell::new(|_| None),
            lambda: Cell::new(|_| Ok(lambdas(200, &[], r#"{"Functions":[]}"#))),
        })
    }
}

impl Service for Aws {
    fn answer(&self, sent: &Sent) -> Answer {
        if sent.authority.starts_with("lambda.") {
            return self.lambda.get()(sent.signer());
        }
        if let Some(answer) = self.sts.get()(sent) {
            return Ok(answer);
        }
        let action = sent.body.split(['=', '&']).nth(1).unwrap();
        if action == "GetCallerIdentity" {
            let identity =
                "<Account>210987654321</Account><Arn>arn:aws:iam::210987654321:user/ada</Arn>";
            let result = format!("<R><{action}Result>{identity}</{action}Result></R>");
            return Ok(lambdas(200, &[], result));
        }
        let number = self.issued.get() + 1;
        self.issued.set(number);
        // `NOW` is noon, and no test lasts until midnight.
        let expires = sent.at_s - NOW + 13 * 3_600;
        let (hours, minutes, seconds) = (expires / 3_600, expires / 60 % 60, expires % 60);
        Ok(lambdas(
            200,
            &[],
            format!(
                "<R><{action}Result><Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s{number}</SecretAccessKey><SessionToken>t{number}</SessionToken><Expiration>2026-11-22T{hours:02}:{minutes:02}:{seconds:02}Z</Expiration></Credentials><AssumedRoleUser><Arn>session{number}</Arn></AssumedRoleUser><SessionInfo><Arn>session{number}</Arn></SessionInfo></{action}Result></R>"
            ),
        ))
    }
}
