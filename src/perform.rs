//! Carries an operation out: signs its requests, has them sent, hands it the answers, tries again
//! where that is safe. Pure but for the [`Transport`] that it is given.

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::aws::clock_skew::{ServiceClock, is_skew_code};
use crate::aws::credentials::AccessKey;
use crate::aws::message::{Request, Response};
use crate::aws::retry;
use crate::aws::sigv4;
use crate::aws::time::AmzDate;
use crate::lambda::attempts::{Attempts, Outcome, Verdict};
use crate::lambda::delivery::TimeLimits;
use crate::lambda::outcome::{Category, Error, Executed, TransportError, TransportKind};
use crate::lambda::{Operation, Step};

/// The world outside: one request over the network, and the clocks.
pub trait Transport {
    /// Seconds since 1970-01-01 00:00 UTC.
    fn now_s(&self) -> u64;

    /// Nanoseconds of a clock that never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Waits.
    fn wait_ms(&self, ms: u64);

    /// Sends a request once and waits for its whole answer, no longer than `limits` allow.
    ///
    /// # Errors
    /// Why there is none, and what that says about the function.
    fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure>;
}

/// No whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub kind: TransportKind,
    /// For people; holds nothing of the request.
    pub message: String,
    /// Of a request that may run a function: whether it did.
    pub executed: Executed,
}

/// Runs `operation` to its end.
///
/// # Errors
/// The operation's own, or the transport's.
pub fn perform<O: Operation>(
    transport: &impl Transport,
    mut operation: O,
) -> Result<O::Output, Error> {
    perform_by(transport, &mut operation, &mut ServiceClock::default())
}

/// As [`perform`], with what is known of AWS's clock, for a call of several operations.
///
/// # Errors
/// As [`perform`].
pub fn perform_by<O: Operation>(
    transport: &impl Transport,
    operation: &mut O,
    clock: &mut ServiceClock,
) -> Result<O::Output, Error> {
    let mut attempts = Attempts::new(*operation.delivery(), operation.repeatable());
    loop {
        let step = answered(transport, operation, &mut attempts, clock)?;
        attempts.succeeded();
        if let Step::Done(output) = step {
            return Ok(output);
        }
    }
}

/// One request of the operation, in as many attempts as it takes.
fn answered<O: Operation>(
    transport: &impl Transport,
    operation: &mut O,
    attempts: &mut Attempts,
    clock: &mut ServiceClock,
) -> Result<Step<O::Output>, Error> {
    let began_ns = transport.monotonic_ns();
    let elapsed_ms = || transport.monotonic_ns().saturating_sub(began_ns) / 1_000_000;
    let payload_hash = sigv4::payload_hash(operation.request().body);
    let mut attempt: u8 = 1;
    loop {
        let sent_s = transport.now_s();
        let mut request = operation.request();
        let target = operation.target();
        // Anew for every attempt: a signature of minutes ago is refused.
        let date = AmzDate::from_unix(clock.signing_time(sent_s));
        sigv4::sign(
            &mut request,
            &payload_hash,
            &target.key,
            &target.region,
            target.service,
            &date,
        );
        let jitter_seed = Sha256::new().chain_update(authorization(&request));
        let limits = operation.delivery().time_limits(elapsed_ms());
        let answer = transport.send(&request, &limits);

        let mut clock_was_off = false;
        let mut retry_after_ms = None;
        let result = match answer {
            Ok(response) => {
                clock_was_off = clock.observe(&response, sent_s, transport.now_s());
                retry_after_ms = response
                    .header("x-amz-retry-after")
                    .and_then(|header| retry::retry_after_ms(&header));
                operation.read(response, attempt)
            }
            Err(failure) => Err(transport_error(failure, operation.runs_function(), attempt)),
        };
        let mut error = match result {
            Ok(step) => return Ok(step),
            Err(error) => error,
        };
        redact(&mut error, &operation.target().key);
        if clock_was_off {
            name_the_clock(&mut error);
        }
        let verdict = attempts.after(&Outcome {
            error: &error,
            attempt,
            elapsed_ms: elapsed_ms(),
            retry_after_ms,
            clock_was_off,
            jitter: jitter(jitter_seed, transport.monotonic_ns()),
        });
        match verdict {
            Verdict::Return => return Err(error),
            Verdict::Wait(ms) => transport.wait_ms(ms),
        }
        attempt = attempt.saturating_add(1);
    }
}

fn transport_error(failure: Failure, runs_function: bool, attempts: u8) -> Error {
    Error::Transport(TransportError {
        kind: failure.kind,
        message: failure.message,
        executed: if runs_function {
            failure.executed
        } else {
            Executed::No
        },
        attempts,
    })
}

/// AWS explains a signature that does not match by the request as it saw it, headers and all.
fn redact(error: &mut Error, key: &AccessKey) {
    let (Error::Unauthenticated(error) | Error::Service(error)) = error else {
        return;
    };
    let secrets = [Some(&key.secret_access_key), key.session_token.as_ref()];
    for secret in secrets.into_iter().flatten() {
        for text in [&mut error.message, &mut error.code] {
            if text.contains(secret.reveal()) {
                *text = text.replace(secret.reveal(), "…");
            }
        }
    }
}

/// A signature that was refused while the clock is off was refused for it, whatever AWS says.
fn name_the_clock(error: &mut Error) {
    if let Error::Unauthenticated(error) = error
        && is_skew_code(&error.code)
    {
        error.category = Category::ClockSkew;
        error.hint =
            Some("the host's clock is more than 4 minutes off from AWS's: set it by NTP".into());
    }
}

fn authorization<'a>(request: &'a Request<'_>) -> &'a str {
    request
        .headers
        .iter()
        .find(|(name, _)| *name == "authorization")
        .map_or("", |(_, value)| value)
}

/// Spreads retries without a source of randomness: the signature differs with caller, request and
/// second, the clock with the nanosecond.
fn jitter(seed: Sha256, now_ns: u64) -> u64 {
    let digest: [u8; 32] = seed.chain_update(now_ns.to_le_bytes()).finalize().into();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
