//! Servers in separate processes: the local Lambda, whose CPU time does not count, and a host, whose
//! memory is measured alone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use local_lambda::{Config, LocalLambda};

/// Together with the built-in functions, 10,000: 200 pages.
const EXTRA_FUNCTIONS: usize = 9_982;
/// More than the calls in flight.
const MAX_CONNECTIONS: usize = 4_000;
/// The number of functions that a list contains.
pub const FUNCTIONS: usize = 10_000;

/// A process that serves, and ends when this value is dropped.
pub struct Service {
    process: Child,
    /// The service's URL.
    pub url: String,
}

impl Service {
    /// Starts the local Lambda.
    pub fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("service");
        Self::spawn(command).context("starting the local Lambda")
    }

    /// Starts a server, which prints its URL once it serves.
    pub fn spawn(mut command: Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("its standard output")?;
        // Created before anything can fail, so that dropping it always ends the process.
        let mut service = Self {
            process,
            url: String::new(),
        };
        let line = BufReader::new(stdout).lines().next();
        service.url = line.context("it ended; its standard error has the reason")??;
        Ok(service)
    }

    /// Returns the ID of the process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It keeps no state, so it needs no orderly shutdown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the service in this process: prints its URL, and runs until it is killed.
pub fn serve() -> Result<()> {
    let config = Config {
        extra_functions: EXTRA_FUNCTIONS,
        max_connections: MAX_CONNECTIONS,
        ..Config::default()
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let lambda = LocalLambda::start(config).await?;
        println!("{}", lambda.url());
        lambda.wait().await
    })
}
