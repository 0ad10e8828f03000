//! Events and responses as JSON.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::outcome::{Failure, Outcome};

/// Parses the event into the input type of a function.
pub fn input<'a, E: Deserialize<'a>>(event: &'a [u8]) -> Result<E, Failure> {
    serde_json::from_slice(event).map_err(|error| Failure::Thrown {
        error_type: "TypeError".to_owned(),
        message: format!("The event does not match the input of this function: {error}"),
        source: "raise TypeError(message)".to_owned(),
    })
}

pub fn response(value: &impl Serialize) -> Outcome {
    let json = serde_json::to_vec(value).map(Bytes::from);
    json.map_err(|error| marshal_error(&error))
}

pub fn marshal_error(error: &serde_json::Error) -> Failure {
    Failure::Thrown {
        error_type: "Runtime.MarshalError".to_owned(),
        message: format!("Unable to marshal response: {error}"),
        source: "json.dumps(result)".to_owned(),
    }
}
