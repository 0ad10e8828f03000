//! What can be asked for, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const CREDENTIALS_AND_EXIT_CODES: &str = "\
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else from the \
profile that AWS_PROFILE names, else from the profile `default` of the shared files (~/.aws/config \
and ~/.aws/credentials, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE), else from \
AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN. A profile named by --profile comes before the \
variables; one with role_arn leads to the role's temporary keys. They are never arguments: other \
users can see those. The component gets the day's signing key only.

Exit codes: 0 success, 1 error, 2 wrong usage, 3 the function ran and failed.";

/// Runs the AWS Lambda connector, a WebAssembly component, and a local Lambda to try it on.
#[derive(Debug, Parser)]
#[command(name = "host-test", version, after_help = CREDENTIALS_AND_EXIT_CODES)]
pub struct Cli {
    /// Without one: demo
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a local Lambda, list its functions, invoke one that works and one that fails
    Demo(DemoArgs),
    /// Invoke a function and print what it returned
    #[command(after_help = CREDENTIALS_AND_EXIT_CODES)]
    Invoke(InvokeArgs),
    /// List the functions of an account and region
    #[command(after_help = CREDENTIALS_AND_EXIT_CODES)]
    List(ListArgs),
    /// List the aliases and versions of a function
    #[command(after_help = CREDENTIALS_AND_EXIT_CODES)]
    Qualifiers(QualifiersArgs),
    /// Run the local Lambda until Ctrl-C, and print the variables that lead to it
    Serve(ServeArgs),
    /// Serve a page on this machine that draws the connector's forms and runs its cards
    Studio(StudioArgs),
    /// Show the component's file, size, digest, imports and exports
    Component(ComponentArgs),
}

impl Default for Command {
    fn default() -> Self {
        Self::Demo(DemoArgs::default())
    }
}

impl Command {
    /// Whether even an error is to be JSON on standard output.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Invoke(args) => args.target.json,
            Self::List(args) => args.target.json,
            Self::Qualifiers(args) => args.target.json,
            Self::Component(args) => args.json,
            Self::Demo(_) | Self::Serve(_) | Self::Studio(_) => false,
        }
    }
}

/// Which component is loaded.
#[derive(Debug, Clone, Args)]
pub struct ComponentPath {
    /// The component to load, in place of the one built with this program
    #[arg(long, value_name = "PATH", default_value = built_component::P2, hide_default_value = true)]
    pub component: PathBuf,
}

impl Default for ComponentPath {
    fn default() -> Self {
        Self {
            component: PathBuf::from(built_component::P2),
        }
    }
}

/// Arguments of `demo`.
#[derive(Debug, Default, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    pub component: ComponentPath,
}

/// Arguments of `component`.
#[derive(Debug, Args)]
pub struct ComponentArgs {
    #[command(flatten)]
    pub component: ComponentPath,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// So many functions more than the built-in ones; each returns its event
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub extra_functions: usize,
}

/// Arguments of `studio`.
#[derive(Debug, Args)]
pub struct StudioArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Let the component reach one more destination; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub component: ComponentPath,
}

/// Where Lambda is and who is calling.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the function ARN's]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// `fips`, `dual-stack`, `fips-dual-stack` or a URL, whose host is then allowed [default:
    /// AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the profile's, the region's own]
    #[arg(long, value_name = "URL|KIND")]
    pub endpoint: Option<String>,
    /// Profile of the shared files; comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Send requests unsigned: what answers at --endpoint signs them
    #[arg(long, conflicts_with = "profile")]
    pub host_signed: bool,
    /// Let the component reach one more destination; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub component: ComponentPath,
    /// Print one JSON document: {"ok": ...} or {"error": {"<case>": ...}}
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `invoke`.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    /// Name, partial ARN or full ARN, each with or without `:qualifier`
    pub function: String,
    /// The function's input, JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "payload_file")]
    pub payload: Option<String>,
    /// Read the input from a file; `-` is standard input
    #[arg(long, value_name = "PATH")]
    pub payload_file: Option<PathBuf>,
    /// Version, alias, `$LATEST` or `$LATEST.PUBLISHED`
    #[arg(long, value_name = "Q")]
    pub qualifier: Option<String>,
    /// Wait for the response, only queue the event, or only check that it could be invoked
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub invocation_type: Option<InvocationType>,
    /// Show the end of the execution log
    #[arg(long)]
    pub log: bool,
    /// Client context, a JSON object
    #[arg(long, value_name = "JSON")]
    pub client_context: Option<String>,
    /// Tenant, for functions with tenant isolation
    #[arg(long, value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Name of the execution, for durable functions
    #[arg(long, value_name = "NAME")]
    pub durable_execution_name: Option<String>,
    /// X-Ray trace to continue
    #[arg(long, value_name = "ID")]
    pub trace_id: Option<String>,
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// How patient and how persistent the call is.
#[derive(Debug, Args)]
pub struct DeliveryArgs {
    /// Attempts in all, 1 to 10 [default: 3]
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<u8>,
    /// Limit for making a connection [default: 3100]
    #[arg(long, value_name = "MS")]
    pub connect_timeout_ms: Option<u32>,
    /// Limit for the first byte of an answer [default: 915000 when waiting for a response, else
    /// 30000]
    #[arg(long, value_name = "MS")]
    pub response_timeout_ms: Option<u32>,
    /// The function may safely run twice: try again even if it may have run
    #[arg(long)]
    pub idempotent: bool,
}

/// Lambda's invocation types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only functions whose name contains this, ignoring case
    #[arg(long, value_name = "TEXT")]
    pub name_contains: Option<String>,
    /// Every published version beside `$LATEST`
    #[arg(long)]
    pub all_versions: bool,
    /// At most this many rows, 1 to 10000 [default: 50]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Where the page before ended
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `qualifiers`.
#[derive(Debug, Args)]
pub struct QualifiersArgs {
    /// Name or ARN
    pub function: String,
    #[command(flatten)]
    pub target: TargetArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_fault() {
        Cli::command().debug_assert();
    }
}
