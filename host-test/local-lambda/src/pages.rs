//! Pages of a list: their length, and the markers between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::errors::ApiError;
use super::request::RawRequest;

/// Returns the parameter `MaxItems`. `smallest` and `largest` are the limits of its shape.
pub(super) fn max_items(
    request: &RawRequest,
    smallest: i64,
    largest: i64,
) -> Result<Option<usize>, ApiError> {
    let Some(text) = request.parameter("MaxItems") else {
        return Ok(None);
    };
    let reject = |constraint: &str| Err(ApiError::validation("maxItems", &text, constraint));
    match text.parse::<i64>() {
        Ok(items) if items < smallest => {
            reject(&format!("have value greater than or equal to {smallest}"))
        }
        Ok(items) if items > largest => {
            reject(&format!("have value less than or equal to {largest}"))
        }
        Ok(items) => Ok(usize::try_from(items).ok()),
        Err(_) => reject("be an integer"),
    }
}

/// Returns a marker for one list. It is opaque, like the markers of the real service. Base64 has
/// `/`, `+` and `=`, so a client must encode the marker in a query.
pub(super) fn marker(list: &str, row: u64) -> String {
    STANDARD.encode(Sha256::digest(format!("{list}\n{row}")))
}

pub(super) fn invalid_marker() -> ApiError {
    ApiError::invalid_parameter("The Marker parameter is invalid")
}
