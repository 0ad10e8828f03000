//! Decodes the log tail in `X-Amz-Log-Result`, and reads the report of the run in it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::{Fields, Json};
use crate::aws::number::decimal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The interface's `types.log-tail`, which documents each field.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct LogTail {
    pub text: String,
    pub truncated: bool,
    pub report: Option<RunReport>,
}

/// The interface's `types.run-report`, which documents each field.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct RunReport {
    pub duration_ms: f64,
    pub billed_duration_ms: Option<u64>,
    pub memory_size_mb: Option<u32>,
    pub max_memory_used_mb: Option<u32>,
    pub init_duration_ms: Option<f64>,
    pub restore_duration_ms: Option<f64>,
}

/// Lambda returns the last 4 KB of the log.
const TAIL_BYTES: usize = 4_096;

/// Reads the header's value. Returns `None` if it is not Base64.
pub fn read(header: &str) -> Option<LogTail> {
    let bytes = STANDARD.decode(header.trim()).ok()?;
    let text = decode(&bytes);
    // A log of the tail's exact length that begins like a log is complete.
    let truncated = bytes.len() >= TAIL_BYTES && !text.starts_with("START RequestId: ");
    let report = report(&text);
    Some(LogTail {
        text,
        truncated,
        report,
    })
}

/// Decodes UTF-8, without the rest of a character that was cut at the start of the tail.
fn decode(bytes: &[u8]) -> String {
    let continuation = bytes
        .iter()
        .take(3)
        .take_while(|byte| **byte & 0xc0 == 0x80)
        .count();
    let whole = bytes.get(continuation..).unwrap_or_default();
    String::from_utf8_lossy(whole).into_owned()
}

/// The last REPORT line. Any line that the function printed precedes it.
fn report(text: &str) -> Option<RunReport> {
    text.lines()
        .rev()
        .find_map(|line| report_line(line).or_else(|| report_record(line)))
}

/// Reads `REPORT RequestId: …\tDuration: 1.23 ms\tBilled Duration: 2 ms\t…`.
fn report_line(line: &str) -> Option<RunReport> {
    let figures: Vec<(&str, &str)> = line
        .strip_prefix("REPORT RequestId: ")?
        .split('\t')
        .filter_map(|part| part.trim().split_once(": "))
        .collect();
    let figure = |name: &str, unit: &str| {
        let (_, value) = figures.iter().find(|(key, _)| *key == name)?;
        value.strip_suffix(unit).map(str::trim)
    };
    let milliseconds = |name| decimal(figure(name, "ms")?);
    Some(RunReport {
        duration_ms: milliseconds("Duration")?,
        billed_duration_ms: figure("Billed Duration", "ms").and_then(|n| n.parse().ok()),
        memory_size_mb: figure("Memory Size", "MB").and_then(|n| n.parse().ok()),
        max_memory_used_mb: figure("Max Memory Used", "MB").and_then(|n| n.parse().ok()),
        init_duration_ms: milliseconds("Init Duration"),
        restore_duration_ms: milliseconds("Restore Duration"),
    })
}

/// Reads a `platform.report` event, which a function with the JSON log format has instead.
fn report_record(line: &str) -> Option<RunReport> {
    let event = Fields::read(line)?;
    let is_report = event.text("type").as_deref() == Some("platform.report");
    let record = event.get("record").filter(|_| is_report)?.object()?;
    let metrics = record.get("metrics")?.object()?;
    let milliseconds = |name| metrics.get(name)?.number();
    Some(RunReport {
        duration_ms: milliseconds("durationMs")?,
        billed_duration_ms: metrics.get("billedDurationMs").and_then(Json::unsigned),
        memory_size_mb: metrics.get("memorySizeMB").and_then(Json::unsigned),
        max_memory_used_mb: metrics.get("maxMemoryUsedMB").and_then(Json::unsigned),
        init_duration_ms: milliseconds("initDurationMs"),
        restore_duration_ms: milliseconds("restoreDurationMs"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "REPORT RequestId: 8f5e\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t";

    fn tail(log: &[u8]) -> LogTail {
        read(&STANDARD.encode(log)).unwrap()
    }

    fn warm() -> RunReport {
        RunReport {
            duration_ms: 12.34,
            billed_duration_ms: Some(13),
            memory_size_mb: Some(128),
            max_memory_used_mb: Some(40),
            init_duration_ms: None,
            restore_duration_ms: None,
        }
    }

    #[test]
    fn a_complete_log_is_read_with_its_report() {
        let log = format!(
            "START RequestId: 8f5e Version: $LATEST\nGrüße 你好\nEND RequestId: 8f5e\n{REPORT}\n"
        );
        assert_eq!(
            tail(log.as_bytes()),
            LogTail {
                text: log,
                truncated: false,
                report: Some(warm())
            }
        );
    }

    #[test]
    fn the_report_of_a_cold_start_has_an_init_duration() {
        let log = format!("{REPORT}Init Duration: 101.5 ms\tRestore Duration: 3 ms\n");
        let report = tail(log.as_bytes()).report.unwrap();
        assert_eq!(
            report,
            RunReport {
                init_duration_ms: Some(101.5),
                restore_duration_ms: Some(3.0),
                ..warm()
            }
        );
    }

    #[test]
    fn figures_that_are_absent_or_invalid_are_none() {
        let duration = RunReport {
            duration_ms: 1.5,
            billed_duration_ms: None,
            memory_size_mb: None,
            max_memory_used_mb: None,
            init_duration_ms: None,
            restore_duration_ms: None,
        };
        for log in [
            "REPORT RequestId: x\tDuration: 1.5 ms",
            "REPORT RequestId: x\tDuration: 1.5 ms\tBilled Duration: -2 ms\tMemory Size: 1 GB\tMax Memory Used: 4294967296 MB",
            r#"{"type":"platform.report","record":{"metrics":{"durationMs":1.5}}}"#,
            r#"{"type":"platform.report","record":{"metrics":{"durationMs":1.5,"billedDurationMs":"2","memorySizeMB":4294967296,"restoreDurationMs":null}}}"#,
        ] {
            assert_eq!(tail(log.as_bytes()).report, Some(duration.clone()), "{log}");
        }
    }

    #[test]
    fn the_report_of_a_json_log_is_read() {
        let log = br#"{"time":"2026-11-22T12:00:00Z","type":"platform.report","record":{"requestId":"8f5e","metrics":{"durationMs":12.34,"billedDurationMs":13,"memorySizeMB":128,"maxMemoryUsedMB":40},"status":"success"}}"#;
        assert_eq!(tail(log).report, Some(warm()));
    }

    #[test]
    fn a_report_line_printed_by_the_function_is_ignored() {
        let forged = REPORT.replace("12.34", "0.01");
        let log = format!("{forged}\nEND RequestId: 8f5e\n{REPORT}\n");
        assert_eq!(tail(log.as_bytes()).report, Some(warm()));
    }

    #[test]
    fn a_character_cut_at_the_start_is_dropped() {
        let mut log = "你".repeat(2_000).into_bytes();
        let cut = log.split_off(log.len() - TAIL_BYTES);
        assert_eq!(TAIL_BYTES % 3, 1, "the cut is inside a character");
        let tail = tail(&cut);
        assert!(tail.truncated);
        assert_eq!(tail.text, "你".repeat(TAIL_BYTES / 3));
        assert_eq!(tail.report, None);
    }

    #[test]
    fn a_log_as_long_as_the_tail_is_complete_if_it_has_its_start() {
        let mut log = String::from("START RequestId: 8f5e Version: 1\n");
        while log.len() < TAIL_BYTES {
            log.push('x');
        }
        assert!(!tail(log.as_bytes()).truncated);
        log.replace_range(0..1, "s");
        assert!(tail(log.as_bytes()).truncated);
    }

    #[test]
    fn a_malformed_log_has_its_text_but_no_report() {
        assert_eq!(read("%%%"), None);
        assert_eq!(tail(b"").text, "");
        assert_eq!(tail(b"\x80\x80").text, "");
        assert_eq!(tail(b"a\xffb").text, "a\u{fffd}b");
        for log in [
            "REPORT RequestId: x\tDuration: ms\tBilled Duration: 2 ms",
            "REPORT RequestId: x",
            r#"{"type":"platform.report"}"#,
            r#"{"type":"platform.start","record":{"metrics":{"durationMs":1,"billedDurationMs":1,"memorySizeMB":1,"maxMemoryUsedMB":1}}}"#,
        ] {
            assert_eq!(tail(log.as_bytes()).report, None, "{log}");
        }
    }
}
