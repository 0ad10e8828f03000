//! Finds the function whose name contains a given part.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::call::connection::Connection;
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::perform::perform;
use crate::transport::Transport;

/// The number of matches that an error lists.
const CANDIDATES: usize = 10;

/// Returns the name of the only function whose name contains `part`.
///
/// Returns `None` if there is no such function, or if the caller may not list functions. `None` also
/// means that `part` is a complete name: something else was not found.
///
/// # Errors
/// Returns a message with the candidates if there are several.
pub async fn find_whole_name(
    transport: &impl Transport,
    connection: Connection,
    part: &str,
) -> Result<Option<String>, String> {
    let mut names: Vec<String> = Vec::new();
    let mut cursor = None;
    loop {
        let query = FunctionQuery {
            name_contains: Some(part.into()),
            limit: u32::try_from(CANDIDATES.saturating_add(1)).ok(),
            cursor: cursor.take(),
            ..FunctionQuery::default()
        };
        let Ok(listing) = ListFunctions::new(connection.clone(), query) else {
            return Ok(None);
        };
        let Ok(page) = perform(transport, listing).await else {
            return Ok(None);
        };
        names.extend(page.functions.into_iter().map(|function| function.name));
        match page.next {
            // A single match is unique only after the last page.
            Some(next) if names.len() < 2 => cursor = Some(next),
            _ => break,
        }
    }
    if names.iter().any(|name| name == part) {
        return Ok(None);
    }
    if names.len() > 1 {
        return Err(ambiguous_name_message(&names));
    }
    Ok(names.pop())
}

fn ambiguous_name_message(names: &[String]) -> String {
    let mut message =
        "it is part of the names of several functions, and none was invoked; type one of them:"
            .to_string();
    for (index, name) in names.iter().take(CANDIDATES).enumerate() {
        message.push_str(if index == 0 { " " } else { ", " });
        message.push_str(name);
    }
    if names.len() > CANDIDATES {
        message.push_str(" and more");
    }
    message
}
