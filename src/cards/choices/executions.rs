//! The choices of executions, and of the callbacks that one of them waits for.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::Fields;
use crate::call::connection::Connection;
use crate::call::error::Error;
use crate::cards::choices::page::{CURSOR, Choice, ChoicePage};
use crate::cards::values::to_form_error;
use crate::lambda::executions::execution::Execution;
use crate::lambda::executions::history::{GetDurableExecutionHistory, HistoryEvent, HistoryQuery};
use crate::lambda::executions::list::{ExecutionQuery, ListDurableExecutions};
use crate::lambda::executions::timestamp;
use crate::lambda::list_functions::contains_ignoring_case;
use crate::perform::perform;
use crate::transport::Transport;

/// The rows that are read for a page with a search, or of a history.
const READ_ROWS: u32 = 1_000;
/// The rows that are read for a page without a search.
const PAGE_ROWS: u32 = 50;

/// Returns the executions that `query` selects, newest first.
pub async fn executions(
    transport: &impl Transport,
    connection: Connection,
    query: ExecutionQuery,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let search = search.unwrap_or_default();
    let rows = if search.is_empty() {
        PAGE_ROWS
    } else {
        READ_ROWS
    };
    let query = ExecutionQuery {
        cursor: cursor.map(Into::into),
        limit: Some(rows),
        ..query
    };
    let listing = ListDurableExecutions::new(connection, query);
    let listing = listing.map_err(|error| to_form_error(error, [&CURSOR]))?;
    let page = perform(transport, listing).await?;
    let choices = page.executions.into_iter().map(Choice::from);
    Ok(ChoicePage {
        choices: matching(choices, search),
        next: page.next,
    })
}

impl From<Execution> for Choice {
    fn from(execution: Execution) -> Choice {
        let status = execution.status.as_str();
        let started = timestamp::rfc3339(execution.started_at_ms);
        Choice {
            description: format!("{status}, started {started}"),
            value: execution.arn,
            label: execution.name,
        }
    }
}

/// Returns the callbacks of an execution that are open, newest first.
///
/// A callback is listed although it is closed if more than 1,000 events followed its start.
pub async fn callbacks(
    transport: &impl Transport,
    connection: Connection,
    arn: String,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let query = HistoryQuery {
        arn,
        newest_first: true,
        cursor: cursor.map(Into::into),
        limit: Some(READ_ROWS),
        ..HistoryQuery::default()
    };
    let history = GetDurableExecutionHistory::new(connection, &query);
    let history = history.map_err(|error| to_form_error(error, [&CURSOR]))?;
    let page = perform(transport, history).await?;
    Ok(ChoicePage {
        choices: matching(open(&page.events), search.unwrap_or_default()),
        next: page.next,
    })
}

/// The callbacks that start in `events`, which are newest first, and do not end in them.
fn open(events: &[HistoryEvent]) -> impl Iterator<Item = Choice> {
    let is_end = |event: &&HistoryEvent| {
        matches!(
            &*event.event_type,
            "CallbackSucceeded" | "CallbackFailed" | "CallbackTimedOut"
        )
    };
    let starts = events
        .iter()
        .filter(|event| event.event_type == "CallbackStarted");
    starts.filter_map(move |start| {
        let mut ends = events.iter().filter(is_end);
        if ends.any(|end| end.operation_id == start.operation_id) {
            return None;
        }
        let details = Fields::read(start.details.as_deref()?)?;
        let id = details.text("CallbackId")?;
        let started = timestamp::rfc3339(start.at_ms);
        Some(Choice {
            label: start.name.clone().unwrap_or_else(|| id.clone()),
            value: id,
            description: format!("open since {started}"),
        })
    })
}

/// Keeps the choices that contain `search`, ignoring case.
fn matching(choices: impl Iterator<Item = Choice>, search: &str) -> Vec<Choice> {
    choices
        .filter(|choice| {
            search.is_empty()
                || contains_ignoring_case(&choice.label, search)
                || contains_ignoring_case(&choice.value, search)
                || contains_ignoring_case(&choice.description, search)
        })
        .collect()
}
