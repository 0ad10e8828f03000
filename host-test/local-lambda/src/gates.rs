//! Gates by key. A function waits at a gate until a test opens it.

use std::collections::HashSet;

use tokio::sync::watch;

/// The most open gates, and the longest key of one in bytes. Events open gates as well.
const OPEN_GATES: usize = 1_000;
const LONGEST_KEY: usize = 256;

#[derive(Default)]
pub(super) struct Gates(watch::Sender<HashSet<String>>);

impl Gates {
    /// Opens a gate for everything that waits at it, now or later. Returns false if it stays closed,
    /// because too many others are open or its key is too long.
    pub fn open(&self, key: &str) -> bool {
        let mut is_open = false;
        self.0.send_if_modified(|open| {
            is_open = open.contains(key);
            let has_room = open.len() < OPEN_GATES && key.len() <= LONGEST_KEY;
            let opens = !is_open && has_room;
            if opens {
                open.insert(key.to_owned());
            }
            is_open |= opens;
            opens
        });
        is_open
    }

    /// Waits until a gate is open.
    pub async fn pass(&self, key: &str) {
        let mut open = self.0.subscribe();
        // An error would mean that `self` was dropped.
        let _ = open.wait_for(|open| open.contains(key)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_stays_closed_when_too_many_others_are_open() {
        let gates = Gates::default();
        assert!(!gates.open(&"k".repeat(LONGEST_KEY + 1)));
        for key in 0..OPEN_GATES {
            assert!(gates.open(&key.to_string()), "{key}");
        }
        assert!(!gates.open("another"));
        assert!(gates.open("0"), "it is open already");
    }
}
