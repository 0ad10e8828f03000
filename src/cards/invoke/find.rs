//! Finds the function whose name contains a given part.

use alloc::format;
use alloc::string::String;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::error::{Category, Error};
use crate::cards::values::with_list;
use crate::lambda::list_functions::{FunctionPage, FunctionQuery, ListFunctions};
use crate::perform::perform_with_clock;
use crate::transport::Transport;

/// The result of a search for a part of a name.
pub enum Found {
    /// The name of the only function whose name contains the part.
    One(String),
    /// A message with the functions whose names contain the part.
    Several(String),
    /// The part is a complete name, or no name contains it.
    Nothing,
    /// Why the list does not answer the question, and what to do.
    Unknown(String),
}

/// The most rows of a listing.
const MAX_MATCHES: u32 = 10_000;
/// The number of matches that a message lists.
const CANDIDATES: usize = 10;

/// Searches the functions of the account and region.
///
/// The search is a single listing, which limits the pages and the rows that it reads. It reads on after
/// two matches, because a later one may be the part itself.
pub async fn find(
    transport: &impl Transport,
    connection: Connection,
    clock: &mut ServiceClock,
    part: &str,
) -> Found {
    let query = FunctionQuery {
        name_contains: Some(part.into()),
        limit: Some(MAX_MATCHES),
        ..FunctionQuery::default()
    };
    let page = match ListFunctions::new(connection, query) {
        Ok(mut listing) => perform_with_clock(transport, &mut listing, clock).await,
        Err(error) => Err(error),
    };
    match page {
        Ok(page) => decide(&page, part),
        Err(error) => Found::Unknown(unreadable(&error)),
    }
}

fn decide(page: &FunctionPage, part: &str) -> Found {
    let names = || page.functions.iter().map(|function| &*function.name);
    if names().any(|name| name == part) {
        return Found::Nothing;
    }
    let Some(first) = names().next() else {
        return match page.next {
            None => Found::Nothing,
            Some(_) => Found::Unknown(TOO_MANY.into()),
        };
    };
    // A function may be listed twice if others are created meanwhile.
    let Some(second) = names().position(|name| name != first) else {
        return match page.next {
            None => Found::One(first.into()),
            Some(_) => Found::Unknown(TOO_MANY.into()),
        };
    };
    let candidates = [first].into_iter().chain(names().skip(second));
    let message =
        "it is part of the names of several functions, and none was invoked; type one of them:";
    let mut message = with_list(message.into(), candidates.clone().take(CANDIDATES));
    if candidates.count() > CANDIDATES || page.next.is_some() {
        message.push_str(" and more");
    }
    Found::Several(message)
}

const TOO_MANY: &str = "the name was not completed, because the account has more functions than a search reads: type the complete name";

fn unreadable(error: &Error) -> String {
    let why = match error {
        Error::Service(error) if error.category == Category::AccessDenied => {
            return "the name was not completed, because listing the functions is denied as well: type the complete name, or allow lambda:ListFunctions".into();
        }
        Error::Service(error) | Error::Unauthenticated(error) => &error.code,
        Error::Transport(error) => &error.message,
        Error::InvalidInput(input) => &input.message,
        Error::FunctionFailed(_) => "no list",
    };
    format!(
        "the name was not completed, because the functions cannot be listed ({why}): type the complete name"
    )
}
