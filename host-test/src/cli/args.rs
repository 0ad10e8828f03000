//! The commands, their arguments and their help.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use aws_lambda_connector_host::caller::ScopeMode;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The name of the program, as users type it.
pub const PROGRAM: &str = "lambda-connector";

const CREDENTIALS_AND_EXIT_CODES: &str = "\
Credentials are read from the first of these that has any:
  1. the profile that --profile names
  2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
  3. the profile that AWS_PROFILE names, or `default`, in ~/.aws/config and ~/.aws/credentials
     (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name other files)
  4. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN
A profile with role_arn leads to the temporary keys of that role. Keys are never arguments, because \
other users of the machine can read those. Lambda is called with a signing key of the day that may \
make this call only.

Exit codes: 0 success, 1 error, 2 wrong usage, 3 the function ran and failed.";

const SEE_PROGRAM_HELP: &str = "`lambda-connector --help` describes credentials and exit codes.";

/// Runs the AWS Lambda connector, a WebAssembly component, and a local Lambda to try it on.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, after_help = CREDENTIALS_AND_EXIT_CODES)]
pub struct Cli {
    /// The default is `demo`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a local Lambda, list its functions, invoke one that works and one that fails
    Demo(DemoArgs),
    /// Invoke a function and print what it returned
    #[command(after_help = SEE_PROGRAM_HELP)]
    Invoke(InvokeArgs),
    /// List the functions of an account and region
    #[command(after_help = SEE_PROGRAM_HELP)]
    List(ListArgs),
    /// List the aliases and versions of a function
    #[command(after_help = SEE_PROGRAM_HELP)]
    Qualifiers(QualifiersArgs),
    /// Run the local Lambda until Ctrl-C, and print the variables that point to it
    Serve(ServeArgs),
    /// Serve a page on this machine that draws the connector's forms and runs its cards
    Studio(StudioArgs),
    /// Print the IAM policy that a call of these functions needs
    Policy(PolicyArgs),
    /// Show the component's file, size, digest, imports and exports
    Component(ComponentArgs),
    /// Print the shell completions of this program
    Completions {
        /// The shell that reads them
        shell: clap_complete::Shell,
    },
}

impl Default for Command {
    fn default() -> Self {
        Self::Demo(DemoArgs::default())
    }
}

impl Command {
    /// Returns whether standard output is JSON, errors included.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Invoke(args) => args.target.json,
            Self::List(args) => args.target.json,
            Self::Qualifiers(args) => args.target.json,
            Self::Component(args) => args.json,
            Self::Demo(_)
            | Self::Serve(_)
            | Self::Studio(_)
            | Self::Policy(_)
            | Self::Completions { .. } => false,
        }
    }
}

/// An argument that can contain a secret. Its `Debug` output does not.
#[derive(Clone)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl FromStr for Hidden {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// The component that is loaded.
#[derive(Debug, Clone, Args)]
pub struct ComponentPath {
    /// Component to load instead of the built-in one
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
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Number of functions to add to the built-in ones; each returns its event
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub extra_functions: usize,
}

/// Which keys the component receives.
#[derive(Debug, Clone, Copy, Args)]
pub struct ScopeArgs {
    /// Key limited to the call: `prefer` (default), `require` or `off`
    #[arg(
        long = "scope",
        value_enum,
        value_name = "MODE",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    mode: Scope,
    #[arg(long, conflicts_with = "mode", hide = true)]
    no_scope: bool,
}

/// Whether the component's key is limited to its call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Scope {
    #[default]
    Prefer,
    Require,
    Off,
}

impl ScopeArgs {
    /// Returns the mode for the host.
    pub fn mode(self) -> ScopeMode {
        match self.mode {
            _ if self.no_scope => ScopeMode::Off,
            Scope::Prefer => ScopeMode::Prefer,
            Scope::Require => ScopeMode::Require,
            Scope::Off => ScopeMode::Off,
        }
    }
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// Names or ARNs of the functions that may be invoked, with all versions and
    /// aliases; repeatable
    #[arg(long, value_name = "NAME", num_args = 1.., required_unless_present = "list")]
    pub function: Vec<String>,
    /// Allow listing functions, aliases and versions
    #[arg(long)]
    pub list: bool,
    /// Allow reading, listing and stopping the functions' durable executions, and
    /// completing their callbacks
    #[arg(long, requires = "function")]
    pub executions: bool,
    /// Region of names without one [default: every region of the partition `aws`]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Account of names without one, 12 digits [default: every account]
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Leave out sts:GetScopedCredentials, which access keys need to be limited to
    /// one call
    #[arg(long)]
    pub no_scope: bool,
}

/// Arguments of `studio`.
#[derive(Debug, Args)]
pub struct StudioArgs {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Additional destination that the component may reach; repeatable
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub scope: ScopeArgs,
    #[command(flatten)]
    pub component: ComponentPath,
}

/// The endpoint, the caller and the form of the output.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection and output")]
pub struct TargetArgs {
    /// AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, profile, ARN]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// `fips`, `dual-stack`, `fips-dual-stack` or a URL, whose host is then
    /// allowed [default: AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, profile]
    #[arg(long, value_name = "URL|KIND")]
    pub endpoint: Option<Hidden>,
    /// URL of a local emulator, whose host is then allowed; never AWS
    #[arg(long, value_name = "URL", conflicts_with = "endpoint")]
    pub emulator: Option<Hidden>,
    /// Profile of the shared files; overrides keys in the environment
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Send requests unsigned, for a signing proxy at --endpoint
    #[arg(long, conflicts_with = "profile")]
    pub host_signed: bool,
    /// Additional destination that the component may reach; repeatable
    #[arg(long, value_name = "HOST[:PORT]")]
    pub allow: Vec<String>,
    #[command(flatten)]
    pub scope: ScopeArgs,
    #[command(flatten)]
    pub component: ComponentPath,
    /// Print one JSON document: `{"ok": …}` or `{"error": {"<case>": …}}`
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `invoke`.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    /// Name, partial ARN or full ARN, with or without `:qualifier`
    pub function: String,
    /// Input of the function, JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "payload_file")]
    pub payload: Option<Hidden>,
    /// Read the input from a file; `-` is standard input
    #[arg(long, value_name = "PATH")]
    pub payload_file: Option<PathBuf>,
    /// Version, alias, `$LATEST` or `$LATEST.PUBLISHED`
    #[arg(long, value_name = "Q")]
    pub qualifier: Option<String>,
    /// `request-response` (default), `event` or `dry-run`
    #[arg(
        long = "type",
        value_enum,
        value_name = "TYPE",
        hide_possible_values = true
    )]
    pub invocation_type: Option<InvocationType>,
    /// Print the end of the execution log
    #[arg(long)]
    pub log: bool,
    /// Client context, a JSON object
    #[arg(long, value_name = "JSON")]
    pub client_context: Option<Hidden>,
    /// Tenant, for functions with tenant isolation
    #[arg(long, value_name = "ID")]
    pub tenant_id: Option<String>,
    /// Name of the execution, for durable functions
    #[arg(long, value_name = "NAME")]
    pub durable_execution_name: Option<String>,
    /// X-Ray trace to continue, or a W3C `traceparent`
    #[arg(long, value_name = "ID")]
    pub trace_id: Option<String>,
    /// Request ID of the invocation, a new one for each call
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<String>,
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Retries and time limits.
#[derive(Debug, Args)]
#[command(next_help_heading = "Retries and time limits")]
pub struct DeliveryArgs {
    /// Attempts, 1 to 10 [default: 3]
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<u8>,
    /// Limit for connecting [default: 3100]
    #[arg(long, value_name = "MS")]
    pub connect_timeout_ms: Option<u32>,
    /// Limit for the response [default: 1815000; 30000 for event and dry-run]
    #[arg(long, value_name = "MS")]
    pub response_timeout_ms: Option<u32>,
    /// The function may safely run twice: retry after an unknown outcome
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
    /// Every published version and `$LATEST`
    #[arg(long)]
    pub all_versions: bool,
    /// At most this many rows, 1 to 10000 [default: 50]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// `next` of the previous page
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
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let line =
            "x invoke f --payload hunter2 --client-context hunter2 --endpoint http://u:hunter2@h";
        let cli = Cli::parse_from(line.split(' '));
        let shown = format!("{cli:?} {cli:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn scope_is_preferred_unless_an_argument_changes_it() {
        for (arguments, mode) in [
            ("x list", ScopeMode::Prefer),
            ("x list --scope prefer", ScopeMode::Prefer),
            ("x list --scope require", ScopeMode::Require),
            ("x list --scope off", ScopeMode::Off),
            ("x list --no-scope", ScopeMode::Off),
        ] {
            let cli = Cli::parse_from(arguments.split(' '));
            let Some(Command::List(list)) = cli.command else {
                panic!("{cli:?}");
            };
            assert_eq!(list.target.scope.mode(), mode, "{arguments}");
        }
        let both = "x list --scope require --no-scope";
        assert!(Cli::try_parse_from(both.split(' ')).is_err());
    }

    #[test]
    fn help_refers_to_the_program_by_its_name() {
        assert!(SEE_PROGRAM_HELP.contains(PROGRAM));
    }
}
