//! Counts by key.

use std::collections::HashMap;
use std::sync::Mutex;

use super::sync::lock;

#[derive(Default)]
pub(super) struct Counters(Mutex<HashMap<String, u64>>);

impl Counters {
    /// Increments the count of `key` and returns the new count.
    pub fn add(&self, key: &str) -> u64 {
        let mut counts = lock(&self.0);
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }

    pub fn get(&self, key: &str) -> u64 {
        lock(&self.0).get(key).copied().unwrap_or_default()
    }
}
