//! A Lambda service on the loopback interface, for demonstrations and tests. It serves the real
//! HTTP API over a few built-in functions. AWS's own crate verifies every signature.
//!
//! All state is in a [`LocalLambda`], so any number of services can run side by side.
//!
//! | Function | Event | What it does |
//! |---|---|---|
//! | `echo` | any | returns the event, byte for byte |
//! | `greet` | `{"name": "Ada"}` | returns `{"message": "Hello, Ada!"}` |
//! | `fail` | `{"type": …, "message": …}`, both optional | throws an error |
//! | `slow` | `{"ms": 500, "key": …}`, key optional | waits, then counts a run of that key |
//! | `log` | `{"lines": […], "repeat": 100}`, repeat optional | logs the lines, 1 MiB at most |
//! | `count` | `{"key": "k", "ms": 500, "bytes": 9000}`, ms and bytes optional | counts a run of that key, then waits, and adds that many bytes of padding to its response |
//! | `timeout`, `oom` | any | ended by the platform: timed out, out of memory |
//! | `binary` | any | returns bytes that are neither JSON nor UTF-8 |
//! | `context` | any | returns everything that it received |
//! | `big` | `{"bytes": 6291556}` | returns a JSON string of that length, quotes included |
//! | `stream` | `{"chunks": [{"text": "a"}, {"bytes": 9000}], "repeat": 100}` | writes its response in steps, as below |
//! | `tenant` | any | like `context`, tenant-isolated |
//! | `durable` | any | like `context`, durable; counts a run of the event's `key`; version `1`, alias `live` |
//! | `workflow` | `{"steps": [{"step": {"result": 7}}, …]}` | performs the steps and returns their results; durable, as below |
//! | `approval` | `{"timeoutMs": …, "heartbeatTimeoutMs": …}`, both optional | waits for a callback and returns `{"approval": …}` with its result; durable |
//! | `throttled` | any | never runs: 429 |
//! | `versioned` | any | like `context`; versions `1` to `3`, aliases `live` (version 2, one call in ten on 3) and `beta` (3) |
//!
//! # Streamed responses
//!
//! InvokeWithResponseStream works with every function. The event of `stream` is a list of steps:
//!
//! | Step | What it does |
//! |---|---|
//! | `{"text": "a"}` | writes the text |
//! | `{"base64": "/w=="}` | writes the decoded bytes |
//! | `{"bytes": 9000}` | writes that many bytes: the alphabet in lower case, again and again |
//! | `{"waitMs": 50}` | waits |
//! | `{"gate": "k"}` | waits until the gate of that key is open, or the reader is gone |
//! | `{"open": "k"}` | opens the gate of that key, as [`LocalLambda::open_gate`] does |
//! | `{"count": "k"}` | counts a run of that key |
//!
//! Beside `chunks`, every member is optional. `repeat` is how often the steps run. `prelude` is the JSON
//! object that a function for function URLs writes first, followed by eight NUL bytes. `fail` is
//! an event of `fail`: after the steps, the function throws that error.
//!
//! A write becomes one event of the stream, or several if it is longer than 1 MiB. The function waits
//! while it is 1 MiB ahead of the reader. If the reader disconnects, the run continues, and its output is
//! dropped. A response of more than [`STREAM_LIMIT`] bytes fails, and so does one of more than
//! [`RESPONSE_LIMIT`] bytes from a function that does not stream. The bandwidth is not limited.
//!
//! # Durable executions
//!
//! `durable`, `workflow` and `approval` are durable functions, each with a version `1` and an alias
//! `live`. They must be invoked with a qualifier. The event of `workflow` is a list of operations:
//!
//! | Operation | What it does | Its result |
//! |---|---|---|
//! | `{"step": {"name": …, "result": 7}}` | a step that succeeds | the given one, or null |
//! | `{"fail": {"name": …, "type": …, "message": …, "data": …}}` | a step that fails, and with it the execution | |
//! | `{"wait": {"name": …, "ms": 50}}` | suspends the execution | null |
//! | `{"callback": {"name": …, "timeoutMs": …, "heartbeatTimeoutMs": …}}` | suspends the execution until the callback is completed; a failure or a time-out fails it | that of the callback |
//! | `{"group": {"name": …, "steps": [{"step": {}}]}}` | operations in a child context | their results |
//!
//! Every member but `ms` and `steps` is optional. `executionTimeoutMs`, beside `steps` or in the event
//! of another durable function, sets the execution timeout, which is a day otherwise.
//!
//! An execution that an `Event` invocation started is invisible to the first request that looks for
//! it: see [`Config::invisible_reads`]. The service keeps [`EXECUTIONS_LIMIT`] executions and
//! [`EXECUTION_DATA_LIMIT`] bytes of them, and forgets those that ended first. It rejects new ones
//! with a 429 if all of them run. An execution has at most [`OPERATIONS_LIMIT`] operations.
//!
//! # STS
//!
//! STS answers at the same address, as it does in other local AWS stacks. It supports `AssumeRole`,
//! `AssumeRoleWithWebIdentity`, `GetSessionToken`, `GetScopedCredentials` and `GetCallerIdentity`. A
//! session policy limits what its session may do in Lambda and in STS.
//!
//! Unlike the real service, it does not retry failed events or limit concurrency by account. It does
//! not pause, resume or delete executions. The operations of Lambda are Invoke,
//! InvokeWithResponseStream, GetFunctionConfiguration, ListFunctions, ListVersionsByFunction,
//! ListAliases, GetDurableExecution, ListDurableExecutionsByFunction, GetDurableExecutionHistory,
//! StopDurableExecution, and SendDurableExecutionCallback with Success, Failure and Heartbeat.
//!
//! # Layers
//!
//! The layers, from top to bottom. A file imports only from layers below its own:
//!
//! 1. this file: starts and stops a service
//! 2. `server`: connections
//! 3. `routes`: passes a request to its operation and returns the answer
//! 4. operations: `configuration`, `executions`, `invoke`, `listing`, `sts`
//! 5. `service`: the state of one service
//! 6. parts of operations: `target`, `rows` (list entries), `pages`
//! 7. `signature` (the caller), `catalogue` (the functions), `execute` (a run: the platform)
//! 8. `request`, `sessions`, `functions` (a run: the function)
//! 9. `durable` (durable executions), `output` (what a function writes while it runs)
//! 10. `event_stream`: the body of a streamed response
//! 11. vocabulary: `answer`, `authorization`, `config`, `counters`, `gates`, `name`, `places`
//!     (connections), `record`
//! 12. files without imports from the others: `clock`, `errors`, `limits`, `log`, `outcome`, `place`,
//!     `policy`, `sync`, `tls`

mod answer;
mod authorization;
mod catalogue;
mod clock;
mod config;
mod configuration;
mod counters;
mod durable;
mod errors;
mod event_stream;
mod execute;
mod executions;
mod functions;
mod gates;
mod invoke;
mod limits;
mod listing;
mod log;
mod name;
mod outcome;
mod output;
mod pages;
mod place;
mod places;
mod policy;
mod record;
mod request;
mod routes;
mod rows;
mod server;
mod service;
mod sessions;
mod signature;
mod sts;
mod sync;
mod target;
mod tls;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use rustls_pki_types::CertificateDer;

pub use config::{Config, Key, Role, Trusted};
pub use limits::{
    EVENT_REQUEST_LIMIT, EXECUTION_DATA_LIMIT, EXECUTIONS_LIMIT, OPERATIONS_LIMIT, RESPONSE_LIMIT,
    STREAM_LIMIT, SYNC_REQUEST_LIMIT,
};
pub use places::read_body;
pub use record::RecordedRequest;
pub use rows::ENVIRONMENT_SECRET;
pub use server::{Limits, Server};
use service::Service;
pub use sessions::{ISSUED_MARK, IssuedSession};
pub use tls::Tls;

/// A running service. Dropping it stops the service; [`stop`](Self::stop) also waits until
/// everything has ended.
pub struct LocalLambda {
    key: Key,
    tls: Option<Tls>,
    service: Arc<Service>,
    server: Server,
}

impl LocalLambda {
    /// Listens on the configured address and serves on the caller's tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the configuration is invalid or the address cannot be listened on.
    pub async fn start(config: Config) -> Result<LocalLambda> {
        let key = config.check()?.clone();
        let tls = config.tls.clone();
        let server = Server::listen(config.addr).await?;
        let server = server.with_limits(Limits {
            connections: config.max_connections,
            ..Limits::default()
        });
        let (tasks, stopping) = (server.tasks.clone(), server.stopping.clone());
        let service = Arc::new(Service::new(config, tasks, stopping)?);
        let answering = Arc::clone(&service);
        server.serve_http(tls.as_ref().map(Tls::acceptor), move |request| {
            let service = Arc::clone(&answering);
            async move { Ok::<_, Infallible>(routes::answer(&service, request).await) }
        });
        Ok(LocalLambda {
            key,
            tls,
            service,
            server,
        })
    }

    /// Returns the address that the service listens on.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Returns the endpoint for clients: `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`,
    /// followed by the base path.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.addr(), self.service.base_path)
    }

    /// Returns the root certificate that clients must trust, in DER. Returns `None` if the service
    /// serves HTTP.
    pub fn root_certificate(&self) -> Option<CertificateDer<'static>> {
        self.tls.as_ref().map(|tls| tls.root_certificate().clone())
    }

    /// Returns the first of the configured keys.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the number of runs that the functions `count` and `slow` counted for this `key` of
    /// an event.
    pub fn runs(&self, key: &str) -> u64 {
        self.service.run_counts.get(key)
    }

    /// Opens the gate with this key for all runs of `stream`, now or later. Returns false if it stays
    /// closed, because 1,000 others are open or the key has more than 256 bytes.
    pub fn open_gate(&self, key: &str) -> bool {
        self.service.gates.open(key)
    }

    /// Returns the last 10,000 requests whose head arrived, oldest first. They include rejected
    /// requests.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.service.record.all()
    }

    /// Returns the temporary keys that STS issued, oldest first.
    pub fn sessions(&self) -> Vec<IssuedSession> {
        self.service.verifier.sessions.issued()
    }

    /// Expires all temporary keys that STS has issued so far.
    pub fn expire_sessions(&self) {
        self.service.verifier.sessions.expire_all();
    }

    /// Waits until the service is idle: no request is being answered and no function runs. Accepted
    /// events have run and durable executions have ended by then.
    pub async fn wait_until_idle(&self) {
        self.service.busy.wait().await;
    }

    /// Closes all connections, stops the functions that still run, and waits until both have ended.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Serves until Ctrl-C, then stops.
    ///
    /// # Errors
    /// Returns an error if the process cannot listen for Ctrl-C.
    pub async fn wait(self) -> Result<()> {
        self.server.wait().await
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
