//! One of the components.

mod answers;
mod attempts;
mod clock;
mod limits;
mod refusals;
mod tls;

use std::path::Path;
use std::sync::LazyLock;

use aws_lambda_connector_host::bindings::types::{
    Error, Executed, Invocation, ServiceError, TransportKind,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::outbound::OutboundOptions;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Config, Key, LocalLambda};

use super::COMPONENT;
use testing::server::{Canned, Server};
use testing::stock::Stock;
use testing::{AnyHost, connection, request};

type Result = std::result::Result<Invocation, Error>;

/// Made once: compiling the component is the longest part of these tests.
static REFERENCE: LazyLock<Host> = LazyLock::new(|| {
    let trusted = [&*tls::TRUSTED, &*tls::ELSEWHERE];
    let outbound = OutboundOptions {
        extra_roots: trusted.map(|tls| tls.root_certificate().clone()).into(),
        resolve: [(tls::STANDARD, tls::PORT.local_addr().unwrap())].into(),
        ..OutboundOptions::default()
    };
    Host::new(
        Path::new(COMPONENT),
        Options {
            outbound,
            ..Options::default()
        },
    )
    .unwrap()
});

/// [`REFERENCE`], for what any host may run.
static HOST: LazyLock<AnyHost> = LazyLock::new(|| AnyHost::Reference(REFERENCE.clone()));

static STOCK: LazyLock<Stock> = LazyLock::new(|| Stock::new(COMPONENT));

/// An answer as Lambda heads it.
const LAMBDA: &str = "200 OK
content-type: application/json
x-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11
x-amz-executed-version: $LATEST";

/// A local Lambda with every default.
async fn lambda() -> LocalLambda {
    LocalLambda::start(Config::default()).await.unwrap()
}

/// Invokes once against a server that answers so; what it got and how many requests it took.
async fn answered(answer: Canned) -> (Result, usize) {
    let server = Server::start(&[answer]).await;
    let connection = connection(&Key::default(), server.url());
    let result = HOST.invoke(&connection, &request("f", "{}")).await;
    (result, server.requests())
}

/// Asserts a transport error with these values, and gives its message.
#[track_caller]
fn transport(result: Result, kind: TransportKind, executed: Executed, attempts: u8) -> String {
    match result {
        Err(Error::Transport(error)) => {
            assert_eq!(
                (error.kind, error.executed, error.attempts),
                (kind, executed, attempts),
                "{}",
                error.message
            );
            error.message
        }
        other => panic!("{other:?}"),
    }
}

/// Asserts that it is a service's error.
#[track_caller]
fn service(result: Result) -> ServiceError {
    match result {
        Err(Error::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}
