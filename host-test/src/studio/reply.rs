//! The reply to a question of the page.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::grant::Ungranted;
use crate::json::{self, ToJson};
use aws_lambda_connector_host::host::CallResult;
use aws_lambda_connector_host::policy::Policy;

/// The response: `{"ok": …}` or `{"error": {"<case>": …}}`, with the destinations that the policy
/// denied, if any.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<String>,
    /// What the component received to sign with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// The ARN of the durable execution that the run concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

impl Reply {
    /// Builds the response to a request that cannot be answered, with the reason.
    pub(super) fn refused(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            ok: None,
            error: Some(json::host_error(message)["error"].take()),
            refusals: Vec::new(),
            received: None,
            execution: None,
        }
    }

    /// Builds the response to a run of which nothing is known.
    pub(super) fn lost() -> Self {
        let message = "the run ended without a result; the function may have run";
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Builds the response for a call that was not made, because there is no key for it.
    pub(super) fn ungranted(ungranted: &Ungranted) -> Self {
        let mut reply = match ungranted {
            Ungranted::Host(error) => Self::refused(StatusCode::BAD_GATEWAY, &error.to_string()),
            Ungranted::Call { error, refusals } => {
                let mut reply = Self::with(None, Some(error.to_json()));
                reply.refusals = refusals.iter().map(ToString::to_string).collect();
                reply
            }
        };
        reply.received = Some("nothing".to_owned());
        reply
    }

    pub(super) fn of(value: &Value) -> Self {
        match to_raw_value(value) {
            Ok(text) => Self::with(Some(text), None),
            Err(error) => Self::refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    pub(super) fn answered<T>(
        answer: CallResult<T>,
        policy: &Policy,
        ok: impl FnOnce(T) -> Result<Box<RawValue>, serde_json::Error>,
    ) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Self::refused(StatusCode::BAD_GATEWAY, &error.to_string()),
        };
        let mut reply = match answer.map(ok) {
            Ok(Ok(text)) => Self::with(Some(text), None),
            Ok(Err(error)) => {
                let message = format!("the component's answer is not JSON: {error}");
                Self::refused(StatusCode::BAD_GATEWAY, &message)
            }
            Err(error) => Self::with(None, Some(error.to_json())),
        };
        reply.refusals = policy.refusals().iter().map(ToString::to_string).collect();
        reply
    }

    fn with(ok: Option<Box<RawValue>>, error: Option<Value>) -> Self {
        Self {
            status: StatusCode::OK,
            ok,
            error,
            refusals: Vec::new(),
            received: None,
            execution: None,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn body(&self) -> String {
        // Infallible: a raw value is already text, and every other field serializes.
        serde_json::to_string(self).unwrap_or_default()
    }
}
