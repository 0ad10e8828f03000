//! Carries an operation out: signs each request, sends it, reads the response, and tries again
//! where that is safe.
//!
//! Pure but for the [`Transport`] that it is given. From top to bottom: [`perform`] runs requests
//! until the operation has its output, [`exchange`] sends one request in as many attempts as it
//! takes, [`attempt`] is one of them, and [`signer`] finds the keys, which may take calls of STS.

use alloc::boxed::Box;
use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::aws::clock_skew::ServiceClock;
use crate::aws::credentials::Signer;
use crate::aws::{retry, sigv4};
use crate::call::attempts::{Attempts, FailedAttempt, RetryDecision};
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, Executed, TransportError};
use crate::call::error_codes::is_expired;
use crate::call::operation::{Call, Exchange, Operation};
use crate::call::roles::RoleChain;
use crate::call::target::Caller;
use crate::session_cache::SessionCache;
use crate::sts::assume_role::{AssumeRole, Session};
use crate::transport::{Failure, Transport};

mod annotate;
pub use annotate::redact;
use annotate::{Context, annotate, propagate_uncertainty, wrong_day};

/// Runs `operation` to its end.
///
/// # Errors
/// The operation's own, or the transport's.
pub async fn perform<O: Operation>(
    transport: &impl Transport,
    mut operation: O,
) -> Result<O::Output, Error> {
    perform_with_clock(transport, &mut operation, &mut ServiceClock::default()).await
}

/// As [`perform`], with what is known of AWS's clock, for a call of several operations.
///
/// # Errors
/// As [`perform`].
pub async fn perform_with_clock<O: Operation>(
    transport: &impl Transport,
    operation: &mut O,
    clock: &mut ServiceClock,
) -> Result<O::Output, Error> {
    let mut attempts = Attempts::new(operation.call().delivery, operation.repeatable());
    loop {
        exchange(transport, operation, &mut attempts, clock).await?;
        if let Some(output) = operation.take_output() {
            return Ok(output);
        }
    }
}

/// Sends the operation's next request until its response is read, or the error is final.
async fn exchange(
    transport: &impl Transport,
    operation: &mut dyn Exchange,
    attempts: &mut Attempts,
    clock: &mut ServiceClock,
) -> Result<(), Error> {
    let mut shared = Shared {
        signer: signer(transport, operation.call(), clock).await?,
        payload_hash: None,
        began_ns: transport.monotonic_ns(),
    };
    let mut earlier = None;
    let mut number: u8 = 1;
    loop {
        let attempted = attempt(transport, operation, &mut shared, number, clock).await;
        let Err(mut failed) = attempted else {
            return Ok(());
        };
        let context = Context {
            operation,
            signer: &shared.signer,
            authorization: &failed.authorization,
            clock_was_off: failed.clock_was_off,
        };
        annotate(&mut failed.error, &context);
        let caller = &operation.call().target.caller;
        let keys_expired = evict_rejected_session(&failed.error, caller, transport.sessions());
        let error = propagate_uncertainty(failed.error, earlier);

        match attempts.after(&FailedAttempt {
            error: &error,
            attempt: number,
            elapsed_ms: shared.elapsed_ms(transport),
            retry_after_ms: failed.retry_after_ms,
            clock_was_off: failed.clock_was_off,
            keys_expired,
            jitter: shared.jitter(&failed.authorization, transport.monotonic_ns()),
        }) {
            RetryDecision::Return => return Err(error),
            RetryDecision::Wait(ms) => transport.wait_ms(ms).await,
        }
        // Keys that were rejected, or that expired while waiting, are renewed.
        shared.signer = match signer(transport, operation.call(), clock).await {
            Ok(signer) => signer,
            Err(renewal) => return Err(propagate_uncertainty(renewal, Some(error))),
        };
        earlier = Some(error);
        number = number.saturating_add(1);
    }
}

/// What the attempts of one request share.
struct Shared {
    signer: Signer,
    /// Computed for the first attempt.
    payload_hash: Option<String>,
    /// When the first attempt began, by the monotonic clock.
    began_ns: u64,
}

impl Shared {
    fn elapsed_ms(&self, transport: &impl Transport) -> u64 {
        transport.monotonic_ns().saturating_sub(self.began_ns) / 1_000_000
    }

    /// Spreads retries without a source of randomness: the signature differs with caller, request
    /// and second, the clock with the nanosecond.
    fn jitter(&self, authorization: &str, now_ns: u64) -> u64 {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(authorization)
            .chain_update(self.payload_hash.as_deref().unwrap_or_default())
            .chain_update(now_ns.to_le_bytes())
            .finalize()
            .into();
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// An attempt without a result, and what it showed.
struct Failed {
    error: Error,
    /// Empty where the request was not signed.
    authorization: String,
    /// The response's `x-amz-retry-after`.
    retry_after_ms: Option<u64>,
    /// The response shows that the host's clock is so far off that AWS rejects its signatures.
    clock_was_off: bool,
}

/// One attempt: date, sign, send, read.
async fn attempt(
    transport: &impl Transport,
    operation: &mut dyn Exchange,
    shared: &mut Shared,
    number: u8,
    clock: &mut ServiceClock,
) -> Result<(), Failed> {
    // 1. Date it. AWS rejects a signature of minutes ago, so each attempt has its own.
    let sent_s = transport.now_s();
    let date = match shared.signer.date(clock.signing_time(sent_s)) {
        Ok(date) => date,
        Err(day) => {
            return Err(Failed {
                error: wrong_day(&day),
                authorization: String::new(),
                retry_after_ms: None,
                clock_was_off: false,
            });
        }
    };

    // 2. Sign it. The body is the same every time, and may be 6 MiB: it is hashed once.
    let mut request = operation.request();
    let target = &operation.call().target;
    let authorization = if shared.signer.signs() {
        let hash = || sigv4::payload_hash(request.body);
        let hash = shared.payload_hash.get_or_insert_with(hash);
        let (region, service) = (&target.region, target.service);
        sigv4::sign(&mut request, hash, &shared.signer, region, service, &date)
    } else {
        String::new()
    };

    // 3. Send it.
    let delivery = operation.call().delivery;
    let limits = delivery.time_limits(shared.elapsed_ms(transport));
    let sent = transport.send(&request, &limits).await;
    drop(request);

    // 4. Read the response.
    let mut retry_after_ms = None;
    let mut clock_was_off = false;
    let read = match sent {
        Ok(response) => {
            clock_was_off =
                clock.observe(&response, sent_s, transport.now_s()) && shared.signer.signs();
            retry_after_ms = response
                .header("x-amz-retry-after")
                .and_then(|header| retry::retry_after_ms(&header));
            operation.read(response, number)
        }
        Err(failure) => Err(transport_error(failure, operation.runs_function(), number)),
    };
    read.map_err(|error| Failed {
        error,
        authorization,
        retry_after_ms,
        clock_was_off,
    })
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

/// Drops a role's keys that AWS rejected. Returns whether they had expired: new ones may work.
fn evict_rejected_session(error: &Error, caller: &Caller, sessions: &SessionCache) -> bool {
    let (Error::Unauthenticated(error), Caller::Roles(chain)) = (error, caller) else {
        return false;
    };
    if error.category == Category::Credentials {
        sessions.forget(&chain.id());
    }
    is_expired(&error.code)
}

/// Who signs for `call` now: the caller, or the role that it assumes.
///
/// # Errors
/// What STS answers.
pub async fn signer(
    transport: &impl Transport,
    call: &Call,
    clock: &mut ServiceClock,
) -> Result<Signer, Error> {
    let chain = match &call.target.caller {
        Caller::Signer(signer) => return Ok(signer.clone()),
        Caller::Roles(chain) => chain,
    };
    let now = clock.signing_time(transport.now_s());
    let session = match transport.sessions().get(&chain.id(), now) {
        Some(session) => session,
        None => assume_roles(transport, chain, call.delivery.for_sts(), clock).await?,
    };
    Ok(Signer::AccessKey(session.keys))
}

/// Assumes the roles of `chain`, one after the other, and keeps the last one's keys.
///
/// # Errors
/// What STS answers.
pub async fn assume_roles(
    transport: &impl Transport,
    chain: &RoleChain,
    delivery: Delivery,
    clock: &mut ServiceClock,
) -> Result<Session, Error> {
    let assume = async |step, before: Option<&Session>, clock: &mut ServiceClock| {
        let mut operation = AssumeRole::new(chain, step, before, delivery);
        // Boxed, because performing an operation asks for its signer first: this is a recursion,
        // which ends at a caller with keys of its own.
        let assumed = Box::pin(perform_with_clock(transport, &mut operation, clock)).await;
        assumed.map_err(|mut error| {
            // An OIDC token is in the form, which the request's signer does not know.
            redact(&mut error, chain.secrets());
            error
        })
    };
    let mut session = assume((1, &chain.first), None, clock).await?;
    for step in (2..).zip(&chain.rest) {
        session = assume(step, Some(&session), clock).await?;
    }
    transport.sessions().keep(chain.id(), session.clone());
    Ok(session)
}

#[cfg(test)]
mod tests;
