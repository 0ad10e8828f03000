//! A progress indicator for commands that wait.

use std::time::Duration;

use indicatif::ProgressBar;

/// A spinner on standard error, shown until it is dropped. It is hidden if standard error is not a
/// terminal.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// Starts the spinner. `what` names the operation that the command waits for.
    pub fn start(what: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
