//! The clock of a service, which may differ from that of the system.

use std::time::{Duration, SystemTime};

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
}
