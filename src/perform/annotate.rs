//! Completes the error of an attempt: removes secrets, adds a hint that fits the signer, names the
//! request ID, and accounts for earlier attempts.

use alloc::format;
use alloc::string::String;

use crate::aws::clock_skew::{SigningDate, is_skew_code};
use crate::aws::credentials::{Signer, WrongDay};
use crate::aws::endpoint::LAMBDA;
use crate::aws::sigv4;
use crate::call::advice;
use crate::call::error::{Category, Error, Executed, ServiceError};
use crate::call::error_codes::CLOCK;
use crate::call::operation::{Effect, Exchange};
use crate::call::scrub::Secrets;
use crate::call::target::Target;

/// The attempt that failed.
pub struct Context<'a> {
    pub operation: &'a dyn Exchange,
    pub signer: &'a Signer,
    pub secrets: &'a Secrets<'a>,
    /// The request ID that the attempt asked for.
    pub requested_id: Option<&'a str>,
    /// What the response shows about the date of the request's signature.
    pub signing_date: SigningDate,
}

/// Completes the error of one attempt.
pub fn annotate(error: &mut Error, context: &Context<'_>) {
    context.operation.annotate_error(error);
    let target = &context.operation.call().target;
    redact(error, context.secrets);
    hint_credentials(error, context.signer, target);
    hint_date(error, context.signing_date);
    hint_payload_hash(error, context.operation);
    report_request_id(error, context);
}

/// Removes `secrets` from `error`. AWS explains a signature that does not match by quoting the
/// request that it received, headers included.
pub fn redact(error: &mut Error, secrets: &Secrets<'_>) {
    match error {
        Error::Unauthenticated(error) | Error::Service(error) => {
            secrets.scrub(&mut error.message);
            secrets.scrub(&mut error.code);
            for text in error.hint.iter_mut().chain(&mut error.request_id) {
                secrets.scrub(text);
            }
        }
        Error::Transport(error) => {
            secrets.scrub(&mut error.message);
            if let Some(id) = &mut error.request_id {
                secrets.scrub(id);
            }
        }
        // `InvalidInput` precedes any response. `FunctionFailed` is the function's own output, beside
        // headers that `receive` has scrubbed.
        Error::InvalidInput(_) | Error::FunctionFailed(_) => {}
    }
}

/// Replaces the hint for rejected credentials where another signer needs another remedy.
fn hint_credentials(error: &mut Error, signer: &Signer, target: &Target) {
    let Error::Unauthenticated(ServiceError {
        category: Category::Credentials,
        message,
        hint,
        ..
    }) = error
    else {
        return;
    };
    let region = &target.region;
    match signer {
        // The sentence names the cause, which another key does not remedy.
        Signer::SigningKey(_)
            if advice::by_sentence(Category::Credentials, message, "", "").is_some() => {}
        Signer::SigningKey(key) => {
            let day = &key.day.date;
            *hint = Some(format!(
                "derive the signing key from the secret of this access key ID, for the day {day}, region {region} and service lambda; with temporary keys, pass their session token"
            ));
        }
        Signer::Unsigned if target.service == LAMBDA => {
            let authority = &target.endpoint.authority;
            *hint = Some(format!(
                "the connector sends requests unsigned: the proxy at {authority} must sign them for region {region} and service lambda, with keys that AWS accepts"
            ));
        }
        Signer::AccessKey(_) | Signer::Unsigned => {}
    }
}

/// The hint for a signature that was right when it was made.
const AGED: &str = "the signature had the right date, but the request reached AWS more than 5 minutes later: the host was suspended, or a proxy held the request back";

/// Attributes a rejected signature to its date only if the date was off. It is then the cause under any
/// of the codes that AWS uses for it.
fn hint_date(error: &mut Error, signing_date: SigningDate) {
    let Error::Unauthenticated(error) = error else {
        return;
    };
    if signing_date.was_off() && is_skew_code(&error.code) {
        error.category = Category::ClockSkew;
        error.hint = Some(CLOCK.into());
    } else if signing_date == SigningDate::Right && error.category == Category::ClockSkew {
        error.category = Category::Other;
        error.hint = Some(AGED.into());
    }
}

/// Names the field that supplied a wrong hash of the payload, which is a part of the signature.
fn hint_payload_hash(error: &mut Error, operation: &dyn Exchange) {
    let Error::Unauthenticated(error) = error else {
        return;
    };
    let is_mismatch = matches!(
        &*error.code,
        "InvalidSignatureException" | "SignatureDoesNotMatch"
    );
    let is_wrong = |hash: &str| hash != sigv4::payload_hash(operation.request().body);
    if is_mismatch && operation.payload_hash().is_some_and(is_wrong) {
        error.hint = Some(
            "`request.payload-sha256` is not the SHA-256 of `request.payload`: leave it out, or compute it from the same bytes".into(),
        );
    }
}

/// Names the request ID by which the function's log shows the attempt, if it may have run the
/// function and the error has no field that reports the ID.
fn report_request_id(error: &mut Error, context: &Context<'_>) {
    if !may_have_run(error) {
        return;
    }
    let is_transport = matches!(error, Error::Transport(_));
    let changes = context.operation.effect() == Effect::Change;
    let note = match (request_id(error), context.requested_id) {
        // The log of the function does not show a change of its execution.
        (id, _) if is_transport && changes => advice::by_history(id),
        (Some(id), _) if is_transport => advice::by_request_id(id),
        (None, Some(id)) => advice::by_requested_id(id),
        (Some(_), _) | (None, None) => return,
    };
    error.add_note(&note);
}

/// The request ID of the response. AWS may have ignored the one that was asked for.
fn request_id(error: &Error) -> Option<&str> {
    let id = match error {
        Error::Service(error) | Error::Unauthenticated(error) => &error.request_id,
        Error::Transport(error) => &error.request_id,
        Error::FunctionFailed(failed) => &failed.invocation.request_id,
        Error::InvalidInput(_) => &None,
    };
    id.as_deref().filter(|id| !id.trim().is_empty())
}

fn may_have_run(error: &Error) -> bool {
    match error {
        Error::Service(error) | Error::Unauthenticated(error) => error.executed != Executed::No,
        Error::Transport(error) => error.executed != Executed::No,
        Error::FunctionFailed(_) => true,
        Error::InvalidInput(_) => false,
    }
}

/// The error of a request that is made on another day than the signing key's.
pub fn wrong_day(day: &WrongDay) -> Error {
    let WrongDay { key_date, today } = day;
    Error::invalid(
        "connection.credentials.signing-key.date",
        format!(
            "the key is for {key_date}, but today is {today} (UTC): signing keys are valid for one UTC day, so derive a new one for today"
        ),
    )
}

/// An attempt that may have run the function, and did not end the call.
pub struct Doubt {
    /// The request ID of the response, or the one that was asked for if there was no response.
    request_id: Option<String>,
}

impl Doubt {
    /// Returns the doubt in which an attempt leaves the call. It ended with `error`, and asked for
    /// the request ID `requested`.
    pub fn after(error: &Error, requested: Option<&str>) -> Option<Doubt> {
        may_have_run(error).then(|| Doubt {
            request_id: request_id(error).or(requested).map(String::from),
        })
    }
}

/// Returns the error of the last attempt, with `executed: unknown` if there is a `doubt` about the
/// earlier ones. Returns the `earlier` error if the last attempt was not sent.
pub fn propagate_uncertainty(
    mut last: Error,
    earlier: Option<Error>,
    doubt: Option<&Doubt>,
) -> Error {
    if let (Error::InvalidInput(_), Some(earlier)) = (&last, earlier) {
        return earlier;
    }
    let Some(doubt) = doubt else {
        return last;
    };
    if let Some(executed) = executed_mut(&mut last)
        && *executed == Executed::No
    {
        *executed = Executed::Unknown;
    }
    if let Some(id) = &doubt.request_id {
        last.add_note(&advice::by_earlier_request_id(id));
    }
    last
}

/// The `executed` field of an error that has one. The other errors imply its value.
fn executed_mut(error: &mut Error) -> Option<&mut Executed> {
    match error {
        Error::Service(error) | Error::Unauthenticated(error) => Some(&mut error.executed),
        Error::Transport(error) => Some(&mut error.executed),
        Error::InvalidInput(_) | Error::FunctionFailed(_) => None,
    }
}
