//! The local Lambda in a process of its own: its time on the processor must not count.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use local_lambda::{Config, LocalLambda};

/// With the built-in ones, 10,000: 200 pages.
const EXTRA_FUNCTIONS: usize = 9_985;
/// How many functions a list shows.
pub const FUNCTIONS: usize = 10_000;

/// Runs until it is dropped.
pub struct Service {
    process: Child,
    /// Where it listens.
    pub url: String,
}

impl Service {
    /// Starts this program once more, as `service`.
    pub fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("service")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the local Lambda")?;
        let stdout = process.stdout.take().context("its standard output")?;
        // Made before anything can fail, so that the process ends in every case.
        let mut service = Self {
            process,
            url: String::new(),
        };
        let line = BufReader::new(stdout).lines().next();
        service.url = line.context("the local Lambda did not start")??;
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put in order.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process of the service: prints where it listens, and runs until it is killed.
pub fn serve() -> Result<()> {
    let config = Config {
        extra_functions: EXTRA_FUNCTIONS,
        ..Config::default()
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let lambda = LocalLambda::start(config).await?;
        println!("{}", lambda.url());
        lambda.wait().await
    })
}
