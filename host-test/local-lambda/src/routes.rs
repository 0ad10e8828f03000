//! Which operation a request is for, by its method and path.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::errors::ApiError;
use super::service::{RawRequest, Service};
use super::signature::Caller;
use super::{invoke, listing};

/// An operation, and the function that the path names, decoded.
pub(super) enum Route {
    Invoke(String),
    ListFunctions,
    ListVersions(String),
    ListAliases(String),
}

pub(super) fn route(service: &Service, request: &RawRequest) -> Result<Route, ApiError> {
    let path = request
        .path
        .strip_prefix(&service.base_path)
        .and_then(|path| path.strip_prefix("/2015-03-31/functions"))
        .ok_or_else(ApiError::unknown_operation)?;
    // Split before decoding: an encoded slash is part of a name.
    let segments: Vec<&str> = path.split('/').collect();
    let name = |encoded: &str| percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", [""] | ["", ""]) => Ok(Route::ListFunctions),
        ("POST", ["", function, "invocations"]) => Ok(Route::Invoke(name(function))),
        ("GET", ["", function, "versions"]) => Ok(Route::ListVersions(name(function))),
        ("GET", ["", function, "aliases"]) => Ok(Route::ListAliases(name(function))),
        _ => Err(ApiError::unknown_operation()),
    }
}

impl Route {
    pub async fn answer(
        self,
        service: &Arc<Service>,
        request: RawRequest,
        caller: Caller,
    ) -> Result<Answer, ApiError> {
        match self {
            Self::Invoke(function) => invoke::invoke(service, &function, request, caller).await,
            Self::ListFunctions => listing::functions(service, &request, caller),
            Self::ListVersions(function) => listing::versions(service, &function, &request, caller),
            Self::ListAliases(function) => listing::aliases(service, &function, &request, caller),
        }
    }
}

/// The value of a query parameter, decoded; the first where there are several.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
