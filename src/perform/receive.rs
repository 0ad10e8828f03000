//! Turns what the transport received into a response that the operation may read.

use alloc::format;
use alloc::string::String;

use crate::aws::message::Response;
use crate::call::error::{Error, Executed, TransportError, TransportKind};
use crate::call::error_response;
use crate::call::operation::{Effect, Exchange};
use crate::call::origin::{self, Origin};
use crate::call::scrub::{MIN_SECRET, Secrets};
use crate::transport::{Failure, Reached};

/// Returns a response that AWS or an emulator sent, and which of them.
///
/// An error response may lack its body: its status and headers remain useful.
///
/// # Errors
/// `transport`, if there is no complete response, if something else sent it, or if it is encoded.
pub fn receive(
    sent: Result<Response, Failure>,
    operation: &dyn Exchange,
    secrets: &Secrets<'_>,
    attempts: u8,
) -> Result<(Response, Origin), Error> {
    let effect = operation.effect();
    let target = &operation.call().target;
    let endpoint = &target.endpoint;
    let error = |kind, message, executed, transient| TransportError {
        kind,
        message,
        executed,
        request_id: None,
        attempts,
        transient,
    };
    let (mut response, cut) = match sent {
        Ok(response) => (response, None),
        Err(Failure {
            kind,
            message,
            reached,
        }) => match reached {
            Reached::Head(head) => (head, Some((kind, message))),
            Reached::Request if matches!(effect, Effect::Run | Effect::Change) => {
                let message = match effect {
                    Effect::Run => may_be_running(kind, message),
                    _ => message,
                };
                let error = error(kind, message, Executed::Unknown, is_transient(kind));
                return Err(Error::Transport(error));
            }
            Reached::Request | Reached::Nothing => {
                let error = error(kind, message, Executed::No, is_transient(kind));
                return Err(Error::Transport(error));
            }
        },
    };
    scrub_headers(&mut response, secrets);
    let origin = origin::of(&response, endpoint, target.service);
    if origin == Origin::Other {
        let error = origin::not_lambda(&response, endpoint, effect, attempts);
        return Err(Error::Transport(error));
    }
    if response.status < 300 {
        let unusable = |error| {
            Error::Transport(TransportError {
                request_id: error_response::request_id(&response),
                ..error
            })
        };
        let executed = executed_by_success(response.status, effect);
        if let Some((kind, message)) = cut {
            // A dry run with another status than 204 may have run the function.
            let may_repeat = effect != Effect::DryRun || response.status == 204;
            let transient = is_transient(kind) && may_repeat;
            return Err(unusable(error(kind, message, executed, transient)));
        }
        if let Some(coding) = response.content_coding() {
            // The next response would be encoded as well.
            let (kind, transient) = (TransportKind::Malformed, false);
            let message = encoded(coding.trim());
            return Err(unusable(error(kind, message, executed, transient)));
        }
    }
    Ok((response, origin))
}

/// Removes secrets that a header repeats. The log is the function's own output, and the date is not
/// part of any result.
fn scrub_headers(response: &mut Response, secrets: &Secrets<'_>) {
    for (name, value) in &mut response.headers {
        let stays = ["date", "x-amz-log-result"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other));
        if value.len() < MIN_SECRET || stays {
            continue;
        }
        let mut text = String::from_utf8_lossy(value).into_owned();
        secrets.scrub(&mut text);
        *value = text.into_bytes();
    }
}

/// What the head of a success proves about the function.
fn executed_by_success(status: u16, effect: Effect) -> Executed {
    match (effect, status) {
        (Effect::Read, _) | (Effect::DryRun, 204) => Executed::No,
        // Lambda responds with 200 once the function has ended, or the change is made.
        (Effect::Run | Effect::Change, 200) => Executed::Yes,
        (Effect::DryRun | Effect::Run | Effect::Change, _) => Executed::Unknown,
    }
}

/// A certificate, a policy or a fault of the host does not change within seconds.
fn is_transient(kind: TransportKind) -> bool {
    match kind {
        TransportKind::Dns
        | TransportKind::Connect
        | TransportKind::Timeout
        | TransportKind::CutOff
        | TransportKind::Malformed => true,
        TransportKind::Tls
        | TransportKind::Denied
        | TransportKind::NotLambda
        | TransportKind::Other => false,
    }
}

fn may_be_running(kind: TransportKind, mut message: String) -> String {
    if kind == TransportKind::Timeout {
        message.push_str("; the function may still be running: raise `delivery.response-timeout-ms` if it needs longer");
    }
    message
}

fn encoded(coding: &str) -> String {
    format!(
        "the response has the content-encoding `{coding}`, although the request accepts only `identity`: turn off compression in the proxy or gateway on the way"
    )
}

#[cfg(test)]
mod tests;
