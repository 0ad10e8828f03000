//! The host functions that a call uses. Each of them costs about a microsecond, which is much for a
//! small call: see the budget in `docs/performance.md`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use testing::outcome::text;
use testing::{Component, connection_to, invoke_in, lambda, request};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// How often each function was called.
type Calls = BTreeMap<String, usize>;

static CALLS: Mutex<Calls> = Mutex::new(Calls::new());

/// Counts the spans that wasmtime's bindings open for each call of the host. They have none for the drop
/// of a resource.
struct Counter;

impl<S: Subscriber> Layer<S> for Counter {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "wit-bindgen import" {
            let mut function = Function::default();
            attributes.record(&mut function);
            let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
            *calls.entry(function.0).or_default() += 1;
        }
    }
}

#[derive(Default)]
struct Function(String);

impl Visit for Function {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "function" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// Functions whose number depends on when the response arrives, and the most calls for a small one.
const TIMING: [(&str, usize); 7] = [
    ("[method]future-incoming-response.get", 2),
    ("[method]input-stream.read", 3),
    ("[method]input-stream.subscribe", 2),
    ("now", 12),
    ("poll", 3),
    ("subscribe-instant", 3),
    ("wait-until", 3),
];

/// The other functions: each is called once, for a body of any length.
const ONCE_WASI_0_2: &[&str] = &[
    "[constructor]outgoing-request",
    "[constructor]request-options",
    "[method]fields.entries",
    "[method]future-incoming-response.subscribe",
    "[method]incoming-body.stream",
    "[method]incoming-response.consume",
    "[method]incoming-response.headers",
    "[method]incoming-response.status",
    "[method]outgoing-body.write",
    "[method]outgoing-request.body",
    "[method]outgoing-request.set-authority",
    "[method]outgoing-request.set-method",
    "[method]outgoing-request.set-path-with-query",
    "[method]outgoing-request.set-scheme",
    "[method]output-stream.check-write",
    "[method]output-stream.flush",
    "[method]output-stream.write",
    "[method]request-options.connect-timeout",
    "[method]request-options.set-between-bytes-timeout",
    "[method]request-options.set-connect-timeout",
    "[method]request-options.set-first-byte-timeout",
    "[static]fields.from-list",
    "[static]outgoing-body.finish",
    "handle",
];
const ONCE_WASI_0_3: &[&str] = &[
    "[constructor]request-options",
    "[method]fields.copy-all",
    "[method]request-options.set-between-bytes-timeout",
    "[method]request-options.set-connect-timeout",
    "[method]request-options.set-first-byte-timeout",
    "[method]request.set-authority",
    "[method]request.set-method",
    "[method]request.set-path-with-query",
    "[method]request.set-scheme",
    "[method]response.get-headers",
    "[method]response.get-status-code",
    "[static]fields.from-list",
    "[static]request.new",
    "[static]response.consume-body",
    "send",
];

/// One test, because the counter belongs to the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_uses_no_more_host_functions_than_its_budget() {
    tracing_subscriber::registry().with(Counter).init();
    let lambda = lambda().await;
    let connection = connection_to(&lambda);
    for component in Component::ALL {
        let host = component.host();
        let once = match component {
            Component::Wasi02 => ONCE_WASI_0_2,
            Component::Wasi03 => ONCE_WASI_0_3,
        };
        for bytes in [100, 1_000_000] {
            let payload = format!("\"{}\"", "x".repeat(bytes - 2));
            CALLS.lock().unwrap().clear();
            let invoked = invoke_in(host, &connection, &request("echo", payload)).await;
            assert_eq!(text(invoked).len(), bytes);
            let mut calls = CALLS.lock().unwrap().clone();
            for (function, most) in TIMING {
                let number = calls.remove(function).unwrap_or_default();
                assert!(
                    bytes > 100 || number <= most,
                    "{component:?}: {function}: {number}"
                );
            }
            let expected: Calls = once.iter().map(|name| (name.to_string(), 1)).collect();
            assert_eq!(calls, expected, "{component:?}, {bytes} bytes");
        }
    }
}
