//! Runs a card.

use alloc::format;
use alloc::string::{String, ToString};

use super::manifest::{self, Card, Field};
use super::values::Values;
use super::{by_field_key, connection, list, outputs};
use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery;
use crate::call::error::{Category, Error, Executed};
use crate::call::invocation::Invocation;
use crate::lambda::invoke::{InvocationType, Invoke, InvokeRequest, LogType};
use crate::lambda::list_functions::FunctionQuery;
use crate::perform::perform_with_clock;
use crate::transport::Transport;

/// Runs the card of that id; the connection and its values are JSON objects by field key, and so
/// is the result.
///
/// # Errors
/// `invalid-input` that names the field by its key, or what came of the call.
pub async fn run(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    values: &str,
) -> Result<String, Error> {
    let card = find_card(card)?;
    let values = Values::read("values", values)?;
    let connection = connection::read(connection)?;
    match card.id {
        "invoke" => invoke(transport, connection, card, &values).await,
        _ => list_functions(transport, connection, &values).await,
    }
}

/// The card of that id.
///
/// # Errors
/// `invalid-input` that names the cards.
pub fn find_card(id: &str) -> Result<&'static Card, Error> {
    manifest::card(id).ok_or_else(|| {
        let mut message = String::from("there is no such card; there are:");
        for card in manifest::CARDS {
            message.push_str(&format!(" {}", card.id));
        }
        Error::invalid("card", message)
    })
}

/// How the form names the function: the field's key, and its value.
///
/// # Errors
/// `invalid-input` where it is blank.
pub fn function(card: &Card, values: &Values<'_>) -> Result<(&'static str, String), Error> {
    let typed = card
        .options
        .iter()
        .find(|field| field.key == "useFunctionName")
        .map(|field| values.choice(field))
        .transpose()?;
    let key = if typed == Some("Yes") {
        "functionName"
    } else {
        "yourFunctions"
    };
    Ok((key, values.required_text(key)?))
}

async fn invoke(
    transport: &impl Transport,
    connection: Connection,
    card: &Card,
    values: &Values<'_>,
) -> Result<String, Error> {
    let (key, function) = function(card, values)?;
    let request = request(card, values, function.clone())?;
    let keep_going = dropdown(card, values, "onFunctionError")? == "Continue";

    let named = |error| by_field_key(error, key);
    let mut operation = Invoke::new(connection.clone(), request).map_err(named)?;
    let mut clock = ServiceClock::default();
    let mut result = perform_with_clock(transport, &mut operation, &mut clock).await;
    // A complete name is used as it is. Only where there is no such function, so that none ran,
    // may the text be a part of a name.
    if key == "functionName"
        && is_not_found(&result)
        && is_plain(&function)
        && let Some(name) = whole_name(transport, connection, &function)
            .await
            .map_err(named)?
    {
        operation.rename(&name).map_err(named)?;
        result = perform_with_clock(transport, &mut operation, &mut clock).await;
    }
    // With it goes a copy of the payload, while the answer is about to be copied.
    drop(operation);
    match result {
        Ok(invocation) => Ok(outputs::invocation(&invocation, None)),
        Err(Error::FunctionFailed(failed)) if keep_going => Ok(outputs::invocation(
            &failed.invocation,
            Some(&failed.failure),
        )),
        Err(error) => Err(named(error)),
    }
}

fn request(card: &Card, values: &Values<'_>, function: String) -> Result<InvokeRequest, Error> {
    let client_context = values
        .raw("clientContext")
        .map(|value| value.get())
        .filter(|json| !matches!(*json, "null" | "\"\""));
    let seconds: Option<u32> = values.number("responseTimeoutSeconds")?;
    Ok(InvokeRequest {
        function,
        qualifier: values.text("qualifier")?,
        invocation_type: match dropdown(card, values, "invocationType")? {
            "DryRun" => Some(InvocationType::DryRun),
            "Event" => Some(InvocationType::Event),
            _ => None,
        },
        log_type: match dropdown(card, values, "logType")? {
            "Tail" => Some(LogType::Tail),
            _ => None,
        },
        client_context: client_context.map(Into::into),
        payload: values.raw("payload").map(|value| value.get().into()),
        tenant_id: values.text("tenantId")?,
        durable_execution_name: values.text("durableExecutionName")?,
        trace_id: values.text("traceId")?,
        delivery: Some(delivery::Options {
            max_attempts: values.number("maxAttempts")?,
            connect_timeout_ms: None,
            response_timeout_ms: seconds.map(|seconds| seconds.saturating_mul(1_000)),
            idempotent: values.boolean("idempotent")?,
        }),
    })
}

fn dropdown(card: &Card, values: &Values<'_>, key: &str) -> Result<&'static str, Error> {
    let is_it = |field: &&Field| field.key == key;
    card.inputs
        .iter()
        .find(is_it)
        .map_or(Ok(""), |field| values.choice(field))
}

/// An earlier attempt may have run it all the same: then nothing else may be tried.
fn is_not_found(result: &Result<Invocation, Error>) -> bool {
    matches!(result, Err(Error::Service(error))
        if error.category == Category::NotFound && error.executed == Executed::No)
}

/// Neither an ARN nor a name with its qualifier.
fn is_plain(function: &str) -> bool {
    !function.contains(':')
}

/// Matches that are named when there are several.
const CANDIDATES: u32 = 10;

/// The one function whose name contains `part`; `None` where there is none, where `part` is a
/// whole name (then something else was not found), and where the functions may not be listed.
///
/// # Errors
/// `invalid-input` that names the candidates where there are several.
async fn whole_name(
    transport: &impl Transport,
    connection: Connection,
    part: &str,
) -> Result<Option<String>, Error> {
    let mut names = alloc::vec::Vec::new();
    let mut cursor = None;
    loop {
        let query = FunctionQuery {
            name_contains: Some(part.into()),
            limit: Some(CANDIDATES.saturating_add(1)),
            cursor: cursor.take(),
            ..FunctionQuery::default()
        };
        let Ok(page) = list(transport, connection.clone(), query).await else {
            return Ok(None);
        };
        names.extend(page.functions.into_iter().map(|function| function.name));
        match page.next {
            // One match says nothing before the whole account was seen.
            Some(next) if names.len() < 2 => cursor = Some(next),
            _ => break,
        }
    }
    if names.iter().any(|name| name == part) {
        return Ok(None);
    }
    if names.len() > 1 {
        return Err(Error::invalid("functionName", several(&names)));
    }
    Ok(names.pop())
}

fn several(names: &[String]) -> String {
    let most = usize::try_from(CANDIDATES).unwrap_or(usize::MAX);
    let mut message =
        "it is a part of several functions' names, and none was invoked; type one of them:"
            .to_string();
    for (index, name) in names.iter().take(most).enumerate() {
        message.push_str(if index == 0 { " " } else { ", " });
        message.push_str(name);
    }
    if names.len() > most {
        message.push_str(" and more");
    }
    message
}

async fn list_functions(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let query = FunctionQuery {
        name_contains: values.text("nameContains")?,
        all_versions: values.boolean("allVersions")?.unwrap_or(false),
        cursor: values.text("cursor")?,
        limit: values.number("limit")?,
        delivery: None,
    };
    list(transport, connection, query)
        .await
        .map(|page| outputs::functions(&page))
        .map_err(|error| by_field_key(error, "functionName"))
}
