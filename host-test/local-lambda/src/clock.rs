//! The clock of a service, which may differ from that of the system.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Default)]
pub(super) struct Clock {
    /// The offset from the system clock. A positive offset is ahead.
    pub offset_seconds: i64,
}

impl Clock {
    pub fn now(self) -> SystemTime {
        let offset = Duration::from_secs(self.offset_seconds.unsigned_abs());
        let now = SystemTime::now();
        if self.offset_seconds < 0 {
            now - offset
        } else {
            now + offset
        }
    }

    /// Returns the current time in milliseconds since 1970-01-01 00:00 UTC.
    pub fn now_ms(self) -> u64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
