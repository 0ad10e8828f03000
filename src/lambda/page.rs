//! One page of a listing: `ListFunctions`, `ListAliases` and `ListVersionsByFunction` have one form.

use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::{self, Fields};
use crate::aws::message::Response;
use crate::call::error::{Error, Executed};
use crate::call::error_response::{self, RequestContext};

/// A page, read.
pub struct Page<T> {
    /// In the order of the page.
    pub rows: Vec<T>,
    /// Leads to the next page.
    pub next_marker: Option<String>,
}

/// Reads a listing's answer: an object, whose field `list` holds the rows, each read by `row`.
///
/// # Errors
/// AWS's error where the status is one; `malformed` where a 200 has another body than the API's.
pub fn read_page<T>(
    response: &Response,
    attempts: u8,
    context: impl FnOnce() -> RequestContext,
    list: &str,
    row: fn(&Fields<'_>) -> Option<T>,
) -> Result<Page<T>, Error> {
    if response.status != 200 {
        return Err(error_response::read(response, &context()));
    }
    let text = core::str::from_utf8(&response.body).ok();
    let Some((rows, page)) = text.and_then(|text| json::parse_rows(text, list, row)) else {
        // Without its words, which could be anything.
        return Err(Error::malformed(
            "the answer is not the JSON that Lambda sends: check the endpoint and any proxy on the way",
            Executed::No,
            attempts,
        ));
    };
    Ok(Page {
        rows,
        next_marker: page.text("NextMarker").filter(|marker| !marker.is_empty()),
    })
}

/// Rejects a marker that leads to its own page: it would be followed for ever.
///
/// # Errors
/// `malformed` where `next` is the marker that was `sent`.
pub fn check_progress(sent: Option<&str>, next: Option<&str>, attempts: u8) -> Result<(), Error> {
    if sent.is_some() && sent == next {
        return Err(Error::malformed(
            "the answer's NextMarker is the Marker that was sent: the listing would never end",
            Executed::No,
            attempts,
        ));
    }
    Ok(())
}
