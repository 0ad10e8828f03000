//! How a call ends if the server is slow, wrong, sends too much, or is not Lambda. The tests run
//! the components in a host over real sockets.

mod answers;
mod attempts;
mod clock;
mod limits;
mod longest;
mod refusals;
mod tls;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    Connection, Error, Executed, Invocation, TransportKind,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use local_lambda::Key;
use testing::outcome::assert_transport;
use testing::server::{Canned, Server};
use testing::{AnyHost, Component, PerComponent, connection, invoke_in, request};

type Result = std::result::Result<Invocation, Error>;

/// The reference host with two additional trusted certificates.
fn reference(component: Component) -> &'static Host {
    static HOSTS: PerComponent<Host> = PerComponent::new(|component| {
        let trusted = [&*tls::TRUSTED, &*tls::OTHER_NAME];
        let addr = tls::listener(component).local_addr().unwrap();
        component.host_with_outbound(OutboundOptions {
            extra_roots: trusted.map(|tls| tls.root_certificate().clone()).into(),
            resolve: [(tls::STANDARD, addr)].into(),
            ..OutboundOptions::default()
        })
    });
    HOSTS.of(component)
}

/// The names of both hosts, in the order of [`hosts`].
const HOST_NAMES: [&str; 2] = ["reference host", "plain wasmtime"];

/// Both hosts, for cases that run on any host.
fn hosts(component: Component) -> [AnyHost; 2] {
    let reference = AnyHost::Reference(reference(component).clone());
    [reference, AnyHost::plain(component)]
}

async fn invoke(component: Component, connection: &Connection, request: &InvokeRequest) -> Result {
    invoke_in(reference(component), connection, request).await
}

/// What shows that a response is Lambda's.
const REQUEST_ID: &str = "x-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11";

/// A response head like Lambda's.
const LAMBDA: &str = "200 OK
content-type: application/json
x-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11
x-amz-executed-version: $LATEST";

/// Invokes once at a server that gives this answer. Returns the result and the number of requests.
async fn invoke_answered(component: Component, answer: Canned) -> (Result, usize) {
    invoke_answered_by(component, request("f", "{}"), &[answer]).await
}

/// Invokes once at a server whose answer is rejected, and returns the error's message.
async fn assert_rejected(
    component: Component,
    answer: Canned,
    kind: TransportKind,
    executed: Executed,
) -> String {
    let (result, requests) = invoke_answered(component, answer).await;
    assert_eq!(requests, 1);
    assert_transport(result, kind, executed, 1)
}

async fn invoke_answered_by(
    component: Component,
    request: InvokeRequest,
    answers: &[Canned],
) -> (Result, usize) {
    let server = Server::start(answers).await;
    let connection = connection(&Key::default(), server.url());
    let result = invoke(component, &connection, &request).await;
    (result, server.requests())
}
