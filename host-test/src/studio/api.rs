//! The API of the page. Connection, values and outputs are JSON objects by field key. They are
//! passed on as raw text, which preserves numbers of any size and the order of keys.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::connection::{Ready, prepare, prepare_test, text_of};
use super::grant::{Granted, Purpose, caller, grant, region, typed_connection};
use super::growth::Growth;
use super::live::{self, Answer};
use super::reply::Reply;
use super::state::State;
use crate::json::ToJson;
use aws_lambda_connector_host::bindings::executions::HistoryQuery;
use aws_lambda_connector_host::bindings::types::Error;
use aws_lambda_connector_host::caller::scope_of_execution;
use aws_lambda_connector_host::policy::Policy;

/// A request of the page.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    Describe,
    Defaults,
    Choices,
    Test,
    Run,
    History,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<'a> {
    #[serde(borrow)]
    connection: &'a RawValue,
    #[serde(borrow)]
    card: Cow<'a, str>,
    #[serde(borrow)]
    values: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search<'a> {
    #[serde(borrow)]
    connection: &'a RawValue,
    #[serde(borrow)]
    card: Cow<'a, str>,
    #[serde(borrow)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    values: &'a RawValue,
    search: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timeline<'a> {
    #[serde(borrow)]
    connection: &'a RawValue,
    execution: String,
    cursor: Option<String>,
}

/// The events of one page of a timeline, which is the most that one request to Lambda returns.
const EVENTS: u32 = 1_000;

/// Passes the request to the component and returns its response.
pub(super) async fn answer(state: &Arc<State>, question: Question, body: Bytes) -> Answer {
    let replied = match question {
        Question::Run => {
            let state = Arc::clone(state);
            return live::follow(
                |growth| async move { or_refused(run(&state, &body, growth).await) },
            )
            .await;
        }
        Question::Defaults => Ok(Reply::of(&state.defaults.to_json())),
        Question::Describe => {
            let nowhere = Arc::new(Policy::deny_all());
            let manifest = state.host.describe(&nowhere).await;
            Ok(Reply::answered(manifest, &nowhere, |manifest| {
                to_raw_value(&manifest.to_json())
            }))
        }
        Question::Choices => choices(state, &body).await,
        Question::Test => test(state, &body).await,
        Question::History => history(state, &body).await,
    };
    Answer::Reply(Box::new(or_refused(replied)))
}

/// An error means that the request cannot be read.
fn or_refused(replied: anyhow::Result<Reply>) -> Reply {
    replied.unwrap_or_else(|error| Reply::refused(StatusCode::BAD_REQUEST, &error.to_string()))
}

async fn choices(state: &State, body: &[u8]) -> anyhow::Result<Reply> {
    let asked: Search<'_> = serde_json::from_slice(body)?;
    let ready = prepare(asked.connection, &state.defaults, &state.allow)?;
    let purpose = Purpose::Choices {
        field: &asked.field,
        values: asked.values,
    };
    let Granted {
        json,
        policy,
        received: _,
    } = match grant(state, ready, purpose).await {
        Ok(granted) => granted,
        Err(ungranted) => return Ok(Reply::ungranted(&ungranted)),
    };
    let page = state.host.choices(
        &policy,
        &json,
        &asked.card,
        &asked.field,
        asked.values.get(),
        asked.search.as_deref(),
        asked.cursor.as_deref(),
    );
    Ok(Reply::answered(page.await, &policy, |page| {
        to_raw_value(&page.to_json())
    }))
}

async fn test(state: &State, body: &[u8]) -> anyhow::Result<Reply> {
    let form: Form<'_> = serde_json::from_slice(body)?;
    let Ready { json, policy, .. } = prepare_test(form.connection, &state.defaults, &state.allow)?;
    let checks = state
        .host
        .test(&policy, &json, &form.card, form.values.get());
    Ok(Reply::answered(checks.await, &policy, |checks| {
        to_raw_value(&checks.to_json())
    }))
}

async fn run(state: &State, body: &[u8], growth: Growth) -> anyhow::Result<Reply> {
    let form: Form<'_> = serde_json::from_slice(body)?;
    let ready = prepare(form.connection, &state.defaults, &state.allow)?;
    let purpose = Purpose::Run {
        card: &form.card,
        values: form.values,
    };
    let Granted {
        json,
        policy,
        received,
    } = match grant(state, ready, purpose).await {
        Ok(granted) => granted,
        Err(ungranted) => return Ok(Reply::ungranted(&ungranted)),
    };
    let outputs = state
        .host
        .run_watched(
            &policy,
            Arc::new(growth),
            &json,
            &form.card,
            form.values.get(),
        )
        .await;
    let execution = match &outputs {
        Ok(Ok(outputs)) => member(outputs, "durableExecutionArn"),
        Ok(Err(Error::FunctionFailed(failed))) => failed.invocation.durable_execution_arn.clone(),
        _ => None,
    };
    let execution = execution.or_else(|| member(form.values.get(), "executionArn"));
    let mut reply = Reply::answered(outputs, &policy, RawValue::from_string);
    reply.received = Some(received);
    reply.execution = execution;
    Ok(reply)
}

/// Returns a member of a JSON object that is text.
fn member(json: &str, key: &str) -> Option<String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
    text_of(members.get(key)?).filter(|text| !text.is_empty())
}

/// Reads what happened in a durable execution, oldest first, without the data of its function.
async fn history(state: &State, body: &[u8]) -> anyhow::Result<Reply> {
    let asked: Timeline<'_> = serde_json::from_slice(body)?;
    let ready = prepare(asked.connection, &state.defaults, &state.allow)?;
    let connection = match typed_connection(&ready) {
        Ok(connection) => connection,
        Err(ungranted) => return Ok(Reply::ungranted(&ungranted)),
    };
    let scope = scope_of_execution(&asked.execution);
    let region = scope.and_then(|scope| region(&scope, &connection));
    let caller = caller(state, &connection, &region.unwrap_or_default())?;
    let query = HistoryQuery {
        cursor: asked.cursor,
        limit: Some(EVENTS),
        ..HistoryQuery::new(&asked.execution)
    };
    let page = caller.execution_history(&query).await;
    let (lambda, _) = caller.policies();
    Ok(Reply::answered(page, lambda, |page| {
        to_raw_value(&page.to_json())
    }))
}
