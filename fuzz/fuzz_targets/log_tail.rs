//! The log tail. Every byte of it is in the result, and the report's figures are in the log.
#![no_main]

use aws_lambda_connector::call::log_tail;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The input as the header's value.
    if let Ok(header) = std::str::from_utf8(bytes) {
        let tail = log_tail::read(header);
        assert_eq!(tail.is_some(), STANDARD.decode(header.trim()).is_ok());
    }
    // The input as the log.
    let tail = log_tail::read(&STANDARD.encode(bytes)).expect("Base64");
    let text = String::from_utf8_lossy(bytes);
    let begun = bytes
        .iter()
        .take(3)
        .take_while(|byte| (0x80..0xc0).contains(*byte));
    assert_eq!(tail.text, String::from_utf8_lossy(&bytes[begun.count()..]));
    assert!(text.ends_with(&tail.text));
    if bytes.len() < 4_096 {
        assert!(!tail.truncated);
    }
    let Some(report) = tail.report else {
        return;
    };
    assert!(tail.text.contains("REPORT RequestId: ") || tail.text.contains("platform.report"));
    for figure in [
        report.billed_duration_ms,
        report.memory_size_mb.map(u64::from),
        report.max_memory_used_mb.map(u64::from),
    ]
    .into_iter()
    .flatten()
    {
        assert!(tail.text.contains(&figure.to_string()), "{figure}");
    }
    for figure in [
        Some(report.duration_ms),
        report.init_duration_ms,
        report.restore_duration_ms,
    ]
    .into_iter()
    .flatten()
    {
        assert!(figure.is_finite() && figure >= 0.0);
    }
});
