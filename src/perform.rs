//! Carries an operation out: signs its requests, has them sent, hands it the answers, tries again
//! where that is safe. Pure but for the [`Transport`] that it is given.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::aws::clock_skew::{ServiceClock, is_skew_code};
use crate::aws::credentials::{Signer, WrongDay};
use crate::aws::message::{Request, Response};
use crate::aws::retry;
use crate::aws::sigv4;
use crate::lambda::attempts::{Attempts, Outcome, Verdict};
use crate::lambda::connection::{Caller, Target};
use crate::lambda::delivery::{Delivery, TimeLimits};
use crate::lambda::outcome::{
    Category, Error, Executed, ServiceError, TransportError, TransportKind,
};
use crate::lambda::{Operation, Step};
use crate::sessions::{self, SessionCache};

/// The world outside: one request over the network, the clocks, and what outlives a call.
///
/// A component has one thread, so the futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Transport {
    /// Seconds since 1970-01-01 00:00 UTC.
    fn now_s(&self) -> u64;

    /// Nanoseconds of a clock that never goes back.
    fn monotonic_ns(&self) -> u64;

    /// Waits.
    async fn wait_ms(&self, ms: u64);

    /// Sends a request once and waits for its whole answer, no longer than `limits` allow.
    ///
    /// # Errors
    /// Why there is none, and what that says about the function.
    async fn send(&self, request: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure>;

    /// The temporary keys that are kept between calls.
    fn sessions(&self) -> &SessionCache;
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
pub async fn perform<O: Operation>(
    transport: &impl Transport,
    mut operation: O,
) -> Result<O::Output, Error> {
    perform_by(transport, &mut operation, &mut ServiceClock::default()).await
}

/// As [`perform`], with what is known of AWS's clock, for a call of several operations.
///
/// # Errors
/// As [`perform`].
pub async fn perform_by<O: Operation>(
    transport: &impl Transport,
    operation: &mut O,
    clock: &mut ServiceClock,
) -> Result<O::Output, Error> {
    let mut attempts = Attempts::new(*operation.delivery(), operation.repeatable());
    let mut pending = Pending {
        operation,
        output: None,
    };
    loop {
        answered(transport, &mut pending, &mut attempts, clock).await?;
        attempts.succeeded();
        if let Some(output) = pending.output.take() {
            return Ok(output);
        }
    }
}

/// An operation whose output does not show: the loop of attempts is in the component once, not
/// once for every operation.
trait Exchange {
    fn target(&self) -> &Target;
    fn delivery(&self) -> &Delivery;
    fn runs_function(&self) -> bool;
    fn request(&self) -> Request<'_>;
    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error>;
    fn explain(&self, error: &mut Error);
}

struct Pending<'a, O: Operation> {
    operation: &'a mut O,
    output: Option<O::Output>,
}

impl<O: Operation> Exchange for Pending<'_, O> {
    fn target(&self) -> &Target {
        self.operation.target()
    }

    fn delivery(&self) -> &Delivery {
        self.operation.delivery()
    }

    fn runs_function(&self) -> bool {
        self.operation.runs_function()
    }

    fn request(&self) -> Request<'_> {
        self.operation.request()
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if let Step::Done(output) = self.operation.read(response, attempts)? {
            self.output = Some(output);
        }
        Ok(())
    }

    fn explain(&self, error: &mut Error) {
        self.operation.explain(error);
    }
}

/// One request of the operation, in as many attempts as it takes.
async fn answered(
    transport: &impl Transport,
    operation: &mut dyn Exchange,
    attempts: &mut Attempts,
    clock: &mut ServiceClock,
) -> Result<(), Error> {
    let delivery = *operation.delivery();
    let mut signer = sessions::signer(transport, operation.target(), &delivery, clock).await?;
    let payload_hash = if signer.signs() {
        sigv4::payload_hash(operation.request().body)
    } else {
        String::new()
    };
    let began_ns = transport.monotonic_ns();
    let elapsed_ms = || transport.monotonic_ns().saturating_sub(began_ns) / 1_000_000;
    let mut before = None;
    let mut attempt: u8 = 1;
    loop {
        let sent_s = transport.now_s();
        let mut request = operation.request();
        let target = operation.target();
        // Anew for every attempt: a signature of minutes ago is refused.
        let date = match signer.date(clock.signing_time(sent_s)) {
            Ok(date) => date,
            Err(WrongDay { of_key, today }) => {
                let refused = Error::invalid(
                    "connection.credentials.signing-key.date",
                    format!(
                        "the key is for {of_key} UTC, and it is {today}: AWS takes a signing key on its own day only, so derive one for today"
                    ),
                );
                return Err(before.unwrap_or(refused));
            }
        };
        sigv4::sign(
            &mut request,
            &payload_hash,
            &signer,
            &target.region,
            target.service,
            &date,
        );
        let authorization: String = authorization(&request).into();
        let limits = delivery.time_limits(elapsed_ms());
        let answer = transport.send(&request, &limits).await;

        let mut clock_was_off = false;
        let mut retry_after_ms = None;
        let result = match answer {
            Ok(response) => {
                clock_was_off =
                    clock.observe(&response, sent_s, transport.now_s()) && signer.signs();
                retry_after_ms = response
                    .header("x-amz-retry-after")
                    .and_then(|header| retry::retry_after_ms(&header));
                operation.read(response, attempt)
            }
            Err(failure) => Err(transport_error(failure, operation.runs_function(), attempt)),
        };
        let mut error = match result {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        operation.explain(&mut error);
        let target = operation.target();
        let caller = target.caller.secrets();
        let secrets = caller.into_iter().chain(signer.secrets());
        redact(&mut error, secrets.chain([&*authorization]));
        name_the_signer(&mut error, &signer, target);
        if clock_was_off {
            name_the_clock(&mut error);
        }
        let keys_expired = forget_refused_keys(&error, &target.caller, transport.sessions());
        if let Some(before) = &before {
            remember_doubt(&mut error, before);
        }
        let verdict = attempts.after(&Outcome {
            error: &error,
            attempt,
            elapsed_ms: elapsed_ms(),
            retry_after_ms,
            clock_was_off,
            keys_expired,
            jitter: jitter(&authorization, &payload_hash, transport.monotonic_ns()),
        });
        match verdict {
            Verdict::Return => return Err(error),
            Verdict::Wait(ms) => transport.wait_ms(ms).await,
        }
        // Keys that were refused, or that ended meanwhile, are renewed.
        signer = match sessions::signer(transport, operation.target(), &delivery, clock).await {
            Ok(signer) => signer,
            Err(renewal) => {
                let mut renewal = renewal;
                remember_doubt(&mut renewal, &error);
                return Err(renewal);
            }
        };
        before = Some(error);
        attempt = attempt.saturating_add(1);
    }
}

/// Of several attempts that failed, the last one's error is told. If an earlier one may have run
/// the function, then so may the call.
fn remember_doubt(error: &mut Error, before: &Error) {
    let doubt = |error: &Error| match error {
        Error::Service(error) | Error::Unauthenticated(error) => error.executed != Executed::No,
        Error::Transport(error) => error.executed != Executed::No,
        Error::InvalidInput(_) | Error::FunctionFailed(_) => false,
    };
    if !doubt(before) {
        return;
    }
    let executed = match error {
        Error::Service(error) | Error::Unauthenticated(error) => &mut error.executed,
        Error::Transport(error) => &mut error.executed,
        Error::InvalidInput(_) | Error::FunctionFailed(_) => return,
    };
    if *executed == Executed::No {
        *executed = Executed::Unknown;
    }
}

/// A role's keys that AWS does not take are not offered again. Says whether they have ended: then
/// new ones may do.
fn forget_refused_keys(error: &Error, caller: &Caller, sessions: &SessionCache) -> bool {
    let (Error::Unauthenticated(error), Caller::Roles(chain)) = (error, caller) else {
        return false;
    };
    if error.category == Category::Credentials {
        sessions.forget(&chain.id());
    }
    matches!(&*error.code, "ExpiredTokenException" | "ExpiredToken")
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
pub fn redact<'a>(error: &mut Error, secrets: impl Iterator<Item = &'a str>) {
    let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
    let hide = |text: &mut String| {
        for secret in &secrets {
            if text.contains(secret) {
                *text = text.replace(secret, "…");
            }
        }
    };
    match error {
        Error::Unauthenticated(error) | Error::Service(error) => {
            hide(&mut error.message);
            hide(&mut error.code);
            error.hint.iter_mut().for_each(&hide);
            error.request_id.iter_mut().for_each(&hide);
        }
        Error::Transport(error) => hide(&mut error.message),
        // The one holds nothing that was received, the other what the function said.
        Error::InvalidInput(_) | Error::FunctionFailed(_) => {}
    }
}

/// What to do about a refusal depends on who signed.
fn name_the_signer(error: &mut Error, signer: &Signer, target: &Target) {
    let Error::Unauthenticated(ServiceError {
        category: Category::Credentials,
        hint,
        ..
    }) = error
    else {
        return;
    };
    let region = &target.region;
    match signer {
        Signer::SigningKey(key) => {
            let day = &key.day.date;
            *hint = Some(format!(
                "the signing key must be derived for the day {day}, region {region} and service lambda, from the secret of this access key ID, and come with its session token if the keys are temporary"
            ));
        }
        Signer::Unsigned if target.service == crate::lambda::SERVICE => {
            let authority = &target.endpoint.authority;
            *hint = Some(format!(
                "requests leave the connector unsigned: what answers at {authority} must sign them for region {region} and service lambda, with keys that AWS accepts"
            ));
        }
        Signer::AccessKey(_) | Signer::Unsigned => {}
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
fn jitter(authorization: &str, payload_hash: &str, now_ns: u64) -> u64 {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(authorization)
        .chain_update(payload_hash)
        .chain_update(now_ns.to_le_bytes())
        .finalize()
        .into();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
