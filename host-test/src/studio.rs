//! A page that draws the connector's forms and runs its cards, served on the loopback interface.
//!
//! The page knows the interface `cards` and nothing else: what it shows comes from `describe`,
//! and what a connection is filled with at first comes from [`Defaults`], as data.

mod api;
mod connection;
mod guard;
mod page;
mod routes;
mod state;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::Server;

pub use connection::Defaults;

use state::State;

/// What a studio is to be.
#[derive(Debug, Default)]
pub struct Config {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Destinations that the component may reach beside those of the connection.
    pub allow: Vec<String>,
    /// What the connection form is filled with at first.
    pub defaults: Option<Defaults>,
}

/// A running studio. Dropping it ends it.
#[derive(Debug)]
pub struct Studio(Server);

impl Studio {
    /// Listens, and serves on the caller's tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or a destination to allow is none.
    pub async fn start(host: Host, config: Config) -> Result<Self> {
        for destination in &config.allow {
            Policy::deny_all()
                .allow(destination)
                .context("a destination to allow")?;
        }
        // Never another interface: whoever reaches the page acts with the keys typed there.
        let server = Server::listen((Ipv4Addr::LOCALHOST, config.port).into()).await?;
        let state = Arc::new(State {
            host,
            port: server.addr().port(),
            allow: config.allow,
            defaults: config.defaults.unwrap_or_default(),
        });
        server.serve_http(None, move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(routes::answer(&state, request).await) }
        });
        Ok(Self(server))
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr())
    }

    /// Cuts the connections and waits until all of them are gone.
    pub async fn stop(self) {
        self.0.stop().await;
    }

    /// Serves until Ctrl-C, then stops.
    ///
    /// # Errors
    /// The process cannot listen for Ctrl-C.
    pub async fn wait(self) -> Result<()> {
        self.0.wait().await
    }
}
