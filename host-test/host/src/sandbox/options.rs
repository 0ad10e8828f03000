//! What a component may use.

use std::time::Duration;

use crate::outbound::OutboundOptions;

/// What a component may use, and how its connections are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Linear memory, in bytes. Default 64 MiB; the largest payload both ways needs about 32.
    pub memory_limit: usize,
    /// A whole call, waits included. Default 16 minutes: Lambda's longest run, and a margin.
    pub call_timeout: Duration,
    /// Time that a call may run rather than wait. Default 10 s.
    pub cpu_budget: Duration,
    /// Calls at once; the next one waits, and its call time-out runs. Default 1000.
    pub max_calls: u32,
    /// Connections to Lambda.
    pub outbound: OutboundOptions,
    /// Keep compiled code in wasmtime's cache, a folder of the user's, for the next process: it
    /// starts at once, and without the memory that compiling takes. Who can write there decides
    /// what runs here. Default false.
    pub keep_compiled: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory_limit: 64 << 20,
            call_timeout: Duration::from_secs(16 * 60),
            cpu_budget: Duration::from_secs(10),
            max_calls: 1000,
            outbound: OutboundOptions::default(),
            keep_compiled: false,
        }
    }
}
