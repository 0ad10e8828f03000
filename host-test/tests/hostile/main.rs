//! Whoever means harm: an endpoint that answers as no server should, a function or an author whose
//! texts are made to break something, a neighbour in the same host. Both components, in the reference
//! host, over sockets.

mod author;
mod endpoint;
mod function;
mod neighbour;
mod raw;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation, TransportError};
use aws_lambda_connector_host::host::{Answer, Host};
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::Key;

use raw::{Bytes, Raw};

type Result<T = Invocation> = std::result::Result<T, Error>;

/// Lambda's own first line and headers, without the length.
const LAMBDA: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: 3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11\r\nx-amz-executed-version: $LATEST\r\n";

/// How long a call waits for an answer that is not to come.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// One host for each component: for WASI 0.2, for WASI 0.3.
fn hosts() -> &'static [(&'static str, Host); 2] {
    static HOSTS: OnceLock<[(&str, Host); 2]> = OnceLock::new();
    HOSTS.get_or_init(|| {
        [("0.2", testing::P2), ("0.3", testing::P3)].map(|(wasi, file)| {
            let host = Host::new(Path::new(file), Options::default()).unwrap();
            (wasi, host)
        })
    })
}

fn connection(url: String) -> Connection {
    testing::connection(&Key::default(), url)
}

fn only(url: &str) -> Arc<Policy> {
    Arc::new(Policy::deny_all().allow(url).unwrap())
}

/// The component's own answer: neither a trap nor a limit that it ran into.
#[track_caller]
#[allow(clippy::result_large_err)] // The contract's.
fn answered<T>(answer: Answer<T>) -> Result<T> {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("the sandbox itself ended: {error}"),
    }
}

async fn call(host: &Host, url: &str, request: &InvokeRequest) -> Result {
    let connection = connection(url.to_owned());
    answered(host.invoke(&only(url), &connection, request).await)
}

/// Invokes once with each component at a server that answers so, and looks at what came of it. The
/// function is asked for no second time.
async fn each(answer: &Bytes, look: impl Fn(&str, Result)) {
    each_waiting(None, answer, look).await;
}

/// The same with another limit for the answer's beginning.
async fn each_waiting(patience: Option<Duration>, answer: &Bytes, look: impl Fn(&str, Result)) {
    for (wasi, host) in hosts() {
        let server = Raw::start(answer.clone()).await;
        let mut request = testing::request("f", "{}");
        if let (Some(patience), Some(delivery)) = (patience, &mut request.delivery) {
            delivery.response_timeout_ms = Some(patience.as_millis().try_into().unwrap());
        }
        let result = call(host, &server.url(), &request).await;
        assert_eq!(server.requests().len(), 1, "{wasi}");
        look(wasi, result);
    }
}

#[track_caller]
fn transport(result: Result) -> TransportError {
    match result {
        Err(Error::Transport(error)) => error,
        other => panic!("{:.500}", format!("{other:?}")),
    }
}
