//! What works with a connection and what does not: one answer for each question, none of them
//! stops the others, and no function runs.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::error::{Category, Error, ServiceError};
use crate::call::invocation::Invocation;
use crate::call::operation::Exchange;
use crate::call::target::{Target, lambda_only};
use crate::lambda::function_name::FunctionName;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::perform::{perform_with_clock, signer};
use crate::sts::caller_identity::{CallerIdentity, GetCallerIdentity};
use crate::transport::Transport;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Check {
    pub subject: Subject,
    pub outcome: Outcome,
    pub detail: String,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Subject {
    Clock,
    Endpoint,
    Identity,
    ListFunctions,
    InvokeFunction,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Lambda and STS refuse a signature that is more than 5 minutes off.
const TOLERATED_SKEW_S: u64 = 5 * 60;

/// Asks Lambda and STS.
///
/// # Errors
/// `invalid-input` where the connection or the function's name cannot be used at all.
pub async fn test_connection(
    transport: &impl Transport,
    connection: &Connection,
    function: Option<&str>,
    qualifier: Option<&str>,
) -> Result<Vec<Check>, Error> {
    let mut questions = Questions::new(connection, function, qualifier)?;
    // What one answer teaches of the clock serves the next request.
    let mut clock = ServiceClock::default();
    // Without the role's keys there is nothing to ask Lambda with.
    if let Err(error) = signer(transport, questions.list.call(), &mut clock).await {
        return Ok(without_keys(clock, &error));
    }
    let listed = perform_with_clock(transport, &mut questions.list, &mut clock).await;
    let identity = match &mut questions.identity {
        Ok(call) => caller_check(perform_with_clock(transport, call, &mut clock).await),
        Err(why) => skipped(Subject::Identity, *why),
    };
    let invoked = match &mut questions.invoke {
        Some(call) => invoke_check(perform_with_clock(transport, call, &mut clock).await),
        None => skipped(
            Subject::InvokeFunction,
            "name a function to learn whether it may be invoked",
        ),
    };
    let listed = listed.map(|_| "allowed".into());
    Ok([
        clock_check(clock),
        endpoint(&questions.list.call().target, &listed),
        identity,
        check(Subject::ListFunctions, listed),
        invoked,
    ]
    .into())
}

/// What is asked.
struct Questions {
    list: ListFunctions,
    /// Or why it is not asked.
    identity: Result<GetCallerIdentity, &'static str>,
    invoke: Option<Invoke>,
}

impl Questions {
    fn new(
        connection: &Connection,
        function: Option<&str>,
        qualifier: Option<&str>,
    ) -> Result<Questions, Error> {
        const FIELD: &str = "function";
        let name = function
            .map(|text| FunctionName::parse(FIELD, text))
            .transpose()?;
        let of_function = name.as_ref().and_then(|name| name.region_hint(FIELD));
        let target = Target::new(connection.clone(), of_function)?;
        let connection = Connection {
            region: target.region,
            ..connection.clone()
        };
        let invoke = function
            .map(|function| dry_run(connection.clone(), function, qualifier))
            .transpose()?;
        let identity = match lambda_only(&connection.credentials) {
            None => Ok(GetCallerIdentity::new(connection.clone())?),
            Some(why) => Err(why),
        };
        let one = FunctionQuery {
            limit: Some(1),
            ..FunctionQuery::default()
        };
        Ok(Questions {
            list: ListFunctions::new(connection, one)?,
            identity,
            invoke,
        })
    }
}

fn caller_check(caller: Result<CallerIdentity, Error>) -> Check {
    let who = caller.map(|caller| format!("{} of account {}", caller.arn, caller.account));
    check(Subject::Identity, who)
}

fn invoke_check(invoked: Result<Invocation, Error>) -> Check {
    let allowed = "allowed, and the function's name and qualifier exist";
    check(Subject::InvokeFunction, invoked.map(|_| allowed.into()))
}

/// STS did not hand out the role's keys: that is the answer to who the caller is.
fn without_keys(clock: ServiceClock, error: &Error) -> Vec<Check> {
    const WHY: &str = "not asked: the role's keys, with which to ask, could not be had";
    [
        clock_check(clock),
        skipped(Subject::Endpoint, WHY),
        failed(Subject::Identity, describe(error)),
        skipped(Subject::ListFunctions, WHY),
        skipped(Subject::InvokeFunction, WHY),
    ]
    .into()
}

fn dry_run(
    connection: Connection,
    function: &str,
    qualifier: Option<&str>,
) -> Result<Invoke, Error> {
    let request = InvokeRequest {
        function: function.into(),
        qualifier: qualifier.map(Into::into),
        invocation_type: Some(InvocationType::DryRun),
        ..InvokeRequest::default()
    };
    Invoke::new(connection, request).map_err(|error| match error {
        // This call's parameters stand at the top.
        Error::InvalidInput(input) => Error::invalid(
            input.field.strip_prefix("request.").unwrap_or(&input.field),
            input.message,
        ),
        other => other,
    })
}

fn clock_check(clock: ServiceClock) -> Check {
    let Some(skew) = clock.skew_s() else {
        return skipped(Subject::Clock, "no answer told the time");
    };
    let off = skew.unsigned_abs();
    let side = if skew > 0 { "behind" } else { "ahead of" };
    if off > TOLERATED_SKEW_S {
        failed(
            Subject::Clock,
            format!(
                "the host's clock is {off} seconds {side} AWS's; the connector corrects for that at the cost of a second request: set the clock by NTP"
            ),
        )
    } else if off > 1 {
        passed(Subject::Clock, format!("{off} seconds {side} AWS's"))
    } else {
        passed(Subject::Clock, "as AWS's")
    }
}

/// Any answer of Lambda's, even a refusal, shows that the endpoint is the right one.
fn endpoint(target: &Target, listed: &Result<String, Error>) -> Check {
    let authority = &target.endpoint.authority;
    match listed {
        Err(Error::Transport(error)) => {
            failed(Subject::Endpoint, format!("{authority}: {}", error.message))
        }
        // Neither Lambda's code nor its id: a proxy, or another server.
        Err(Error::Service(error))
            if error.request_id.is_none() && error.code.starts_with("HTTP ") =>
        {
            failed(
                Subject::Endpoint,
                format!(
                    "{authority} answers with status {}, but not as Lambda does: check the endpoint and any proxy on the way",
                    error.status_code
                ),
            )
        }
        _ => passed(Subject::Endpoint, format!("{authority} answers")),
    }
}

fn check(subject: Subject, result: Result<String, Error>) -> Check {
    match result {
        Ok(detail) => passed(subject, detail),
        Err(Error::Service(error)) if throttled_or_down(&error) => failed(
            subject,
            format!("not known: {} {}", error.code, error.message),
        ),
        Err(error) => failed(subject, describe(&error)),
    }
}

fn throttled_or_down(error: &ServiceError) -> bool {
    matches!(error.category, Category::Throttled | Category::ServiceFault)
}

/// An error in one line: what was said, and what to do.
fn describe(error: &Error) -> String {
    match error {
        Error::InvalidInput(input) => format!("{}: {}", input.field, input.message),
        Error::Unauthenticated(error) | Error::Service(error) => {
            let mut text = format!("{}: {}", error.code, error.message);
            if let Some(hint) = &error.hint {
                text.push_str(" — ");
                text.push_str(hint);
            }
            text
        }
        Error::Transport(error) => error.message.clone(),
        Error::FunctionFailed(_) => "the function failed, although it should not have run".into(),
    }
}

fn passed(subject: Subject, detail: impl Into<Cow<'static, str>>) -> Check {
    answer(subject, Outcome::Passed, detail)
}

fn failed(subject: Subject, detail: impl Into<Cow<'static, str>>) -> Check {
    answer(subject, Outcome::Failed, detail)
}

fn skipped(subject: Subject, detail: impl Into<Cow<'static, str>>) -> Check {
    answer(subject, Outcome::Skipped, detail)
}

fn answer(subject: Subject, outcome: Outcome, detail: impl Into<Cow<'static, str>>) -> Check {
    Check {
        subject,
        outcome,
        detail: detail.into().into_owned(),
    }
}

#[cfg(test)]
mod tests;
