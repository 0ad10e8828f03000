//! The temporary keys that STS issued.

use std::sync::Mutex;
use std::time::SystemTime;

use uuid::Uuid;

use super::config::Key;
use super::policy::Policy;
use super::sync::lock;

/// A part of every secret and token that STS issues. Tests search for it where a secret must not
/// appear.
pub const ISSUED_MARK: &str = "IssuedByTheLocalSts";

/// Temporary keys that STS issued, without their secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedSession {
    /// The operation that issued the keys, for example `AssumeRole`.
    pub operation: &'static str,
    /// The ARN of the role. `None` for the sessions of a user.
    pub role_arn: Option<String>,
    /// The ARN of the session, `arn:aws:sts::{account}:assumed-role/{name}/{session}`, or that of the
    /// user.
    pub principal: String,
    /// The access key ID, which begins with `ASIA`.
    pub access_key_id: String,
    /// The access key ID of the caller. `None` if the caller presented a token.
    pub assumed_by: Option<String>,
    /// The external ID that the caller sent.
    pub external_id: Option<String>,
    /// The name of the role's session. Empty for the sessions of a user.
    pub session_name: String,
    /// The requested lifetime, in seconds. `None` if the keys end with those that they come from.
    pub duration_seconds: Option<u64>,
    /// The session policies, as JSON. Each limits what the others allow.
    pub policies: Vec<String>,
    /// The time from which the service rejects the keys.
    pub expires: SystemTime,
}

/// Temporary keys with their secrets.
#[derive(Clone)]
pub(super) struct Session {
    pub issued: IssuedSession,
    pub key: Key,
    pub rights: Rights,
}

/// What limits a session.
#[derive(Clone, Default)]
pub(super) struct Rights {
    /// The actions that the policies of the keys' owner do not allow.
    pub denied_actions: Vec<String>,
    /// The session policies. Each limits what the others allow.
    pub policies: Vec<Policy>,
    /// How many of the policies `GetScopedCredentials` added.
    pub scoped_policies: usize,
}

#[derive(Default)]
pub(super) struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    /// Generates the secrets and stores the session. The service accepts its keys from then on.
    pub fn issue(&self, issued: IssuedSession, rights: Rights) -> Session {
        let policies = rights.policies.iter();
        let issued = IssuedSession {
            policies: policies.map(|policy| policy.text.clone()).collect(),
            ..issued
        };
        // Real secrets contain these characters. Some of them must be escaped in XML or in a URI.
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
            denied_actions: rights.denied_actions.clone(),
        };
        let session = Session {
            issued,
            key,
            rights,
        };
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

    pub fn expire_all(&self) {
        for session in lock(&self.0).iter_mut() {
            session.issued.expires = SystemTime::UNIX_EPOCH;
        }
    }
}
