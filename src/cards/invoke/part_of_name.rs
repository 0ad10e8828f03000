//! The function that a part of a name stands for.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::call::connection::Connection;
use crate::lambda::list_functions::{FunctionQuery, ListFunctions};
use crate::perform::perform;
use crate::transport::Transport;

/// Matches that are named when there are several.
const CANDIDATES: usize = 10;

/// The one function whose name contains `part`; `None` where there is none, where `part` is a
/// whole name (then something else was not found), and where the functions may not be listed.
///
/// # Errors
/// Names the candidates where there are several.
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
            // One match says nothing before the whole account was seen.
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
        "it is a part of several functions' names, and none was invoked; type one of them:"
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
