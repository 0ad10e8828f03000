//! Names the case of a table that a test fails in.

use std::fmt::Display;

/// Prints its label if the test panics while it is alive.
#[must_use = "the label applies while the value is alive"]
pub struct Case<L: Display>(L);

/// Labels the cases of a loop whose assertions do not show which case they check.
pub fn case<L: Display>(label: L) -> Case<L> {
    Case(label)
}

impl<L: Display> Drop for Case<L> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the case that failed: {}", self.0);
        }
    }
}
