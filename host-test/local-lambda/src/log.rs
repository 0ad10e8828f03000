//! The execution log of one invocation, in the format of CloudWatch and `X-Amz-Log-Result`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The length of the log tail in `X-Amz-Log-Result`, in bytes before Base64.
const LOG_TAIL: usize = 4_096;

pub(super) struct Log(String);

/// The values of the REPORT line.
pub(super) struct Report<'a> {
    pub id: &'a str,
    pub duration: Duration,
    pub memory_mb: u32,
    pub used_mb: u32,
    /// The initialization time, on a cold start.
    pub init: Option<Duration>,
    /// The last fields of the line. Empty if the function succeeded or threw an error.
    pub status: &'static str,
}

impl Log {
    pub fn start(id: &str, version: &str) -> Self {
        Self(format!("START RequestId: {id} Version: {version}\n"))
    }

    pub fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    pub fn end(&mut self, report: Report<'_>) {
        let Report {
            id,
            duration,
            memory_mb,
            used_mb,
            init,
            status,
        } = report;
        let ms = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        // Lambda has billed initialization since August 2025.
        let billed = (ms(duration) + ms(init.unwrap_or_default())).ceil();
        let init = init.map_or(String::new(), |init| {
            format!("Init Duration: {:.2} ms\t", ms(init))
        });
        self.line(&format!(
            "END RequestId: {id}\n\
             REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\t\
             Memory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t{init}{status}",
            ms(duration)
        ));
    }

    /// Returns the value of `X-Amz-Log-Result`. The cut is by bytes, so it can split a character.
    pub fn tail(&self) -> String {
        let bytes = self.0.as_bytes();
        STANDARD.encode(&bytes[bytes.len().saturating_sub(LOG_TAIL)..])
    }
}
