//! What an attempt's error says beyond the response: without secrets, with a hint that fits who
//! signed, and in the light of the attempts before it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::clock_skew::is_skew_code;
use crate::aws::credentials::{Signer, WrongDay};
use crate::aws::endpoint::LAMBDA;
use crate::call::error::{Category, Error, Executed, ServiceError};
use crate::call::error_codes::CLOCK;
use crate::call::operation::Exchange;
use crate::call::target::Target;

/// What is known of the attempt.
pub struct Context<'a> {
    pub operation: &'a dyn Exchange,
    pub signer: &'a Signer,
    /// The header's value; empty where the request was not signed.
    pub authorization: &'a str,
    pub clock_was_off: bool,
}

/// Completes the error of one attempt.
pub fn annotate(error: &mut Error, context: &Context<'_>) {
    context.operation.annotate_error(error);
    let target = &context.operation.call().target;
    let secrets = target.caller.secrets().into_iter();
    let secrets = secrets.chain(context.signer.secrets());
    redact(error, secrets.chain([context.authorization]));
    hint_credentials(error, context.signer, target);
    if context.clock_was_off {
        hint_clock_skew(error);
    }
}

/// Removes `secrets`: AWS explains a signature that does not match by the request as it saw it,
/// headers included.
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
        // Nothing of the one was received, and the other is the function's own output.
        Error::InvalidInput(_) | Error::FunctionFailed(_) => {}
    }
}

/// What to do about rejected credentials depends on who signed.
fn hint_credentials(error: &mut Error, signer: &Signer, target: &Target) {
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
        Signer::Unsigned if target.service == LAMBDA => {
            let authority = &target.endpoint.authority;
            *hint = Some(format!(
                "requests leave the connector unsigned: what answers at {authority} must sign them for region {region} and service lambda, with keys that AWS accepts"
            ));
        }
        Signer::AccessKey(_) | Signer::Unsigned => {}
    }
}

/// A signature that was rejected while the clock was off was rejected for its date, in which words
/// AWS says so does not matter.
fn hint_clock_skew(error: &mut Error) {
    if let Error::Unauthenticated(error) = error
        && is_skew_code(&error.code)
    {
        error.category = Category::ClockSkew;
        error.hint = Some(CLOCK.into());
    }
}

/// A request for which the signing key's day is over.
pub fn wrong_day(day: &WrongDay) -> Error {
    let WrongDay { key_date, today } = day;
    Error::invalid(
        "connection.credentials.signing-key.date",
        format!(
            "the key is for {key_date} UTC, and it is {today}: AWS takes a signing key on its own day only, so derive one for today"
        ),
    )
}

/// The error to report: the last attempt's, but with `executed: unknown` if an earlier attempt may
/// have run the function. Where the last attempt could not be sent, the earlier error.
pub fn report(mut last: Error, earlier: Option<Error>) -> Error {
    let Some(mut earlier) = earlier else {
        return last;
    };
    if matches!(last, Error::InvalidInput(_)) {
        return earlier;
    }
    let in_doubt = executed(&mut earlier).is_some_and(|executed| *executed != Executed::No);
    if let Some(executed) = executed(&mut last)
        && *executed == Executed::No
        && in_doubt
    {
        *executed = Executed::Unknown;
    }
    last
}

/// Whether the function ran, in an error that leaves it open.
fn executed(error: &mut Error) -> Option<&mut Executed> {
    match error {
        Error::Service(error) | Error::Unauthenticated(error) => Some(&mut error.executed),
        Error::Transport(error) => Some(&mut error.executed),
        Error::InvalidInput(_) | Error::FunctionFailed(_) => None,
    }
}
