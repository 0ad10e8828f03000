//! Reads the code and message of AWS's error responses, which have several formats.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use crate::aws::json::Fields;
use crate::aws::message::Response;
use crate::call::advice;
use crate::call::error::{Category, Error, Executed, ServiceError};
use crate::call::error_codes;
use crate::call::operation::Effect;

/// The request to which an error response belongs.
pub struct RequestContext {
    /// The IAM action that the request needs.
    pub action: &'static str,
    /// The resource on which the action must be allowed.
    pub resource: String,
    /// What the request can do to the function.
    pub effect: Effect,
    /// The number of attempts so far.
    pub attempts: u8,
}

/// Reads a response whose status is an error.
pub fn read(response: &Response, context: &RequestContext) -> Error {
    error(ErrorBody::read(response), response, context)
}

/// As [`read`], for a response of another protocol, whose code and message are already parsed.
pub fn with_code(
    response: &Response,
    code: String,
    message: Option<String>,
    context: &RequestContext,
) -> Error {
    error(
        ErrorBody::new(response, Some(code), message, None),
        response,
        context,
    )
}

fn error(body: ErrorBody, response: &Response, context: &RequestContext) -> Error {
    let class = error_codes::classify(response.status, &body.code, &body.message);
    let error = ServiceError {
        status_code: response.status,
        category: class.category,
        executed: executed(response, &body.code, &class, context.effect),
        retryable: class.retryable,
        hint: hint(&body, &class, context, response),
        request_id: request_id(response),
        attempts: context.attempts,
        code: body.code,
        message: body.message,
    };
    match class.category {
        Category::Credentials | Category::ClockSkew => Error::Unauthenticated(error),
        _ => Error::Service(error),
    }
}

/// Returns what the error proves about the function. `No` needs a code that precedes the start, and
/// nothing beside it that contradicts it.
fn executed(
    response: &Response,
    code: &str,
    class: &error_codes::Classification,
    effect: Effect,
) -> Executed {
    let ran = response.header("x-amz-function-error").is_some();
    let consistent = !ran
        && if class.is_known {
            error_codes::fits(code, response.status)
        } else {
            // Only the status of AWS itself has a meaning of its own.
            request_id(response).is_some()
        };
    match effect {
        Effect::Read => Executed::No,
        Effect::DryRun if !ran => Executed::No,
        Effect::Run | Effect::Change if consistent => class.executed,
        Effect::DryRun | Effect::Run | Effect::Change => Executed::Unknown,
    }
}

/// Returns the request ID, which AWS Support asks for, and which CloudTrail and the function's log
/// record.
pub fn request_id(response: &Response) -> Option<String> {
    response
        .header_owned("x-amzn-requestid")
        .or_else(|| response.header_owned("x-amz-request-id"))
}

struct ErrorBody {
    code: String,
    message: String,
    /// The limit that a `TooManyRequestsException` reports.
    reason: Option<String>,
}

impl ErrorBody {
    fn read(response: &Response) -> ErrorBody {
        let fields = core::str::from_utf8(&response.body)
            .ok()
            .and_then(Fields::read);
        let text = |names: &[&str]| {
            let fields = fields.as_ref()?;
            names.iter().find_map(|name| fields.text(name))
        };
        // REST-JSON: the header takes precedence, and bodies use one of three names.
        let code = response
            .header_owned("x-amzn-errortype")
            .or_else(|| text(&["code", "Code", "__type"]))
            .map(|code| plain_code(&code).to_owned());
        let message = text(&["message", "Message", "errorMessage"]);
        ErrorBody::new(response, code, message, text(&["Reason"]))
    }

    /// Treats an empty text as absent.
    fn new(
        response: &Response,
        code: Option<String>,
        message: Option<String>,
        reason: Option<String>,
    ) -> ErrorBody {
        let status = response.status;
        let is_present = |text: &String| !text.is_empty();
        ErrorBody {
            code: code
                .filter(is_present)
                .unwrap_or_else(|| format!("HTTP {status}")),
            message: message
                .filter(is_present)
                .unwrap_or_else(|| match response.content_coding() {
                    Some(coding) => format!("the response has status {status}, and its body has the content-encoding `{coding}`, although the request accepts only `identity`"),
                    None => format!("the response has status {status} and no message"),
                }),
            reason,
        }
    }
}

/// `FooError`, `ns#FooError`, `FooError:http://…` and `ns#FooError:http://…` are all `FooError`.
fn plain_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

fn hint(
    body: &ErrorBody,
    class: &error_codes::Classification,
    context: &RequestContext,
    response: &Response,
) -> Option<String> {
    if class.category == Category::ServiceFault && request_id(response).is_none() {
        return Some("the emulator failed: see its log".into());
    }
    let (action, resource) = (context.action, &*context.resource);
    let sentence = advice::by_sentence(class.category, &body.message, action, resource);
    if sentence.is_some() {
        return sentence;
    }
    if class.category == Category::AccessDenied && class.hint.is_empty() {
        return Some(format!(
            "an IAM policy of the caller (and the resource policy of a function in another account) must allow {action} on {resource}"
        ));
    }
    let reason = body.reason.as_deref().and_then(advice::by_reason);
    let hint = reason.unwrap_or(class.hint);
    (!hint.is_empty()).then(|| hint.to_owned())
}

#[cfg(test)]
mod tests;
