//! The wasmtime engine and the clock that interrupts it.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::options::Options;

/// How often a running component is interrupted so that other tasks can run.
const TICK: Duration = Duration::from_millis(10);

/// A component has one memory and a few small core modules around it.
const CORE_INSTANCES_PER_CALL: u32 = 8;
const TABLES_PER_CALL: u32 = 4;

/// Bytes of tables that stay mapped when their slot returns to the pool. Tables are small.
const TABLE_KEPT: usize = 16 << 10;

/// How instances get their memory.
///
/// ```
/// use std::path::Path;
///
/// use aws_lambda_connector_host::sandbox::{Allocation, Options, Sandbox};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let options = Options { keep_compiled: true, ..Options::default() };
/// let sandbox = Sandbox::load(Path::new(built_component::P2), options)?;
/// if let Allocation::OnDemand { reason } = sandbox.allocation() {
///     eprintln!("calls are slower than they could be: {reason}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    /// Memory is reserved at startup and reused.
    Pooling,
    /// Memory is mapped for each call, because the pool could not be reserved. Calls are slower but
    /// otherwise the same.
    OnDemand {
        /// The reason, usually a limit on address space (`ulimit -v`, or that of a container). The
        /// pool reserves far more address space than it uses.
        reason: String,
    },
}

/// Whether components may have `async` functions. wasmtime's bookkeeping for them takes a tenth of
/// a small call's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Functions {
    /// Only synchronous functions, as in WASI 0.2.
    Sync,
    /// Synchronous and `async` functions, as in WASI 0.3.
    Async,
}

/// Builds an engine with pooled memory, or without it if the machine does not grant the address
/// space.
pub fn build(options: &Options, functions: Functions) -> wasmtime::Result<(Engine, Allocation)> {
    let reason = match pooling(options, functions).map(|config| Engine::new(&config)) {
        Some(Ok(engine)) => return Ok((engine, Allocation::Pooling)),
        Some(Err(error)) => format!("{error:#}"),
        None => "the limits are too large for a pool".to_owned(),
    };
    tracing::warn!("memory is mapped for each call, because the pool is not available: {reason}");
    let engine = Engine::new(&config(functions))?;
    Ok((engine, Allocation::OnDemand { reason }))
}

fn config(functions: Functions) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(functions == Functions::Async)
        // Copy-on-write images of the initial memory avoid a copy for each call.
        .memory_init_cow(true);
    config
}

fn pooling(options: &Options, functions: Functions) -> Option<Config> {
    let calls = options.max_calls;
    // If the kernel reports which pages were written (Linux 6.7), only those are cleared.
    let kept = options.memory_kept / usize::try_from(calls.max(1)).ok()?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.checked_mul(CORE_INSTANCES_PER_CALL)?)
        .total_memories(calls)
        .total_tables(calls.checked_mul(TABLES_PER_CALL)?)
        .total_stacks(calls)
        .max_memory_size(options.memory_limit)
        .linear_memory_keep_resident(kept)
        .table_keep_resident(TABLE_KEPT)
        .pagemap_scan(Enabled::Auto);
    let mut config = config(functions);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Some(config)
}

/// A thread that advances the engine's epoch. It ends when this value is dropped.
pub struct Ticker {
    _stop: mpsc::Sender<()>,
}

impl Ticker {
    /// Starts the thread.
    pub fn start(engine: &Engine) -> io::Result<Self> {
        let engine = engine.weak();
        let (stop, stopped) = mpsc::channel::<()>();
        thread::Builder::new()
            .name("wasm-epoch".to_owned())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })?;
        Ok(Self { _stop: stop })
    }
}
