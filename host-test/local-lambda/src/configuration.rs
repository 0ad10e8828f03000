//! GetFunctionConfiguration.

use hyper::StatusCode;

use super::answer::{Answer, json_answer};
use super::catalogue::Function;
use super::errors::ApiError;
use super::request::RawRequest;
use super::rows;
use super::service::Service;
use super::signature::Caller;
use super::target::{allow, check_region_and_account, qualifier};

const ACTION: &str = "lambda:GetFunctionConfiguration";

pub(super) fn configuration(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let place = &service.place;
    let name = service.names.namespaced.read(name)?;
    let qualifier = qualifier(&service.names, &name, request.parameter("Qualifier"))?;
    check_region_and_account(place, &name, ACTION)?;
    let mut arn = place.function_arn(&name.name);
    if let Some(qualifier) = &qualifier {
        arn = format!("{arn}:{qualifier}");
    }
    allow(place, caller, ACTION, &arn)?;
    let found = service.catalogue.find(&name.name).and_then(|function| {
        let version = version(function, qualifier.as_deref())?;
        Some((function, version))
    });
    let (function, version) = found.ok_or_else(|| ApiError::function_not_found(&arn))?;
    let mut row = rows::function(place, function, version, qualifier.is_some());
    // Lists do not have these fields.
    row["State"] = "Active".into();
    row["LastUpdateStatus"] = "Successful".into();
    Ok(json_answer(StatusCode::OK, row.to_string()))
}

/// Returns the number of the version that a qualifier names, 0 for `$LATEST`. An alias is read as its
/// own version, without the one that it also routes to.
fn version(function: &Function, qualifier: Option<&str>) -> Option<usize> {
    let newest = function.versions.len();
    let Some(qualifier) = qualifier.filter(|qualifier| *qualifier != "$LATEST") else {
        return Some(0);
    };
    if qualifier == "$LATEST.PUBLISHED" {
        return (newest > 0).then_some(newest);
    }
    let mut aliases = function.aliases.iter();
    let alias = aliases.find(|alias| alias.name == qualifier);
    let label = alias.map_or(qualifier, |alias| alias.version);
    (1..=newest).find(|version| version.to_string() == label)
}
