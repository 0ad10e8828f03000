//! The execution log of one invocation, as CloudWatch and `X-Amz-Log-Result` show it.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::LOG_TAIL;
use super::service::lock;

pub(super) struct Log(Mutex<String>);

/// What the REPORT line says.
pub(super) struct Report {
    pub id: Uuid,
    pub duration: Duration,
    pub memory_mb: u32,
    pub used_mb: u32,
    /// Present on a cold start.
    pub init: Option<Duration>,
    /// `timeout`, or `error` and the error's type; nothing on success.
    pub status: Option<(&'static str, Option<&'static str>)>,
}

impl Log {
    pub fn start(id: Uuid, version: &str) -> Self {
        Self(Mutex::new(format!(
            "START RequestId: {id} Version: {version}\n"
        )))
    }

    pub fn line(&self, text: &str) {
        let mut log = lock(&self.0);
        log.push_str(text);
        log.push('\n');
    }

    pub fn end(&self, report: &Report) {
        let Report {
            id,
            duration,
            memory_mb,
            used_mb,
            init,
            status,
        } = report;
        let ms = duration.as_secs_f64() * 1_000.0;
        // Initialisation is billed since August 2025.
        let billed = (ms + init.unwrap_or_default().as_secs_f64() * 1_000.0).ceil();
        let mut line = format!(
            "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {ms:.2} ms\tBilled Duration: {billed} ms\t\
             Memory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
        );
        // Writing to a String does not fail.
        if let Some(init) = init {
            let _ = write!(
                line,
                "Init Duration: {:.2} ms\t",
                init.as_secs_f64() * 1_000.0
            );
        }
        if let Some((status, error_type)) = status {
            let _ = write!(line, "Status: {status}");
            if let Some(error_type) = error_type {
                let _ = write!(line, "\tError Type: {error_type}");
            }
        }
        self.line(&line);
    }

    /// The value of `X-Amz-Log-Result`. Cut by bytes: a character may be cut too.
    pub fn tail(&self) -> String {
        let log = lock(&self.0);
        let bytes = log.as_bytes();
        STANDARD.encode(
            bytes
                .get(bytes.len().saturating_sub(LOG_TAIL)..)
                .unwrap_or(bytes),
        )
    }
}
