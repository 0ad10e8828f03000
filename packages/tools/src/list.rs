//! The tool `list-functions`.

use std::fmt::Write as _;

use crate::bindings::connectors::aws_lambda::lambda::{
    self, FunctionPage, FunctionQuery, FunctionSummary,
};
use crate::failure;
use crate::settings::{ALLOWED, Settings};

/// The most functions that an answer lists. A description has at most 256 characters.
const MAX_ROWS: usize = 100;
/// The most functions that one call reads, which is the connector's limit.
const MAX_READ: u32 = 10_000;

/// Lists the allowed functions whose names contain a text.
///
/// # Errors
/// The reason for which there is no list.
pub fn list(settings: &Settings, name_contains: &str) -> Result<String, String> {
    let page = read(settings, name_contains)?;
    let is_complete = page.next.is_none();
    let mut found = page.functions;
    found.retain(|row| settings.allows(&row.name));

    let mut text = match found.len() {
        0 => format!("No such function is among those that {ALLOWED} allows."),
        1 => "1 function:".to_owned(),
        count if count > MAX_ROWS => format!(
            "The first {MAX_ROWS} of {count} functions; pass part of a name as name-contains to see others:"
        ),
        count => format!("{count} functions:"),
    };
    for row in found.iter().take(MAX_ROWS) {
        let _ = write!(text, "\n{}", line(row));
    }
    if !is_complete {
        text.push_str("\nThe account has more functions than were read; pass part of a name as name-contains.");
    }
    Ok(text)
}

/// Reads the functions whose names contain a text, allowed or not.
///
/// # Errors
/// The reason for which there is no list.
pub fn read(settings: &Settings, name_contains: &str) -> Result<FunctionPage, String> {
    let query = FunctionQuery {
        name_contains: Some(name_contains.to_owned()),
        all_versions: false,
        cursor: None,
        limit: Some(MAX_READ),
        delivery: None,
    };
    lambda::list_functions(&settings.connection, &query).map_err(|error| failure::reason(&error))
}

/// Describes a function in one line.
pub fn line(row: &FunctionSummary) -> String {
    let mut text = row.name.clone();
    let description = one_line(&row.description);
    if !description.is_empty() {
        let _ = write!(text, ": {description}");
    }
    let _ = write!(
        text,
        " ({}, {} MB, timeout {} s",
        row.runtime.as_deref().unwrap_or("container image"),
        row.memory_size_mb,
        row.timeout_seconds
    );
    if row.tenant_isolated {
        text.push_str(", cannot be invoked here, because it needs a tenant ID");
    }
    if row.durable {
        text.push_str(", durable: needs an alias or version");
    }
    text.push(')');
    text
}

/// Joins the lines of a description, which would look like further functions.
pub fn one_line(description: &str) -> String {
    description.split_whitespace().collect::<Vec<_>>().join(" ")
}
