//! Configuration of a local Lambda: address, keys of its callers, and roles.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::limits::DEFAULT_CONNECTIONS;
use super::tls::Tls;

/// Configuration of a [`LocalLambda`](crate::LocalLambda).
#[derive(Clone, Debug)]
pub struct Config {
    /// The loopback address to listen on. Port 0 picks a free port. Default `127.0.0.1:0`.
    pub addr: SocketAddr,
    /// The region of the service. Default `us-east-1`.
    pub region: String,
    /// The account that owns the functions: 12 digits. Default `123456789012`.
    pub account: String,
    /// The access keys that the service accepts. Default: one key, see [`Key::default`].
    pub keys: Vec<Key>,
    /// The roles that STS issues keys for, at the same address. Default: none.
    pub roles: Vec<Role>,
    /// The number of functions to add to the built-in ones. The same number always adds the same
    /// functions, and each one returns its event. Default 0.
    pub extra_functions: usize,
    /// The path prefix of the API, for example `/lambda`, as behind a reverse proxy. Default:
    /// empty.
    pub base_path: String,
    /// The offset of the service's clock from the system clock, in seconds. A positive offset is
    /// ahead. Default 0.
    pub clock_offset_seconds: i64,
    /// The certificate to serve HTTPS with. Default: none, which serves HTTP.
    pub tls: Option<Tls>,
    /// The most open connections: see [`Limits::connections`](crate::Limits::connections). Default
    /// 256.
    pub max_connections: usize,
    /// The number of requests that do not find a durable execution that an `Event` invocation started.
    /// Lambda shows such an execution after a delay. Counted are the requests that would otherwise
    /// show it: a lookup by its ARN fails, and a list leaves it out. Default 1.
    pub invisible_reads: u32,
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
            max_connections: DEFAULT_CONNECTIONS,
            invisible_reads: 1,
        }
    }
}

impl Config {
    /// Validates the configuration and returns its first key.
    pub(super) fn check(&self) -> Result<&Key> {
        let key = self.keys.first().context(
            "the configuration has no key: add at least one, because callers sign with it",
        )?;
        ensure!(
            self.account.len() == 12 && self.account.bytes().all(|b| b.is_ascii_digit()),
            "the account {:?} is invalid: it must be 12 digits",
            self.account
        );
        ensure!(
            self.addr.ip().is_loopback(),
            "the address {} is not allowed: use an address of the loopback interface, such as 127.0.0.1",
            self.addr.ip()
        );
        ensure!(
            self.base_path.is_empty()
                || self.base_path.starts_with('/') && !self.base_path.ends_with('/'),
            "the base path {:?} is invalid: it must start with a slash and not end with one",
            self.base_path
        );
        Ok(key)
    }
}

/// The access key of one caller.
#[derive(Clone)]
pub struct Key {
    /// The access key ID. Default `AKIDLOCALLAMBDA`.
    pub access_key_id: String,
    /// The secret access key. The default is a fixed text that is not valid in any AWS account.
    pub secret_access_key: String,
    /// The session token that every request must carry. With `None`, a request must not carry one.
    pub session_token: Option<String>,
    /// Whether every call with this key fails with `AccessDeniedException` after authentication.
    pub denied: bool,
    /// The IAM actions that the policies of the key's owner do not allow, such as
    /// `sts:GetScopedCredentials`. Default: none.
    pub denied_actions: Vec<String>,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            access_key_id: "AKIDLOCALLAMBDA".to_owned(),
            secret_access_key: "local/lambda+secret/that+opens/nothing/elsewhere".to_owned(),
            session_token: None,
            denied: false,
            denied_actions: Vec::new(),
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
            .field("denied_actions", &self.denied_actions)
            .finish()
    }
}

/// A role that STS issues keys for.
#[derive(Clone, Debug)]
pub struct Role {
    /// The ARN, `arn:aws:iam::{account}:role/{name}`.
    pub arn: String,
    /// The callers that may assume the role.
    pub trusts: Vec<Trusted>,
    /// The external ID that every caller must send. With `None`, a caller must not send one.
    pub external_id: Option<String>,
    /// The upper bound on the lifetime of the keys, even if the caller requests a longer one.
    pub max_lifetime: Option<Duration>,
}

/// A caller that may assume a role.
#[derive(Clone, PartialEq, Eq)]
pub enum Trusted {
    /// The owner of the access key with this ID.
    Key(String),
    /// A session of the role with this ARN.
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
