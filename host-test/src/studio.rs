//! A page that draws the connector's forms and runs its cards, served on the loopback interface.
//!
//! The page depends only on the interface `cards`. Its forms come from `describe`, and the initial
//! values of a connection come from [`Defaults`].

mod api;
mod connection;
mod grant;
mod growth;
mod guard;
mod live;
mod page;
mod reply;
mod routes;
mod state;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lambda_connector_host::caller::{ScopeMode, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Limits, Server};

pub use connection::Defaults;

use state::State;

/// The largest request line with headers, in bytes. Browsers send about a kilobyte.
const HEAD_LIMIT: usize = 64 << 10;

/// Configuration of a [`Studio`].
#[derive(Debug, Default)]
pub struct Config {
    /// The port on 127.0.0.1. Port 0 picks a free port.
    pub port: u16,
    /// Destinations that the component may reach in addition to those of the connection.
    pub allow: Vec<String>,
    /// The initial values of the connection form.
    pub defaults: Option<Defaults>,
    /// Whether the component receives keys that may make its call only.
    pub scope: ScopeMode,
}

/// A running studio. Dropping it stops the server.
#[derive(Debug)]
pub struct Studio(Server);

impl Studio {
    /// Listens on 127.0.0.1 and serves on the caller's tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the port is in use or if an allowed destination is not valid.
    pub async fn start(host: Host, config: Config) -> Result<Self> {
        for destination in &config.allow {
            Policy::deny_all()
                .allow(destination)
                .context("a destination to allow")?;
        }
        // The server listens on the loopback interface only, because anyone who reaches the page
        // acts with the keys that were typed there.
        let server = Server::listen((Ipv4Addr::LOCALHOST, config.port).into()).await?;
        let server = server.with_limits(Limits {
            head: HEAD_LIMIT,
            ..Limits::default()
        });
        let state = Arc::new(State {
            host,
            port: server.addr().port(),
            allow: config.allow,
            defaults: config.defaults.unwrap_or_default(),
            scope: config.scope,
            sessions: SessionCache::default(),
        });
        server.serve_http(None, move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(routes::answer(&state, request).await) }
        });
        Ok(Self(server))
    }

    /// Returns the address that the server listens on.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// Returns the URL of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr())
    }

    /// Closes all connections and waits until they have ended.
    pub async fn stop(self) {
        self.0.stop().await;
    }

    /// Serves until Ctrl-C, then stops.
    ///
    /// # Errors
    /// Returns an error if the process cannot listen for Ctrl-C.
    pub async fn wait(self) -> Result<()> {
        self.0.wait().await
    }
}
