//! The cache of temporary keys. It renews each connection's keys on their own: one renewal at a time
//! for a connection and scope, and none that another one waits for.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::scope::Fallback;
use crate::bindings::sessions::Session;
use crate::bindings::types::{Delivery, Error, Executed, TransportError, TransportKind};
use crate::host::CallResult;
use crate::sandbox::{HostError, RequestLimits};

/// Temporary keys are renewed this long before they expire. The margin covers a request that is
/// sent late, and clocks that differ.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// The longest lifetime of temporary keys. An answer that claims more is wrong.
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);
/// The most sessions that are kept, and the most failures that are remembered. Beyond it, those that
/// end first are dropped.
const MAX_KEPT: usize = 1_000;

/// The options of a call that sets none, as `types.delivery` documents them.
const ATTEMPTS: u8 = 3;
const CONNECT_TIMEOUT_MS: u32 = 3_100;
/// STS answers within seconds, so a renewal does not wait as long as the function may run.
const RESPONSE_TIMEOUT_MS: u32 = 30_000;

/// The longest waits for keys that a call can do without: a firewall that drops packets must not delay
/// calls that work without STS.
const OPTIONAL_RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
const OPTIONAL_TOTAL: Duration = Duration::from_secs(15);

/// A hash of everything that may lead to different keys.
pub(super) type Id = [u8; 32];

type Outcome = CallResult<Arc<Session>>;

/// A cache of temporary keys, by the connection and the scope that they were obtained for. Clones
/// share it.
///
/// Pass one cache to several callers that act for the same tenant. Different credentials or scopes
/// never share an entry, and never wait for each other's keys. Concurrent calls of one connection and
/// scope share one renewal and its result. `Debug` output contains no keys.
///
/// The cache keeps 1,000 sessions at most. For some minutes, it also remembers the connections for
/// which STS does not issue limited keys.
///
/// ```
/// use aws_lambda_connector_host::caller::SessionCache;
///
/// assert_eq!(format!("{:?}", SessionCache::default()), "SessionCache(…)");
/// ```
#[derive(Clone, Default)]
pub struct SessionCache {
    entries: Arc<Mutex<HashMap<Id, Entry>>>,
    fallbacks: Arc<Mutex<HashMap<Id, Remembered>>>,
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCache(…)")
    }
}

#[derive(Default)]
struct Entry {
    kept: Option<Kept>,
    renewal: Weak<Renewal>,
}

struct Kept {
    session: Arc<Session>,
    /// Measured by the monotonic clock, because a correction of the system clock would otherwise
    /// expire or revive every kept session.
    until: Instant,
}

/// A failure that is not tried again for some time.
struct Remembered {
    fallback: Fallback,
    until: Instant,
}

/// A running request for keys. It ends when the last call that waits for it leaves.
struct Renewal {
    patience: Patience,
    outcome: watch::Receiver<Option<Outcome>>,
    _task: AbortOnDropHandle<()>,
}

enum Found {
    Session(Arc<Session>),
    Renewal(Arc<Renewal>),
}

/// How long a call waits for keys, and how often it lets the request to STS be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// The limits of each request.
    pub requests: RequestLimits,
    /// The limit of the whole renewal.
    pub total: Duration,
}

impl Patience {
    /// Derives the limits from a call's options, for credentials that take this many requests.
    /// The component rejects options out of range, so they have their defaults here.
    pub(super) fn of(delivery: Option<&Delivery>, steps: usize) -> Self {
        let attempts = delivery.and_then(|options| options.max_attempts);
        let attempts = attempts.unwrap_or(ATTEMPTS).clamp(1, 10);
        let milliseconds = |option: Option<u32>, default| {
            let option = option.filter(|option| *option > 0);
            Duration::from_millis(option.unwrap_or(default).into())
        };
        let connect = delivery.and_then(|options| options.connect_timeout_ms);
        let response = delivery.and_then(|options| options.response_timeout_ms);
        let requests = RequestLimits {
            attempts,
            connect_timeout: milliseconds(connect, CONNECT_TIMEOUT_MS),
            response_timeout: milliseconds(
                response.map(|response| response.min(RESPONSE_TIMEOUT_MS)),
                RESPONSE_TIMEOUT_MS,
            ),
        };
        let all = u32::from(attempts).saturating_mul(u32::try_from(steps.max(1)).unwrap_or(100));
        Self {
            requests,
            total: (requests.connect_timeout + requests.response_timeout).saturating_mul(all),
        }
    }

    /// Shortens the limits for keys that the call can do without.
    pub(super) fn optional(self) -> Self {
        let mut requests = self.requests;
        requests.response_timeout = requests.response_timeout.min(OPTIONAL_RESPONSE_TIMEOUT);
        Self {
            requests,
            total: self.total.min(OPTIONAL_TOTAL),
        }
    }

    fn exceeds(&self, other: &Self) -> bool {
        let (own, other) = (&self.requests, &other.requests);
        own.attempts > other.attempts
            || own.connect_timeout > other.connect_timeout
            || own.response_timeout > other.response_timeout
    }

    fn spent(&self) -> Error {
        Error::Transport(TransportError {
            kind: TransportKind::Timeout,
            message: format!(
                "STS did not issue temporary keys within {:?}, which the options of the call \
                 allow; check that STS can be reached, or raise the timeouts of `delivery`",
                self.total
            ),
            executed: Executed::No,
            attempts: self.requests.attempts,
        })
    }
}

impl SessionCache {
    /// Returns kept keys, or waits for new ones within `patience`. `rejected` are the keys that
    /// Lambda reported as expired, and they are not returned again. `open` requests new keys.
    pub(super) async fn session<F>(
        &self,
        id: Id,
        rejected: Option<&Arc<Session>>,
        patience: Patience,
        open: impl Fn() -> F,
    ) -> Outcome
    where
        F: Future<Output = CallResult<Session>> + Send + 'static,
    {
        let deadline = Instant::now() + patience.total;
        loop {
            let renewal = match self.find_or_renew(id, rejected, patience, &open) {
                Found::Session(session) => return Ok(Ok(session)),
                Found::Renewal(renewal) => renewal,
            };
            let Ok(outcome) = timeout_at(deadline, renewal.wait()).await else {
                return Ok(Err(patience.spent()));
            };
            // The other call that started it may have allowed less time than this one does.
            if may_succeed_later(&outcome) && patience.exceeds(&renewal.patience) {
                continue;
            }
            return outcome;
        }
    }

    fn find_or_renew<F>(
        &self,
        id: Id,
        rejected: Option<&Arc<Session>>,
        patience: Patience,
        open: impl Fn() -> F,
    ) -> Found
    where
        F: Future<Output = CallResult<Session>> + Send + 'static,
    {
        let now = Instant::now();
        let mut entries = self.entries();
        let entry = entries.entry(id).or_default();
        if let Some(kept) = &entry.kept
            && kept.until > now
            && !rejected.is_some_and(|rejected| Arc::ptr_eq(rejected, &kept.session))
        {
            return Found::Session(Arc::clone(&kept.session));
        }
        entry.kept = None;
        if let Some(renewal) = entry.renewal.upgrade() {
            return Found::Renewal(renewal);
        }
        let (sender, outcome) = watch::channel(None);
        let (cache, opening) = (self.clone(), open());
        let task = tokio::spawn(async move {
            let opened = match opening.await {
                Ok(Ok(session)) => Ok(Ok(Arc::new(session))),
                Ok(Err(error)) => Ok(Err(error)),
                Err(error) => Err(error),
            };
            cache.finish(id, &opened);
            sender.send_replace(Some(opened));
        });
        let renewal = Arc::new(Renewal {
            patience,
            outcome,
            _task: AbortOnDropHandle::new(task),
        });
        entry.renewal = Arc::downgrade(&renewal);
        drop_unneeded(&mut entries, id, now);
        Found::Renewal(renewal)
    }

    /// Keeps the new keys. Calls that arrive after a failure start a renewal of their own.
    fn finish(&self, id: Id, opened: &Outcome) {
        let kept = match opened {
            Ok(Ok(session)) => Kept::new(session, SystemTime::now(), Instant::now()),
            _ => None,
        };
        let mut entries = self.entries();
        match kept {
            Some(kept) => {
                let entry = entries.entry(id).or_default();
                *entry = Entry {
                    kept: Some(kept),
                    renewal: Weak::new(),
                };
            }
            None => {
                entries.remove(&id);
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Id, Entry>> {
        lock(&self.entries)
    }

    /// Returns why STS does not issue limited keys for a connection, if that is known.
    pub(super) fn fallback(&self, connection: Id) -> Option<Fallback> {
        let fallbacks = lock(&self.fallbacks);
        let known = fallbacks.get(&connection)?;
        (known.until > Instant::now()).then(|| known.fallback.clone())
    }

    /// Remembers that STS does not issue limited keys for a connection.
    pub(super) fn remember(&self, connection: Id, fallback: Fallback, lasts: Duration) {
        let now = Instant::now();
        let mut fallbacks = lock(&self.fallbacks);
        fallbacks.retain(|_, known| known.until > now);
        if fallbacks.len() >= MAX_KEPT {
            let ends = fallbacks.iter().map(|(id, known)| (known.until, *id));
            if let Some((_, id)) = ends.min() {
                fallbacks.remove(&id);
            }
        }
        let until = now + lasts;
        fallbacks.insert(connection, Remembered { fallback, until });
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what has expired. If too much is left, removes the keys that expire first. `new` stays.
fn drop_unneeded(entries: &mut HashMap<Id, Entry>, new: Id, now: Instant) {
    entries.retain(|_, entry| {
        entry.kept.as_ref().is_some_and(|kept| kept.until > now) || entry.renewal.strong_count() > 0
    });
    while entries.len() > MAX_KEPT {
        let kept = entries.iter().filter(|(id, _)| **id != new);
        let ends = kept.filter_map(|(id, entry)| Some((entry.kept.as_ref()?.until, *id)));
        match ends.min() {
            Some((_, id)) => entries.remove(&id),
            // Each of the others has calls that wait for it.
            None => break,
        };
    }
}

impl Kept {
    /// Returns `None` if the session expires too soon to be used again.
    fn new(session: &Arc<Session>, now: SystemTime, instant: Instant) -> Option<Self> {
        let expires = UNIX_EPOCH.checked_add(Duration::from_secs(session.expires));
        let lasts = match expires {
            Some(expires) => expires.duration_since(now).ok()?.min(LONGEST_SESSION),
            None => LONGEST_SESSION,
        };
        let lasts = lasts.checked_sub(RENEW_BEFORE)?;
        (!lasts.is_zero()).then(|| Self {
            session: Arc::clone(session),
            until: instant + lasts,
        })
    }
}

impl Renewal {
    async fn wait(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        let ended = || Err(HostError::Trap("the request for keys ended".to_owned()));
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(ended),
            Err(_) => ended(),
        }
    }
}

fn may_succeed_later(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(Err(error)) if may_pass(error))
}

/// Whether the same request may succeed at another time.
pub(super) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Transport(_) => true,
        Error::Service(error) => error.retryable,
        _ => false,
    }
}

/// Whether Lambda rejected the keys as expired, and no attempt may have run the function.
pub(super) fn is_expired(error: &Error) -> bool {
    matches!(
        error,
        Error::Unauthenticated(error)
            if error.code == "ExpiredTokenException" && error.executed == Executed::No
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::AccessKey;

    const NOW: Duration = Duration::from_secs(1_795_348_800);

    fn session(expires: u64) -> Arc<Session> {
        Arc::new(Session {
            keys: AccessKey {
                access_key_id: "ASIA".to_owned(),
                secret_access_key: "secret".to_owned(),
                session_token: None,
            },
            expires,
            principal: String::new(),
        })
    }

    fn kept_for(expires: u64) -> Option<Duration> {
        let start = Instant::now();
        let kept = Kept::new(&session(expires), UNIX_EPOCH + NOW, start)?;
        Some(kept.until - start)
    }

    #[test]
    fn session_is_kept_until_five_minutes_before_it_expires() {
        let now = NOW.as_secs();
        assert_eq!(kept_for(now + 3600), Some(Duration::from_secs(3300)));
        for expires in [0, now - 1, now, now + 299, now + 300] {
            assert_eq!(kept_for(expires), None, "{expires}");
        }
    }

    #[test]
    fn lifetime_that_no_role_has_is_cut() {
        for expires in [NOW.as_secs() + 365 * 86_400, u64::MAX] {
            let most = LONGEST_SESSION - RENEW_BEFORE;
            assert_eq!(kept_for(expires), Some(most), "{expires}");
        }
    }

    #[tokio::test]
    async fn answer_with_a_wrong_expiry_leaves_other_sessions_in_the_cache() {
        let cache = SessionCache::default();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let patience = Patience::of(None, 1);
        let ask = async |id: Id, expires: u64| {
            let opened = Arc::unwrap_or_clone(session(expires));
            let open = || {
                let opened = opened.clone();
                async move { Ok(Ok(opened)) }
            };
            let found = cache.session(id, None, patience, open).await;
            found.unwrap().unwrap().expires
        };
        let good = wall.as_secs() + 3600;
        assert_eq!(ask([1; 32], good).await, good);
        for wrong in [0, u64::MAX] {
            assert_eq!(ask([2; 32], wrong).await, wrong);
        }
        assert_eq!(ask([1; 32], good + 1).await, good, "still kept");
    }

    #[tokio::test]
    async fn kept_sessions_are_bounded() {
        let cache = SessionCache::default();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        for n in 0..2 * MAX_KEPT as u64 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_be_bytes());
            let opened = Arc::unwrap_or_clone(session(wall.as_secs() + 3600));
            let open = || {
                let opened = opened.clone();
                async move { Ok(Ok(opened)) }
            };
            let found = cache.session(id, None, Patience::of(None, 1), open).await;
            found.unwrap().unwrap();
        }
        assert!(cache.entries().len() <= MAX_KEPT);
    }

    #[test]
    fn options_of_the_call_bound_the_renewal() {
        let options = |max_attempts, connect_timeout_ms, response_timeout_ms| Delivery {
            max_attempts,
            connect_timeout_ms,
            response_timeout_ms,
            idempotent: None,
        };
        for (delivery, roles, attempts, total_ms) in [
            (None, 1, 3, 99_300),
            (None, 2, 3, 198_600),
            (Some(options(Some(1), Some(500), Some(1_000))), 1, 1, 1_500),
            (Some(options(Some(2), Some(500), Some(1_000))), 3, 2, 9_000),
            // STS is not given the time that the function may run.
            (Some(options(None, None, Some(1_815_000))), 1, 3, 99_300),
            // The component rejects these.
            (Some(options(Some(0), Some(0), Some(0))), 0, 1, 33_100),
            (Some(options(Some(255), None, None)), 1, 10, 331_000),
        ] {
            let patience = Patience::of(delivery.as_ref(), roles);
            assert_eq!(patience.requests.attempts, attempts, "{delivery:?}");
            assert_eq!(patience.total.as_millis(), total_ms, "{delivery:?}");
            let optional = patience.optional();
            assert_eq!(optional.requests.attempts, attempts, "{delivery:?}");
            assert_eq!(optional.total.as_millis(), total_ms.min(15_000));
            assert!(optional.requests.response_timeout <= Duration::from_secs(10));
        }
    }

    #[test]
    fn remembered_failures_end_and_are_bounded() {
        let cache = SessionCache::default();
        let fallback = |n: usize| Fallback {
            permission: "sts:GetScopedCredentials",
            reason: n.to_string(),
        };
        let id = |n: usize| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&(n as u64).to_be_bytes());
            id
        };
        for n in 0..=MAX_KEPT {
            cache.remember(id(n), fallback(n), Duration::from_secs(60 + n as u64));
        }
        assert_eq!(lock(&cache.fallbacks).len(), MAX_KEPT);
        assert_eq!(cache.fallback(id(0)), None, "the first to end is dropped");
        assert_eq!(cache.fallback(id(1)), Some(fallback(1)));
        cache.remember(id(1), fallback(1), Duration::ZERO);
        assert_eq!(cache.fallback(id(1)), None);
        assert_eq!(cache.fallback(id(2)), Some(fallback(2)));
    }
}
