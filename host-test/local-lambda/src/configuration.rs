//! GetFunctionConfiguration.

use hyper::StatusCode;

use super::answer::{Answer, json_answer};
use super::errors::ApiError;
use super::request::RawRequest;
use super::rows;
use super::service::Service;
use super::signature::Caller;
use super::target::{allow, check_region_and_account, qualifier, resolve_by};

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
    let arn = place.qualified_arn(&name.name, qualifier.as_deref());
    allow(place, caller, ACTION, &arn)?;
    let found = service.catalogue.find(&name.name).and_then(|function| {
        // An alias is read as its own version, without the one that it also routes to.
        let version = resolve_by(function, qualifier.as_deref(), |alias| alias.version)?;
        // The row of `$LATEST` has the number 0.
        Some((function, version.parse().unwrap_or_default()))
    });
    let (function, version) = found.ok_or_else(|| ApiError::function_not_found(&arn))?;
    let mut row = rows::function(place, function, version, qualifier.is_some());
    // Lists do not have these fields.
    row["State"] = "Active".into();
    row["LastUpdateStatus"] = "Successful".into();
    Ok(json_answer(StatusCode::OK, row.to_string()))
}
