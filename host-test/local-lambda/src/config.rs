//! What a local Lambda is to be: its configuration, the keys of its callers and its roles.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::tls::Tls;

/// What a local Lambda is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, on the loopback interface only; port 0 takes a free one. Default `127.0.0.1:0`.
    pub addr: SocketAddr,
    /// The region it answers for. Default `us-east-1`.
    pub region: String,
    /// The account that owns the functions, 12 digits. Default `123456789012`.
    pub account: String,
    /// The keys of those who may call. Default: one key, see [`Key::default`].
    pub keys: Vec<Key>,
    /// The roles whose keys STS hands out at the same address. Default: none.
    pub roles: Vec<Role>,
    /// How many functions to add to the built-in ones. They are always the same, and each
    /// returns its event. Default 0.
    pub extra_functions: usize,
    /// Path in front of the API's own, for example `/lambda`, as behind a proxy. Default empty.
    pub base_path: String,
    /// How far the service's clock is ahead of the machine's, in seconds. Default 0.
    pub clock_offset_seconds: i64,
    /// Serves HTTPS with this certificate. Default: HTTP.
    pub tls: Option<Tls>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            keys: vec![Key::default()],
            roles: Vec::new(),
            extra_functions: 0,
            base_path: String::new(),
            clock_offset_seconds: 0,
            tls: None,
        }
    }
}

impl Config {
    /// Says what is wrong with it, or returns the first key.
    pub(super) fn check(&self) -> Result<&Key> {
        let key = self
            .keys
            .first()
            .context("the local Lambda needs at least one key: without one nobody could call it")?;
        ensure!(
            self.account.len() == 12 && self.account.bytes().all(|b| b.is_ascii_digit()),
            "the account {:?} is not 12 digits",
            self.account
        );
        ensure!(
            self.addr.ip().is_loopback(),
            "the local Lambda listens on the loopback interface only, not on {}",
            self.addr.ip()
        );
        ensure!(
            self.base_path.is_empty()
                || self.base_path.starts_with('/') && !self.base_path.ends_with('/'),
            "the base path {:?} must start with a slash and not end with one",
            self.base_path
        );
        Ok(key)
    }
}

/// One caller's keys.
#[derive(Clone)]
pub struct Key {
    /// Default `AKIDLOCALLAMBDA`.
    pub access_key_id: String,
    /// Default a fixed text that no AWS account could have.
    pub secret_access_key: String,
    /// Where present, every request must carry exactly this token; where absent, none.
    pub session_token: Option<String>,
    /// Authenticated, but allowed nothing: every call is an `AccessDeniedException`.
    pub denied: bool,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            access_key_id: "AKIDLOCALLAMBDA".to_owned(),
            secret_access_key: "local/lambda+secret/that+opens/nothing/elsewhere".to_owned(),
            session_token: None,
            denied: false,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"[redacted]")
            .field(
                "session_token",
                &self.session_token.as_ref().map(|_| "[redacted]"),
            )
            .field("denied", &self.denied)
            .finish()
    }
}

/// A role that STS hands out keys of.
#[derive(Clone, Debug)]
pub struct Role {
    /// `arn:aws:iam::{account}:role/{name}`
    pub arn: String,
    /// Those who may assume it.
    pub trusts: Vec<Trusted>,
    /// Every caller must send it. `None`: a caller must send none.
    pub external_id: Option<String>,
    /// The keys last no longer, even if the caller asks for more.
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

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => f.debug_tuple("Key").field(id).finish(),
            Self::Role(arn) => f.debug_tuple("Role").field(arn).finish(),
            Self::Token(_) => f.write_str("Token([redacted])"),
        }
    }
}
