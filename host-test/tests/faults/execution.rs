//! A durable execution that waits for a callback, which the calls of `executions` change.

use std::net::SocketAddr;
use std::time::Duration;

use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, ExecutionFailure, HistoryEvent, HistoryQuery,
};
use aws_lambda_connector_host::bindings::lambda::{InvocationType, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{Connection, Error};
use local_lambda::LocalLambda;
use testing::{AnyHost, connection_to};
use tokio::time::sleep;

use crate::matrix_case::{Call, SIZE};

/// The execution, and the callback that it waits for.
pub struct Waiting {
    arn: String,
    callback_id: String,
    /// Leads straight to the service.
    direct: Connection,
}

impl Waiting {
    /// Starts an execution, and waits until its callback is open.
    pub async fn start(host: &AnyHost, lambda: &LocalLambda) -> Self {
        let direct = connection_to(lambda);
        let request = InvokeRequest {
            qualifier: Some("live".to_owned()),
            invocation_type: Some(InvocationType::Event),
            payload: Some("{}".to_owned()),
            ..InvokeRequest::new("approval")
        };
        let invocation = host.invoke(&direct, &request).await.unwrap();
        let mut waiting = Self {
            arn: invocation.durable_execution_arn.unwrap(),
            callback_id: String::new(),
            direct,
        };
        while waiting.callback_id.is_empty() {
            sleep(Duration::from_millis(5)).await;
            let events = waiting.events(host).await;
            let opened = events
                .iter()
                .find(|event| event.event_type == "CallbackStarted");
            if let Some(details) = opened.and_then(|event| event.details.as_ref()) {
                let details: serde_json::Value = serde_json::from_str(details).unwrap();
                waiting.callback_id = details["CallbackId"].as_str().unwrap().to_owned();
            }
        }
        waiting
    }

    /// Makes the call.
    pub async fn change(
        &self,
        host: &AnyHost,
        connection: &Connection,
        call: Call,
    ) -> Result<Changed, Error> {
        let outcome = match call {
            Call::Stop => {
                let failure = ExecutionFailure {
                    error_type: Some("Cancelled".to_owned()),
                    error_message: None,
                    error_data: Some("x".repeat(SIZE)),
                    stack_trace: vec![],
                };
                let stopped = host.stop_execution(connection, &self.arn, Some(&failure));
                return stopped.await.map(Changed::Stopped);
            }
            Call::Succeed => CallbackResult::Succeeded(Some(vec![b'7'; SIZE])),
            Call::Heartbeat => CallbackResult::Heartbeat,
            other => panic!("{other:?} changes no execution"),
        };
        let completed = host.complete_callback(connection, &self.callback_id, &outcome);
        completed.await.map(|()| Changed::Completed)
    }

    /// Asserts that the history shows the change if and only if a request took effect. Then ends the
    /// execution, because the service is not idle before.
    pub async fn conclude(
        &self,
        host: &AnyHost,
        call: Call,
        effects: u64,
        changed: Option<&Changed>,
    ) {
        let events = self.events(host).await;
        let of_type = |event_type| {
            let events = events.iter();
            let mut found = events.filter(move |event| event.event_type == event_type);
            let first = found.next();
            assert!(found.next().is_none(), "{call:?}: a second {event_type}");
            first
        };
        let (stopped, succeeded) = (of_type("ExecutionStopped"), of_type("CallbackSucceeded"));
        assert_eq!(stopped.is_some(), call == Call::Stop && effects > 0);
        assert_eq!(succeeded.is_some(), call == Call::Succeed && effects > 0);
        if let (Some(Changed::Stopped(at_ms)), Some(event)) = (changed, stopped) {
            assert_eq!(*at_ms, event.at_ms);
        }
        let ended = host.stop_execution(&self.direct, &self.arn, None).await;
        ended.unwrap();
    }

    async fn events(&self, host: &AnyHost) -> Vec<HistoryEvent> {
        let query = HistoryQuery::new(&self.arn);
        let read = host.execution_history(&self.direct, &query).await;
        read.unwrap().events
    }
}

/// The result of a change.
#[derive(Debug)]
pub enum Changed {
    /// The time at which the execution stopped.
    Stopped(u64),
    Completed,
}

/// The number of requests to `addr` that the service has read to their end. It accepts each of them
/// or reports that there is nothing left to change.
pub fn requests(lambda: &LocalLambda, addr: SocketAddr) -> u64 {
    let addr = addr.to_string();
    let requests = lambda.requests();
    let whole = requests
        .iter()
        .filter(|request| request.complete && request.header("host") == Some(&addr));
    whole.count() as u64
}
