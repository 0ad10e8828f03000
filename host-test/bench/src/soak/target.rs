//! The host that makes the calls: the reference host in a process of its own, or any host at a URL.
//! Both run a card for `POST /run/<card>`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use serde_json::json;
use testing::http1::send_on;
use tokio::net::TcpStream;

use super::call::Call;
use super::outcome::{Ended, Outcome, read};
use crate::peer::this_program;
use crate::service::Service;

/// The size from which glibc returns memory to the system once it is freed. This is the size with which
/// glibc starts. It raises it up to 32 MiB when such blocks are freed, and then keeps freed buffers for
/// as long as a block above them is in use. The memory would show that, and hide what the host holds.
const MMAP_THRESHOLD: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

/// A host that makes the calls.
pub struct Target {
    address: SocketAddr,
    /// The process whose memory is measured.
    pub pid: u32,
    /// Ends the reference host.
    _process: Option<Service>,
}

/// What every call has in common.
pub struct Terms {
    /// The JSON of a connection, without its endpoint.
    pub connection: serde_json::Value,
    /// The names that a list must have.
    pub functions: Vec<String>,
    pub response_timeout: Duration,
    /// The time after which a call without an answer is lost.
    pub watchdog: Duration,
}

impl Target {
    /// Starts the reference host. It may reach these URLs.
    pub fn reference(component: &Path, urls: &[String]) -> Result<Self> {
        let mut command = this_program()?;
        command.env(MMAP_THRESHOLD.0, MMAP_THRESHOLD.1);
        command.args(["soak-host", "--component"]).arg(component);
        for url in urls {
            command.args(["--allow", url]);
        }
        let process = Service::spawn(command).context("starting the reference host")?;
        Ok(Self {
            address: address(&process.url)?,
            pid: process.pid(),
            _process: Some(process),
        })
    }

    /// Uses the host at this URL, which the process with this ID serves.
    pub fn at(url: &str, pid: u32) -> Result<Self> {
        Ok(Self {
            address: address(url)?,
            pid,
            _process: None,
        })
    }

    /// Makes a call, and waits for its end.
    pub async fn run(&self, call: &Call, endpoint: &str, terms: &Terms) -> Ended {
        match tokio::time::timeout(terms.watchdog, self.post(call, endpoint, terms)).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => Ended::without_value(Outcome::Unreported(format!("{error:#}"))),
            Err(_) => Ended::without_value(Outcome::Lost),
        }
    }

    async fn post(&self, call: &Call, endpoint: &str, terms: &Terms) -> Result<Ended> {
        let mut connection = terms.connection.clone();
        connection["endpoint"] = endpoint.into();
        let values = call.values(terms.response_timeout.as_secs());
        let body = json!({ "connection": connection, "values": values }).to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/run/{}", call.card()))
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let stream = TcpStream::connect(self.address).await?;
        let response = send_on(stream, request).await?;
        let status = response.status().as_u16();
        Ok(read(call, status, response.body(), &terms.functions))
    }
}

/// Returns the address of `http://127.0.0.1:PORT`.
fn address(url: &str) -> Result<SocketAddr> {
    let address = url
        .strip_prefix("http://")
        .and_then(|rest| rest.parse().ok());
    address.with_context(|| format!("{url:?} is not of the form http://127.0.0.1:PORT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_by_the_url_of_its_address() {
        assert!(address("http://127.0.0.1:8000").is_ok());
        for url in [
            "127.0.0.1:8000",
            "http://127.0.0.1",
            "https://127.0.0.1:8000",
            "",
        ] {
            assert!(address(url).is_err(), "{url:?}");
        }
    }
}
