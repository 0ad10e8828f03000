//! An error that the event of a function describes: for `fail`, `stream` and `workflow`.

use serde::Deserialize;

use crate::outcome::Failure;

#[derive(Deserialize)]
pub struct Thrown {
    #[serde(rename = "type", default = "default_type")]
    error_type: String,
    #[serde(default = "default_message")]
    message: String,
}

pub fn default_type() -> String {
    "ValueError".to_owned()
}

fn default_message() -> String {
    "This function always fails".to_owned()
}

impl From<Thrown> for Failure {
    fn from(thrown: Thrown) -> Self {
        let Thrown {
            error_type,
            message,
        } = thrown;
        Self::Thrown {
            source: format!("raise {error_type}(message)"),
            error_type,
            message,
        }
    }
}
