//! The types of `streaming`, which only the component for WASI 0.3 exports. They are written by hand,
//! because the other types are generated from the package for WASI 0.2. wasmtime compares them with the
//! component's types whenever the function is looked up.

use wasmtime::component::{ComponentType, FutureReader, Lift, StreamReader};

use super::types::{Error, LogTail};

/// What is known about an invocation once its response has begun.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub struct ResponseHead {
    /// 200 for a stream, 204 for a dry run.
    #[component(name = "status-code")]
    pub status_code: u16,
    /// The version that runs.
    #[component(name = "executed-version")]
    pub executed_version: Option<String>,
    /// The ID that Lambda gave the invocation.
    #[component(name = "request-id")]
    pub request_id: Option<String>,
    /// The X-Ray trace of the invocation.
    #[component(name = "trace-id")]
    pub trace_id: Option<String>,
    /// The number of attempts made.
    pub attempts: u8,
}

/// What is known about an invocation once its response has ended successfully.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub struct ResponseEnd {
    /// The end of the execution log, if the request asked for it.
    pub log: Option<LogTail>,
}

/// The response while it is in the component's store.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Response {
    pub head: ResponseHead,
    pub bytes: StreamReader<u8>,
    pub end: FutureReader<Result<ResponseEnd, Error>>,
}
