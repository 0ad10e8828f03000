//! Outputs that are computed or cut.

use super::*;

fn report(memory_size_mb: Option<u32>, billed_duration_ms: Option<u64>) -> RunReport {
    RunReport {
        duration_ms: 1.0,
        billed_duration_ms,
        memory_size_mb,
        max_memory_used_mb: None,
        init_duration_ms: None,
        restore_duration_ms: None,
    }
}

#[test]
fn gb_seconds_are_the_exact_product_of_memory_and_billed_duration() {
    for (memory, billed, expected) in [
        (Some(128), Some(13), Some("0.001625")),
        (Some(128), Some(0), Some("0")),
        (Some(1_024), Some(1_000), Some("1")),
        (Some(1_769), Some(1), Some("0.0017275390625")),
        (Some(10_240), Some(1_800_000), Some("18000")),
        (Some(129), Some(1), Some("0.0001259765625")),
        (Some(1), Some(1), Some("0.0000009765625")),
        (Some(32_768), Some(5_400_001), Some("172800.032")),
        (Some(2), Some(u64::MAX), None),
        (None, Some(1), None),
        (Some(1), None, None),
    ] {
        let seconds = gb_seconds(&report(memory, billed));
        assert_eq!(seconds.as_deref(), expected, "{memory:?} {billed:?}");
    }
}
