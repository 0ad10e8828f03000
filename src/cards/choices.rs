//! The choices of dynamic dropdowns: functions and qualifiers, searched and paged.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::run::{find_card, function};
use super::values::Values;
use super::{by_field_key, connection, list};
use crate::call::connection::Connection;
use crate::call::error::{Category, Error};
use crate::lambda::list_functions::{
    FunctionPage, FunctionQuery, FunctionSummary, contains_ignoring_case,
};
use crate::lambda::list_qualifiers::{ListQualifiers, QualifierChoice, QualifierKind};
use crate::perform::perform;
use crate::transport::Transport;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub description: String,
}

/// Choices, and where the next ones begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ChoicePage {
    pub choices: Vec<Choice>,
    pub next: Option<String>,
}

/// Rows of one page.
const PAGE_ROWS: usize = 50;

/// The choices of a field; `connection` and `values` are JSON objects by field key.
///
/// # Errors
/// `invalid-input` that names the field by its key, or what came of the call.
pub async fn choices(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    field: &str,
    values: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let card = find_card(card)?;
    let dynamic = card
        .options
        .iter()
        .chain(card.inputs)
        .find(|candidate| candidate.key == field && candidate.dynamic);
    let values = Values::read("values", values)?;
    match dynamic.map(|field| field.key) {
        Some("yourFunctions") => {
            functions(transport, connection::read(connection)?, search, cursor).await
        }
        Some(_) => {
            let (key, name) = function(card, &values)?;
            qualifiers(
                transport,
                connection::read(connection)?,
                &name,
                search,
                cursor,
            )
            .await
            .map_err(|error| by_field_key(error, key))
        }
        None => Err(Error::invalid(
            "field",
            "the card has no field of this key whose choices are dynamic",
        )),
    }
}

async fn functions(
    transport: &impl Transport,
    connection: Connection,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let query = FunctionQuery {
        name_contains: search.map(Into::into),
        cursor: cursor.map(Into::into),
        ..FunctionQuery::default()
    };
    let page = list(transport, connection, query).await;
    page.map(Into::into)
        .map_err(|error| by_field_key(with_way_out(error), "yourFunctions"))
}

impl From<FunctionPage> for ChoicePage {
    fn from(page: FunctionPage) -> ChoicePage {
        ChoicePage {
            choices: page.functions.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

/// Who may not list can still type a name.
fn with_way_out(mut error: Error) -> Error {
    if let Error::Service(service) = &mut error
        && service.category == Category::AccessDenied
    {
        let hint = service.hint.take().unwrap_or_default();
        service.hint = Some(format!(
            "{hint}; without it, set Use Function Name? to Yes and type the function's name"
        ));
    }
    error
}

impl From<FunctionSummary> for Choice {
    fn from(function: FunctionSummary) -> Choice {
        let mut description = function.runtime.unwrap_or(function.package_type);
        if function.tenant_isolated {
            description.push_str(", tenant-isolated");
        }
        if function.durable {
            description.push_str(", durable");
        }
        if !function.description.is_empty() {
            description.push_str(": ");
            description.push_str(&function.description);
        }
        Choice {
            value: function.name.clone(),
            label: function.name,
            description,
        }
    }
}

async fn qualifiers(
    transport: &impl Transport,
    connection: Connection,
    function: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let start: usize = match cursor {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            Error::invalid(
                "cursor",
                "it is no cursor of this connector: pass `next` of the page before, unchanged",
            )
        })?,
    };
    let all = perform(transport, ListQualifiers::new(connection, function)?).await?;
    Ok(page(all, search.unwrap_or_default(), start))
}

fn page(all: Vec<QualifierChoice>, search: &str, start: usize) -> ChoicePage {
    let matching: Vec<QualifierChoice> = all
        .into_iter()
        .filter(|choice| {
            search.is_empty()
                || contains_ignoring_case(&choice.name, search)
                || contains_ignoring_case(&choice.description, search)
        })
        .collect();
    let end = start.saturating_add(PAGE_ROWS);
    ChoicePage {
        next: (end < matching.len()).then(|| end.to_string()),
        choices: matching
            .into_iter()
            .skip(start)
            .take(PAGE_ROWS)
            .map(Into::into)
            .collect(),
    }
}

impl From<QualifierChoice> for Choice {
    fn from(choice: QualifierChoice) -> Choice {
        let kind = match choice.kind {
            QualifierKind::Alias => "alias",
            QualifierKind::Version => "version",
            QualifierKind::Latest => "unpublished",
        };
        Choice {
            label: format!("{} ({kind})", choice.name),
            value: choice.name,
            description: choice.description,
        }
    }
}
