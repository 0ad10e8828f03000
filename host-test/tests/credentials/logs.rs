//! What the host logs, whichever component it runs: a process has one logger.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Everything that was logged in this process.
#[derive(Clone, Copy)]
struct Log;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Write for Log {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs from now on, at the most talkative: all of the host's libraries, too.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A compiler sees no values; it only fills the log.
        let compilers = [
            "cranelift",
            "regalloc2",
            "wasmtime_internal",
            "wasmtime_environ",
        ];
        let all_but_compilers = Targets::new()
            .with_default(LevelFilter::TRACE)
            .with_targets(compilers.map(|target| (target, LevelFilter::OFF)));
        tracing_subscriber::registry()
            .with(fmt::layer().with_writer(|| Log).with_ansi(false))
            .with(all_but_compilers)
            .init();
    });
}

/// All of it.
pub fn so_far() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).into_owned()
}
