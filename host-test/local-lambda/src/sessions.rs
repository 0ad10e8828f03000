//! The temporary keys that STS handed out.

use std::sync::Mutex;
use std::time::SystemTime;

use uuid::Uuid;

use super::config::Key;
use super::sync::lock;

/// A part of every secret and every token that is handed out, by which a test finds one where it
/// must not be.
pub const ISSUED_MARK: &str = "IssuedByTheLocalSts";

/// Temporary keys that were handed out, without their secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedSession {
    /// The role.
    pub role_arn: String,
    /// `arn:aws:sts::{account}:assumed-role/{name}/{session}`
    pub principal: String,
    /// Begins with `ASIA`.
    pub access_key_id: String,
    /// The access key that asked; `None` where a token did.
    pub assumed_by: Option<String>,
    /// As it was sent.
    pub external_id: Option<String>,
    /// As it was sent.
    pub session_name: String,
    /// As it was asked for.
    pub duration_seconds: u64,
    /// When the service begins to refuse the keys.
    pub expires: SystemTime,
}

/// Temporary keys with their secrets.
#[derive(Clone)]
pub(super) struct Session {
    pub issued: IssuedSession,
    pub key: Key,
}

#[derive(Default)]
pub(super) struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    /// Makes the secret parts; the service accepts the keys from now on.
    pub fn keep(&self, issued: IssuedSession) -> Session {
        // Real ones contain these characters, some of which must be escaped in XML or in a URI.
        let part = || Uuid::new_v4().simple().to_string();
        let key = Key {
            access_key_id: issued.access_key_id.clone(),
            secret_access_key: format!("{ISSUED_MARK}/{}+", part()),
            session_token: Some(format!(
                "IQoJ{ISSUED_MARK}/{}+{}{}==",
                part(),
                part(),
                part()
            )),
            denied: false,
        };
        let session = Session { issued, key };
        lock(&self.0).push(session.clone());
        session
    }

    pub fn find(&self, access_key_id: &str) -> Option<Session> {
        lock(&self.0)
            .iter()
            .find(|session| session.issued.access_key_id == access_key_id)
            .cloned()
    }

    pub fn issued(&self) -> Vec<IssuedSession> {
        lock(&self.0)
            .iter()
            .map(|session| session.issued.clone())
            .collect()
    }

    pub fn end_all(&self) {
        for session in lock(&self.0).iter_mut() {
            session.issued.expires = SystemTime::UNIX_EPOCH;
        }
    }
}
