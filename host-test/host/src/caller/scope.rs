//! Keys that may make one call: when they are requested, what an instance received, and why it
//! received more than its call needs.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use crate::bindings::sessions::Scope;
use crate::bindings::types::{Connection, Error, ServiceError};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");
const SHOWN_DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const SHOWN_TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute] UTC");

/// Whether the sandbox receives keys that may make its call only.
///
/// The keys are those of a session that STS limits by a policy: for [`Caller::invoke`], to the
/// function of the call; for the listing calls, to listing. It applies to access keys, roles and web
/// identities. A signing key of the connection is passed on unchanged, because STS does not accept
/// it, and a connection that the host signs has no key.
///
/// [`Caller::invoke`]: super::Caller::invoke
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
        let next = day.next_day().unwrap_or(day);
        let end_of_day = next.with_time(Time::MIDNIGHT).assume_utc();
        let ends = self.session_ends.map(Duration::from_secs);
        let ends = ends.and_then(|ends| UNIX_EPOCH.checked_add(ends));
        ends.map_or(end_of_day, |ends| end_of_day.min(ends.into()))
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
    let functions = scope.functions.join(", ");
    match (&*functions, scope.list_functions) {
        ("", _) => f.write_str("may list functions only"),
        (functions, false) => write!(f, "may invoke {functions} only"),
        (functions, true) => write!(f, "may invoke {functions} and list functions only"),
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
