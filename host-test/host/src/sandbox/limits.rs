//! Limits on the memory and CPU time of one call.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// wasmtime's limits, and whether they denied memory. The trap that follows looks like any other.
pub struct Limits {
    limits: StoreLimits,
    exceeded: bool,
}

impl Limits {
    /// Allows one memory of at most this many bytes.
    pub fn new(memory: usize) -> Self {
        Self {
            limits: StoreLimitsBuilder::new()
                .memory_size(memory)
                .memories(1)
                .build(),
            exceeded: false,
        }
    }

    /// Whether memory was denied.
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

/// The error that stops a call after its budget is spent.
#[derive(Debug, thiserror::Error)]
#[error("the CPU budget is spent")]
pub struct CpuBudgetSpent;

/// Measures how long a call has run. Epochs are not enough: they also advance while a component
/// waits for a response, which may take Lambda 15 minutes.
pub struct CpuMeter {
    budget: Duration,
    used: Mutex<Used>,
}

struct Used {
    before: Duration,
    running_since: Option<Instant>,
    allowed: Duration,
    /// Calls in flight in a shared instance.
    calls: u32,
}

impl CpuMeter {
    /// Starts with a full budget.
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

    /// Counts one more call in a shared instance until the guard is dropped. Each call adds its
    /// budget. A call that starts while none is in flight resets the meter to one full budget.
    pub fn begin_call(&self) -> InFlight<'_> {
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

/// The guard of [`CpuMeter::begin_call`].
pub struct InFlight<'a>(&'a CpuMeter);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.calls -= 1;
    }
}

/// Charges the time in which the future is polled to the meter. The component runs only then, so
/// waiting is not charged.
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
