//! Limits of a component.

use std::path::PathBuf;
use std::time::Duration;

use crate::outbound::OutboundOptions;

/// The longest run of a Lambda function, plus a margin.
const LONGEST_RUN: Duration = Duration::from_secs(31 * 60);

/// Limits of a component, and how it connects.
///
/// ```
/// use std::time::Duration;
///
/// use aws_lambda_connector_host::sandbox::Options;
///
/// let options = Options {
///     memory_limit: 32 << 20,
///     call_timeout: Duration::from_secs(60),
///     ..Options::default()
/// };
/// assert_eq!(options.cpu_budget, Duration::from_secs(10));
/// assert_eq!(options.max_calls, 1000);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// The linear memory of an instance, in bytes. Default: 64 MiB. A call with the largest payload
    /// in both directions needs less than 16 MiB.
    pub memory_limit: usize,
    /// The memory that stays mapped between calls, in bytes. Each of the `max_calls` slots keeps an equal
    /// part. A call that writes to more than that part maps pages, and may take twice the processor
    /// time. Default: 256 MiB, which is 262 KiB for each of 1000 slots, or 16 MiB for each of 16.
    pub memory_kept: usize,
    /// The duration of a whole call, including waits. Default: 31 minutes, which is the longest run
    /// of a Lambda function plus a margin. A streamed response must begin within it. From then on, it
    /// limits each wait for the next bytes, and `stream_timeout` limits the whole.
    pub call_timeout: Duration,
    /// The duration of a streamed response from its head to its end. The pauses of its reader count.
    /// Default: 31 minutes.
    pub stream_timeout: Duration,
    /// The CPU time of a call. Waiting does not count. It is checked every 10 ms. Default: 10 s.
    pub cpu_budget: Duration,
    /// The number of concurrent calls. A further call waits for a slot while its call timeout runs.
    /// Default: 1000.
    pub max_calls: u32,
    /// The number of calls that run at a time in one [`SharedInstance`](super::SharedInstance).
    /// Further calls wait in order of arrival. A call that waits for a response keeps its place.
    /// Default: 100.
    pub calls_per_instance: u32,
    /// How long a call waits for its place in a [`SharedInstance`](super::SharedInstance), before it
    /// has sent anything. Default: 60 s.
    pub admission_timeout: Duration,
    /// How connections are opened and kept.
    pub outbound: OutboundOptions,
    /// Keeps compiled code in the user's cache directory, in the folder `aws-lambda-connector/compiled`
    /// (`$XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on
    /// Windows). The next process starts without the time and memory of compiling. Code that is
    /// outdated or damaged is compiled again, and the 16 newest files remain.
    /// [`Sandbox::code`](super::Sandbox::code) reports what happened.
    ///
    /// Only this user and root may be able to write to that folder and to the ones above it: what
    /// they contain runs in this process, outside of the sandbox. The folder is created so. Default:
    /// false.
    pub keep_compiled: bool,
    /// The file with the compiled code of the component, as
    /// [`Sandbox::compiled_code`](super::Sandbox::compiled_code) returned it. Nothing is compiled: code
    /// of another component, of another version of wasmtime, for another kind of processor, or with a
    /// changed byte is an error. Default: none.
    ///
    /// Only those who may run code in this process may be able to write the file and to replace it in
    /// its folder, as for a program's own file. The checks detect accidents. They do not detect a
    /// file that was made to pass them.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use aws_lambda_connector_host::host::Host;
    /// use aws_lambda_connector_host::sandbox::Options;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = Options {
    ///     precompiled: Some("connector.code".into()),
    ///     max_calls: 16,
    ///     ..Options::default()
    /// };
    /// let host = Host::new(Path::new("aws-lambda-connector.wasm"), options)?;
    /// # Ok(())
    /// # }
    /// ```
    pub precompiled: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory_limit: 64 << 20,
            memory_kept: 256 << 20,
            call_timeout: LONGEST_RUN,
            stream_timeout: LONGEST_RUN,
            cpu_budget: Duration::from_secs(10),
            max_calls: 1000,
            calls_per_instance: 100,
            admission_timeout: Duration::from_secs(60),
            outbound: OutboundOptions::default(),
            keep_compiled: false,
            precompiled: None,
        }
    }
}
