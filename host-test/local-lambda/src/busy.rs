//! How much is going on: what is not over yet can still run a function.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts the requests being answered and the functions that run.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<watch::Sender<usize>>);

/// One of them; its end is this value's.
pub(super) struct Work(Busy);

impl Busy {
    pub fn begin(&self) -> Work {
        self.0.send_modify(|count| *count += 1);
        Work(self.clone())
    }

    /// Waits until there is none.
    pub async fn over(&self) {
        // It fails only where the sender is gone, and `self` is the sender.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
