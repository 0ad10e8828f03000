//! Command-line arguments.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the component against the native SDK, and prints tables.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    /// Measure only this part; may be repeated [default: all]
    #[arg(long, value_enum, value_name = "PART")]
    pub only: Vec<Part>,
    /// Number of rounds; each measures both sides once
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub rounds: usize,
    /// Worker threads of the runtime; 0 runs calls and I/O on a single thread
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub workers: usize,
    /// The component to measure, instead of the one built with this program
    #[arg(long, value_name = "PATH", default_value = built_component::P2, hide_default_value = true)]
    pub component: PathBuf,
    /// The limit of the part `saturated` [default: the host's]
    #[arg(long, value_name = "N")]
    pub calls_per_instance: Option<u32>,
    /// Also measure the parts `peers` and `first-answer`, with the SDKs that `peers/run` installed in this folder
    #[arg(long, value_name = "FOLDER")]
    pub peers: Option<PathBuf>,
    /// Draw what was measured by `peers` and `throughput` as SVG files in this folder
    #[arg(long, value_name = "FOLDER")]
    pub charts: Option<PathBuf>,
    #[command(subcommand)]
    pub child: Option<Child>,
}

impl BenchArgs {
    /// Whether this part was asked for.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU time of an invocation, by size
    Calls,
    /// Memory of the process with many invocations in flight
    InFlight,
    /// Latency of many invocations in one instance, on a saturated processor
    Saturated,
    /// CPU time of a long list
    List,
    /// Streamed responses, by the component for WASI 0.3
    Stream,
    /// Calls a second, by calls in flight
    Throughput,
    /// CPU time of an invocation, by size, beside the SDKs of --peers
    Peers,
    /// Time to the first answer of a process, beside the SDKs of --peers
    FirstAnswer,
    /// The component's file
    Size,
}

/// Subcommands that this program runs in child processes.
#[derive(Debug, Subcommand)]
pub enum Child {
    /// The local Lambda
    #[command(hide = true)]
    Service,
    /// One side of the measurement by that name
    #[command(hide = true)]
    InFlight(InFlightArgs),
    /// One side of the measurement by that name
    #[command(hide = true)]
    Throughput(SideArgs),
    /// One side of the part `peers`
    #[command(hide = true)]
    Peer(PeerArgs),
    /// One side of the measurement by that name
    #[command(hide = true)]
    FirstAnswer(FirstAnswerArgs),
    /// Makes calls for a long time while a proxy injects faults, and accounts for each one
    Soak(SoakArgs),
    /// The reference host of a soak
    #[command(hide = true)]
    SoakHost(SoakHostArgs),
}

/// Arguments of `soak`.
#[derive(Debug, Args)]
pub struct SoakArgs {
    /// How long calls are started
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub minutes: u64,
    /// The same in seconds
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    pub seconds: Option<u64>,
    /// `reference`, or the URL of a host that runs a card for `POST /run/<card>`
    #[arg(long, value_name = "HOST", default_value = "reference")]
    pub host: SoakHost,
    /// The process of the host at a URL, whose memory is measured
    #[arg(long, value_name = "N")]
    pub pid: Option<u32>,
    /// The name of the host in the report [default: the host]
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// The component that the host runs, instead of the one built with this program
    #[arg(long, value_name = "PATH", default_value = built_component::P2, hide_default_value = true)]
    pub component: PathBuf,
    /// The most calls in flight
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub in_flight: usize,
    /// The most calls that are started in a second
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,
    /// The response timeout of each attempt, in seconds; 5 or more
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(5..))]
    pub response_timeout: u64,
    /// Determines the calls and their faults
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub seed: u64,
    /// Write the samples of the host's memory to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw the host's memory as an SVG file
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}

impl SoakArgs {
    /// Returns how long calls are started.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(60 * self.minutes))
    }

    /// Returns the name of the host in the report.
    pub fn host_name(&self) -> &str {
        match (&self.name, &self.host) {
            (Some(name), _) => name,
            (None, SoakHost::Reference) => "the reference host",
            (None, SoakHost::Url(url)) => url,
        }
    }
}

/// The host of a soak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoakHost {
    /// The reference host, in a process of its own.
    Reference,
    /// A host that runs already.
    Url(String),
}

impl FromStr for SoakHost {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "reference" => Self::Reference,
            url => Self::Url(url.to_owned()),
        })
    }
}

/// Arguments of `soak-host`.
#[derive(Debug, Args)]
pub struct SoakHostArgs {
    #[arg(long)]
    pub component: PathBuf,
    /// A URL that the component may reach; may be repeated
    #[arg(long)]
    pub allow: Vec<String>,
}

/// Arguments of a child process that runs one side.
#[derive(Debug, Args)]
pub struct SideArgs {
    #[arg(long, value_enum)]
    pub side: Side,
    #[arg(long)]
    pub url: String,
    #[arg(long)]
    pub component: PathBuf,
}

/// Arguments of `in-flight`.
#[derive(Debug, Args)]
pub struct InFlightArgs {
    #[command(flatten)]
    pub side: SideArgs,
    #[arg(long)]
    pub calls: usize,
}

/// Arguments of `peer`.
#[derive(Debug, Args)]
pub struct PeerArgs {
    #[command(flatten)]
    pub side: SideArgs,
    #[arg(long)]
    pub workers: usize,
    /// The folder with an event of each length
    #[arg(long)]
    pub payloads: PathBuf,
}

/// Arguments of `first-answer`.
#[derive(Debug, Args)]
pub struct FirstAnswerArgs {
    #[command(flatten)]
    pub peer: PeerArgs,
    /// Compile the component, instead of using compiled code
    #[arg(long)]
    pub compile: bool,
}

/// The side that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The component in its host.
    Ours,
    /// AWS's SDK for Rust.
    Native,
}

impl Side {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Native => "native",
        }
    }
}
