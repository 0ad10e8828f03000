//! Keys that may make one call: when they are requested, what an instance received, and why it
//! received more than its call needs.

use std::fmt;
use std::time::{Duration, SystemTime};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use crate::bindings::sessions::Scope;
use crate::bindings::types::{Connection, Error, ServiceError};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");
const SHOWN_DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// How long before the end of its session a key is used for the last time.
const SESSION_MARGIN: Duration = Duration::from_secs(60);
const SHOWN_TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute] UTC");

/// Whether the sandbox receives keys that may make its call only.
///
/// The keys are those of a session that STS limits by a policy. [`Caller::invoke`] may use only its
/// function, calls about durable executions only those of their function, and the listing calls may
/// only list. [`Caller::complete_callback`] limits the key only if its caller names the function.
///
/// The mode applies to access keys, roles and web identities. A signing key of the connection is
/// passed on unchanged, because STS does not accept it, and a connection that the host signs has no
/// key.
///
/// [`Caller::invoke`]: super::Caller::invoke
/// [`Caller::complete_callback`]: super::Caller::complete_callback
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScopeMode {
    /// The sandbox receives a signing key with all permissions of the connection.
    Off,
    /// The sandbox receives a key for its call only. If STS does not issue one, it receives a signing
    /// key with all permissions, and [`Caller::fallbacks`](super::Caller::fallbacks) reports why.
    #[default]
    Prefer,
    /// As [`Self::Prefer`], but a call fails if STS does not issue a key for it. Nothing is sent to
    /// Lambda then.
    Require,
}

/// Why an instance received a key with more permissions than its call needs. `Display` is a sentence
/// for the person who can change that.
///
/// ```
/// use aws_lambda_connector_host::caller::Fallback;
///
/// let fallback = Fallback {
///     permission: "sts:GetScopedCredentials",
///     reason: "AccessDenied: no identity-based policy allows it".to_owned(),
/// };
/// assert_eq!(
///     fallback.to_string(),
///     "the sandbox received a key with all permissions of the connection, because STS did not \
///      limit it to this call (the permission is sts:GetScopedCredentials): AccessDenied: no \
///      identity-based policy allows it"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fallback {
    /// The IAM permission for the request that failed.
    pub permission: &'static str,
    /// What STS or the network reported. It contains no secret.
    pub reason: String,
}

impl Fallback {
    /// Describes the failure of a request for a session. Returns `None` if the call must fail as well:
    /// its keys are rejected, or its input is.
    pub(super) fn of_keys(error: &Error) -> Option<Self> {
        let fallback = |reason: String| {
            // The component names the operation that failed.
            let permission = if reason.contains("(GetSessionToken)") {
                "sts:GetSessionToken"
            } else {
                "sts:GetScopedCredentials"
            };
            Some(Self { permission, reason })
        };
        match error {
            Error::Service(error) => fallback(described(error)),
            // STS knows the keys, but does not limit keys of this kind.
            Error::Unauthenticated(error) if is(error, "InvalidSubjectCredentials") => {
                fallback(described(error))
            }
            Error::Transport(error) => fallback(error.message.clone()),
            _ => None,
        }
    }

    /// As [`Self::of_keys`], for the session of a role. STS needs no further permission to limit it, so
    /// that only a rejected policy makes a difference.
    pub(super) fn of_role(error: &Error) -> Option<Self> {
        match error {
            Error::Service(error) | Error::Unauthenticated(error)
                if is(error, "PackedPolicyTooLarge") || is(error, "MalformedPolicyDocument") =>
            {
                Some(Self {
                    permission: "sts:AssumeRole",
                    reason: described(error),
                })
            }
            _ => None,
        }
    }

    /// How long the failure is remembered. A failure that may be short is forgotten sooner.
    pub(super) fn lasts(error: &Error) -> Duration {
        let minutes = match error {
            Error::Transport(_) => 1,
            Error::Service(error) if error.retryable => 1,
            _ => 5,
        };
        Duration::from_secs(60 * minutes)
    }
}

fn described(error: &ServiceError) -> String {
    format!("{}: {}", error.code, error.message)
}

/// Compares a code of STS, which some services spell with a suffix.
pub(super) fn is(error: &ServiceError, code: &str) -> bool {
    error.code.strip_suffix("Exception").unwrap_or(&error.code) == code
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { permission, reason } = self;
        write!(
            f,
            "the sandbox received a key with all permissions of the connection, because STS did not \
             limit it to this call (the permission is {permission}): {reason}"
        )
    }
}

/// A connection for one instance, and a description of its key. `Debug` output contains no secrets.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The connection with the narrowest credentials that the call can be made with.
    pub connection: Connection,
    /// What the credentials are.
    pub received: Received,
}

/// What an instance received to sign with. `Display` is one line for a person, and contains no
/// secret.
#[derive(Debug, Clone)]
pub enum Received {
    /// No key: the host signs the requests.
    Nothing,
    /// A signing key.
    SigningKey(ReceivedKey),
}

/// A signing key without its secret.
///
/// ```
/// use aws_lambda_connector_host::bindings::sessions::Scope;
/// use aws_lambda_connector_host::caller::{Received, ReceivedKey};
///
/// let received = Received::SigningKey(ReceivedKey {
///     date: "20261128".to_owned(),
///     region: "eu-central-1".to_owned(),
///     scope: Some(Scope {
///         functions: vec!["orders".to_owned()],
///         list_functions: false,
///         executions: false,
///     }),
///     session_ends: Some(1_795_872_000),
///     fallback: None,
/// });
/// assert_eq!(
///     received.to_string(),
///     "a signing key for 2026-11-28, eu-central-1, which may invoke orders only, until 13:20 UTC"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct ReceivedKey {
    /// The UTC day that the key is valid on, as `YYYYMMDD`.
    pub date: String,
    /// The region that the key is valid in.
    pub region: String,
    /// What the key may do. `None` for all permissions of the connection.
    pub scope: Option<Scope>,
    /// When the session ends that the key belongs to, in seconds since 1970-01-01 00:00 UTC. `None`
    /// for a key that was derived from the connection's own.
    pub session_ends: Option<u64>,
    /// Why the key has all permissions, if it was meant to have fewer.
    pub fallback: Option<Fallback>,
}

impl ReceivedKey {
    /// Returns the time from which AWS rejects the key: the end of its session, or that of its day.
    fn ends(&self, day: Date) -> OffsetDateTime {
        let end_of_day = end_of(day);
        self.session_end()
            .map_or(end_of_day, |end| end_of_day.min(end))
    }

    fn session_end(&self) -> Option<OffsetDateTime> {
        let end = OffsetDateTime::from_unix_timestamp(self.session_ends?.try_into().ok()?);
        end.ok()
    }
}

fn end_of(day: Date) -> OffsetDateTime {
    let next = day.next_day().unwrap_or(day);
    next.with_time(Time::MIDNIGHT).assume_utc()
}

impl Received {
    /// Returns how long the key may be used from `now` on, if it ends.
    ///
    /// A request that is sent a minute before the end of the session is still in time. The component
    /// accepts a key for two minutes after its day, so the end of the day needs no margin.
    pub(super) fn lasts(&self, now: SystemTime) -> Option<Duration> {
        let Self::SigningKey(key) = self else {
            return None;
        };
        let now = OffsetDateTime::from(now);
        let left = |end: OffsetDateTime| Duration::try_from(end - now).unwrap_or_default();
        let day = Date::parse(&key.date, DAY).ok();
        let day = day.map(|day| left(end_of(day)));
        let session = key.session_end().map(|end| {
            let left = left(end);
            left - (left / 2).min(SESSION_MARGIN)
        });
        day.into_iter().chain(session).min()
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no key, because the host signs the requests"),
            Self::SigningKey(key) => key.fmt(f),
        }
    }
}

impl fmt::Display for ReceivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = Date::parse(&self.date, DAY).ok();
        // The formats name only fields that every date and time have.
        let shown = day.and_then(|day| day.format(SHOWN_DAY).ok());
        let shown = shown.as_deref().unwrap_or(&self.date);
        write!(f, "a signing key for {shown}, {}, which ", self.region)?;
        match &self.scope {
            None => f.write_str("has all permissions of the connection")?,
            Some(scope) => may(scope, f)?,
        }
        if let Some(ends) = day.and_then(|day| self.ends(day).format(SHOWN_TIME).ok()) {
            write!(f, ", until {ends}")?;
        }
        match &self.fallback {
            None => Ok(()),
            Some(Fallback { permission, reason }) => write!(
                f,
                ". STS did not limit it to this call (the permission is {permission}): {reason}"
            ),
        }
    }
}

fn may(scope: &Scope, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut parts = Vec::new();
    if !scope.functions.is_empty() {
        parts.push(format!("invoke {}", scope.functions.join(", ")));
    }
    if scope.executions {
        let owner = if scope.functions.len() == 1 {
            "its"
        } else {
            "their"
        };
        parts.push(format!("use {owner} durable executions"));
    }
    if scope.list_functions || parts.is_empty() {
        parts.push("list functions".to_owned());
    }
    let last = parts.pop().unwrap_or_default();
    match &*parts {
        [] => write!(f, "may {last} only"),
        before => write!(f, "may {} and {last} only", before.join(", ")),
    }
}

/// Returns the scope of an invocation. STS limits the session to the function with all its qualifiers.
pub(super) fn invoking(function: &str) -> Scope {
    Scope {
        functions: vec![unqualified(function).to_owned()],
        list_functions: false,
        executions: false,
    }
}

/// Returns the scope of calls about the executions of a function.
pub fn executions(function: &str) -> Scope {
    Scope {
        executions: true,
        ..invoking(function)
    }
}

/// Returns the scope of calls about an execution. `None` if the text is not the ARN of one, which the
/// component rejects.
pub fn of_execution(arn: &str) -> Option<Scope> {
    let (version, _) = arn.split_once("/durable-execution/")?;
    let function = unqualified(version);
    let is_version = version.starts_with("arn:") && function != version;
    is_version.then(|| executions(function))
}

/// Returns the scope of listing calls.
pub(super) fn listing() -> Scope {
    Scope {
        functions: Vec::new(),
        list_functions: true,
        executions: false,
    }
}

/// Removes the qualifier from a name, so that calls of one function share a session. It removes
/// nothing if the name could be read in another way.
fn unqualified(function: &str) -> &str {
    let parts: Vec<&str> = function.split(':').collect();
    let qualified = match parts.as_slice() {
        ["arn", _, _, _, _, "function", _, _] => true,
        [account, "function", _, _] => account.len() == 12,
        _ => false,
    };
    match function.rsplit_once(':') {
        Some((name, _)) if qualified => name,
        _ => function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::{ErrorCategory, Executed, TransportError, TransportKind};

    #[test]
    fn qualifier_is_removed_only_from_a_name_with_its_account() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        for (function, expected) in [
            (format!("{arn}:prod"), arn),
            (arn.to_owned(), arn),
            (
                "123456789012:function:f:7".to_owned(),
                "123456789012:function:f",
            ),
            (
                "123456789012:function:f".to_owned(),
                "123456789012:function:f",
            ),
            ("f".to_owned(), "f"),
            // An account, a region or the word `function` could be in front.
            ("f:7".to_owned(), "f:7"),
            ("function:f".to_owned(), "function:f"),
            ("123456789012:f".to_owned(), "123456789012:f"),
            ("".to_owned(), ""),
        ] {
            assert_eq!(unqualified(&function), expected);
        }
    }

    #[test]
    fn execution_is_in_the_scope_of_its_function() {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        for version in ["1", "$LATEST", "$LATEST.PUBLISHED"] {
            let arn = format!("{function}:{version}/durable-execution/order-7/2f6b1c0e");
            let scope = of_execution(&arn).unwrap();
            assert_eq!(scope.functions, [function]);
            assert!(scope.executions && !scope.list_functions);
        }
        for other in [
            "",
            "f",
            function,
            "arn:aws:lambda:us-east-1:123456789012:function:f:1",
            "arn:aws:lambda:us-east-1:123456789012:function:f/durable-execution/n/i",
            "123456789012:function:f:1/durable-execution/n/i",
            "f:1/durable-execution/n/i",
        ] {
            assert!(of_execution(other).is_none(), "{other}");
        }
    }

    #[test]
    fn key_lasts_until_shortly_before_its_session_ends_or_until_its_day_does() {
        // 2026-11-28 13:20 UTC, 10:40 before the end of the day.
        let now = 1_795_872_000;
        let (hour, rest_of_day) = (3_600, 38_400);
        for (session_ends, expected) in [
            (None, rest_of_day),
            (Some(now + 2 * rest_of_day), rest_of_day),
            (Some(now + hour), hour - 60),
            (Some(now + 100), 50),
            (Some(now), 0),
            (Some(now - 1), 0),
        ] {
            let received = Received::SigningKey(ReceivedKey {
                date: "20261128".to_owned(),
                region: "eu-central-1".to_owned(),
                scope: None,
                session_ends,
                fallback: None,
            });
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            let lasts = received.lasts(now).unwrap();
            assert_eq!(lasts, Duration::from_secs(expected), "{session_ends:?}");
            let next_day = now + Duration::from_secs(rest_of_day + 1);
            assert_eq!(received.lasts(next_day), Some(Duration::ZERO));
        }
        assert_eq!(Received::Nothing.lasts(SystemTime::now()), None);
    }

    fn service(code: &str, retryable: bool) -> ServiceError {
        ServiceError {
            code: code.to_owned(),
            status_code: 403,
            message: "getting temporary keys (GetSessionToken): no".to_owned(),
            category: ErrorCategory::AccessDenied,
            executed: Executed::No,
            retryable,
            hint: None,
            request_id: None,
            attempts: 1,
        }
    }

    fn unreachable() -> Error {
        Error::Transport(TransportError {
            kind: TransportKind::Connect,
            message: "getting temporary keys (GetScopedCredentials): refused".to_owned(),
            executed: Executed::No,
            attempts: 1,
        })
    }

    #[test]
    fn keys_fall_back_unless_they_are_rejected() {
        for (error, permission, minutes) in [
            (
                Error::Service(service("AccessDenied", false)),
                Some("sts:GetSessionToken"),
                5,
            ),
            (
                Error::Service(service("Throttling", true)),
                Some("sts:GetSessionToken"),
                1,
            ),
            (unreachable(), Some("sts:GetScopedCredentials"), 1),
            (
                Error::Unauthenticated(service("InvalidSubjectCredentials", false)),
                Some("sts:GetSessionToken"),
                5,
            ),
            (
                Error::Unauthenticated(service("ExpiredToken", false)),
                None,
                5,
            ),
            (Error::ExecutionFailed, None, 5),
        ] {
            let fallback = Fallback::of_keys(&error);
            let seen = fallback.map(|fallback| fallback.permission);
            assert_eq!(seen, permission, "{error:?}");
            assert_eq!(Fallback::lasts(&error).as_secs(), 60 * minutes, "{error:?}");
        }
    }

    #[test]
    fn role_falls_back_only_if_its_policy_is_rejected() {
        for (code, falls_back) in [
            ("PackedPolicyTooLarge", true),
            ("PackedPolicyTooLargeException", true),
            ("MalformedPolicyDocument", true),
            ("AccessDenied", false),
            ("ExpiredToken", false),
        ] {
            for error in [Error::Service, Error::Unauthenticated] {
                let fallback = Fallback::of_role(&error(service(code, false)));
                assert_eq!(fallback.is_some(), falls_back, "{code}");
            }
        }
        assert_eq!(Fallback::of_role(&unreachable()), None);
    }

    #[test]
    fn received_key_is_described_until_its_session_or_its_day_ends() {
        // 2026-11-28 13:20 UTC.
        let ends = 1_795_872_000;
        let fallback = Fallback {
            permission: "sts:GetScopedCredentials",
            reason: "AccessDenied: no".to_owned(),
        };
        let listing_too = Scope {
            list_functions: true,
            ..invoking("orders")
        };
        for (scope, session_ends, fallback, expected) in [
            (
                Some(listing()),
                Some(ends),
                None,
                "may list functions only, until 13:20 UTC",
            ),
            (
                Some(listing_too),
                Some(ends),
                None,
                "may invoke orders and list functions only, until 13:20 UTC",
            ),
            (
                Some(invoking("orders")),
                Some(ends + 86_400),
                None,
                "may invoke orders only, until 00:00 UTC",
            ),
            (
                Some(executions("orders:7")),
                Some(ends),
                None,
                "may invoke orders:7 and use its durable executions only, until 13:20 UTC",
            ),
            (
                Some(Scope {
                    functions: vec!["a".to_owned(), "b".to_owned()],
                    list_functions: true,
                    executions: true,
                }),
                Some(ends),
                None,
                "may invoke a, b, use their durable executions and list functions only, until \
                 13:20 UTC",
            ),
            (
                None,
                None,
                Some(fallback),
                "has all permissions of the connection, until 00:00 UTC. STS did not limit it to \
                 this call (the permission is sts:GetScopedCredentials): AccessDenied: no",
            ),
        ] {
            let received = Received::SigningKey(ReceivedKey {
                date: "20261128".to_owned(),
                region: "eu-central-1".to_owned(),
                scope,
                session_ends,
                fallback,
            });
            assert_eq!(
                received.to_string(),
                format!("a signing key for 2026-11-28, eu-central-1, which {expected}")
            );
        }
    }
}
