//! Lambda's error responses. Status, header `x-amzn-ErrorType` and body have the form that the real
//! service uses for each code.

use hyper::StatusCode;
use serde_json::{Value, json};

/// An error response of Lambda.
#[derive(Debug)]
pub(super) struct ApiError {
    pub status: StatusCode,
    /// The value of `x-amzn-ErrorType`.
    pub error_type: &'static str,
    pub body: Value,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl ApiError {
    fn new(status: StatusCode, error_type: &'static str, body: Value) -> Self {
        Self {
            status,
            error_type,
            body,
            retry_after: None,
        }
    }

    /// Builds an error whose model spells the message member `Message`.
    fn upper(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(
            status,
            code,
            json!({ "Type": "User", "Message": message.into() }),
        )
    }

    /// Builds an error whose model spells the message member `message`.
    fn lower(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(
            status,
            code,
            json!({ "Type": "User", "message": message.into() }),
        )
    }

    /// Builds an error without `Type`: errors of the front end, of STS and of constraints.
    pub fn untyped(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, code, json!({ "message": message.into() }))
    }

    /// Builds an error of the front end, which rejects requests before Lambda looks at them.
    pub fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::untyped(StatusCode::FORBIDDEN, code, message)
    }

    /// Builds the only error whose code includes a URL.
    pub fn unrecognized_client() -> Self {
        Self::unauthenticated(
            "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/",
            "The security token included in the request is invalid.",
        )
    }

    pub fn access_denied(principal: &str, action: &str, resource: &str, policy: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            json!({ "Message": format!(
                "User: {principal} is not authorized to perform: {action} on resource: {resource} \
                 because no {policy} policy allows the {action} action"
            ) }),
        )
    }

    /// Builds the error for a value that breaks a constraint of its shape. `constraint` follows
    /// "Member must" in the message.
    pub fn validation(field: &str, value: &str, constraint: &str) -> Self {
        Self::untyped(
            StatusCode::BAD_REQUEST,
            "ValidationException",
            format!(
                "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: \
                 Member must {constraint}"
            ),
        )
    }

    /// Builds the error for a value outside its enum. `values` is written like `[A, B]`.
    pub fn not_in_enum(field: &str, value: &str, values: &str) -> Self {
        Self::validation(field, value, &format!("satisfy enum value set: {values}"))
    }

    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::lower(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            message,
        )
    }

    pub fn invalid_content(message: impl Into<String>) -> Self {
        Self::lower(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            message,
        )
    }

    /// The real service sends a null `Type` here.
    pub fn invalid_client_context(message: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            json!({ "Type": null, "message": message }),
        )
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::upper(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    pub fn function_not_found(arn: &str) -> Self {
        Self::not_found(format!("Function not found: {arn}"))
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::upper(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            message,
        )
    }

    pub fn already_started(message: impl Into<String>) -> Self {
        Self::upper(
            StatusCode::CONFLICT,
            "DurableExecutionAlreadyStartedException",
            message,
        )
    }

    pub fn callback_closed() -> Self {
        Self::lower(
            StatusCode::BAD_REQUEST,
            "CallbackTimeoutException",
            "The callback ID token has either expired or the callback associated with the token has \
             already been closed.",
        )
    }

    /// Builds the error for executions that the service cannot keep.
    pub fn too_many_executions() -> Self {
        Self::lower(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "The local Lambda has no room for another durable execution or its data: stop one that \
             runs.",
        )
    }

    pub fn throttled() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                json!({
                    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                    "Type": "User",
                    "message": "Rate Exceeded.",
                }),
            )
        }
    }

    pub fn service(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            json!({ "Type": "Service", "Message": message.into() }),
        )
    }

    pub fn unknown_operation() -> Self {
        Self::untyped(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            "The local Lambda does not support this operation. It supports Invoke, \
             InvokeWithResponseStream, GetFunctionConfiguration, ListFunctions, \
             ListVersionsByFunction, ListAliases and most operations on durable executions.",
        )
    }
}
