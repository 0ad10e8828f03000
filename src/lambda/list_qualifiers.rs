//! Lists a function's qualifiers: `ListAliases`, then `ListVersionsByFunction`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::json::{Fields, Json};
use crate::aws::message::{Method, Request, Response};
use crate::aws::number::percent;
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Category, Error};
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::lambda::function_name::FunctionName;
use crate::lambda::page::{MAX_KEPT_BYTES, MAX_PAGES, check_progress, read_page, too_large};

/// A qualifier that the caller can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct QualifierChoice {
    pub name: String,
    pub kind: QualifierKind,
    pub description: String,
}

/// What a qualifier refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QualifierKind {
    /// An alias of one version, or of two by weight.
    Alias,
    /// A published version.
    Version,
    /// `$LATEST`, the unpublished code.
    Latest,
}

impl QualifierChoice {
    /// Returns the memory that the choice takes, in bytes.
    fn size(&self) -> usize {
        size_of::<QualifierChoice>()
            .saturating_add(self.name.len())
            .saturating_add(self.description.len())
    }
}

/// The most aliases, and the most versions.
const MAX_ROWS: usize = 10_000;
/// The most versions beside an alias's own. Lambda allows one.
const MAX_WEIGHTS: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    Aliases,
    Versions,
}

/// The two listing operations, with the rows that they have read.
#[derive(Clone, Debug)]
pub struct ListQualifiers {
    call: Call,
    function: FunctionName,
    listing: Listing,
    marker: Option<String>,
    pages_read: u32,
    /// The sizes of all rows.
    kept_bytes: usize,
    /// The caller may not list aliases.
    aliases_denied: bool,
    aliases: Vec<QualifierChoice>,
    latest: Vec<QualifierChoice>,
    versions: Vec<QualifierChoice>,
    output: Option<Vec<QualifierChoice>>,
}

impl ListQualifiers {
    /// Checks the connection and the function's name. A qualifier at its end is ignored.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(connection: Connection, function: &str) -> Result<ListQualifiers, Error> {
        const FIELD: &str = "function";
        let function = FunctionName::parse(FIELD, function)?;
        let target = Target::new(connection, function.region_hint(FIELD))?;
        Ok(ListQualifiers {
            call: Call {
                target,
                delivery: Delivery::new("delivery", None, false)?,
            },
            function,
            listing: Listing::Aliases,
            marker: None,
            pages_read: 0,
            kept_bytes: 0,
            aliases_denied: false,
            aliases: Vec::new(),
            latest: Vec::new(),
            versions: Vec::new(),
            output: None,
        })
    }

    fn context(&self, attempts: u8) -> RequestContext {
        let region = &self.call.target.region;
        RequestContext {
            action: match self.listing {
                Listing::Aliases => "lambda:ListAliases",
                Listing::Versions if self.aliases_denied => {
                    "lambda:ListAliases or lambda:ListVersionsByFunction"
                }
                Listing::Versions => "lambda:ListVersionsByFunction",
            },
            resource: self.function.unqualified_policy_resource(region),
            effect: Effect::Read,
            attempts,
        }
    }

    /// Checks that the function's rows with those of another page are within the limits. Returns their
    /// size.
    fn check_sum(&self, page: &[QualifierChoice], attempts: u8) -> Result<usize, Error> {
        let (kept, what) = match self.listing {
            Listing::Aliases => (self.aliases.len(), "aliases"),
            Listing::Versions => (
                self.latest.len().saturating_add(self.versions.len()),
                "versions",
            ),
        };
        let bytes = page
            .iter()
            .map(QualifierChoice::size)
            .fold(self.kept_bytes, usize::saturating_add);
        let limit = if kept.saturating_add(page.len()) > MAX_ROWS {
            format!("more than 10,000 {what}")
        } else if bytes > MAX_KEPT_BYTES {
            "aliases and versions of more than 16 MiB".into()
        } else {
            return Ok(bytes);
        };
        Err(too_large(
            format!(
                "the function has {limit}, which is more than a list of qualifiers returns: name the qualifier"
            ),
            attempts,
        ))
    }

    /// Continues with the next listing, or ends the call.
    fn end_listing(&mut self) {
        self.marker = None;
        self.pages_read = 0;
        match self.listing {
            Listing::Aliases => self.listing = Listing::Versions,
            Listing::Versions => self.output = Some(self.finish()),
        }
    }

    /// Whether the error only means that the caller may not read this listing, and another one can be
    /// returned without it.
    fn can_do_without(&self, error: &Error) -> bool {
        // A listing that is denied after its first page is not complete.
        let is_denied = matches!(error, Error::Service(error) if error.category == Category::AccessDenied)
            && self.marker.is_none();
        is_denied && (self.listing == Listing::Aliases || !self.aliases_denied)
    }

    /// Returns the aliases, `$LATEST`, then the versions with the newest first. Lambda sends the
    /// oldest first.
    fn finish(&mut self) -> Vec<QualifierChoice> {
        self.versions.reverse();
        let mut choices = core::mem::take(&mut self.aliases);
        choices.append(&mut self.latest);
        choices.append(&mut self.versions);
        choices
    }
}

impl Exchange for ListQualifiers {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let mut path = String::from("/2015-03-31/functions/");
        uri::encode_into(&mut path, self.function.unqualified());
        path.push_str(match self.listing {
            Listing::Aliases => "/aliases",
            Listing::Versions => "/versions",
        });
        let mut request = Request::new(Method::Get, &self.call.target.endpoint, &path);
        request.query.push(("MaxItems", Cow::Borrowed("50")));
        if let Some(marker) = &self.marker {
            request.query.push(("Marker", Cow::Borrowed(marker)));
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        let (list, row): (_, fn(&Fields<'_>) -> _) = match self.listing {
            Listing::Aliases => ("Aliases", alias),
            Listing::Versions => ("Versions", version),
        };
        let page = match read_page(&response, attempts, || self.context(attempts), list, row) {
            Err(error) if self.can_do_without(&error) => {
                self.aliases_denied = self.listing == Listing::Aliases;
                self.end_listing();
                return Ok(());
            }
            page => page?,
        };
        let next = page.next_marker;
        check_progress(self.marker.as_deref(), next.as_deref(), attempts)?;
        let kept_bytes = self.check_sum(&page.rows, attempts)?;
        let pages_read = self.pages_read.saturating_add(1);
        if next.is_some() && pages_read >= MAX_PAGES {
            return Err(too_large(
                "the function's aliases or versions fill more than 200 pages, which is more than a list of qualifiers returns: name the qualifier",
                attempts,
            ));
        }
        self.kept_bytes = kept_bytes;
        for choice in page.rows {
            let list = match choice.kind {
                QualifierKind::Alias => &mut self.aliases,
                QualifierKind::Latest => &mut self.latest,
                QualifierKind::Version => &mut self.versions,
            };
            list.push(choice);
        }
        if next.is_some() {
            self.pages_read = pages_read;
            self.marker = next;
        } else {
            self.end_listing();
        }
        Ok(())
    }
}

impl Operation for ListQualifiers {
    type Output = Vec<QualifierChoice>;

    fn take_output(&mut self) -> Option<Vec<QualifierChoice>> {
        self.output.take()
    }
}

fn alias(row: &Fields<'_>) -> Option<QualifierChoice> {
    let version = row.get("FunctionVersion")?.string()?;
    let mut description = format!("version {version}");
    let routing = row.get("RoutingConfig").and_then(Json::object);
    // Each version's share of the invocations, 0 to 1. The alias's own version gets the rest.
    let weights = routing.and_then(|config| config.get("AdditionalVersionWeights")?.object());
    let mut shares: Vec<(&str, f64)> = Vec::new();
    for (version, weight) in weights.iter().flat_map(Fields::iter) {
        if shares.len() >= MAX_WEIGHTS {
            return None;
        }
        let at = shares.partition_point(|(before, _)| *before <= version);
        shares.insert(at, (version, weight.number().unwrap_or_default()));
    }
    for (version, weight) in shares {
        let share = percent(weight);
        description.push_str(&format!(", {share} of the calls to version {version}"));
    }
    if let Some(text) = row.text("Description").filter(|text| !text.is_empty()) {
        description.push_str(": ");
        description.push_str(&text);
    }
    Some(QualifierChoice {
        name: row.get("Name")?.string()?,
        kind: QualifierKind::Alias,
        description,
    })
}

fn version(row: &Fields<'_>) -> Option<QualifierChoice> {
    let name = row.get("Version")?.string()?;
    Some(QualifierChoice {
        kind: if name == "$LATEST" {
            QualifierKind::Latest
        } else {
            QualifierKind::Version
        },
        name,
        description: row.text("Description").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
