//! What the tests of several operations need.

use alloc::vec::Vec;

use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::Choice;
use crate::aws::message::Response;
use crate::call::connection::{Connection, Credentials};

pub fn connection() -> Connection {
    Connection {
        region: "us-east-1".into(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: None,
        }),
        endpoint: Choice::Standard,
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
    }
}

/// As [`answer`], with the id that every answer of Lambda's has.
pub fn lambdas(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    let mut response = answer(status, headers, body);
    if response.header("x-amzn-requestid").is_none() {
        response
            .headers
            .push(("x-amzn-RequestId".into(), b"8f5e".to_vec()));
    }
    response
}

pub fn json(body: &serde_json::Value) -> Response {
    answer(
        200,
        &[("content-type", "application/json")],
        serde_json::to_vec(body).unwrap(),
    )
}
