//! The card that lists the durable executions of a function.

use alloc::string::String;

use crate::aws::json::write::push_text;
use crate::aws::time::parse_iso8601;
use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::cards::choices::TYPE_NAME;
use crate::cards::executions::{self, statuses};
use crate::cards::field::{FIELD, Field, Kind, Source, Values, form};
use crate::cards::manifest::Description;
use crate::cards::outputs::Value::{self, Object, Text};
use crate::cards::outputs::{self, Output, push_rows};
use crate::lambda::executions::execution::Execution;
use crate::lambda::executions::list::{ExecutionPage, ExecutionQuery, ListDurableExecutions};
use crate::lambda::executions::timestamp;
use crate::perform::perform;
use crate::transport::Transport;

pub use crate::cards::connection::test;

pub const CARD: Description = Description {
    id: "list-executions",
    title: "List Executions",
    description: "Lists the durable executions of a function, newest first.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        FunctionName = Field {
            key: "functionName",
            label: "Function Name",
            definition: "The name or ARN of the durable function.",
            required: true,
            source: Some(Source::Functions(TYPE_NAME)),
            paths: &["query.function", "function"],
            ..FIELD
        },
        Qualifier = Field {
            key: "qualifier",
            label: "Qualifier",
            definition: "The alias or version whose executions to list. Leave it empty for those of every version.",
            source: Some(Source::Qualifiers(|values| Input::FunctionName.required_text(values))),
            paths: &["query.qualifier"],
            ..FIELD
        },
        Status = Field {
            definition: "The status of the executions to list.",
            is_option: false,
            ..executions::STATUS
        },
        ExecutionName = Field {
            key: "executionName",
            label: "Execution Name",
            definition: "The complete name of the executions to list. Leave it empty for every name.",
            paths: &["query.name"],
            ..FIELD
        },
        StartedAfter = Field {
            key: "startedAfter",
            label: "Started After",
            definition: "Lists only executions that started after this time in UTC, for example 2026-11-28T12:00:00Z.",
            paths: &["query.started-after-ms"],
            ..FIELD
        },
        StartedBefore = Field {
            key: "startedBefore",
            label: "Started Before",
            definition: "Lists only executions that started before this time in UTC.",
            paths: &["query.started-before-ms"],
            ..FIELD
        },
        OldestFirst = Field {
            key: "oldestFirst",
            label: "Oldest First",
            definition: "Whether to list the oldest execution first.",
            kind: Kind::Boolean,
            default: Some("false"),
            ..FIELD
        },
        Limit = Field {
            key: "limit",
            label: "Limit",
            definition: "The maximum number of rows to return, 1 to 1,000.",
            kind: Kind::Number,
            default: Some("100"),
            paths: &["query.limit"],
            ..FIELD
        },
        Cursor = Field {
            key: "cursor",
            label: "Cursor",
            definition: "The start of the page: the output Next of the previous page.",
            paths: &["query.cursor"],
            ..FIELD
        },
    }
}

const OUTPUTS: &[Output<ExecutionPage>] = &[
    Output {
        key: "executions",
        label: "Executions",
        definition: "An array of objects: durableExecutionArn, executionName, executionStatus, functionArn, executedVersion, startedAt, endedAt.",
        value: Object(|page, out| push_rows(out, &page.executions, ROW)),
    },
    Output {
        key: "next",
        label: "Next",
        definition: "The cursor of the next page; empty on the last one.",
        value: Text(|page| page.next.as_deref()),
    },
];

/// An element of the output `executions`, whose definition lists the keys.
const ROW: &[(&str, Value<Execution>)] = &[
    ("durableExecutionArn", Text(|row| Some(&row.arn))),
    ("executionName", Text(|row| Some(&row.name))),
    ("executionStatus", Text(|row| Some(row.status.as_str()))),
    ("functionArn", Text(|row| Some(&row.function_arn))),
    ("executedVersion", Text(|row| row.version.as_deref())),
    (
        "startedAt",
        Object(|row, out| push_text(out, &timestamp::rfc3339(row.started_at_ms))),
    ),
    (
        "endedAt",
        Object(|row, out| match row.ended_at_ms {
            Some(ms) => push_text(out, &timestamp::rfc3339(ms)),
            None => out.push_str("null"),
        }),
    ),
];

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let query = ExecutionQuery {
        function: Input::FunctionName.required_text(values)?,
        qualifier: Input::Qualifier.text(values)?,
        name: Input::ExecutionName.text(values)?,
        statuses: statuses(&Input::Status, values)?,
        started_after_ms: time(Input::StartedAfter, values)?,
        started_before_ms: time(Input::StartedBefore, values)?,
        oldest_first: Input::OldestFirst.boolean(values)?.unwrap_or(false),
        cursor: Input::Cursor.text(values)?,
        limit: Input::Limit.number(values)?,
        delivery: None,
    };
    let page = perform(transport, ListDurableExecutions::new(connection, query)?).await?;
    outputs::write(OUTPUTS, &page).ok_or_else(|| outputs::too_large(Executed::No, 1))
}

/// Reads a time, in milliseconds since 1970-01-01 00:00 UTC.
fn time(field: Input, values: &Values<'_>) -> Result<Option<u64>, Error> {
    let Some(text) = field.text(values)? else {
        return Ok(None);
    };
    let seconds = parse_iso8601(text.trim());
    let ms = seconds.and_then(|seconds| seconds.checked_mul(1_000));
    ms.map(Some)
        .ok_or_else(|| field.invalid("it must be a time in UTC, for example 2026-11-28T12:00:00Z"))
}
