//! One case of the matrix: one call through the component, one fault, and the outcome.

use std::fmt;

use aws_lambda_connector_host::bindings::lambda::{InvocationType, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    Connection, Error, Executed, Invocation, Payload, TransportKind,
};
use host_test::json::WitName;
use local_lambda::{LocalLambda, Tls};
use serde_json::json;
use testing::proxy::{Fault, Point, Proxy};
use testing::{AnyHost, as_emulator, connection, lambda_with, request_with};

use crate::answers::{Answer, Origin};
use crate::execution::{self, Waiting};

/// Size of the request and of an invocation's response in bytes. Half of it must still be more than
/// a TCP segment.
pub const SIZE: usize = 256 << 10;

/// The call of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Invokes the function synchronously; it may run once.
    Once,
    /// Invokes the function synchronously; it may run twice.
    Idempotent,
    /// Invokes the function synchronously, with a named durable execution.
    Durable,
    /// Invokes the function as an event, which may run once.
    Event,
    /// Invokes the function as an event, which may run twice.
    IdempotentEvent,
    /// Makes a dry run.
    DryRun,
    /// Makes a dry run of a function that may run twice.
    IdempotentDryRun,
    /// Stops a durable execution.
    Stop,
    /// Completes a callback with a result.
    Succeed,
    /// Extends the time for a callback. The request has no body.
    Heartbeat,
}

impl Call {
    pub const INVOCATIONS: &[Call] = &[
        Call::Once,
        Call::Idempotent,
        Call::Durable,
        Call::Event,
        Call::IdempotentEvent,
        Call::DryRun,
        Call::IdempotentDryRun,
    ];

    /// The calls that change a durable execution. None of them may be repeated.
    pub const CHANGES: &[Call] = &[Call::Stop, Call::Succeed, Call::Heartbeat];

    pub fn all() -> impl Iterator<Item = Call> {
        Self::INVOCATIONS.iter().chain(Self::CHANGES).copied()
    }

    pub fn changes_execution(self) -> bool {
        Self::CHANGES.contains(&self)
    }

    pub fn is_dry(self) -> bool {
        matches!(self, Call::DryRun | Call::IdempotentDryRun)
    }

    pub fn idempotent(self) -> bool {
        matches!(
            self,
            Call::Idempotent | Call::IdempotentEvent | Call::IdempotentDryRun
        )
    }

    pub fn has_request_body(self) -> bool {
        self != Call::Heartbeat
    }

    /// The status of a successful response. One with 200 has a body.
    pub fn status(self) -> u16 {
        match self {
            Call::Event | Call::IdempotentEvent => 202,
            Call::DryRun | Call::IdempotentDryRun => 204,
            _ => 200,
        }
    }

    fn invocation_type(self) -> InvocationType {
        match self.status() {
            202 => InvocationType::Event,
            204 => InvocationType::DryRun,
            _ => InvocationType::RequestResponse,
        }
    }

    fn request(self, fault: Fault) -> InvokeRequest {
        let durable = self == Call::Durable;
        let event = json!({ "key": "case", "bytes": SIZE, "filler": "x".repeat(SIZE) });
        let function = if durable { "durable" } else { "count" };
        let request = request_with(function, event.to_string(), |delivery| {
            delivery.idempotent = Some(self.idempotent());
            // Only this fault waits for the timeouts. The attempts around it need time on a loaded
            // machine.
            if fault == Fault::Stall {
                delivery.connect_timeout_ms = Some(5_000);
                delivery.response_timeout_ms = Some(10_000);
            }
        });
        InvokeRequest {
            qualifier: durable.then(|| "live".to_owned()),
            invocation_type: Some(self.invocation_type()),
            durable_execution_name: durable.then(|| "case".to_owned()),
            ..request
        }
    }
}

/// The outcome of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How often the function ran, or how many requests that change an execution took effect.
    pub effects: u64,
    /// The number of attempts.
    pub attempts: u8,
    pub end: End,
}

/// How the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The status of a successful invocation.
    Invoked(u16),
    /// The success of a call that changes an execution.
    Changed,
    Transport(TransportKind, Executed),
    Service(Executed),
    FunctionFailed,
    /// Any other end, which no fault in the table may cause.
    Other,
}

impl End {
    /// The success of `call`.
    pub fn success(call: Call) -> Self {
        if call.changes_execution() {
            Self::Changed
        } else {
            Self::Invoked(call.status())
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            End::Invoked(status) => write!(f, "{status}")?,
            End::Changed => f.write_str("success")?,
            End::Transport(kind, executed) => {
                write!(f, "`{}`, {}", kind.wit_name(), executed.wit_name())?;
            }
            End::Service(executed) => write!(f, "`service`, {}", executed.wit_name())?,
            End::FunctionFailed => f.write_str("`function-failed`")?,
            End::Other => f.write_str("?")?,
        }
        write!(f, "; {} in {}", self.effects, self.attempts)
    }
}

/// Runs one case. Only the point inside TLS needs the host to trust `tls`.
pub async fn run(host: &AnyHost, tls: &Tls, point: Point, fault: Fault, call: Call) -> Outcome {
    let https = point == Point::InTls;
    let lambda = lambda_with(|config| {
        config.tls = https.then(|| tls.clone());
        config.invisible_reads = 0;
    });
    let lambda = lambda.await;
    let proxy = Proxy::start(lambda.addr(), point, fault).await.unwrap();
    let scheme = if https { "https" } else { "http" };
    let connection = connection(lambda.key(), format!("{scheme}://{}", proxy.addr()));
    let ended = Ended::of(host, &lambda, proxy, &connection, call, fault).await;
    let label = format!("{point:?} {fault:?} {call:?}");
    let outcome = ended.outcome(&label);
    if point != Point::BeforeConnect {
        ended.assert_attempts(&label, outcome.attempts);
    }
    if let Ok(Success::Invoked(invocation)) = &ended.result {
        assert_answered(call, invocation);
    }
    outcome
}

/// Runs one case in which the first request receives `answer`.
pub async fn run_answered(host: &AnyHost, answer: &Answer, call: Call) -> Outcome {
    let lambda = lambda_with(|config| config.invisible_reads = 0).await;
    let proxy = Proxy::answering(lambda.addr(), answer.canned());
    let proxy = proxy.await.unwrap();
    let connection = connection(lambda.key(), format!("http://{}", proxy.addr()));
    let connection = match answer.origin {
        Origin::Emulator => as_emulator(connection),
        Origin::Lambda | Origin::Gateway | Origin::CaptivePage => connection,
    };
    // Nothing here waits for a timeout.
    let ended = Ended::of(host, &lambda, proxy, &connection, call, Fault::Close).await;
    let label = format!("{} {} {call:?}", answer.origin, answer.name);
    let mut outcome = ended.outcome(&label);
    ended.assert_attempts(&label, outcome.attempts);
    outcome.effects += answer.effects(call);
    match &ended.result {
        Ok(Success::Invoked(invocation)) if outcome.attempts > 1 => {
            assert_answered(call, invocation);
        }
        _ => {}
    }
    outcome
}

/// The result of a call that succeeded.
enum Success {
    Invoked(Box<Invocation>),
    Changed,
}

/// A call that has ended and has no further effect.
struct Ended {
    result: Result<Success, Error>,
    /// How often the function ran, or the number of requests that reached the service.
    effects: u64,
    connections: u8,
}

impl Ended {
    /// Makes the call.
    async fn of(
        host: &AnyHost,
        lambda: &LocalLambda,
        proxy: Proxy,
        connection: &Connection,
        call: Call,
        fault: Fault,
    ) -> Self {
        if !call.changes_execution() {
            let result = host.invoke(connection, &call.request(fault)).await;
            let connections = proxy.connections();
            proxy.end().await;
            lambda.wait_until_idle().await;
            return Self {
                result: result.map(|invocation| Success::Invoked(Box::new(invocation))),
                effects: lambda.runs("case"),
                connections,
            };
        }
        let waiting = Waiting::start(host, lambda).await;
        let result = waiting.change(host, connection, call).await;
        let (connections, addr) = (proxy.connections(), proxy.addr());
        proxy.end().await;
        let effects = execution::requests(lambda, addr);
        let changed = result.as_ref().ok();
        waiting.conclude(host, call, effects, changed).await;
        lambda.wait_until_idle().await;
        assert_eq!(
            execution::requests(lambda, addr),
            effects,
            "{call:?}: a request arrived after the call"
        );
        if let Err(Error::Transport(error)) = &result {
            let in_doubt = error.message.contains("the request may have taken effect");
            assert_eq!(in_doubt, error.executed != Executed::No, "{error:?}");
            assert!(!error.message.contains("the function"), "{error:?}");
        }
        Self {
            result: result.map(|_| Success::Changed),
            effects,
            connections,
        }
    }

    fn outcome(&self, label: &str) -> Outcome {
        let (attempts, end) = match &self.result {
            Ok(Success::Invoked(invocation)) => {
                (invocation.attempts, End::Invoked(invocation.status_code))
            }
            // The interface does not report the attempts of this success.
            Ok(Success::Changed) => (self.connections, End::Changed),
            Err(Error::Transport(error)) => {
                (error.attempts, End::Transport(error.kind, error.executed))
            }
            Err(Error::Service(error)) => (error.attempts, End::Service(error.executed)),
            Err(Error::FunctionFailed(failed)) => (failed.invocation.attempts, End::FunctionFailed),
            Err(other) => {
                eprintln!("{label}: {other:?}");
                (0, End::Other)
            }
        };
        Outcome {
            effects: self.effects,
            attempts,
            end,
        }
    }

    fn assert_attempts(&self, label: &str, attempts: u8) {
        assert_eq!(
            self.connections, attempts,
            "{label}: each attempt must open one connection"
        );
    }
}

/// Asserts that a success carries the function's complete response.
fn assert_answered(call: Call, invocation: &Invocation) {
    assert_eq!(invocation.status_code, call.status());
    let output = invocation.output.as_ref();
    if call.status() != 200 {
        assert!(output.is_none(), "{call:?}: {output:?}");
        return;
    }
    let Some(Payload::Text(text)) = output else {
        panic!("{call:?}: {output:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = match call {
        Call::Durable => answer["payload"]["filler"].as_str(),
        _ => answer["padding"].as_str(),
    };
    assert_eq!(bytes.map(str::len), Some(SIZE), "{call:?}");
}
