//! Roles, and the temporary keys that were handed out for them.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::Key;
use super::service::lock;

/// A part of every secret and every token that is handed out, by which a test finds one that got
/// somewhere else.
pub const ISSUED_MARK: &str = "IssuedByTheLocalSts";

/// A role that STS hands out keys of.
#[derive(Clone, Debug)]
pub struct Role {
    /// `arn:aws:iam::{account}:role/{name}`
    pub arn: String,
    /// Who may assume it.
    pub trusts: Vec<Trusted>,
    /// Demanded of every caller. `None`: a caller must send none.
    pub external_id: Option<String>,
    /// The keys last no longer, however long is asked for.
    pub lasts: Option<Duration>,
}

/// Who may assume a role.
#[derive(Clone, PartialEq, Eq)]
pub enum Trusted {
    /// The owner of the access key of this id.
    Key(String),
    /// A session of the role of this ARN.
    Role(String),
    /// The bearer of this OIDC token.
    Token(String),
}

impl std::fmt::Debug for Trusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => f.debug_tuple("Key").field(id).finish(),
            Self::Role(arn) => f.debug_tuple("Role").field(arn).finish(),
            Self::Token(_) => f.write_str("Token([redacted])"),
        }
    }
}

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
    /// From then on the keys are refused.
    pub expires: SystemTime,
}

/// Temporary keys, whole.
#[derive(Clone)]
pub(super) struct Session {
    pub issued: IssuedSession,
    pub key: Key,
}

/// All that were handed out.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    pub fn keep(&self, issued: IssuedSession) -> Session {
        // The characters of real ones, among them those that have to be escaped somewhere.
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
