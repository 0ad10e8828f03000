//! `executions.wait`: polls a durable execution until it has ended.

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::{Category, Error};
use crate::lambda::executions::execution::Execution;
use crate::lambda::executions::get::GetDurableExecution;
use crate::perform::perform_with_clock;
use crate::transport::Transport;

/// The pauses between two polls: one second, doubled up to 30. Lambda answers 30 of these requests a
/// second for a whole account.
const FIRST_PAUSE_MS: u64 = 1_000;
const LONGEST_PAUSE_MS: u64 = 30_000;

/// How long an execution may be invisible after its start.
const INVISIBLE_MS: u64 = 30_000;

/// The most polls in a row that may fail for a reason that can pass.
const MAX_FAILURES: u32 = 5;

/// Polls until the execution is final or `timeout_ms` has passed, and returns it with its data.
///
/// # Errors
/// `invalid-input`, which names the field. Lambda's error if the execution does not become visible, or
/// cannot be read. It claims nothing about the execution, which continues.
pub async fn wait(
    transport: &impl Transport,
    connection: Connection,
    arn: &str,
    timeout_ms: u32,
) -> Result<Execution, Error> {
    let mut poll = GetDurableExecution::new(connection.clone(), arn, false)?;
    let whole = GetDurableExecution::new(connection, arn, true)?;
    let mut clock = ServiceClock::default();
    let mut pauses = Pauses::new(transport, arn, timeout_ms.into());
    let (mut is_visible, mut failures) = (false, 0_u32);
    loop {
        // This loop repeats the request, within the time that is left.
        let delivery = Delivery::new("delivery", Some(&pauses.delivery()), false)?;
        poll = poll.with_delivery(delivery);
        match perform_with_clock(transport, &mut poll, &mut clock).await {
            Ok(execution) if execution.status.is_final() => break,
            Ok(_) => (is_visible, failures) = (true, 0),
            Err(error) if !is_visible && is_not_found(&error) => {
                if pauses.elapsed_ms() >= INVISIBLE_MS || pauses.left_ms() == 0 {
                    return Err(error);
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if !may_pass(&error) || failures >= MAX_FAILURES || pauses.left_ms() == 0 {
                    return Err(error);
                }
            }
        }
        if pauses.left_ms() == 0 {
            break;
        }
        pauses.pause().await;
    }
    let mut whole = whole;
    perform_with_clock(transport, &mut whole, &mut clock).await
}

/// The pauses of one wait, on the host's monotonic clock.
struct Pauses<'a, T> {
    transport: &'a T,
    /// Makes the pauses of different executions differ.
    seed: String,
    began_ns: u64,
    timeout_ms: u64,
    next_ms: u64,
}

impl<'a, T: Transport> Pauses<'a, T> {
    fn new(transport: &'a T, arn: &str, timeout_ms: u64) -> Pauses<'a, T> {
        Pauses {
            transport,
            seed: arn.into(),
            began_ns: transport.monotonic_ns(),
            timeout_ms,
            next_ms: FIRST_PAUSE_MS,
        }
    }

    fn elapsed_ms(&self) -> u64 {
        let now = self.transport.monotonic_ns();
        now.saturating_sub(self.began_ns) / 1_000_000
    }

    fn left_ms(&self) -> u64 {
        self.timeout_ms.saturating_sub(self.elapsed_ms())
    }

    /// The options of a poll: a single attempt, which does not outlast the wait by much.
    fn delivery(&self) -> delivery::Options {
        let left = self.left_ms().clamp(1_000, 30_000);
        delivery::Options {
            max_attempts: Some(1),
            response_timeout_ms: u32::try_from(left).ok(),
            ..delivery::Options::default()
        }
    }

    /// Waits for the next pause, of which a random part is left out, so that many waits do not poll at
    /// the same time.
    async fn pause(&mut self) {
        let digest = Sha256::new()
            .chain_update(&self.seed)
            .chain_update(self.transport.monotonic_ns().to_le_bytes())
            .finalize();
        let random = digest.first().copied().map_or(0, u64::from);
        // Between three quarters of the pause and all of it.
        let less = self.next_ms.saturating_mul(random) / 1_024;
        let pause = self.next_ms.saturating_sub(less).min(self.left_ms());
        self.next_ms = self.next_ms.saturating_mul(2).min(LONGEST_PAUSE_MS);
        self.transport.wait_ms(pause).await;
    }
}

fn is_not_found(error: &Error) -> bool {
    matches!(error, Error::Service(error) if error.category == Category::NotFound)
}

fn may_pass(error: &Error) -> bool {
    match error {
        Error::Service(error) => error.retryable,
        Error::Transport(error) => error.transient,
        Error::Unauthenticated(_) | Error::InvalidInput(_) | Error::FunctionFailed(_) => false,
    }
}

#[cfg(test)]
mod tests;
