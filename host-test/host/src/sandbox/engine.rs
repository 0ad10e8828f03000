//! The wasmtime engine and the clock that interrupts it.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use wasmtime::{
    Cache, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};

use super::options::Options;

/// How often a running component is interrupted to let others run.
const TICK: Duration = Duration::from_millis(10);

/// A component has one memory and a few small core modules around it.
const CORE_INSTANCES_PER_CALL: u32 = 8;
const TABLES_PER_CALL: u32 = 4;

/// Kept mapped when a place in the pool is given back: cheaper to clear than to map again. It is
/// what a call with a small payload writes to, as the connector's memory begins with its stack.
/// Where the kernel tells which pages were written (Linux 6.7), only those are cleared.
const MEMORY_KEPT: usize = 256 << 10;
/// The same for tables, which are far smaller.
const TABLE_KEPT: usize = 16 << 10;

/// Where instances get their memory from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    /// Places reserved beforehand and used again.
    Pooling,
    /// Memory mapped for each call, since the places could not be reserved. Slower, otherwise the
    /// same.
    OnDemand {
        /// Why: usually a limit on address space (`ulimit -v`, a container's), which the pool
        /// reserves generously and does not use.
        reason: String,
    },
}

/// Whether components may have `async` functions. What wasmtime keeps books of for them is a tenth
/// of a small call's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Functions {
    /// As with WASI 0.2.
    Sync,
    /// Those too, as with WASI 0.3.
    Async,
}

/// An engine with pooled memory, or without where the machine does not give the address space.
pub fn build(options: &Options, functions: Functions) -> wasmtime::Result<(Engine, Allocation)> {
    let reason = match pooling(options, functions).map(|config| Engine::new(&config)) {
        Some(Ok(engine)) => return Ok((engine, Allocation::Pooling)),
        Some(Err(error)) => format!("{error:#}"),
        None => "the limits are too large for a pool".to_owned(),
    };
    tracing::warn!("no pooling allocator, memory is mapped for each call: {reason}");
    let engine = Engine::new(&config(options, functions))?;
    Ok((engine, Allocation::OnDemand { reason }))
}

fn config(options: &Options, functions: Functions) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(functions == Functions::Async)
        // A memory's initial content is a copy-on-write image: no bytes are copied per call.
        .memory_init_cow(true);
    if options.keep_compiled {
        match Cache::from_file(None) {
            Ok(cache) => {
                config.cache(Some(cache));
            }
            Err(error) => tracing::debug!("compiled code is not kept: {error:#}"),
        }
    }
    config
}

fn pooling(options: &Options, functions: Functions) -> Option<Config> {
    let calls = options.max_calls;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.checked_mul(CORE_INSTANCES_PER_CALL)?)
        .total_memories(calls)
        .total_tables(calls.checked_mul(TABLES_PER_CALL)?)
        .total_stacks(calls)
        .max_memory_size(options.memory_limit)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        .pagemap_scan(Enabled::Auto);
    let mut config = config(options, functions);
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
