//! Fixtures that the tests of several modules share: inputs, responses and expected errors.

use core::fmt::Debug;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::EndpointChoice;
use crate::aws::message::Response;
use crate::call::connection::{Connection, Credentials};
use crate::call::error::{Error, Executed, InvalidInput, ServiceError};
use crate::call::error::{TransportError, TransportKind};
use crate::call::roles::RoleOptions;
use crate::lambda::invoke::InvokeRequest;
use crate::transport::{Failure, Reached};

pub mod frames;
pub mod scripted;

/// 2026-11-22T12:00:00Z
pub const NOW: u64 = 1_795_348_800;

pub fn connection() -> Connection {
    Connection {
        region: "us-east-1".into(),
        credentials: Credentials::AccessKey(access_key()),
        endpoint: EndpointChoice::Standard,
    }
}

pub fn connection_with(credentials: Credentials) -> Connection {
    Connection {
        credentials,
        ..connection()
    }
}

pub fn access_key() -> AccessKey {
    AccessKey {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::new("secret".into()),
        session_token: None,
    }
}

pub fn role(arn: &str) -> RoleOptions {
    RoleOptions {
        arn: arn.into(),
        ..RoleOptions::default()
    }
}

pub fn assuming(roles: Vec<RoleOptions>) -> Connection {
    let source = access_key();
    connection_with(Credentials::AssumeRole { source, roles })
}

pub fn bearing(token: &str, role: RoleOptions) -> Connection {
    let token = Secret::new(token.into());
    connection_with(Credentials::WebIdentity { token, role })
}

/// An invocation of the function `f`.
pub fn invocation() -> InvokeRequest {
    InvokeRequest {
        function: "f".into(),
        ..InvokeRequest::default()
    }
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    Response {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_bytes().to_vec()))
            .collect(),
        body: body.into(),
        ..Response::default()
    }
}

/// Like [`answer`], with the request ID that every response from Lambda carries.
pub fn lambdas(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    let mut response = answer(status, headers, body);
    if response.header("x-amzn-requestid").is_none() {
        response
            .headers
            .push(("x-amzn-RequestId".into(), b"8f5e".to_vec()));
    }
    let length = response.body.len().to_string().into_bytes();
    response.headers.push(("Content-Length".into(), length));
    response
}

pub fn json(body: &serde_json::Value) -> Response {
    lambdas(
        200,
        &[("content-type", "application/json")],
        serde_json::to_vec(body).unwrap(),
    )
}

/// An error response from Lambda that consists of its code.
pub fn coded(status: u16, code: &str) -> Response {
    lambdas(status, &[("x-amzn-errortype", code)], "{}")
}

/// The response of STS to a caller that may not assume the role.
pub fn denied_by_sts(message: &str) -> Response {
    let message = message.replace('&', "&amp;");
    let error = format!("<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>");
    lambdas(403, &[], format!("<ErrorResponse>{error}</ErrorResponse>"))
}

/// A failure that proves `executed` of a request that can run the function. It comes before the
/// request was sent, before a response, or in the middle of a response from Lambda.
pub fn failure(kind: TransportKind, executed: Executed) -> Failure {
    Failure {
        kind,
        message: "no response, as scripted".into(),
        reached: match executed {
            Executed::No => Reached::Nothing,
            Executed::Unknown => Reached::Request,
            Executed::Yes => Reached::Head(lambdas(200, &[], "")),
        },
    }
}

#[track_caller]
pub fn refused<T: Debug>(result: Result<T, Error>) -> InvalidInput {
    match result {
        Err(Error::InvalidInput(input)) => input,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn unauthenticated<T: Debug>(result: Result<T, Error>) -> ServiceError {
    match result {
        Err(Error::Unauthenticated(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn service_error<T: Debug>(result: Result<T, Error>) -> ServiceError {
    match result {
        Err(Error::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn transport_error<T: Debug>(result: Result<T, Error>) -> TransportError {
    match result {
        Err(Error::Transport(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Asserts that `text` contains each of `parts`.
#[track_caller]
pub fn assert_contains<const N: usize>(text: &str, parts: [&str; N]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}
