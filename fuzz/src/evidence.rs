//! What an answer proves about the function, read independently of the connector.

use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::transport::{Failure, Reached};
use memchr::memmem;

/// What a request asks of the function or of a durable execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing.
    Nothing,
    /// To be checked. Others than Lambda may run it.
    DryRun,
    /// To run, or to change.
    Run,
}

/// The statuses that HTTP defines as refused before the request is processed or forwarded.
const REFUSALS: [u16; 9] = [407, 411, 413, 414, 417, 421, 431, 505, 511];

/// Whether the answer has AWS's request ID.
pub fn is_aws(response: &Response, is_sts: bool) -> bool {
    let in_header = response
        .header("x-amzn-requestid")
        .is_some_and(|id| !id.trim().is_empty());
    in_header || (is_sts && has(&response.body, "<RequestId>"))
}

/// Whether AWS or a declared emulator sent the answer. A web page is not an emulator's success.
pub fn is_known(response: &Response, is_sts: bool, at_emulator: bool) -> bool {
    let is_page = response
        .header("content-type")
        .is_some_and(|kind| kind.trim() == "text/html");
    is_aws(response, is_sts) || (at_emulator && !(is_page && response.status < 300))
}

/// Whether the caller declared the endpoint to be an emulator.
pub fn is_emulator(endpoint: &EndpointChoice) -> bool {
    matches!(endpoint, EndpointChoice::Emulator(_))
}

/// Whether the function started, or may have started.
pub fn may_have_run(outcome: &Result<Response, Failure>, asks: Asks, at_emulator: bool) -> bool {
    let response = match outcome {
        Ok(response) => response,
        Err(failure) => match &failure.reached {
            Reached::Nothing => return false,
            // Lambda does not run the function for a dry run.
            Reached::Request => return asks == Asks::Run,
            Reached::Head(response) => response,
        },
    };
    if asks == Asks::Nothing {
        return false;
    }
    let status = response.status;
    if !is_aws(response, false) && !at_emulator {
        return !REFUSALS.contains(&status);
    }
    if response.header("x-amz-function-error").is_some() {
        return true;
    }
    match (asks, status) {
        (Asks::DryRun, 204) => false,
        // A status below 200 is not that of a complete response, and proves as little as an error.
        (_, 200..=299) => true,
        (Asks::DryRun, _) => false,
        // A body may have a code of its own, which this does not read.
        _ => {
            let code = response.header("x-amzn-errortype");
            let has_code = has(&response.body, "ode\"") || has(&response.body, "__type");
            match code {
                Some(code) => !rejects(response, plain(&code)),
                None => !has_code && !rejects(response, ""),
            }
        }
    }
}

/// Whether the answer proves that the function started.
pub fn ran(outcome: &Result<Response, Failure>, at_emulator: bool) -> bool {
    let response = match outcome {
        Ok(response) => response,
        Err(Failure {
            reached: Reached::Head(response),
            ..
        }) => response,
        Err(_) => return false,
    };
    let known = is_known(response, false, at_emulator);
    let failed = response.header("x-amz-function-error").is_some();
    let status = response.status;
    known && (status == 200 || (failed && (status == 202 || status >= 500)))
}

/// The code of a header such as `ns#Code:http://…`.
fn plain(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().trim()
}

/// The codes of status 502 that concern what the function's start needs.
const SETUP: [&str; 15] = [
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "ENILimitReachedException",
    "ENINotReadyException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "ResourceNotReadyException",
    "SubnetIPAddressLimitReachedException",
];

/// Whether the status and the code of an error may both precede the function's start. The code of a
/// response without one is empty, or begins with `HTTP `.
pub fn rejects(response: &Response, code: &str) -> bool {
    let has_code = !code.is_empty() && !code.starts_with("HTTP ");
    let is_setup = SETUP.contains(&code);
    let has_id = ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .any(|name| response.header(name).is_some());
    match response.status {
        400..=499 if has_code => !is_setup,
        // Without a code, only Lambda's own status has a meaning.
        401 | 403 | 404 | 413 | 429 => has_id,
        500..=599 => is_setup,
        _ => false,
    }
}

fn has(bytes: &[u8], part: &str) -> bool {
    memmem::find(bytes, part.as_bytes()).is_some()
}
