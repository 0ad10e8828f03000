//! Gates by key. A function waits at a gate until a test opens it.

use std::collections::HashSet;

use tokio::sync::watch;

#[derive(Default)]
pub(super) struct Gates(watch::Sender<HashSet<String>>);

impl Gates {
    /// Opens a gate for everything that waits at it, now or later.
    pub fn open(&self, key: &str) {
        self.0.send_modify(|open| {
            open.insert(key.to_owned());
        });
    }

    /// Waits until a gate is open.
    pub async fn pass(&self, key: &str) {
        let mut open = self.0.subscribe();
        // An error would mean that `self` was dropped.
        let _ = open.wait_for(|open| open.contains(key)).await;
    }
}
