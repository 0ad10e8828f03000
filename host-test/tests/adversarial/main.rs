//! Attacks by a hostile party: an endpoint that sends malformed responses, a function or a workflow
//! author that sends malicious texts, or another caller in the same instance. The tests run the
//! components in the reference host over real sockets.

mod endpoint;
mod function;
mod input;
mod isolation;
mod origins;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::host::CallResult;
use local_lambda::{Key, RESPONSE_LIMIT};
use testing::server::{Canned, Server};
use testing::{Component, invoke_in, request};

type Result<T = Invocation> = std::result::Result<T, Error>;

/// Lambda's status line and headers, without the length.
const LAMBDA: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11\r\nx-amz-executed-version: $LATEST\r\n";

/// The largest response that Lambda can send, slightly below the connector's limit.
const LARGE: usize = RESPONSE_LIMIT;

fn connection(url: String) -> Connection {
    testing::connection(&Key::default(), url)
}

/// Builds a response with the `content-length` of its body.
fn with_length(head: &str, body: impl AsRef<[u8]>) -> Canned {
    let body = body.as_ref();
    let head = format!("{head}content-length: {}\r\n\r\n", body.len());
    Canned::raw([head.as_bytes(), body].concat())
}

/// The component's own answer. A trap or an exceeded limit panics.
#[track_caller]
#[allow(clippy::result_large_err)] // The contract fixes the error type.
fn component_answer<T>(answer: CallResult<T>) -> Result<T> {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("the call ended without an answer of the component: {error}"),
    }
}

async fn call(component: Component, url: &str, request: &InvokeRequest) -> Result {
    let connection = connection(url.to_owned());
    invoke_in(component.host(), &connection, request).await
}

/// Invokes once at a server that gives this answer. The component must not retry.
async fn invoked(component: Component, answer: Canned) -> Result {
    invoked_by(component, request("f", "{}"), answer).await
}

async fn invoked_by(component: Component, request: InvokeRequest, answer: Canned) -> Result {
    let server = Server::start(&[answer]).await;
    let result = call(component, &server.url(), &request).await;
    assert_eq!(server.requests(), 1);
    result
}
