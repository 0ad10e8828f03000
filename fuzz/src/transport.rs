//! A transport that returns a script's answers in turn and checks every request.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use aws_lambda_connector::aws::credentials::Secret;
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::message::{Request, Response};
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::delivery::TimeLimits;
use aws_lambda_connector::call::error::TransportKind;
use aws_lambda_connector::session_cache::SessionCache;
use aws_lambda_connector::transport::{Failure, Reached, Transport};
use memchr::memmem;

use crate::evidence::{self, Asks};
use crate::script::{ScriptedAnswer, no_connection};
use crate::secrets;
use crate::signature::{Authorization, Key, header};

/// 2026-11-22T12:00:00Z
pub const NOW: u64 = 1_795_348_800;

/// What happened on the wire.
#[derive(Default)]
pub struct Seen {
    /// The number of requests.
    pub sent: Cell<u32>,
    /// The number of requests that can run a function or change an execution.
    pub invocations: Cell<u32>,
    /// Whether one of them may have run the function.
    pub may_have_run: Cell<bool>,
    /// Whether the answer to one of them proves that the function started.
    pub ran: Cell<bool>,
    /// Whether AWS or a declared emulator sent the last answer.
    pub is_known: Cell<bool>,
    /// The result of the last request.
    pub last: RefCell<Option<Result<Response, Failure>>>,
    /// Secrets besides the planted ones, which no output may contain.
    pub secrets: RefCell<Vec<String>>,
}

/// The scripted transport of one call.
pub struct Scripted {
    answers: RefCell<VecDeque<ScriptedAnswer>>,
    connection: Connection,
    /// Whether the function may run twice.
    idempotent: bool,
    ns: Cell<u64>,
    clock_s: Cell<i64>,
    /// The secret access keys of sessions, by session token.
    keys: RefCell<HashMap<String, String>>,
    sessions: SessionCache,
    /// What happened on the wire.
    pub seen: Seen,
}

impl Scripted {
    /// Creates the transport of a call with `connection`.
    pub fn new(answers: Vec<ScriptedAnswer>, connection: Connection, idempotent: bool) -> Scripted {
        Scripted {
            answers: RefCell::new(answers.into()),
            connection,
            idempotent,
            ns: Cell::new(0),
            clock_s: Cell::new(0),
            keys: RefCell::default(),
            sessions: SessionCache::new(),
            seen: Seen::default(),
        }
    }

    /// The milliseconds since the call began.
    pub fn elapsed_ms(&self) -> u64 {
        self.ns.get() / 1_000_000
    }

    fn advance(&self, ms: u64) {
        let ns = ms
            .checked_mul(1_000_000)
            .expect("the time fits into 64 bits");
        self.ns.set(self.ns.get() + ns);
    }

    fn answer(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        let Some(answer) = self.answers.borrow_mut().pop_front() else {
            return Err(no_connection());
        };
        let clock_s = self.clock_s.get().saturating_add(answer.clock_s);
        self.clock_s.set(clock_s);
        if answer.took_ms > limits.head_ms {
            self.advance(limits.head_ms);
            return Err(Failure {
                kind: TransportKind::Timeout,
                reached: Reached::Request,
                ..no_connection()
            });
        }
        self.advance(answer.took_ms);
        let mut response = answer.outcome?;
        if response.status >= 300 {
            self.echo(&mut response, request);
        } else if response.status == 200 && is_sts(request) {
            self.issue_keys(&mut response);
        }
        Ok(response)
    }

    /// Puts secrets of the request into an error, as AWS does when it explains a rejection.
    fn echo(&self, response: &mut Response, request: &Request<'_>) {
        let oidc = has(request.body, secrets::OIDC);
        let token = header(request, "x-amz-security-token");
        let token = token.unwrap_or(if oidc { secrets::OIDC } else { "" });
        let authorization = header(request, "authorization").unwrap_or_default();
        let key = match &self.connection.credentials {
            Credentials::AccessKey(key) | Credentials::AssumeRole { source: key, .. } => {
                key.secret_access_key.reveal()
            }
            _ => "",
        };
        // A short secret may occur in any text by chance.
        for (name, secret) in [("$TOKEN", token), ("$AUTH", authorization), ("$KEY", key)] {
            if secret.len() < 16 {
                continue;
            }
            let values = response.headers.iter_mut().map(|(_, value)| value);
            let mut found = false;
            for text in values.chain([&mut response.body]) {
                found |= replace(text, name, secret);
            }
            if found && secret == authorization {
                self.seen.secrets.borrow_mut().push(secret.into());
            }
        }
    }

    /// Puts unique keys into a response, so that leaks are noticed. STS returns keys only with
    /// status 200. In any other response they would be ordinary text.
    fn issue_keys(&self, response: &mut Response) {
        let number = self.seen.sent.get();
        let (key, token) = (
            format!("{}key+{number:04}", secrets::SESSION_PREFIX),
            format!("{}token+{number:04}", secrets::SESSION_PREFIX),
        );
        let new = |name: &str, text: &str| format!("<{name}>{text}</{name}>");
        let mut put = |name, secret: &String| {
            let found = replace(&mut response.body, &new(name, "$NEW"), &new(name, secret));
            if found {
                self.seen.secrets.borrow_mut().push(secret.clone());
            }
            found
        };
        if put("SecretAccessKey", &key) & put("SessionToken", &token) {
            self.keys.borrow_mut().insert(token, key);
        }
    }

    /// Checks that no value can inject into the request, and that the request is signed unless the
    /// credentials cannot sign.
    fn check(&self, request: &Request<'_>) {
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(visible(&request.path_with_query()) && request.path.starts_with('/'));
        assert!(visible(&request.authority) && !request.authority.contains(['/', '@', '?', '#']));
        for (name, value) in &request.headers {
            assert!(visible(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase()));
            let printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(printable && value.trim() == value, "{name}: {value:?}");
        }
        let unsigned = match &self.connection.credentials {
            Credentials::HostSigned => true,
            Credentials::WebIdentity { .. } => is_sts(request) && has(request.body, "WebIdentity"),
            _ => false,
        };
        let authorization = header(request, "authorization");
        assert_eq!(
            authorization.is_none(),
            unsigned,
            "only credentials that cannot sign leave a request unsigned"
        );
        let Some(authorization) = authorization else {
            assert!(header(request, "x-amz-security-token").is_none());
            return;
        };
        let authorization = Authorization::read(authorization);
        let service = if is_sts(request) { "sts" } else { "lambda" };
        let standard = !matches!(
            self.connection.endpoint,
            EndpointChoice::Url(_) | EndpointChoice::Emulator(_)
        );
        authorization.check_scope(request, service, standard);
        let keys = self.keys.borrow();
        let token = header(request, "x-amz-security-token").unwrap_or_default();
        let key = match (&self.connection.credentials, keys.get(token)) {
            (_, Some(secret)) => Some(Key::Secret(secret)),
            // Any other token is that of a session that the script invented.
            (Credentials::AccessKey(key), None)
                if token == key.session_token.as_ref().map_or("", Secret::reveal) =>
            {
                Some(Key::Secret(key.secret_access_key.reveal()))
            }
            (Credentials::SigningKey { key, .. }, None) => Some(Key::Derived(key)),
            (Credentials::AssumeRole { source, .. }, None) if token.is_empty() => {
                Some(Key::Secret(source.secret_access_key.reveal()))
            }
            _ => None,
        };
        if let Some(key) = key {
            authorization.check(request, &key);
        }
    }
}

impl Transport for Scripted {
    fn now_s(&self) -> u64 {
        let now = NOW + self.ns.get() / 1_000_000_000;
        now.saturating_add_signed(self.clock_s.get())
    }

    fn monotonic_ns(&self) -> u64 {
        self.ns.get()
    }

    async fn wait_ms(&self, ms: u64) {
        assert!(ms <= 30_000, "a wait of {ms} ms");
        self.advance(ms);
    }

    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        let seen = &self.seen;
        seen.sent.set(seen.sent.get() + 1);
        self.check(request);
        let at_emulator = evidence::is_emulator(&self.connection.endpoint);
        let asks = asks(request, at_emulator);
        if asks != Asks::Nothing {
            seen.invocations.set(seen.invocations.get() + 1);
            assert!(
                self.idempotent || !seen.may_have_run.get(),
                "the function was invoked again after it may have run"
            );
            assert!(
                !seen.ran.get(),
                "the function was invoked again after it had run"
            );
        }
        let outcome = self.answer(request, limits);
        if asks != Asks::Nothing {
            if evidence::may_have_run(&outcome, asks, at_emulator) {
                seen.may_have_run.set(true);
            }
            if evidence::ran(&outcome, at_emulator) {
                seen.ran.set(true);
            }
        }
        let is_known = outcome
            .as_ref()
            .is_ok_and(|answer| evidence::is_known(answer, is_sts(request), at_emulator));
        seen.is_known.set(is_known);
        *seen.last.borrow_mut() = Some(outcome.clone());
        outcome
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

/// Only requests to STS go to the endpoint's base path.
fn is_sts(request: &Request<'_>) -> bool {
    request.path.ends_with('/')
}

/// What the request asks of the function or the execution. An emulator may run a function for a dry
/// run.
fn asks(request: &Request<'_>, at_emulator: bool) -> Asks {
    let is_callback = request
        .path
        .contains("/2025-12-01/durable-execution-callbacks/");
    if is_callback || request.path.ends_with("/stop") {
        return Asks::Run;
    }
    if !request.path.ends_with("/invocations") {
        return Asks::Nothing;
    }
    match header(request, "x-amz-invocation-type") {
        Some("DryRun") if !at_emulator => Asks::DryRun,
        _ => Asks::Run,
    }
}

fn has(bytes: &[u8], part: &str) -> bool {
    memmem::find(bytes, part.as_bytes()).is_some()
}

/// Replaces every occurrence. Returns whether there was one.
fn replace(bytes: &mut Vec<u8>, from: &str, to: &str) -> bool {
    let mut at = 0;
    let mut found = false;
    while let Some(next) = memmem::find(&bytes[at..], from.as_bytes()) {
        bytes.splice(at + next..at + next + from.len(), to.bytes());
        at += next + to.len();
        found = true;
    }
    found
}
