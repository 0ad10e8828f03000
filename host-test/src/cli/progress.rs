//! A progress indicator for commands that wait.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::print::for_terminal;

/// A spinner on standard error, shown until it is dropped. It is hidden if standard error is not a
/// terminal.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// Starts the spinner. `what` names the operation that the command waits for.
    pub fn start(what: impl Into<String>) -> Self {
        Self::ticking(ProgressBar::new_spinner().with_message(what.into()))
    }

    /// Starts a spinner that also shows the time since its start, for a wait that can be long.
    pub fn start_timed(what: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.into());
        // Without this template, the spinner shows everything but the time.
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        Self::ticking(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// Changes what the spinner shows. The text may come from Lambda.
    pub fn set(&self, what: impl Into<String>) {
        self.0.set_message(for_terminal(what.into()));
    }

    fn ticking(bar: ProgressBar) -> Self {
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
