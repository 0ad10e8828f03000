//! One case of the matrix: one call through the component, one fault, and the outcome.

use std::fmt;

use aws_lambda_connector_host::bindings::lambda::{InvocationType, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    Error, Executed, Invocation, Payload, TransportKind,
};
use host_test::json::WitName;
use local_lambda::{LocalLambda, Tls};
use serde_json::json;
use testing::proxy::{Fault, Point, Proxy};
use testing::{AnyHost, as_emulator, connection, lambda_with, request_with};

use crate::answers::{Answer, Origin};

/// Size of the request and of the response in bytes. Half of it must still be more than a TCP
/// segment.
const SIZE: usize = 256 << 10;

/// How the function is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Synchronously; the function may run once.
    Once,
    /// Synchronously; the function may run twice.
    Idempotent,
    /// Synchronously, with a named durable execution.
    Durable,
    /// As an event, which may run once.
    Event,
    /// As an event, which may run twice.
    IdempotentEvent,
    /// As a dry run.
    DryRun,
    /// As a dry run of a function that may run twice.
    IdempotentDryRun,
}

impl Caller {
    pub const ALL: [Caller; 7] = [
        Caller::Once,
        Caller::Idempotent,
        Caller::Durable,
        Caller::Event,
        Caller::IdempotentEvent,
        Caller::DryRun,
        Caller::IdempotentDryRun,
    ];

    pub fn invocation_type(self) -> InvocationType {
        match self {
            Caller::Once | Caller::Idempotent | Caller::Durable => InvocationType::RequestResponse,
            Caller::Event | Caller::IdempotentEvent => InvocationType::Event,
            Caller::DryRun | Caller::IdempotentDryRun => InvocationType::DryRun,
        }
    }

    pub fn is_dry(self) -> bool {
        self.invocation_type() == InvocationType::DryRun
    }

    pub fn idempotent(self) -> bool {
        matches!(
            self,
            Caller::Idempotent | Caller::IdempotentEvent | Caller::IdempotentDryRun
        )
    }

    /// The status of a successful response.
    pub fn status(self) -> u16 {
        match self.invocation_type() {
            InvocationType::RequestResponse => 200,
            InvocationType::Event => 202,
            InvocationType::DryRun => 204,
        }
    }

    fn request(self, fault: Fault) -> InvokeRequest {
        let durable = self == Caller::Durable;
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
    /// How often the function ran.
    pub runs: u64,
    /// The number of attempts that the connector reports.
    pub attempts: u8,
    pub end: End,
}

/// How the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The response's status.
    Success(u16),
    Transport(TransportKind, Executed),
    Service(Executed),
    FunctionFailed,
    /// Any other end, which no fault in the table may cause.
    Other,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            End::Success(status) => write!(f, "{status}")?,
            End::Transport(kind, executed) => {
                write!(f, "`{}`, {}", kind.wit_name(), executed.wit_name())?;
            }
            End::Service(executed) => write!(f, "`service`, {}", executed.wit_name())?,
            End::FunctionFailed => f.write_str("`function-failed`")?,
            End::Other => f.write_str("?")?,
        }
        write!(f, "; {} in {}", self.runs, self.attempts)
    }
}

/// Runs one case. Only the point inside TLS needs the host to trust `tls`.
pub async fn run(host: &AnyHost, tls: &Tls, point: Point, fault: Fault, caller: Caller) -> Outcome {
    let https = point == Point::InTls;
    let lambda = lambda_with(|config| config.tls = https.then(|| tls.clone())).await;
    let proxy = Proxy::start(lambda.addr(), point, fault).await.unwrap();
    let scheme = if https { "https" } else { "http" };
    let connection = connection(lambda.key(), format!("{scheme}://{}", proxy.addr()));
    let result = host.invoke(&connection, &caller.request(fault)).await;
    let label = format!("{point:?} {fault:?} {caller:?}");
    let counted = point != Point::BeforeConnect;
    let (attempts, end) = ended(&label, counted, proxy, &lambda, &result).await;
    if let Ok(invocation) = &result {
        assert_answered(caller, invocation);
    }
    Outcome {
        runs: lambda.runs("case"),
        attempts,
        end,
    }
}

/// Runs one case in which the first request receives `answer`.
pub async fn run_answered(host: &AnyHost, answer: &Answer, caller: Caller) -> Outcome {
    let lambda = lambda_with(|_| ()).await;
    let proxy = Proxy::answering(lambda.addr(), answer.canned());
    let proxy = proxy.await.unwrap();
    let connection = connection(lambda.key(), format!("http://{}", proxy.addr()));
    let connection = match answer.origin {
        Origin::Emulator => as_emulator(connection),
        Origin::Lambda | Origin::Gateway | Origin::CaptivePage => connection,
    };
    // Nothing here waits for a timeout.
    let request = caller.request(Fault::Close);
    let result = host.invoke(&connection, &request).await;
    let label = format!("{} {} {caller:?}", answer.origin, answer.name);
    let (attempts, end) = ended(&label, true, proxy, &lambda, &result).await;
    match &result {
        Ok(invocation) if attempts > 1 => assert_answered(caller, invocation),
        _ => {}
    }
    Outcome {
        runs: answer.runs(caller) + lambda.runs("case"),
        attempts,
        end,
    }
}

/// Waits until the call has no further effect. Returns its attempts and its end.
async fn ended(
    label: &str,
    counted: bool,
    proxy: Proxy,
    lambda: &LocalLambda,
    result: &Result<Invocation, Error>,
) -> (u8, End) {
    let connections = proxy.connections();
    proxy.end().await;
    lambda.wait_until_idle().await;
    let (attempts, end) = match result {
        Ok(invocation) => (invocation.attempts, End::Success(invocation.status_code)),
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
    if counted {
        assert_eq!(
            connections, attempts,
            "{label}: each attempt must open one connection"
        );
    }
    (attempts, end)
}

/// Asserts that a success carries the function's complete response.
fn assert_answered(caller: Caller, invocation: &Invocation) {
    assert_eq!(invocation.status_code, caller.status());
    let output = invocation.output.as_ref();
    if caller.status() != 200 {
        assert!(output.is_none(), "{caller:?}: {output:?}");
        return;
    }
    let Some(Payload::Text(text)) = output else {
        panic!("{caller:?}: {output:?}");
    };
    let answer: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = match caller {
        Caller::Durable => answer["payload"]["filler"].as_str(),
        _ => answer["padding"].as_str(),
    };
    assert_eq!(bytes.map(str::len), Some(SIZE), "{caller:?}");
}
