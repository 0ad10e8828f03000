//! Temporary keys that an instance keeps between calls. They never outlive it.

use alloc::vec::Vec;

use spin::Mutex;

use crate::call::roles::ChainId;
use crate::sts::assume_role::Session;

/// Keys are renewed this long before they expire: a request signed with them may be on its way for
/// a while, and clocks differ.
pub const RENEW_BEFORE_S: u64 = 300;

/// Connections whose keys are kept. Beyond them, the keys that expire first are dropped.
const MOST_KEPT: usize = 16;

/// The keys of assumed roles, each under an id that covers everything that led to them, so that no
/// other connection is served with them.
#[derive(Default)]
pub struct SessionCache(Mutex<Vec<(ChainId, Session)>>);

impl SessionCache {
    /// An empty cache.
    pub const fn new() -> SessionCache {
        SessionCache(Mutex::new(Vec::new()))
    }

    /// The keys under `id`, unless they are to be renewed at `now` (seconds since 1970).
    pub fn get(&self, id: &ChainId, now: u64) -> Option<Session> {
        let mut kept = self.0.lock();
        kept.retain(|(_, session)| session.expires > now.saturating_add(RENEW_BEFORE_S));
        let (_, session) = kept.iter().find(|(known, _)| known == id)?;
        Some(session.clone())
    }

    /// Keeps keys that STS has just handed out.
    pub fn keep(&self, id: ChainId, session: Session) {
        let mut kept = self.0.lock();
        kept.retain(|(known, _)| *known != id);
        if kept.len() >= MOST_KEPT {
            let first = kept.iter().map(|(_, session)| session.expires).min();
            kept.retain(|(_, session)| Some(session.expires) != first);
        }
        kept.push((id, session));
    }

    /// Drops keys that AWS rejected.
    pub fn forget(&self, id: &ChainId) {
        self.0.lock().retain(|(known, _)| known != id);
    }
}
