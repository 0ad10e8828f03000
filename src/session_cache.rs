//! Caches the temporary keys of assumed roles between the calls of one instance.

use alloc::vec::Vec;

use spin::Mutex;

use crate::call::roles::ChainId;
use crate::sts::session::Session;

/// Keys are renewed this long before they expire. A request may be in flight for a while after it is
/// signed, and clocks differ.
pub const RENEW_BEFORE_S: u64 = 300;

/// The capacity. A full cache evicts the session that expires first.
const MAX_SESSIONS: usize = 16;

/// The sessions of assumed roles.
///
/// Each one is stored under an id that covers everything that led to it, secrets included. A
/// connection therefore never receives the keys of another one.
#[derive(Default)]
pub struct SessionCache(Mutex<Vec<(ChainId, Session)>>);

impl SessionCache {
    /// Creates an empty cache.
    pub const fn new() -> SessionCache {
        SessionCache(Mutex::new(Vec::new()))
    }

    /// Returns the session under `id`, unless it is due for renewal at `now` (seconds since 1970).
    ///
    /// Only this session is judged by `now`, which one endpoint's `Date` may have shifted.
    pub fn get(&self, id: &ChainId, now: u64) -> Option<Session> {
        let sessions = self.0.lock();
        let (_, session) = sessions.iter().find(|(known, _)| known == id)?;
        (session.expires > now.saturating_add(RENEW_BEFORE_S)).then(|| session.clone())
    }

    /// Stores a new session under `id`, in place of the previous one.
    pub fn insert(&self, id: ChainId, session: Session) {
        let mut sessions = self.0.lock();
        sessions.retain(|(known, _)| *known != id);
        if sessions.len() >= MAX_SESSIONS {
            let first = sessions.iter().map(|(_, session)| session.expires).min();
            sessions.retain(|(_, session)| Some(session.expires) != first);
        }
        sessions.push((id, session));
    }

    /// Removes the session under `id`.
    pub fn remove(&self, id: &ChainId) {
        self.0.lock().retain(|(known, _)| known != id);
    }
}
