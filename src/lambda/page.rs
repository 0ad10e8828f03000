//! One page of a listing, in the format that `ListFunctions`, `ListAliases` and
//! `ListVersionsByFunction` share.

use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::{self, Fields};
use crate::aws::message::Response;
use crate::call::error::{Error, Executed, TransportError, TransportKind};
use crate::call::error_response::{self, RequestContext};

/// The message for a cursor that this connector did not return.
pub const INVALID_CURSOR: &str =
    "it is not a cursor of this connector: pass `next` of the previous page unchanged";

/// The most bytes of rows that a call keeps. Each page is limited, but 200 pages of 6 MB would not
/// fit into the memory of an instance.
pub const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;
/// The longest marker. It becomes part of a URL.
const MAX_MARKER: usize = 16 * 1024;

/// A page of a listing.
pub struct Page<T> {
    /// The rows in the order of the page.
    pub rows: Vec<T>,
    /// The marker of the next page.
    pub next_marker: Option<String>,
}

/// Reads a page: an object whose field `list` contains the rows. `row` converts each row.
///
/// # Errors
/// AWS's error, or `malformed` if the body of a 200 is not the API's.
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
        // The message repeats nothing of the body, which could contain anything.
        return Err(Error::malformed(
            "the response is not the JSON that Lambda sends: check the endpoint and any proxy on the way",
            Executed::No,
            attempts,
        ));
    };
    let next_marker = page.text("NextMarker").filter(|marker| !marker.is_empty());
    if next_marker
        .as_ref()
        .is_some_and(|marker| marker.len() > MAX_MARKER)
    {
        return Err(too_large(
            "the response's NextMarker is longer than 16,384 bytes, which Lambda does not send: check the endpoint and any proxy on the way",
            attempts,
        ));
    }
    Ok(Page { rows, next_marker })
}

/// The rows of a listing whose pages need no filter, up to the caller's limit. Its cursor is Lambda's
/// marker.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    rows: Vec<T>,
    kept_bytes: usize,
    limit: usize,
    marker: Option<String>,
    pages_read: u32,
}

/// The default and the most rows of a call, which are also those of a page.
const ROWS: u32 = 100;
const MAX_ROWS: u32 = 1_000;
/// The most requests of one listing. A filter with few matches must not read an account for minutes.
pub const MAX_PAGES: u32 = 200;

impl<T> Listing<T> {
    /// Checks a query's `limit` and `cursor`.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(limit: Option<u32>, cursor: Option<&str>) -> Result<Listing<T>, Error> {
        let limit = limit.unwrap_or(ROWS);
        if !(1..=MAX_ROWS).contains(&limit) {
            return Err(Error::invalid("query.limit", "it must be 1 to 1,000"));
        }
        if cursor.is_some_and(|cursor| cursor.is_empty() || cursor.len() > MAX_MARKER) {
            return Err(Error::invalid("query.cursor", INVALID_CURSOR));
        }
        Ok(Listing {
            rows: Vec::new(),
            kept_bytes: 0,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            marker: cursor.map(Into::into),
            pages_read: 0,
        })
    }

    /// Returns the most rows that the next page may have.
    pub fn wanted(&self) -> usize {
        self.limit.saturating_sub(self.rows.len()).max(1)
    }

    /// Returns the marker of the next page.
    pub fn marker(&self) -> Option<&str> {
        self.marker.as_deref()
    }

    /// Takes the rows of the next page, which take `size` bytes each. Returns all rows and the cursor of
    /// those that follow once the call must end.
    ///
    /// # Errors
    /// `malformed` for the same page again.
    #[allow(clippy::type_complexity)]
    pub fn take(
        &mut self,
        page: Page<T>,
        size: fn(&T) -> usize,
        attempts: u8,
    ) -> Result<Option<(Vec<T>, Option<String>)>, Error> {
        let next = page.next_marker;
        check_progress(self.marker(), next.as_deref(), attempts)?;
        let bytes = page.rows.iter().map(size).fold(0, usize::saturating_add);
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        self.rows.extend(page.rows);
        self.pages_read = self.pages_read.saturating_add(1);
        let is_full = self.rows.len() >= self.limit
            || self.kept_bytes >= MAX_KEPT_BYTES
            || self.pages_read >= MAX_PAGES;
        if is_full || next.is_none() {
            return Ok(Some((core::mem::take(&mut self.rows), next)));
        }
        self.marker = next;
        Ok(None)
    }
}

/// The error for a listing beyond its limit. Another attempt would receive the same rows.
pub fn too_large(message: impl Into<String>, attempts: u8) -> Error {
    Error::Transport(TransportError {
        kind: TransportKind::Malformed,
        message: message.into(),
        executed: Executed::No,
        request_id: None,
        attempts,
        transient: false,
    })
}

/// Checks that the next page is not the same page again, which would be requested forever.
///
/// # Errors
/// `malformed` if `next` is the marker that was `sent`.
pub fn check_progress(sent: Option<&str>, next: Option<&str>, attempts: u8) -> Result<(), Error> {
    if sent.is_some() && sent == next {
        return Err(Error::malformed(
            "the response's NextMarker is the Marker that was sent, so the listing would never end: check the endpoint and any proxy on the way",
            Executed::No,
            attempts,
        ));
    }
    Ok(())
}
