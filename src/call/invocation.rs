//! The result of an invocation: `types.invocation` of the interface, which documents each field.
#![allow(missing_docs)]

use alloc::string::String;
use alloc::vec::Vec;

use crate::call::failure::FunctionFailure;
use crate::call::log_tail::LogTail;

#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    pub status_code: u16,
    pub output: Option<Payload>,
    pub log: Option<LogTail>,
    pub executed_version: Option<String>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub durable_execution_arn: Option<String>,
    pub attempts: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FailedInvocation {
    pub invocation: Invocation,
    pub failure: FunctionFailure,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    Text(String),
    Binary(Vec<u8>),
}

impl Payload {
    /// Text if `body` is UTF-8, otherwise binary. The bytes are moved, not copied.
    pub fn new(body: Vec<u8>) -> Payload {
        String::from_utf8(body)
            .map_or_else(|error| Payload::Binary(error.into_bytes()), Payload::Text)
    }
}
