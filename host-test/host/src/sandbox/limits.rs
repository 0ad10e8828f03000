//! Memory and processor time of one call.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// wasmtime's own limits, and a note of whether memory was refused: the trap that follows from a
/// refusal looks like any other.
pub struct Limits {
    limits: StoreLimits,
    exceeded: bool,
}

impl Limits {
    /// At most this many bytes in any one memory, and one memory.
    pub fn new(memory: usize) -> Self {
        Self {
            limits: StoreLimitsBuilder::new()
                .memory_size(memory)
                .memories(1)
                .build(),
            exceeded: false,
        }
    }

    /// Whether memory was refused.
    pub fn exceeded(&self) -> bool {
        self.exceeded
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.limits.memory_growing(current, desired, maximum)?;
        self.exceeded |= !granted;
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}

/// The error that stops a call whose budget is spent.
#[derive(Debug, thiserror::Error)]
#[error("the CPU budget is spent")]
pub struct CpuBudgetSpent;

/// How long a call has run. Epochs alone cannot tell: they pass while a component waits for an
/// answer, too, and Lambda may take 15 minutes.
pub struct CpuMeter {
    budget: Duration,
    used: Mutex<Used>,
}

struct Used {
    before: Duration,
    running_since: Option<Instant>,
    allowed: Duration,
    /// In flight, of an instance that takes several.
    calls: u32,
}

impl CpuMeter {
    /// A full budget.
    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            used: Mutex::new(Used {
                before: Duration::ZERO,
                running_since: None,
                allowed: budget,
                calls: 0,
            }),
        }
    }

    /// One more call in the same instance, until the guard is dropped: it adds its budget, and the
    /// first one after a rest finds a full one.
    pub fn another(&self) -> InFlight<'_> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.calls == 0 {
            used.before = Duration::ZERO;
            used.running_since = used.running_since.map(|_| Instant::now());
            used.allowed = self.budget;
        } else {
            used.allowed = used.allowed.saturating_add(self.budget);
        }
        used.calls += 1;
        InFlight(self)
    }

    /// Fails once the budget is spent.
    pub fn check(&self) -> Result<(), CpuBudgetSpent> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let running = used
            .running_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        if used.before.saturating_add(running) > used.allowed {
            return Err(CpuBudgetSpent);
        }
        Ok(())
    }

    fn start(&self) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.running_since = Some(Instant::now());
    }

    fn stop(&self) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = used.running_since.take() {
            used.before = used.before.saturating_add(since.elapsed());
        }
    }
}

/// See [`CpuMeter::another`].
pub struct InFlight<'a>(&'a CpuMeter);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.calls -= 1;
    }
}

/// Charges a future's running time, not its waiting time, to the meter: the component runs while the
/// future is polled.
pub async fn metered<F: Future>(future: F, meter: &CpuMeter) -> F::Output {
    let future = pin!(future);
    Metered { future, meter }.await
}

struct Metered<'a, F> {
    future: Pin<&'a mut F>,
    meter: &'a CpuMeter,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.meter.start();
        let polled = self.future.as_mut().poll(cx);
        self.meter.stop();
        polled
    }
}
