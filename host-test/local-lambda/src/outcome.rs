//! How a run ends: for the function, and for those who invoked it.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The outcome of a run: the response of the function, or its failure.
pub(super) type Outcome = Result<Bytes, Failure>;

pub(super) enum Failure {
    Thrown {
        error_type: String,
        message: String,
        /// The line of code that threw the error.
        source: String,
    },
    /// A durable operation failed, and the function did not catch the error.
    Operation(Arc<ErrorObject>),
    /// The response exceeds this limit, in bytes.
    TooLarge(usize),
    TimedOut,
    /// The kernel killed the process because it ran out of memory.
    Killed,
}

/// The result of an invocation.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub body: Bytes,
    /// The failure, which the body describes as well. `None` if the function succeeded.
    pub error: Option<Arc<ErrorObject>>,
    /// Whether the failure is a time-out.
    pub timed_out: bool,
    /// The value of `X-Amz-Log-Result`.
    pub log_tail: String,
}

/// The shape `ErrorObject`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ErrorObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<Vec<String>>,
}

impl ErrorObject {
    pub fn new(error_type: &str, message: impl Into<String>) -> Self {
        Self {
            error_type: Some(error_type.to_owned()),
            error_message: Some(message.into()),
            ..Self::default()
        }
    }

    /// Returns the length of all texts, in bytes.
    pub fn size(&self) -> usize {
        let texts = [&self.error_type, &self.error_message, &self.error_data];
        let texts = texts.into_iter().flatten();
        let frames = self.stack_trace.iter().flatten();
        texts.chain(frames).map(String::len).sum()
    }

    /// Returns the document that a runtime sends for the error.
    pub fn document(&self) -> Value {
        let mut document = json!({});
        for (name, text) in [
            ("errorType", &self.error_type),
            ("errorMessage", &self.error_message),
            ("errorData", &self.error_data),
        ] {
            if let Some(text) = text {
                document[name] = json!(text);
            }
        }
        if let Some(frames) = &self.stack_trace {
            document["stackTrace"] = json!(frames);
        }
        document
    }
}
