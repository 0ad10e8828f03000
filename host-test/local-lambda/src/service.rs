//! The state of one service, and the way of a request through it: record, read, authenticate, route.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderValue};
use hyper::{HeaderMap, Method, Request};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::answer::{Answer, error_answer};
use super::busy::Busy;
use super::catalogue::Catalogue;
use super::durable::Executions;
use super::errors::ApiError;
use super::name::{Names, partition};
use super::record::{Entry, Record};
use super::signature::Verifier;
use super::{Config, Role, SYNC_REQUEST_LIMIT, routes, sts};

/// Signing name.
const SERVICE: &str = "lambda";

/// A body up to here is read and its signature checked before it is called too large; what is
/// longer is refused unread, as AWS's front end does.
const READ_LIMIT: usize = SYNC_REQUEST_LIMIT + (1 << 20);

/// A request with its body, nothing decoded.
pub(super) struct RawRequest {
    pub method: String,
    /// As on the wire.
    pub path: String,
    /// As on the wire, without the question mark.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The invocation's id as well.
    pub id: Uuid,
}

pub(super) struct Service {
    pub region: String,
    pub account: String,
    pub base_path: String,
    pub names: Names,
    pub catalogue: Catalogue,
    pub executions: Executions,
    pub record: Record,
    /// Runs that functions counted, by the key of their events.
    pub runs: Counters,
    /// Invocations of a weighted alias, by its ARN.
    pub routed: Counters,
    /// Functions that ran before: the next start is no cold one.
    pub warm: Mutex<HashSet<String>>,
    /// Connections and invocations: an invocation outlives the connection that asked for it.
    pub tasks: TaskTracker,
    /// Requests and runs; idle connections do not count.
    pub busy: Busy,
    pub stopping: CancellationToken,
    pub roles: Vec<Role>,
    pub verifier: Verifier,
    clock_offset_seconds: i64,
}

impl Service {
    pub fn new(config: Config, stopping: CancellationToken) -> Result<Self> {
        ensure!(
            config.account.len() == 12 && config.account.bytes().all(|b| b.is_ascii_digit()),
            "the account {:?} is not 12 digits",
            config.account
        );
        ensure!(
            config.addr.ip().is_loopback(),
            "the local Lambda listens on the loopback interface only, not on {}",
            config.addr.ip()
        );
        ensure!(
            config.base_path.is_empty()
                || config.base_path.starts_with('/') && !config.base_path.ends_with('/'),
            "the base path {:?} must start with a slash and not end with one",
            config.base_path
        );
        Ok(Self {
            names: Names::new()?,
            catalogue: Catalogue::new(config.extra_functions),
            executions: Executions::default(),
            record: Record::default(),
            runs: Counters::default(),
            routed: Counters::default(),
            warm: Mutex::default(),
            tasks: TaskTracker::new(),
            busy: Busy::default(),
            stopping,
            roles: config.roles,
            verifier: Verifier::new(config.region.clone(), config.keys),
            clock_offset_seconds: config.clock_offset_seconds,
            region: config.region,
            account: config.account,
            base_path: config.base_path,
        })
    }

    /// The service's own idea of the time.
    pub fn now(&self) -> SystemTime {
        let offset = Duration::from_secs(self.clock_offset_seconds.unsigned_abs());
        let now = SystemTime::now();
        if self.clock_offset_seconds < 0 {
            now - offset
        } else {
            now + offset
        }
    }

    /// The ARN of a function, unqualified.
    pub fn function_arn(&self, name: &str) -> String {
        self.arn_in(&self.account, name)
    }

    pub fn arn_in(&self, account: &str, name: &str) -> String {
        format!(
            "arn:{}:lambda:{}:{account}:function:{name}",
            partition(&self.region),
            self.region
        )
    }

    /// Who a denied caller is told to be.
    pub fn principal(&self) -> String {
        format!(
            "arn:{}:iam::{}:user/local-lambda",
            partition(&self.region),
            self.account
        )
    }

    /// Answers one request, whatever it holds.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let _work = self.busy.begin();
        let now = self.now();
        let (head, body) = request.into_parts();
        let path_and_query = head.uri.path_and_query().map_or("/", |p| p.as_str());
        let entry = self
            .record
            .begin(head.method.as_str(), path_and_query, &head.headers);
        let (id, checked_id) = request_id(&head.headers);
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        // One address for both, as local stacks have it: STS's requests go to the root.
        let is_sts = head.method == Method::POST && path.strip_prefix(&self.base_path) == Some("/");
        let outcome = async {
            let body = read(body, &entry).await?;
            let raw = RawRequest {
                method: head.method.to_string(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: head.headers,
                body,
                id,
            };
            if is_sts {
                return sts::answer(&self, &raw, now);
            }
            let route = routes::route(&self, &raw)?;
            let caller = self.verifier.verify(&raw, now, SERVICE)?;
            checked_id?;
            route.answer(&self, raw, caller).await
        }
        .await;
        let mut answer = outcome.unwrap_or_else(|error| {
            if is_sts {
                sts::error_answer(&error, id)
            } else {
                error_answer(error)
            }
        });
        let headers = answer.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            headers.insert("x-amzn-requestid", id);
        }
        if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(self.now())) {
            headers.insert(DATE, date);
        }
        answer
    }
}

/// A caller may choose the request's id, so long as it is a UUID.
fn request_id(headers: &HeaderMap) -> (Uuid, Result<(), ApiError>) {
    let Some(sent) = headers.get("x-amzn-requestid") else {
        return (Uuid::new_v4(), Ok(()));
    };
    match Uuid::try_parse_ascii(sent.as_bytes()) {
        Ok(id) => (id, Ok(())),
        Err(_) => (
            Uuid::new_v4(),
            Err(ApiError::invalid_content(
                "The x-amzn-RequestId header must be a valid UUID string.",
            )),
        ),
    }
}

async fn read(mut body: Incoming, entry: &Entry) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::service("The request's body was cut off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        entry.received(data.len());
        length = length.saturating_add(data.len());
        // The rest is read all the same: a client that still writes would not see the answer.
        if length <= READ_LIMIT {
            whole.extend_from_slice(&data);
        }
    }
    entry.completed();
    if length > READ_LIMIT {
        return Err(ApiError::too_large(format!(
            "Request must be smaller than {SYNC_REQUEST_LIMIT} bytes for the InvokeFunction operation"
        )));
    }
    Ok(whole.freeze())
}

/// Counts by key.
#[derive(Default)]
pub(super) struct Counters(Mutex<HashMap<String, u64>>);

impl Counters {
    /// Adds one and returns the new count.
    pub fn add(&self, key: &str) -> u64 {
        let mut counts = lock(&self.0);
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }

    pub fn of(&self, key: &str) -> u64 {
        lock(&self.0).get(key).copied().unwrap_or_default()
    }
}

/// The state behind these locks is whole after every statement, so a panic elsewhere spoils nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
