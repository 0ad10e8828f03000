//! A Lambda service on the loopback interface: the real HTTP API over a handful of built-in
//! functions, for demonstrations and tests. Every signature is verified by AWS's own crate.
//!
//! It keeps nothing outside [`LocalLambda`], so any number of services may run side by side.
//!
//! | Function | Event | What it does |
//! |---|---|---|
//! | `echo` | any | returns the event, byte for byte |
//! | `greet` | `{"name": "Ada"}` | returns `{"message": "Hello, Ada!"}` |
//! | `fail` | `{"type": …, "message": …}`, both optional | throws |
//! | `slow` | `{"ms": 500, "key": …}`, key optional | waits, then counts a run of that key |
//! | `log` | `{"lines": […], "repeat": 100}`, repeat optional | logs the lines, 1 MiB at most |
//! | `count` | `{"key": "k", "ms": 500, "bytes": 9000}`, ms and bytes optional | counts a run of that key, then waits, and pads its answer by so many bytes |
//! | `timeout`, `oom` | any | ended by the platform: timed out, out of memory |
//! | `binary` | any | returns bytes that are neither JSON nor UTF-8 |
//! | `context` | any | returns all that it was invoked with |
//! | `big` | `{"bytes": 6291556}` | returns a JSON string of that length, quotes included |
//! | `tenant` | any | like `context`, tenant-isolated |
//! | `durable` | any | like `context`, durable; counts a run of the event's `key`; version `1`, alias `live` |
//! | `throttled` | any | never runs: 429 |
//! | `versioned` | any | like `context`; versions `1` to `3`, aliases `live` (2, a tenth on 3) and `beta` (3) |
//!
//! STS answers at the same address, as local stacks have it: `AssumeRole`,
//! `AssumeRoleWithWebIdentity` and `GetCallerIdentity`.
//!
//! What the real service does and this one does not: retry failed events, limit concurrency by
//! account, stream responses, and any operation but Invoke, ListFunctions,
//! ListVersionsByFunction and ListAliases.

mod answer;
mod authorization;
mod busy;
mod catalogue;
mod configuration;
mod durable;
mod errors;
mod execute;
mod functions;
mod invoke;
mod listing;
mod log;
mod name;
mod record;
mod routes;
mod server;
mod service;
mod sessions;
mod signature;
mod sts;
mod target;
mod tls;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use configuration::ENVIRONMENT_SECRET;
pub use record::RecordedRequest;
use rustls_pki_types::CertificateDer;
use service::Service;
pub use sessions::{ISSUED_MARK, IssuedSession, Role, Trusted};
pub use tls::Tls;

/// Largest request body of a synchronous invocation, in bytes.
pub const SYNC_REQUEST_LIMIT: usize = 6_291_456;
/// Largest request body of an `Event` invocation, in bytes.
pub const EVENT_REQUEST_LIMIT: usize = 1_048_576;
/// Largest response of a function, in bytes.
pub const RESPONSE_LIMIT: usize = 6_291_556;
/// Largest client context, in bytes of Base64.
pub const CLIENT_CONTEXT_LIMIT: usize = 3_583;
/// How much of the log's end `X-Amz-Log-Result` carries, in bytes before Base64.
pub const LOG_TAIL: usize = 4_096;

/// What a local Lambda is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, on the loopback interface only; port 0 takes a free one. Default `127.0.0.1:0`.
    pub addr: SocketAddr,
    /// The region it answers for. Default `us-east-1`.
    pub region: String,
    /// The account that owns the functions, 12 digits. Default `123456789012`.
    pub account: String,
    /// Who may call. Default: one key, see [`Key::default`].
    pub keys: Vec<Key>,
    /// The roles that STS, which answers at the same address, hands out keys of. Default: none.
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

/// A running service. Dropping it ends it; [`stop`](Self::stop) also waits for the end.
pub struct LocalLambda {
    addr: SocketAddr,
    key: Key,
    tls: Option<Tls>,
    service: Arc<Service>,
    stopping: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl LocalLambda {
    /// Listens, and serves on the caller's tokio runtime.
    ///
    /// # Errors
    /// The configuration has no key or the address cannot be listened on.
    pub async fn start(config: Config) -> Result<LocalLambda> {
        let key =
            config.keys.first().cloned().context(
                "the local Lambda needs at least one key: without one nobody could call it",
            )?;
        let wanted = config.addr;
        let tls = config.tls.clone();
        let stopping = CancellationToken::new();
        let service = Arc::new(Service::new(config, stopping.clone())?);
        let listener = TcpListener::bind(wanted).await.with_context(|| {
            format!("cannot listen on {wanted}: choose another port, or 0 for a free one")
        })?;
        let addr = listener.local_addr()?;
        service.tasks.spawn(server::accept(
            listener,
            tls.as_ref().map(Tls::acceptor),
            Arc::clone(&service),
        ));
        Ok(LocalLambda {
            addr,
            key,
            tls,
            service,
            _stop_on_drop: stopping.clone().drop_guard(),
            stopping,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What to give a client as Lambda's endpoint: `http://127.0.0.1:PORT`, or `https://…`, and the
    /// base path.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.addr, self.service.base_path)
    }

    /// What a client must trust where the service speaks HTTPS, in DER.
    pub fn root_certificate(&self) -> Option<CertificateDer<'static>> {
        self.tls.as_ref().map(|tls| tls.root_certificate().clone())
    }

    /// The first of the configured keys.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// How often the functions `count` and `slow` counted a run for this key of their events.
    pub fn runs(&self, key: &str) -> u64 {
        self.service.runs.of(key)
    }

    /// The last 10,000 requests whose head arrived, oldest first; refused ones too.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.service.record.all()
    }

    /// The temporary keys that were handed out, oldest first.
    pub fn sessions(&self) -> Vec<IssuedSession> {
        self.service.verifier.sessions.issued()
    }

    /// Ends all temporary keys that were handed out so far.
    pub fn end_sessions(&self) {
        self.service.verifier.sessions.end_all();
    }

    /// Waits until no request is being answered and no function runs any more. Events that were
    /// accepted have run by then.
    pub async fn quiet(&self) {
        self.service.busy.over().await;
    }

    /// Cuts the connections, ends what still runs and waits until all of it is gone.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.service.tasks.close();
        self.service.tasks.wait().await;
    }

    /// Serves until Ctrl-C, then stops.
    ///
    /// # Errors
    /// The process cannot listen for Ctrl-C.
    pub async fn wait(self) -> Result<()> {
        tokio::signal::ctrl_c()
            .await
            .context("cannot listen for Ctrl-C")?;
        self.stop().await;
        Ok(())
    }
}

impl fmt::Debug for LocalLambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLambda")
            .field("url", &self.url())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
