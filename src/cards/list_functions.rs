//! The card that lists functions.

use alloc::string::{String, ToString};

use crate::aws::json::write::{push_list, push_text};
use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::cards::field::{FIELD, Field, Kind, Values, form};
use crate::cards::manifest::Description;
use crate::cards::outputs::Value::{self, Boolean, Number, Object, Text};
use crate::cards::outputs::{self, Output, push_rows};
use crate::lambda::list_functions::{FunctionPage, FunctionQuery, FunctionSummary, ListFunctions};
use crate::perform::perform;
use crate::transport::Transport;

pub use crate::cards::connection::test;

pub const CARD: Description = Description {
    id: "list-functions",
    title: "List Functions",
    description: "Lists the Lambda functions of the account and region.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        NameContains = Field {
            key: "nameContains",
            label: "Name Contains",
            definition: "Lists only functions whose name contains this text, ignoring case. Leave it empty to list all.",
            paths: &["query.name-contains"],
            ..FIELD
        },
        AllVersions = Field {
            key: "allVersions",
            label: "All Versions",
            definition: "Whether to list every published version of each function as well.",
            kind: Kind::Boolean,
            default: Some("false"),
            paths: &["query.all-versions"],
            ..FIELD
        },
        Limit = Field {
            key: "limit",
            label: "Limit",
            definition: "The maximum number of rows to return, 1 to 10,000.",
            kind: Kind::Number,
            default: Some("50"),
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

const OUTPUTS: &[Output<FunctionPage>] = &[
    Output {
        key: "functions",
        label: "Functions",
        definition: "An array of objects: name, arn, version, description, runtime, packageType, architectures, timeoutSeconds, memorySizeMb, lastModified, tenantIsolated, durable.",
        value: Object(|page, out| push_rows(out, &page.functions, ROW)),
    },
    Output {
        key: "next",
        label: "Next",
        definition: "The cursor of the next page; empty on the last one.",
        value: Text(|page| page.next.as_deref()),
    },
];

/// An element of the output `functions`, whose definition lists the keys.
const ROW: &[(&str, Value<FunctionSummary>)] = &[
    ("name", Text(|row| Some(&row.name))),
    ("arn", Text(|row| Some(&row.arn))),
    ("version", Text(|row| Some(&row.version))),
    ("description", Text(|row| Some(&row.description))),
    ("runtime", Text(|row| row.runtime.as_deref())),
    ("packageType", Text(|row| Some(&row.package_type))),
    (
        "architectures",
        Object(|row, out| {
            push_list(out, &row.architectures, |out, name| push_text(out, name));
        }),
    ),
    (
        "timeoutSeconds",
        Number(|row| Some(row.timeout_seconds.to_string())),
    ),
    (
        "memorySizeMb",
        Number(|row| Some(row.memory_size_mb.to_string())),
    ),
    ("lastModified", Text(|row| Some(&row.last_modified))),
    ("tenantIsolated", Boolean(|row| Some(row.tenant_isolated))),
    ("durable", Boolean(|row| Some(row.durable))),
];

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let query = FunctionQuery {
        name_contains: Input::NameContains.text(values)?,
        all_versions: Input::AllVersions.boolean(values)?.unwrap_or(false),
        cursor: Input::Cursor.text(values)?,
        limit: Input::Limit.number(values)?,
        delivery: None,
    };
    let page = perform(transport, ListFunctions::new(connection, query)?).await?;
    outputs::write(OUTPUTS, &page).ok_or_else(|| outputs::too_large(Executed::No, 1))
}
