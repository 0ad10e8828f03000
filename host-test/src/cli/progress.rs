//! A sign of life while a command waits.

use std::time::Duration;

use indicatif::ProgressBar;

/// Shows a spinner on standard error until it is dropped; nothing where that is no terminal.
pub struct Waiting(ProgressBar);

impl Waiting {
    /// Says what is waited for.
    pub fn for_(what: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
