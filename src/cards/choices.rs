//! The choices of dynamic fields, with search and paging: here, functions and qualifiers.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::call::connection::Connection;
use crate::call::error::{Category, Error};
use crate::cards::values::to_form_error;
use crate::lambda::list_functions::{
    FunctionQuery, FunctionSummary, ListFunctions, contains_ignoring_case,
};
use crate::lambda::list_qualifiers::{ListQualifiers, QualifierChoice, QualifierKind};
use crate::lambda::page::INVALID_CURSOR;
use crate::perform::perform;
use crate::transport::Transport;

mod executions;
mod page;
pub use executions::{callbacks, executions};
use page::CURSOR;
pub use page::{Choice, ChoicePage};

/// The choices of one page of qualifiers.
const PAGE_ROWS: usize = 50;

/// The way out for a caller who may not list the functions, for a field that accepts any text.
pub const TYPE_NAME: &str = "type the function's name";

/// Returns the account's functions. `instead` is the way out for a caller who may not list them.
pub async fn functions(
    transport: &impl Transport,
    connection: Connection,
    instead: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let query = FunctionQuery {
        name_contains: search.map(Into::into),
        cursor: cursor.map(Into::into),
        ..FunctionQuery::default()
    };
    let listing = ListFunctions::new(connection, query);
    let listing = listing.map_err(|error| to_form_error(error, [&CURSOR]))?;
    let page = perform(transport, listing).await;
    let page = page.map_err(|error| add_instead(error, instead))?;
    Ok(ChoicePage {
        choices: page.functions.into_iter().map(Into::into).collect(),
        next: page.next,
    })
}

/// Suggests `instead` to a caller without the permission to list.
fn add_instead(mut error: Error, instead: &str) -> Error {
    if let Error::Service(service) = &mut error
        && service.category == Category::AccessDenied
    {
        let hint = service.hint.take().unwrap_or_default();
        service.hint = Some(format!("{hint}; without it, {instead}"));
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

/// Returns the qualifiers of `function`.
pub async fn qualifiers(
    transport: &impl Transport,
    connection: Connection,
    function: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let start: usize = match cursor {
        None => 0,
        Some(text) => text.parse().map_err(|_| CURSOR.invalid(INVALID_CURSOR))?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_page_has_a_cursor_only_if_choices_follow() {
        let choices = |count: usize| {
            let choice = QualifierChoice {
                name: "1".into(),
                kind: QualifierKind::Version,
                description: String::new(),
            };
            alloc::vec![choice; count]
        };
        for (count, start, shown, next) in [
            (50, 0, 50, None),
            (51, 0, 50, Some("50")),
            (51, 50, 1, None),
            (100, 50, 50, None),
            (1, usize::MAX, 0, None),
        ] {
            let page = page(choices(count), "", start);
            assert_eq!(
                (page.choices.len(), page.next.as_deref()),
                (shown, next),
                "{count} from {start}"
            );
        }
    }
}
