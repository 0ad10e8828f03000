//! Carries out an operation: signs each request, sends it, reads the response, and retries where
//! that is safe.
//!
//! The file reads from top to bottom:
//!
//! - [`perform`] makes one exchange after another until the operation has its output.
//! - `exchange` sends one request, in as many attempts as [`Attempts`] permits.
//! - `attempt` dates, signs and sends the request, and reads its response.
//! - [`signer`] finds the credentials. For a role, [`assume_roles`] first performs operations of
//!   STS, by the same path.
//!
//! All I/O and both clocks are behind the [`Transport`].

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::aws::clock_skew::{ServiceClock, SigningDate};
use crate::aws::credentials::Signer;
use crate::aws::{retry, sigv4};
use crate::call::attempts::{Attempts, FailedAttempt, RetryDecision};
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error};
use crate::call::error_codes::is_expired;
use crate::call::error_response;
use crate::call::operation::{Call, Exchange, Operation};
use crate::call::origin::Origin;
use crate::call::roles::RoleChain;
use crate::call::scrub::Secrets;
use crate::call::target::Caller;
use crate::session_cache::SessionCache;
use crate::sts::assume_role::AssumeRole;
use crate::sts::session::Session;
use crate::transport::Transport;

mod annotate;
mod receive;
pub use annotate::redact;
use annotate::{Context, Doubt, annotate, propagate_uncertainty, wrong_day};
use receive::receive;

/// Runs `operation` to completion and returns its output.
///
/// # Errors
/// Returns the error of the last attempt. It reports `executed: unknown` if an earlier attempt may
/// have run the function.
///
/// # Examples
///
/// Lambda throttles the first attempt, which therefore did not run the function. The second one
/// succeeds.
///
/// ```
/// use std::cell::{Cell, RefCell};
///
/// use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
/// use aws_lambda_connector::aws::endpoint::EndpointChoice;
/// use aws_lambda_connector::aws::message::{Request, Response};
/// use aws_lambda_connector::block_on::block_on;
/// use aws_lambda_connector::call::connection::{Connection, Credentials};
/// use aws_lambda_connector::call::delivery::TimeLimits;
/// use aws_lambda_connector::call::invocation::Payload;
/// use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
/// use aws_lambda_connector::perform::perform;
/// use aws_lambda_connector::session_cache::SessionCache;
/// use aws_lambda_connector::transport::{Failure, Transport};
///
/// /// Returns scripted responses. Its clock moves only while a caller waits.
/// struct Script {
///     responses: RefCell<Vec<Response>>,
///     waited_ms: Cell<u64>,
///     sessions: SessionCache,
/// }
///
/// impl Transport for Script {
///     fn now_s(&self) -> u64 {
///         1_795_348_800 + self.waited_ms.get() / 1_000
///     }
///
///     fn monotonic_ns(&self) -> u64 {
///         self.waited_ms.get() * 1_000_000
///     }
///
///     async fn wait_ms(&self, ms: u64) {
///         self.waited_ms.set(self.waited_ms.get() + ms);
///     }
///
///     async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
///         assert_eq!(request.authority, "lambda.eu-central-1.amazonaws.com");
///         assert_eq!(request.path, "/2015-03-31/functions/orders/invocations");
///         Ok(self.responses.borrow_mut().remove(0))
///     }
///
///     fn sessions(&self) -> &SessionCache {
///         &self.sessions
///     }
/// }
///
/// let response = |status, name: &str, value: &str, body: &str| Response {
///     status,
///     headers: vec![(name.into(), value.into()), ("x-amzn-requestid".into(), "8f5e".into())],
///     body: body.into(),
///     completion: None,
/// };
/// let transport = Script {
///     responses: RefCell::new(vec![
///         response(429, "x-amzn-errortype", "TooManyRequestsException", "{}"),
///         response(200, "x-amz-executed-version", "12", r#"{"total":7}"#),
///     ]),
///     waited_ms: Cell::new(0),
///     sessions: SessionCache::new(),
/// };
/// let connection = Connection {
///     region: "eu-central-1".into(),
///     credentials: Credentials::AccessKey(AccessKey {
///         access_key_id: "AKIDEXAMPLE".into(),
///         secret_access_key: Secret::new("secret".into()),
///         session_token: None,
///     }),
///     endpoint: EndpointChoice::Standard,
/// };
/// let request = InvokeRequest {
///     function: "orders".into(),
///     ..InvokeRequest::default()
/// };
///
/// let operation = Invoke::new(connection, request).unwrap();
/// let invocation = block_on(perform(&transport, operation)).unwrap();
///
/// assert_eq!(invocation.output, Some(Payload::Text(r#"{"total":7}"#.into())));
/// assert_eq!(invocation.attempts, 2);
/// ```
pub async fn perform<O: Operation>(
    transport: &impl Transport,
    mut operation: O,
) -> Result<O::Output, Error> {
    perform_with_clock(transport, &mut operation, &mut ServiceClock::default()).await
}

/// Like [`perform`], for a call of several operations: each one signs by the `clock` that the
/// responses to the others corrected.
///
/// # Errors
/// See [`perform`].
pub async fn perform_with_clock<O: Operation>(
    transport: &impl Transport,
    operation: &mut O,
    clock: &mut ServiceClock,
) -> Result<O::Output, Error> {
    let mut attempts = Attempts::new(operation.call().delivery);
    loop {
        exchange(transport, operation, &mut attempts, clock).await?;
        if let Some(output) = operation.take_output() {
            return Ok(output);
        }
    }
}

/// Sends the operation's next request until its response is read or its error is final.
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
        doubt: None,
    };
    let mut earlier = None;
    let mut number: u8 = 1;
    loop {
        let attempted = attempt(transport, operation, &mut shared, number, clock).await;
        let Err(mut failed) = attempted else {
            return Ok(());
        };
        let caller = operation.call().target.caller.secrets();
        let requested_id = shared.request_id(operation);
        let context = Context {
            operation,
            signer: &shared.signer,
            secrets: &shared.secrets(caller, &failed.authorization),
            requested_id,
            signing_date: failed.signing_date,
        };
        annotate(&mut failed.error, &context);
        let caller = &operation.call().target.caller;
        let keys_expired = evict_rejected_session(&failed.error, caller, transport.sessions());
        let doubt = Doubt::after(&failed.error, requested_id);
        let error = propagate_uncertainty(failed.error, earlier, shared.doubt.as_ref());
        shared.doubt = shared.doubt.or(doubt);

        match attempts.after(&FailedAttempt {
            error: &error,
            attempt: number,
            elapsed_ms: shared.elapsed_ms(transport),
            retry_after_ms: failed.retry_after_ms,
            signing_date: failed.signing_date,
            keys_expired,
            jitter: shared.jitter(&failed.authorization, transport.monotonic_ns()),
        }) {
            RetryDecision::Return => return Err(error),
            RetryDecision::Wait(ms) => transport.wait_ms(ms).await,
        }

        // AWS may have rejected a role's session, or it may have expired during the wait.
        shared.signer = match signer(transport, operation.call(), clock).await {
            Ok(signer) => signer,
            Err(renewal) => {
                let doubt = shared.doubt.as_ref();
                return Err(propagate_uncertainty(renewal, Some(error), doubt));
            }
        };
        earlier = Some(error);
        number = number.saturating_add(1);
    }
}

/// The state that the attempts of one request share.
struct Shared {
    signer: Signer,
    /// Computed in the first attempt that signs.
    payload_hash: Option<String>,
    /// The monotonic clock at the start of the first attempt, in nanoseconds.
    began_ns: u64,
    /// The first attempt that may have run the function, if there was one.
    doubt: Option<Doubt>,
}

impl Shared {
    /// Returns the request ID that the next attempt asks for. It is not that of an attempt that may
    /// still be running: Lambda may deliver its late response to another run with the same ID.
    fn request_id<'a>(&self, operation: &'a dyn Exchange) -> Option<&'a str> {
        operation.request_id().filter(|_| self.doubt.is_none())
    }

    fn elapsed_ms(&self, transport: &impl Transport) -> u64 {
        transport.monotonic_ns().saturating_sub(self.began_ns) / 1_000_000
    }

    /// Collects what must not appear in any text that leaves: what the request was signed with, the
    /// signature, and `others`.
    fn secrets<'a>(&'a self, others: Vec<&'a str>, authorization: &'a str) -> Secrets<'a> {
        let signature = authorization
            .rfind("Signature=")
            .and_then(|at| authorization.get(at..))
            .unwrap_or_default();
        let secrets = self.signer.secrets().chain(others);
        Secrets::new(secrets.chain([signature]))
    }

    /// Returns a number that is uniform over `u64`, without a source of randomness. The signature
    /// differs between callers, requests and seconds; the clock differs between nanoseconds.
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

/// A failed attempt: its error, and what the response reveals about the next attempt.
struct Failed {
    error: Error,
    /// The `Authorization` header, or empty if the request was not signed.
    authorization: String,
    /// The response's `x-amz-retry-after` header.
    retry_after_ms: Option<u64>,
    /// What the response shows about the date of the request's signature.
    signing_date: SigningDate,
}

/// Makes one attempt.
async fn attempt(
    transport: &impl Transport,
    operation: &mut dyn Exchange,
    shared: &mut Shared,
    number: u8,
    clock: &mut ServiceClock,
) -> Result<(), Failed> {
    // 1. Date the request. AWS rejects a signature that is minutes old, so each attempt takes the
    //    current time.
    let sent_s = transport.now_s();
    let date = match shared.signer.date(clock.signing_time(sent_s)) {
        Ok(date) => date,
        Err(day) => {
            return Err(Failed {
                error: wrong_day(&day),
                authorization: String::new(),
                retry_after_ms: None,
                signing_date: SigningDate::Unknown,
            });
        }
    };

    // 2. Sign it. The body may be 6 MiB and does not change between attempts, so it is hashed once.
    let mut request = operation.request();
    if let Some(id) = shared.request_id(operation) {
        request
            .headers
            .push(("x-amzn-requestid", Cow::Borrowed(id)));
    }
    let target = &operation.call().target;
    let authorization = if shared.signer.signs() {
        let hash = || match operation.payload_hash() {
            Some(hash) => hash.into(),
            None => sigv4::payload_hash(request.body),
        };
        let hash = shared.payload_hash.get_or_insert_with(hash);
        let (region, service) = (&target.region, target.service);
        sigv4::sign(&mut request, hash, &shared.signer, region, service, &date)
    } else {
        String::new()
    };

    // 3. Send it, within the time that is left to the call.
    let delivery = operation.call().delivery;
    let limits = delivery.time_limits(shared.elapsed_ms(transport), request.is_event_stream);
    let sent = transport.send(&request, &limits).await;
    drop(request);

    // 4. Read the response. Its headers correct the clock and may ask for a delay.
    let mut retry_after_ms = None;
    let mut signing_date = SigningDate::Unknown;
    let secrets = shared.secrets(Vec::new(), &authorization);
    let read = match receive(sent, operation, &secrets, number) {
        Ok((response, origin)) => {
            // A response without AWS's request ID may have any date.
            if origin == Origin::Aws {
                let shown = clock.observe(&response, sent_s, transport.now_s());
                if shared.signer.signs() {
                    signing_date = shown;
                }
            }
            retry_after_ms = response
                .header("x-amz-retry-after")
                .and_then(|header| retry::retry_after_ms(&header));
            let request_id = error_response::request_id(&response);
            operation.read(response, number).map_err(|mut error| {
                if let Error::Transport(error) = &mut error {
                    error.request_id = request_id;
                }
                error
            })
        }
        Err(error) => Err(error),
    };
    read.map_err(|error| Failed {
        error,
        authorization,
        retry_after_ms,
        signing_date,
    })
}

/// Evicts a role's session whose keys AWS rejected. Returns whether they had expired, in which case
/// a new session may work.
fn evict_rejected_session(error: &Error, caller: &Caller, sessions: &SessionCache) -> bool {
    let (Error::Unauthenticated(error), Caller::Roles(chain)) = (error, caller) else {
        return false;
    };
    if error.category == Category::Credentials {
        sessions.remove(&chain.id());
    }
    is_expired(&error.code)
}

/// Returns the signer of `call`: the caller itself, or the role that it assumes.
///
/// # Errors
/// Returns the error of [`assume_roles`].
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
        None => {
            let delivery = call.delivery.for_sts();
            let session = assume_roles(transport, chain, delivery, clock).await?;
            transport.sessions().insert(chain.id(), session.clone());
            session
        }
    };
    Ok(Signer::AccessKey(session.keys))
}

/// Assumes the roles of `chain` in order, and returns the session of the last one.
///
/// # Errors
/// Returns the error of the role that STS did not let the caller assume.
pub async fn assume_roles(
    transport: &impl Transport,
    chain: &RoleChain,
    delivery: Delivery,
    clock: &mut ServiceClock,
) -> Result<Session, Error> {
    let assume = async |step, before: Option<&Session>, clock: &mut ServiceClock| {
        let mut operation = AssumeRole::new(chain, step, before, delivery);
        // Boxed, because this is a recursion: performing an operation needs its signer first. It
        // ends at a caller with keys of its own.
        let assumed = Box::pin(perform_with_clock(transport, &mut operation, clock)).await;
        assumed.map_err(|mut error| {
            // An OIDC token is sent in the body, so `annotate` does not find it in the signer.
            redact(&mut error, &Secrets::new(chain.secrets()));
            error
        })
    };
    let mut session = assume((1, &chain.first), None, clock).await?;
    for step in (2..).zip(&chain.rest) {
        session = assume(step, Some(&session), clock).await?;
    }
    Ok(session)
}

#[cfg(test)]
mod tests;
