//! The commands, their arguments and their help.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_lambda_connector_host::bindings::executions::ExecutionStatus;
use aws_lambda_connector_host::caller::ScopeMode;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use host_test::json::WitName;

use super::times::Milliseconds;

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

Exit codes: 0 success, 1 error, 2 wrong usage, 3 the function ran and failed. A wait for an \
execution also exits with 4 if it has not ended in time, and with 130 after Ctrl-C.";

const SEE_PROGRAM_HELP: &str = "`lambda-connector --help` describes credentials and exit codes.";
/// clap's template without the empty line between its first two parts, so that the help of `invoke` fits
/// on one screen.
const INVOKE_HELP: &str = "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}";
const SEE_POLICY_HELP: &str = "\
`lambda-connector policy --executions` prints the IAM policy that this needs, and
`lambda-connector --help` describes credentials and exit codes.";

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
    #[command(after_help = SEE_PROGRAM_HELP, help_template = INVOKE_HELP)]
    Invoke(InvokeArgs),
    /// List the functions of an account and region
    #[command(after_help = SEE_PROGRAM_HELP)]
    List(ListArgs),
    /// List the aliases and versions of a function
    #[command(after_help = SEE_PROGRAM_HELP)]
    Qualifiers(QualifiersArgs),
    /// Read durable executions, wait for one, or stop it
    #[command(after_help = SEE_POLICY_HELP)]
    Executions {
        /// What to do
        #[command(subcommand)]
        command: ExecutionsCommand,
    },
    /// Answer a callback that a durable execution waits for
    #[command(after_help = SEE_POLICY_HELP)]
    Callback {
        /// The answer
        #[command(subcommand)]
        command: CallbackCommand,
    },
    /// Run the local Lambda until Ctrl-C, and print the variables that point to it
    Serve(ServeArgs),
    /// Serve a page on this machine that draws the connector's forms and runs its cards
    Studio(StudioArgs),
    /// Print the IAM policy that a call of these functions needs
    Policy(PolicyArgs),
    /// Show the component's file, size, digest, imports and exports, or precompile it
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
            Self::Executions { command } => command.target().json,
            Self::Callback { command } => command.callback().target.json,
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
#[derive(Debug, Clone, Default, Args)]
pub struct ComponentPath {
    /// Component to load instead of the built-in one
    #[arg(long, value_name = "PATH")]
    component: Option<PathBuf>,
}

impl ComponentPath {
    /// Returns the component of the argument, or the built-in one for WASI 0.2.
    pub fn path(&self) -> &Path {
        self.path_or(built_component::P2)
    }

    /// Returns the component of the argument, or the built-in one for WASI 0.3, which can stream.
    pub fn path_for_streaming(&self) -> &Path {
        self.path_or(built_component::P3)
    }

    fn path_or<'a>(&'a self, built_in: &'a str) -> &'a Path {
        self.component.as_deref().unwrap_or(Path::new(built_in))
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
    /// Write the compiled code to this file, for hosts on machines of this kind
    #[arg(long, value_name = "PATH")]
    pub precompile: Option<PathBuf>,
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
#[command(group = ArgGroup::new("streamed").args(["stream", "response_mode"]))]
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
    /// Write the output to standard output while it arrives
    #[arg(long, conflicts_with_all = ["json", "response_mode", "max_response_bytes"])]
    pub stream: bool,
    /// `buffered` (default), or `streamed` for up to 200 MiB
    #[arg(long, value_enum, value_name = "MODE", hide_possible_values = true)]
    pub response_mode: Option<ResponseMode>,
    /// Largest response [default: 6291556; 16777216 if streamed]
    #[arg(long, value_name = "N")]
    pub max_response_bytes: Option<u32>,
    /// Print the prelude for a function URL to standard error
    #[arg(long, requires = "streamed")]
    pub split_prelude: bool,
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
pub struct DeliveryArgs {
    /// Attempts, 1 to 10 [default: 3]
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<u8>,
    /// Limit for connecting [default: 3100]
    #[arg(long, value_name = "MS")]
    pub connect_timeout_ms: Option<u32>,
    /// Response limit [default: 1815000; 30000 without response]
    #[arg(long, value_name = "MS")]
    pub response_timeout_ms: Option<u32>,
    /// Retry after an unknown outcome: running twice is safe
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

/// How a response arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResponseMode {
    Buffered,
    Streamed,
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

/// Commands about durable executions.
#[derive(Debug, Subcommand)]
pub enum ExecutionsCommand {
    /// List the executions of a function, newest first
    #[command(after_help = SEE_POLICY_HELP)]
    List(ListExecutionsArgs),
    /// Read one execution; the exit code is 0 for every status
    #[command(after_help = SEE_POLICY_HELP)]
    Get(ExecutionArgs),
    /// Wait until an execution has ended, and print its result
    #[command(after_help = WAIT_EXIT_CODES)]
    Wait(WaitArgs),
    /// List what happened in an execution, oldest first
    #[command(after_help = SEE_POLICY_HELP)]
    History(HistoryArgs),
    /// Stop an execution
    #[command(after_help = SEE_POLICY_HELP)]
    Stop(StopArgs),
}

const WAIT_EXIT_CODES: &str = "\
Exit codes: 0 it succeeded, 3 it failed, timed out or was stopped, 4 it has not ended in time,
130 Ctrl-C ended the wait, 1 any other error. The execution continues after a wait.";

impl ExecutionsCommand {
    fn target(&self) -> &TargetArgs {
        match self {
            Self::List(args) => &args.target,
            Self::Get(args) => &args.target,
            Self::Wait(args) => &args.target,
            Self::History(args) => &args.target,
            Self::Stop(args) => &args.target,
        }
    }
}

/// One page of a list.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// At most this many rows, 1 to 1000 [default: 100]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Arguments of `executions list`.
#[derive(Debug, Args)]
pub struct ListExecutionsArgs {
    /// Name or ARN
    pub function: String,
    /// Only executions of this version or alias
    #[arg(long, value_name = "Q")]
    pub qualifier: Option<String>,
    /// Only executions of this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Only executions in this status, for example `running`; repeatable
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<Status>,
    /// Only executions that started after this time, such as 2026-11-28T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub started_after: Option<Milliseconds>,
    /// Only executions that started before this time
    #[arg(long, value_name = "TIME")]
    pub started_before: Option<Milliseconds>,
    /// Begin with the oldest execution
    #[arg(long)]
    pub oldest_first: bool,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// A status to list, by its name here or by that of Lambda.
#[derive(Debug, Clone)]
pub struct Status(pub ExecutionStatus);

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [
            ExecutionStatus::Running,
            ExecutionStatus::Pausing,
            ExecutionStatus::Paused,
            ExecutionStatus::Succeeded,
            ExecutionStatus::Failed,
            ExecutionStatus::TimedOut,
            ExecutionStatus::Stopped,
            ExecutionStatus::Deleting,
        ];
        let name = text.replace('_', "-").to_ascii_lowercase();
        let names = known.each_ref().map(WitName::wit_name);
        if let Some((status, _)) = known.into_iter().zip(&names).find(|(_, it)| **it == name) {
            return Ok(Self(status));
        }
        let is_lambdas = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        if !text.is_empty() && text.bytes().all(is_lambdas) {
            return Ok(Self(ExecutionStatus::Other(text.to_owned())));
        }
        Err(format!(
            "it must be one of {}, or another status in capitals, as Lambda spells it",
            names.join(", ")
        ))
    }
}

/// Arguments of `executions get`.
#[derive(Debug, Args)]
pub struct ExecutionArgs {
    /// ARN of the execution
    pub arn: String,
    /// Leave out its input, and its result or failure
    #[arg(long)]
    pub no_data: bool,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `executions wait`.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// ARN of the execution
    pub arn: String,
    /// Stop waiting after this time [default: wait until the execution ends]
    #[arg(long, value_name = "N")]
    pub timeout_seconds: Option<u64>,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `executions history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// ARN of the execution
    pub arn: String,
    /// Include inputs, results and failures
    #[arg(long)]
    pub with_data: bool,
    /// Begin with the newest event
    #[arg(long)]
    pub newest_first: bool,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// The failure to record.
#[derive(Debug, Args)]
pub struct FailureArgs {
    /// Type of the failure to record
    #[arg(long, value_name = "TEXT")]
    pub error_type: Option<Hidden>,
    /// Message of the failure to record
    #[arg(long, value_name = "TEXT")]
    pub error_message: Option<Hidden>,
    /// Data of the failure to record
    #[arg(long, value_name = "TEXT")]
    pub error_data: Option<Hidden>,
}

/// Arguments of `executions stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// ARN of the execution
    pub arn: String,
    #[command(flatten)]
    pub failure: FailureArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Answers to a callback.
#[derive(Debug, Subcommand)]
pub enum CallbackCommand {
    /// Complete a callback with a result
    #[command(after_help = SEE_POLICY_HELP)]
    Succeed(SucceedArgs),
    /// Complete a callback with a failure
    #[command(after_help = SEE_POLICY_HELP)]
    Fail(FailArgs),
    /// Extend the timeout of a callback
    #[command(after_help = SEE_POLICY_HELP)]
    Heartbeat(CallbackArgs),
}

impl CallbackCommand {
    fn callback(&self) -> &CallbackArgs {
        match self {
            Self::Succeed(args) => &args.callback,
            Self::Fail(args) => &args.callback,
            Self::Heartbeat(callback) => callback,
        }
    }
}

/// The callback, and who answers it.
#[derive(Debug, Args)]
pub struct CallbackArgs {
    /// ID of the callback; the history of the execution contains it
    pub id: String,
    /// Name or ARN of the function that waits, which limits the key to it
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `callback succeed`.
#[derive(Debug, Args)]
pub struct SucceedArgs {
    /// Result, JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "result_file")]
    pub result: Option<Hidden>,
    /// Read the result from a file, as JSON text or other bytes; `-` is standard
    /// input
    #[arg(long, value_name = "PATH")]
    pub result_file: Option<PathBuf>,
    #[command(flatten)]
    pub callback: CallbackArgs,
}

/// Arguments of `callback fail`.
#[derive(Debug, Args)]
pub struct FailArgs {
    #[command(flatten)]
    pub failure: FailureArgs,
    #[command(flatten)]
    pub callback: CallbackArgs,
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
        for line in [
            "x invoke f --payload hunter2 --client-context hunter2 --endpoint http://u:hunter2@h",
            "x executions stop a --error-type hunter2 --error-message hunter2 --error-data hunter2",
            "x callback fail a --error-type hunter2 --error-message hunter2 --error-data hunter2",
            "x callback succeed a --result hunter2",
        ] {
            let cli = Cli::parse_from(line.split(' '));
            let shown = format!("{cli:?} {cli:#?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn status_is_read_by_either_name() {
        for (text, expected) in [
            ("running", Some("running")),
            ("timed-out", Some("timed-out")),
            ("TIMED_OUT", Some("timed-out")),
            ("REVIEWING", Some("REVIEWING")),
            ("reviewing", None),
            ("", None),
        ] {
            let read = text.parse::<Status>();
            let name = read.as_ref().ok().map(|status| status.0.wit_name());
            assert_eq!(name.as_deref(), expected, "{text}");
            if let Err(error) = read {
                assert!(error.contains("timed-out"), "{error}");
            }
        }
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
        assert!(SEE_POLICY_HELP.contains(PROGRAM));
    }
}
