//! What the operations read: ARNs, query parameters and bodies.

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::errors::ApiError;
use crate::limits::CALLBACK_RESULT_LIMIT;
use crate::outcome::ErrorObject;
use crate::request::RawRequest;
use crate::service::Service;
use crate::signature::Caller;
use crate::target::allow;

/// Checks an ARN and whether the caller may use it. IAM authorizes a request about an execution on
/// the execution itself, not on its function.
pub fn check(service: &Service, arn: &str, caller: &Caller, action: &str) -> Result<(), ApiError> {
    service.names.durable_arn.check(arn)?;
    allow(&service.place, caller, action, arn)
}

/// Returns a parameter that is `true` or `false`.
pub fn flag(request: &RawRequest, name: &str) -> Result<Option<bool>, ApiError> {
    match request.parameter(name).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(ApiError::validation(&field(name), other, "be a boolean")),
    }
}

/// Returns a timestamp in milliseconds since 1970-01-01 00:00 UTC.
pub fn timestamp(request: &RawRequest, name: &str) -> Result<Option<i128>, ApiError> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let parsed = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| {
        let constraint = "be a timestamp in ISO 8601 format";
        ApiError::validation(&field(name), &text, constraint)
    })?;
    Ok(Some(parsed.unix_timestamp_nanos().div_euclid(1_000_000)))
}

/// Reads an `ErrorObject`. Returns `None` if it is empty or missing.
pub fn error_object(body: &[u8]) -> Result<Option<ErrorObject>, ApiError> {
    if body.is_empty() {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let error = ErrorObject::deserialize(&mut reader).and_then(|error| {
        reader.end()?;
        Ok(error)
    });
    let error = error.map_err(|reason| {
        ApiError::invalid_content(format!("Could not parse request body into json: {reason}"))
    })?;
    if error.size() > CALLBACK_RESULT_LIMIT {
        return Err(ApiError::invalid_parameter(format!(
            "The combined size of all error fields must be at most {CALLBACK_RESULT_LIMIT} bytes."
        )));
    }
    Ok(Some(error).filter(|error| *error != ErrorObject::default()))
}

/// Returns the name of a parameter as validation errors spell it.
fn field(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}
