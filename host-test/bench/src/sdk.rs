//! The SDKs that the component is compared with, each in its own process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use local_lambda::{Config, Key};

use super::args::{BenchArgs, Side};
use super::payload::{SIZES, records};
use super::peer::this_program;

/// A side of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk {
    /// The component in its host.
    Ours,
    /// AWS's SDK for Rust.
    Rust,
    /// AWS's SDK for Python.
    Boto3,
    /// AWS's SDK for JavaScript.
    JavaScript,
}

impl Sdk {
    /// All sides. Ours is the first.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Rust, Self::Boto3, Self::JavaScript];

    /// Returns the name in tables and charts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "component",
            Self::Rust => "SDK for Rust",
            Self::Boto3 => "boto3",
            Self::JavaScript => "SDK for JavaScript",
        }
    }

    /// Returns what the ratio of our CPU time to this SDK's should be at each of the [`SIZES`].
    pub fn goals(self) -> [Option<f64>; SIZES.len()] {
        match self {
            Self::Ours => [None; SIZES.len()],
            Self::Rust => [1.3, 1.6, 1.6, 1.75].map(Some),
            Self::Boto3 => [0.2, 0.2, 1.1, 1.8].map(Some),
            Self::JavaScript => [0.15, 0.15, 0.65, 0.65].map(Some),
        }
    }
}

/// Where the SDKs are, and what they call.
pub struct Place<'a> {
    folder: &'a Path,
    payloads: PathBuf,
    component: &'a Path,
    workers: usize,
    url: &'a str,
}

impl<'a> Place<'a> {
    /// Writes events of these lengths to the folder where `peers/run` installed the SDKs.
    pub fn new(
        args: &'a BenchArgs,
        folder: &'a Path,
        url: &'a str,
        lengths: impl IntoIterator<Item = usize>,
    ) -> Result<Self> {
        let payloads = folder.join("payloads");
        fs::create_dir_all(&payloads)
            .with_context(|| format!("creating {}", payloads.display()))?;
        for length in lengths {
            let file = payload_file(&payloads, length);
            fs::write(&file, records(length))
                .with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(Self {
            folder,
            payloads,
            component: &args.component,
            workers: args.workers,
            url,
        })
    }

    /// Returns the command of a process that answers lines: `BYTES CALLS` with the CPU time of a call.
    pub fn peer(&self, sdk: Sdk) -> Result<Command> {
        self.command(sdk, "peer", &[])
    }

    /// Returns the command of a process that makes one call, prints a line, and ends. Our side may
    /// compile the component first.
    pub fn first_answer(&self, sdk: Sdk, compile: bool) -> Result<Command> {
        match sdk {
            Sdk::Ours if compile => self.command(sdk, "first-answer", &["--compile"]),
            Sdk::Ours | Sdk::Rust => self.command(sdk, "first-answer", &[]),
            Sdk::Boto3 | Sdk::JavaScript => self.command(sdk, "peer", &["--first"]),
        }
    }

    fn command(&self, sdk: Sdk, child: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = match sdk {
            Sdk::Ours => self.this_program(Side::Ours, child)?,
            Sdk::Rust => self.this_program(Side::Native, child)?,
            Sdk::Boto3 => self.script(&self.folder.join("venv/bin/python"), "peer.py")?,
            Sdk::JavaScript => self.script(Path::new("node"), "js/peer.js")?,
        };
        command.args(arguments);
        Ok(command)
    }

    fn this_program(&self, side: Side, child: &str) -> Result<Command> {
        let mut command = this_program()?;
        command
            .args([child, "--side", side.name(), "--url", self.url])
            .args(["--workers", &self.workers.to_string()])
            .arg("--component")
            .arg(self.component)
            .arg("--payloads")
            .arg(&self.payloads);
        Ok(command)
    }

    fn script(&self, program: &Path, script: &str) -> Result<Command> {
        let script = self.folder.join(script);
        ensure!(
            script.exists(),
            "{} is missing: host-test/bench/peers/run installs the SDKs",
            script.display()
        );
        let key = Key::default();
        let mut command = Command::new(program);
        command
            .arg(script)
            .arg(self.url)
            .arg(&self.payloads)
            // It would warn that a later version requires a later Node.js.
            .env("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
            // The machine's configuration must not matter.
            .env_remove("AWS_PROFILE")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_REGION", Config::default().region)
            .env("AWS_ACCESS_KEY_ID", key.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", key.secret_access_key);
        Ok(command)
    }
}

/// Returns the file of the event of this length.
pub fn payload_file(payloads: &Path, length: usize) -> PathBuf {
    payloads.join(format!("{length}.json"))
}
