//! Captures what the host logs. All tests share the log, because a process has a single logger.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Everything logged in this process.
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

/// Enables logging at the most verbose level, for all of the host's libraries.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Compilers never see the values of a call and would only fill the log.
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

/// Everything logged so far.
pub fn captured() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).into_owned()
}
