//! `ListFunctions`: `GET /2015-03-31/functions`, page by page up to the caller's limit.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::json::{Fields, Json};
use crate::aws::message::{Method, Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::Error;
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::lambda::page::{
    INVALID_CURSOR, MAX_KEPT_BYTES, MAX_PAGES, Page, check_progress, read_page,
};

mod cursor;
use cursor::Cursor;

/// The interface's `lambda.function-query`, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FunctionQuery {
    pub name_contains: Option<String>,
    pub all_versions: bool,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
    pub delivery: Option<delivery::Options>,
}

/// Rows, and the cursor of the rows that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FunctionPage {
    pub functions: Vec<FunctionSummary>,
    pub next: Option<String>,
}

/// One function or version. Lambda also sends its environment variables, which are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FunctionSummary {
    pub name: String,
    pub arn: String,
    pub version: String,
    pub description: String,
    pub runtime: Option<String>,
    pub package_type: String,
    pub architectures: Vec<String>,
    pub timeout_seconds: u32,
    pub memory_size_mb: u32,
    pub last_modified: String,
    pub tenant_isolated: bool,
    pub durable: bool,
}

impl FunctionSummary {
    /// Returns the memory that the row takes, in bytes.
    fn size(&self) -> usize {
        let texts = [
            &self.name,
            &self.arn,
            &self.version,
            &self.description,
            &self.package_type,
            &self.last_modified,
        ];
        let lengths = texts
            .into_iter()
            .chain(&self.runtime)
            .chain(&self.architectures)
            .map(String::len);
        let headers = self.architectures.len().saturating_mul(size_of::<String>());
        lengths.fold(
            size_of::<FunctionSummary>().saturating_add(headers),
            usize::saturating_add,
        )
    }
}

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 10_000;
/// The most rows that Lambda puts into one page, even if asked for more.
const PAGE_ROWS: usize = 50;

/// The operation `ListFunctions`, with the rows that it has read.
#[derive(Clone, Debug)]
pub struct ListFunctions {
    call: Call,
    name_contains: Option<String>,
    all_versions: bool,
    limit: usize,
    position: Cursor,
    pages_read: u32,
    rows: Vec<FunctionSummary>,
    /// The sizes of `rows`.
    kept_bytes: usize,
    output: Option<FunctionPage>,
}

impl ListFunctions {
    /// Checks the connection and the query.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(connection: Connection, query: FunctionQuery) -> Result<ListFunctions, Error> {
        let target = Target::new(connection, None)?;
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid(
                "query.limit",
                format!("it must be 1 to {MAX_LIMIT}"),
            ));
        }
        let position = match &query.cursor {
            None => Cursor::default(),
            Some(text) => {
                Cursor::read(text).ok_or_else(|| Error::invalid("query.cursor", INVALID_CURSOR))?
            }
        };
        Ok(ListFunctions {
            call: Call {
                target,
                delivery: Delivery::new("query.delivery", query.delivery.as_ref(), false)?,
            },
            // Every name contains the empty text.
            name_contains: query.name_contains.filter(|part| !part.is_empty()),
            all_versions: query.all_versions,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            position,
            pages_read: 0,
            rows: Vec::new(),
            kept_bytes: 0,
            output: None,
        })
    }

    fn wants(&self, row: &FunctionSummary) -> bool {
        self.name_contains
            .as_deref()
            .is_none_or(|part| contains_ignoring_case(&row.name, part))
    }

    /// Takes the page's rows up to the limits. Returns the cursor of the remaining rows, if any, and
    /// whether the call must end here.
    fn take(&mut self, page: Page<FunctionSummary>) -> (Option<Cursor>, bool) {
        let start = self.position.start(page.rows.iter().map(|row| &*row.arn));
        let last = page.rows.len();
        let mut rows = page.rows.into_iter().enumerate().skip(start);
        while self.rows.len() < self.limit {
            let Some((index, row)) = rows.next() else {
                break;
            };
            if !self.wants(&row) {
                continue;
            }
            let kept_bytes = self.kept_bytes.saturating_add(row.size());
            if kept_bytes > MAX_KEPT_BYTES && !self.rows.is_empty() {
                return (Some(self.position.clone()), true);
            }
            self.kept_bytes = kept_bytes;
            self.position.consumed = index.saturating_add(1).min(last);
            self.position.last_arn.clone_from(&row.arn);
            self.rows.push(row);
        }
        let is_full = self.rows.len() >= self.limit;
        if rows.any(|(_, row)| self.wants(&row)) {
            return (Some(self.position.clone()), is_full);
        }
        (page.next_marker.map(Cursor::at_page), is_full)
    }
}

impl Exchange for ListFunctions {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let mut request = Request::new(
            Method::Get,
            &self.call.target.endpoint,
            "/2015-03-31/functions",
        );
        if self.all_versions {
            request
                .query
                .push(("FunctionVersion", Cow::Borrowed("ALL")));
        }
        // A page that is filtered, or partly consumed, is read in full.
        let rows = if self.name_contains.is_none() && self.position.consumed == 0 {
            self.limit
                .saturating_sub(self.rows.len())
                .clamp(1, PAGE_ROWS)
        } else {
            PAGE_ROWS
        };
        request
            .query
            .push(("MaxItems", Cow::Owned(rows.to_string())));
        if let Some(marker) = &self.position.marker {
            request.query.push(("Marker", Cow::Borrowed(marker)));
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        let context = || RequestContext {
            action: "lambda:ListFunctions",
            resource: "* (it cannot be restricted to single functions)".into(),
            effect: Effect::Read,
            attempts,
        };
        let page = read_page(&response, attempts, context, "Functions", function)?;
        let marker = self.position.marker.as_deref();
        check_progress(marker, page.next_marker.as_deref(), attempts)?;
        let (next, is_full) = self.take(page);
        self.pages_read = self.pages_read.saturating_add(1);
        if is_full || next.is_none() || self.pages_read >= MAX_PAGES {
            self.output = Some(FunctionPage {
                functions: core::mem::take(&mut self.rows),
                next: next.as_ref().map(Cursor::write),
            });
        }
        if let Some(next) = next {
            self.position = next;
        }
        Ok(())
    }
}

impl Operation for ListFunctions {
    type Output = FunctionPage;

    fn take_output(&mut self) -> Option<FunctionPage> {
        self.output.take()
    }
}

/// Whether `name` contains `part`, ignoring the case of ASCII letters.
pub fn contains_ignoring_case(name: &str, part: &str) -> bool {
    name.as_bytes()
        .windows(part.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn function(row: &Fields<'_>) -> Option<FunctionSummary> {
    let text = |name| row.text(name).unwrap_or_default();
    let number = |name| row.get(name).and_then(Json::unsigned).unwrap_or_default();
    let architectures = row.get("Architectures").and_then(Json::list);
    let tenancy = row.get("TenancyConfig").and_then(Json::object);
    Some(FunctionSummary {
        name: row.get("FunctionName")?.string()?,
        arn: text("FunctionArn"),
        version: row.text("Version").unwrap_or_else(|| "$LATEST".into()),
        description: text("Description"),
        runtime: row.text("Runtime"),
        package_type: row.text("PackageType").unwrap_or_else(|| "Zip".into()),
        architectures: architectures
            .map(|names| names.into_iter().map(Json::text).collect())
            .unwrap_or_default(),
        timeout_seconds: number("Timeout"),
        memory_size_mb: number("MemorySize"),
        last_modified: text("LastModified"),
        tenant_isolated: tenancy.is_some_and(|config| config.get("TenantIsolationMode").is_some()),
        durable: row.get("DurableConfig").is_some(),
    })
}

#[cfg(test)]
mod tests;
