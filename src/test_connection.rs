//! `lambda.test-connection`: reports what works with a connection and what does not.
//!
//! Each check has its own result, a failed check does not stop the others, and no function runs.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error, ServiceError};
use crate::call::invocation::Invocation;
use crate::call::operation::Exchange;
use crate::call::scrub::Secrets;
use crate::call::target::{Target, lambda_only};
use crate::lambda::function_name::FunctionName;
use crate::lambda::get_function_configuration::{FunctionConfiguration, GetFunctionConfiguration};
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::perform::{perform_with_clock, signer};
use crate::sts::caller_identity::{CallerIdentity, GetCallerIdentity};
use crate::transport::Transport;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Check {
    pub subject: Subject,
    pub outcome: Outcome,
    pub detail: String,
}

/// The subject of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Subject {
    Clock,
    Endpoint,
    Identity,
    ListFunctions,
    InvokeFunction,
    FunctionConfiguration,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Lambda and STS reject a signature whose date is more than 5 minutes off.
const TOLERATED_SKEW_S: u64 = 5 * 60;

/// Checks `connection`, and whether it may invoke `function`.
///
/// # Errors
/// Returns `invalid-input` if the connection, the function's name or the qualifier is not valid.
pub async fn test_connection(
    transport: &impl Transport,
    connection: &Connection,
    function: Option<&str>,
    qualifier: Option<&str>,
) -> Result<Vec<Check>, Error> {
    let mut operations = Operations::new(connection, function, qualifier)?;
    // Each response corrects the clock for the next request.
    let mut clock = ServiceClock::default();
    // Without the role's credentials, no request to Lambda can be signed.
    let signer = match signer(transport, operations.list.call(), &mut clock).await {
        Ok(signer) => signer,
        Err(error) => return Ok(without_credentials(clock, &error)),
    };
    let listed = perform_with_clock(transport, &mut operations.list, &mut clock).await;
    let identity = match &mut operations.identity {
        Ok(call) => caller_check(perform_with_clock(transport, call, &mut clock).await),
        Err(why) => skipped(Subject::Identity, *why),
    };
    let invoked = match &mut operations.invoke {
        Some(call) => invoke_check(perform_with_clock(transport, call, &mut clock).await),
        None => skipped(
            Subject::InvokeFunction,
            "pass a function to check whether it may be invoked",
        ),
    };
    let configured = match &mut operations.configuration {
        Some(call) => {
            let read = perform_with_clock(transport, call, &mut clock).await;
            configuration_check(read, call.is_qualified())
        }
        None => skipped(
            Subject::FunctionConfiguration,
            "pass a function to check its configuration",
        ),
    };
    let listed = listed.map(|_| "allowed".into());
    let mut checks = [
        clock_check(clock),
        endpoint(&operations.list.call().target, &listed),
        identity,
        check(Subject::ListFunctions, listed),
        invoked,
        configured,
    ];
    // A detail repeats what AWS sent, also in a success.
    let caller = operations.list.call().target.caller.secrets();
    let secrets = Secrets::new(signer.secrets().chain(caller));
    for check in &mut checks {
        secrets.scrub(&mut check.detail);
    }
    Ok(checks.into())
}

/// The operations that the checks perform.
struct Operations {
    list: ListFunctions,
    /// The reason instead, if the credentials are not valid for STS.
    identity: Result<GetCallerIdentity, &'static str>,
    invoke: Option<Invoke>,
    configuration: Option<GetFunctionConfiguration>,
}

impl Operations {
    fn new(
        connection: &Connection,
        function: Option<&str>,
        qualifier: Option<&str>,
    ) -> Result<Operations, Error> {
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
        let configuration = function
            .map(|function| GetFunctionConfiguration::new(connection.clone(), function, qualifier))
            .transpose()?;
        let identity = match lambda_only(&connection.credentials) {
            None => Ok(GetCallerIdentity::new(connection.clone())?),
            Some(why) => Err(why),
        };
        let one = FunctionQuery {
            limit: Some(1),
            ..FunctionQuery::default()
        };
        Ok(Operations {
            list: ListFunctions::new(connection, one)?,
            identity,
            invoke,
            configuration,
        })
    }
}

fn caller_check(caller: Result<CallerIdentity, Error>) -> Check {
    let identity = caller.map(|caller| format!("{} of account {}", caller.arn, caller.account));
    check(Subject::Identity, identity)
}

fn invoke_check(invoked: Result<Invocation, Error>) -> Check {
    let allowed = "allowed, and the function's name and qualifier exist";
    check(Subject::InvokeFunction, invoked.map(|_| allowed.into()))
}

fn configuration_check(
    configuration: Result<FunctionConfiguration, Error>,
    is_qualified: bool,
) -> Check {
    const SUBJECT: Subject = Subject::FunctionConfiguration;
    let configuration = match configuration {
        Ok(configuration) => configuration,
        Err(error) => return check(SUBJECT, Err(error)),
    };
    let problems = problems(&configuration, is_qualified);
    if !problems.is_empty() {
        return failed(SUBJECT, problems.join("; "));
    }
    let mut detail = match configuration.state {
        Some(_) => String::from("the function is active"),
        None => String::from("the response does not report the function's state"),
    };
    if let Some(seconds) = configuration.timeout_seconds {
        detail.push_str(&format!(", with a timeout of {seconds} seconds"));
    }
    if configuration.last_update_status.as_deref() == Some("InProgress") {
        detail.push_str("; an update is in progress");
    }
    if configuration.tenant_isolated {
        detail.push_str("; each invocation must have a tenant ID");
    }
    passed(SUBJECT, detail)
}

/// Returns what prevents an invocation with the default options.
fn problems(configuration: &FunctionConfiguration, is_qualified: bool) -> Vec<String> {
    let mut problems = Vec::new();
    let because = |reason: &Option<String>| match reason {
        Some(reason) => format!(" ({reason})"),
        None => String::new(),
    };
    match configuration.state.as_deref() {
        None | Some("Active") => {}
        // Functions on managed instances run only published versions.
        Some("ActiveNonInvocable") if !is_qualified => problems.push(
            "the function is active, but its unpublished code cannot be invoked: publish a version and pass its qualifier, for example `$LATEST.PUBLISHED`".into(),
        ),
        Some(state) => {
            let reason = because(&configuration.state_reason);
            let advice = match state {
                "Pending" => "try again when Lambda has prepared it",
                "Inactive" => "invoke it to activate it, and try again when it is active",
                "Failed" => "correct its configuration",
                _ => "it cannot be invoked in this state",
            };
            problems.push(format!("the function is {state}{reason}, not active: {advice}"));
        }
    }
    if configuration.last_update_status.as_deref() == Some("Failed") {
        let reason = because(&configuration.last_update_reason);
        problems.push(format!(
            "the last update of the function failed{reason}: the code and configuration from before it are in use"
        ));
    }
    if configuration.durable && !is_qualified {
        problems.push(
            "the function is durable, and an invocation without a qualifier is rejected: pass a version, an alias or `$LATEST`".into(),
        );
    }
    let waits_ms = Delivery::new("delivery", None, true)
        .map_or(u32::MAX, |delivery| delivery.response_timeout_ms);
    if let Some(seconds) = configuration.timeout_seconds
        && seconds.saturating_mul(1_000) > waits_ms
    {
        let waits = waits_ms / 1_000;
        problems.push(format!(
            "the timeout of the function is {seconds} seconds, and a synchronous call waits {waits} by default: invoke it as `event`, because Lambda ends a synchronous run after 30 minutes"
        ));
    }
    problems
}

/// Reports that STS denied the role's credentials, which is the result of the identity check.
fn without_credentials(clock: ServiceClock, error: &Error) -> Vec<Check> {
    const WHY: &str = "could not obtain the role's credentials";
    [
        clock_check(clock),
        skipped(Subject::Endpoint, WHY),
        failed(Subject::Identity, describe(error)),
        skipped(Subject::ListFunctions, WHY),
        skipped(Subject::InvokeFunction, WHY),
        skipped(Subject::FunctionConfiguration, WHY),
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
        // Here, `function` and `qualifier` are parameters of their own.
        Error::InvalidInput(input) => Error::invalid(
            input.field.strip_prefix("request.").unwrap_or(&input.field),
            input.message,
        ),
        other => other,
    })
}

fn clock_check(clock: ServiceClock) -> Check {
    let Some(skew) = clock.skew_s() else {
        return skipped(Subject::Clock, "no response reported the time");
    };
    let off = skew.unsigned_abs();
    let side = if skew > 0 { "behind" } else { "ahead of" };
    if off > TOLERATED_SKEW_S {
        let consequence = if clock.is_followed() {
            "the connector corrects for that at the cost of a second request"
        } else {
            "the connector does not correct for more than a day, so that AWS rejects its signatures"
        };
        failed(
            Subject::Clock,
            format!(
                "the host's clock is {off} seconds {side} AWS; {consequence}: synchronize the clock with NTP"
            ),
        )
    } else if off > 1 {
        passed(Subject::Clock, format!("{off} seconds {side} AWS"))
    } else {
        passed(Subject::Clock, "in step with AWS")
    }
}

/// Any response from Lambda, even an error, shows that the endpoint is correct.
fn endpoint(target: &Target, listed: &Result<String, Error>) -> Check {
    let authority = &target.endpoint.authority;
    match listed {
        Err(Error::Transport(error)) => {
            failed(Subject::Endpoint, format!("{authority}: {}", error.message))
        }
        _ => passed(Subject::Endpoint, format!("{authority} responds")),
    }
}

fn check(subject: Subject, result: Result<String, Error>) -> Check {
    match result {
        Ok(detail) => passed(subject, detail),
        Err(Error::Service(error)) if throttled_or_down(&error) => failed(
            subject,
            format!("unknown: {} {}", error.code, error.message),
        ),
        Err(error) => failed(subject, describe(&error)),
    }
}

fn throttled_or_down(error: &ServiceError) -> bool {
    matches!(error.category, Category::Throttled | Category::ServiceFault)
}

/// Formats an error as one line: the code, the message and the hint.
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
    new_check(subject, Outcome::Passed, detail)
}

fn failed(subject: Subject, detail: impl Into<Cow<'static, str>>) -> Check {
    new_check(subject, Outcome::Failed, detail)
}

fn skipped(subject: Subject, detail: impl Into<Cow<'static, str>>) -> Check {
    new_check(subject, Outcome::Skipped, detail)
}

fn new_check(subject: Subject, outcome: Outcome, detail: impl Into<Cow<'static, str>>) -> Check {
    Check {
        subject,
        outcome,
        detail: detail.into().into_owned(),
    }
}

#[cfg(test)]
mod tests;
