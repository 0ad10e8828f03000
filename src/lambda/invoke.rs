//! The operations that invoke a function and collect its response:
//!
//! - `Invoke`, `POST /2015-03-31/functions/{FunctionName}/invocations`
//! - `InvokeWithResponseStream`,
//!   `POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations`

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::aws::endpoint::EndpointKind;
use crate::aws::event_stream::Completion;
use crate::aws::hex;
use crate::aws::json::{self, Fields};
use crate::aws::message::{MAX_RESPONSE_BYTES, Method, Request, Response};
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::{Error, Executed, TransportError, TransportKind};
use crate::call::error_response::{self, RequestContext};
use crate::call::failure::FunctionFailure;
use crate::call::invocation::{FailedInvocation, Invocation, Payload};
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::call::text::{self, is_word};
use crate::call::{failure, log_tail};
use crate::lambda::function_name::{FunctionName, check_qualifier};
use crate::lambda::{request_id, trace_id};

/// The interface's `lambda.invoke-request`, unchecked. The interface documents its fields. The `Debug`
/// output has only the lengths of the payload and the client context.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct InvokeRequest {
    pub function: String,
    pub qualifier: Option<String>,
    pub invocation_type: Option<InvocationType>,
    pub log_type: Option<LogType>,
    pub client_context: Option<String>,
    pub payload: Option<String>,
    pub payload_sha256: Option<Vec<u8>>,
    pub payload_is_json: bool,
    pub tenant_id: Option<String>,
    pub durable_execution_name: Option<String>,
    pub trace_id: Option<String>,
    pub request_id: Option<String>,
    pub response_mode: ResponseMode,
    pub max_response_bytes: Option<u32>,
    pub delivery: Option<delivery::Options>,
}

impl fmt::Debug for InvokeRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvokeRequest {
            function,
            qualifier,
            invocation_type,
            log_type,
            client_context,
            payload,
            payload_sha256: _,
            payload_is_json,
            tenant_id,
            durable_execution_name,
            trace_id,
            request_id,
            response_mode,
            max_response_bytes,
            delivery,
        } = self;
        let bytes = |text: &Option<String>| text.as_ref().map(String::len);
        formatter
            .debug_struct("InvokeRequest")
            .field("function", function)
            .field("qualifier", qualifier)
            .field("invocation_type", invocation_type)
            .field("log_type", log_type)
            .field("client_context_bytes", &bytes(client_context))
            .field("payload_bytes", &bytes(payload))
            .field("payload_is_json", payload_is_json)
            .field("tenant_id", tenant_id)
            .field("durable_execution_name", durable_execution_name)
            .field("trace_id", trace_id)
            .field("request_id", request_id)
            .field("response_mode", response_mode)
            .field("max_response_bytes", max_response_bytes)
            .field("delivery", delivery)
            .finish()
    }
}

/// Whether the function runs, and whether the response waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// The function runs, and the response contains its output.
    #[default]
    RequestResponse,
    /// Lambda queues the event and responds immediately.
    Event,
    /// Lambda checks permission and parameters without running the function.
    DryRun,
}

impl InvocationType {
    fn as_str(self) -> &'static str {
        match self {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
            InvocationType::DryRun => "DryRun",
        }
    }
}

/// Whether the response contains the log tail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogType {
    /// The response contains no log.
    #[default]
    None,
    /// The response contains the last 4 KB of the log.
    Tail,
}

impl LogType {
    fn as_str(self) -> &'static str {
        match self {
            LogType::None => "None",
            LogType::Tail => "Tail",
        }
    }
}

/// How the response arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// `Invoke`: in one piece.
    #[default]
    Buffered,
    /// `InvokeWithResponseStream`: as an event stream.
    Streamed,
}

/// The most bytes of a buffered response.
const BUFFERED_LIMIT: usize = 6_291_556;
/// The default and the most of `max-response-bytes` for a streamed response.
const STREAMED_DEFAULT: usize = 16 * 1024 * 1024;
const STREAMED_LIMIT: usize = 200 * 1024 * 1024;
/// The most bytes of a synchronous payload.
const SYNCHRONOUS_LIMIT: usize = 6_291_456;
/// The most bytes of an asynchronous payload.
const EVENT_LIMIT: usize = 1_048_576;
/// The most bytes of a client context in Base64.
const CLIENT_CONTEXT_LIMIT: usize = 3_583;

/// The operation `Invoke`, checked and ready to send. The `Debug` output has neither the client context
/// nor the output.
#[derive(Clone)]
pub struct Invoke {
    call: Call,
    function: FunctionName,
    request: InvokeRequest,
    path: String,
    client_context: Option<String>,
    payload_hash: Option<String>,
    max_response_bytes: usize,
    output: Option<Invocation>,
}

impl fmt::Debug for Invoke {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Invoke")
            .field("call", &self.call)
            .field("request", &self.request)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Invoke {
    /// Checks the connection and the request.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(connection: Connection, mut request: InvokeRequest) -> Result<Invoke, Error> {
        const FUNCTION: &str = "request.function";
        let function = FunctionName::parse(FUNCTION, &request.function)?;
        check_qualifiers(&function, request.qualifier.as_deref())?;
        let target = Target::new(connection, function.region_hint(FUNCTION))?;
        let invocation_type = request.invocation_type.unwrap_or_default();
        let synchronous = invocation_type == InvocationType::RequestResponse;
        let client_context = request
            .client_context
            .as_deref()
            .map(|context| match invocation_type {
                InvocationType::RequestResponse | InvocationType::DryRun => {
                    encode_client_context(context)
                }
                InvocationType::Event => Err(Error::invalid(
                    CLIENT_CONTEXT,
                    "Lambda does not pass the client context to asynchronous (`event`) invocations: leave it out, or put the data into the payload",
                )),
            })
            .transpose()?;
        if let Some(payload) = &request.payload {
            check_payload(payload, invocation_type, request.payload_is_json)?;
        }
        check_texts(&request)?;
        request.trace_id = request.trace_id.map(trace_id::header).transpose()?;
        let request_id = request.request_id.as_deref();
        request.request_id = request_id.map(request_id::normalize).transpose()?;
        let delivery = Delivery::new("request.delivery", request.delivery.as_ref(), synchronous)?;
        if request.response_mode == ResponseMode::Streamed {
            check_streamed(&request, invocation_type)?;
        }

        Ok(Invoke {
            call: Call { target, delivery },
            path: path(&function, request.response_mode),
            payload_hash: payload_hash(&request)?,
            max_response_bytes: max_response_bytes(&request)?,
            function,
            request,
            client_context,
            output: None,
        })
    }

    /// Changes the function to another one in the same region.
    ///
    /// # Errors
    /// `invalid-input` if `function` is not a function's name.
    pub fn rename(&mut self, function: &str) -> Result<(), Error> {
        self.function = FunctionName::parse("request.function", function)?;
        self.path = path(&self.function, self.request.response_mode);
        Ok(())
    }
}

fn path(function: &FunctionName, mode: ResponseMode) -> String {
    let (date, operation) = match mode {
        ResponseMode::Buffered => ("2015-03-31", "invocations"),
        ResponseMode::Streamed => ("2021-11-15", "response-streaming-invocations"),
    };
    let mut path = format!("/{date}/functions/");
    uri::encode_into(&mut path, function.as_given());
    path.push('/');
    path.push_str(operation);
    path
}

/// Checks what `InvokeWithResponseStream` does not have.
fn check_streamed(request: &InvokeRequest, invocation_type: InvocationType) -> Result<(), Error> {
    const FIELD: &str = "request.response-mode";
    if invocation_type == InvocationType::Event {
        return Err(Error::invalid(
            FIELD,
            "an event has no response that could be streamed: use `buffered`, or another invocation type",
        ));
    }
    if request.durable_execution_name.is_some() {
        return Err(Error::invalid(
            FIELD,
            "Lambda does not stream the response of a named durable execution: use `buffered`, or leave out the name",
        ));
    }
    Ok(())
}

/// Returns the hash of the payload that the caller has computed, as the signature contains it.
fn payload_hash(request: &InvokeRequest) -> Result<Option<String>, Error> {
    const FIELD: &str = "request.payload-sha256";
    let Some(hash) = &request.payload_sha256 else {
        return Ok(None);
    };
    if hash.len() != 32 {
        return Err(Error::invalid(
            FIELD,
            format!("it is {} bytes, and a SHA-256 has 32", hash.len()),
        ));
    }
    if request.payload.is_none() {
        return Err(Error::invalid(FIELD, "there is no payload: leave it out"));
    }
    Ok(Some(hex::encode(hash)))
}

fn max_response_bytes(request: &InvokeRequest) -> Result<usize, Error> {
    let (default, most) = match request.response_mode {
        ResponseMode::Buffered => (BUFFERED_LIMIT, BUFFERED_LIMIT),
        ResponseMode::Streamed => (STREAMED_DEFAULT, STREAMED_LIMIT),
    };
    let bytes = request.max_response_bytes.map_or(default, |bytes| {
        usize::try_from(bytes).unwrap_or(usize::MAX)
    });
    if !(1..=most).contains(&bytes) {
        return Err(Error::invalid(
            "request.max-response-bytes",
            format!("it must be 1 to {most} in this response mode"),
        ));
    }
    Ok(match (request.response_mode, bytes) {
        // The limit of Lambda itself has some slack.
        (ResponseMode::Buffered, BUFFERED_LIMIT) => MAX_RESPONSE_BYTES,
        _ => bytes,
    })
}

fn check_qualifiers(function: &FunctionName, qualifier: Option<&str>) -> Result<(), Error> {
    const FIELD: &str = "request.qualifier";
    let Some(qualifier) = qualifier else {
        return Ok(());
    };
    check_qualifier(qualifier).map_err(|rule| Error::invalid(FIELD, rule))?;
    match function.suffix() {
        Some(suffix) if suffix != qualifier => Err(Error::invalid(
            FIELD,
            format!(
                "it is {qualifier}, but the function's name ends in :{suffix}: give only one of them, or the same twice"
            ),
        )),
        _ => Ok(()),
    }
}

const CLIENT_CONTEXT: &str = "request.client-context";

/// Encodes a client context as its header carries it.
///
/// # Errors
/// `invalid-input` if it is not a JSON object, or too long.
pub fn encode_client_context(context: &str) -> Result<String, Error> {
    if Fields::read(context).is_none() {
        return Err(Error::invalid(
            CLIENT_CONTEXT,
            "it must be a JSON object, for example {\"custom\":{\"key\":\"value\"}}: the connector encodes it in Base64",
        ));
    }
    let encoded = STANDARD.encode(context);
    if encoded.len() > CLIENT_CONTEXT_LIMIT {
        return Err(Error::invalid(
            CLIENT_CONTEXT,
            format!(
                "it is {} bytes in Base64: Lambda accepts at most {CLIENT_CONTEXT_LIMIT}",
                encoded.len()
            ),
        ));
    }
    Ok(encoded)
}

fn check_payload(
    payload: &str,
    invocation_type: InvocationType,
    is_json: bool,
) -> Result<(), Error> {
    const FIELD: &str = "request.payload";
    let (limit, kind) = match invocation_type {
        InvocationType::Event => (EVENT_LIMIT, "an asynchronous"),
        InvocationType::RequestResponse | InvocationType::DryRun => {
            (SYNCHRONOUS_LIMIT, "a synchronous")
        }
    };
    if payload.len() > limit {
        return Err(Error::invalid(
            FIELD,
            format!(
                "it is {} bytes, and {kind} invocation accepts at most {limit}: pass larger data through S3",
                payload.len()
            ),
        ));
    }
    if is_json {
        return Ok(());
    }
    json::check(payload).map_err(|problem| Error::invalid(FIELD, problem))
}

fn check_texts(request: &InvokeRequest) -> Result<(), Error> {
    if let Some(tenant_id) = &request.tenant_id {
        text::check(
            format_args!("request.tenant-id"),
            tenant_id,
            1,
            256,
            |byte| byte.is_ascii_alphanumeric() || b"._:/=+-@ ".contains(&byte),
            "a tenant ID has 1 to 256 letters, digits, spaces and ._:/=+-@",
        )?;
        // HTTP strips white space around a header's value.
        if tenant_id.trim_matches(' ').len() != tenant_id.len() {
            return Err(Error::invalid(
                "request.tenant-id",
                "it begins or ends with a space, which HTTP would strip: remove it",
            ));
        }
    }
    if let Some(name) = &request.durable_execution_name {
        text::check(
            format_args!("request.durable-execution-name"),
            name,
            1,
            64,
            is_word,
            "a durable execution's name has 1 to 64 letters, digits, hyphens and underscores",
        )?;
    }
    Ok(())
}

impl Exchange for Invoke {
    fn call(&self) -> &Call {
        &self.call
    }

    fn effect(&self) -> Effect {
        let is_dry_run = self.request.invocation_type == Some(InvocationType::DryRun);
        // Emulators without invocation types run the function.
        if is_dry_run && self.call.target.endpoint.kind != EndpointKind::Emulator {
            Effect::DryRun
        } else {
            Effect::Run
        }
    }

    fn request_id(&self) -> Option<&str> {
        self.request.request_id.as_deref()
    }

    fn payload_hash(&self) -> Option<&str> {
        self.payload_hash.as_deref()
    }

    fn request(&self) -> Request<'_> {
        let mut request = Request::new(Method::Post, &self.call.target.endpoint, &self.path);
        request.is_event_stream = self.is_streamed();
        request.max_response_bytes = self.max_response_bytes;
        if let Some(qualifier) = &self.request.qualifier {
            request.query.push(("Qualifier", Cow::Borrowed(qualifier)));
        }
        for (name, value) in [
            (
                "x-amz-invocation-type",
                self.request.invocation_type.map(InvocationType::as_str),
            ),
            ("x-amz-log-type", self.request.log_type.map(LogType::as_str)),
            ("x-amz-client-context", self.client_context.as_deref()),
            ("x-amz-tenant-id", self.request.tenant_id.as_deref()),
            (
                "x-amz-durable-execution-name",
                self.request.durable_execution_name.as_deref(),
            ),
            ("x-amzn-trace-id", self.request.trace_id.as_deref()),
        ] {
            if let Some(value) = value {
                request.headers.push((name, Cow::Borrowed(value)));
            }
        }
        if let Some(payload) = &self.request.payload {
            request
                .headers
                .push(("content-type", Cow::Borrowed("application/json")));
            request.body = payload.as_bytes();
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        let is_success = (200..300).contains(&response.status);
        if !is_success && !failed_with_error_status(&response) {
            let context = RequestContext {
                action: "lambda:InvokeFunction",
                resource: self
                    .function
                    .policy_resource(&self.call.target.region, self.request.qualifier.as_deref()),
                effect: self.effect(),
                attempts,
            };
            return Err(error_response::read(&response, &context));
        }
        if is_success && !self.expects(&response) {
            return Err(self.unexpected_status(response.status, attempts));
        }
        if self.is_streamed() && response.status == 200 && response.completion.is_none() {
            return Err(Error::malformed(
                "the response is not an event stream, which Lambda sends in this response mode: check the endpoint and any proxy on the way",
                Executed::Unknown,
                attempts,
            ));
        }
        self.output = Some(read_success(response, attempts)?);
        Ok(())
    }
}

/// Emulators report a failed function with status 500. Lambda reports it with 200.
fn failed_with_error_status(response: &Response) -> bool {
    response.status >= 500
        && response.header("x-amz-function-error").is_some()
        && response.header("x-amzn-errortype").is_none()
}

impl Operation for Invoke {
    type Output = Invocation;

    fn take_output(&mut self) -> Option<Invocation> {
        self.output.take()
    }
}

impl Invoke {
    fn is_streamed(&self) -> bool {
        self.request.response_mode == ResponseMode::Streamed
    }

    /// Whether Lambda sends the status of this 2xx response for the invocation type.
    fn expects(&self, response: &Response) -> bool {
        // A function that is queued, or was not to run, cannot have failed.
        let reports_failure = response.header("x-amz-function-error").is_some();
        match self.request.invocation_type.unwrap_or_default() {
            InvocationType::RequestResponse => response.status == 200,
            // Emulators without invocation types run the function and respond with 200.
            InvocationType::Event => {
                response.status == 200 || (response.status == 202 && !reports_failure)
            }
            InvocationType::DryRun => response.status == 204 && !reports_failure,
        }
    }

    fn unexpected_status(&self, status: u16, attempts: u8) -> Error {
        let is_dry_run = self.request.invocation_type == Some(InvocationType::DryRun);
        let message = if is_dry_run {
            format!(
                "the response to a dry run has status {status} instead of 204: the endpoint may have run the function, as emulators without invocation types do"
            )
        } else {
            format!(
                "the response has status {status}, which Lambda does not send for this invocation type: check the endpoint and any proxy on the way"
            )
        };
        Error::Transport(TransportError {
            kind: TransportKind::Malformed,
            message,
            executed: Executed::Unknown,
            request_id: None,
            attempts,
            // Another dry run would run the function again.
            transient: !is_dry_run,
        })
    }
}

/// Whether the body may be complete. Hosts report a body that is shorter than announced or lacks its
/// last chunk. Some do not report a body that ends with its connection, and all hide how it is framed.
fn is_complete(response: &Response, body: &[u8]) -> bool {
    response.header("content-length").is_some()
        || response.header("transfer-encoding").is_some()
        || !json::may_be_cut_off(body)
}

fn read_success(mut response: Response, attempts: u8) -> Result<Invocation, Error> {
    let body = core::mem::take(&mut response.body);
    let completion = response.completion.take();
    if completion.is_none()
        && !matches!(response.status, 202 | 204)
        && !is_complete(&response, &body)
    {
        return Err(Error::Transport(TransportError {
            kind: TransportKind::CutOff,
            message: "the response announces no length, and its body is empty or incomplete JSON, so that it may have been cut off".into(),
            executed: Executed::Yes,
            request_id: None,
            attempts,
            transient: true,
        }));
    }
    let (failure, log) = match completion {
        None => {
            let marker = response.header_owned("x-amz-function-error");
            let failure = marker.map(|marker| failure::read(marker, &body));
            (failure, response.header_owned("x-amz-log-result"))
        }
        Some(completion) => ended(*completion),
    };
    // 202 and 204 have no body. An empty body of a 200 is the function's output.
    let output = (response.status == 200 || !body.is_empty()).then(|| Payload::new(body));
    let invocation = Invocation {
        output,
        log: log.as_deref().and_then(log_tail::read),
        ..head(&response, attempts)
    };
    match failure {
        None => Ok(invocation),
        Some(failure) => Err(Error::FunctionFailed(Box::new(FailedInvocation {
            invocation,
            failure,
        }))),
    }
}

/// Reads the head of a success, which has neither the output nor the log.
pub fn head(response: &Response, attempts: u8) -> Invocation {
    Invocation {
        status_code: response.status,
        output: None,
        log: None,
        executed_version: response.header_owned("x-amz-executed-version"),
        request_id: error_response::request_id(response),
        trace_id: response.header_owned("x-amzn-trace-id"),
        durable_execution_arn: response.header_owned("x-amz-durable-execution-arn"),
        attempts,
    }
}

/// Reads how the function of an event stream ended: its failure, if it failed, and its log in Base64.
pub fn ended(completion: Completion) -> (Option<FunctionFailure>, Option<String>) {
    let document = completion.error_details.unwrap_or_default();
    let marker = completion.error_code;
    let failure = marker.map(|marker| failure::read(marker, document.as_bytes()));
    (failure, completion.log_result)
}

#[cfg(test)]
mod tests;
