//! One durable execution: its status, its data and its history.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::history::{Data, Event, seconds, whole_seconds};
use crate::limits::RETENTION_DAYS;
use crate::outcome::Finished;

/// About how much memory an event takes without its data, in bytes.
const EVENT_BYTES: usize = 512;

/// The statuses that the local Lambda uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Stopped,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What an invocation starts.
pub struct Start {
    pub function: String,
    /// The unqualified ARN of the function.
    pub function_arn: String,
    pub version: String,
    pub name: String,
    /// The ID of the request that starts the execution.
    pub request_id: String,
    pub input: Arc<str>,
    pub timeout: Duration,
    pub trace_id: String,
    /// Whether the caller waits for the end.
    pub synchronous: bool,
}

impl Start {
    /// Returns the ARN without its last part, which is the ID of the request that started the
    /// execution.
    pub fn key(&self) -> String {
        format!(
            "{}:{}/durable-execution/{}",
            self.function_arn, self.version, self.name
        )
    }
}

pub struct Execution {
    pub start: Start,
    pub arn: String,
    pub status: Status,
    pub started_ms: u64,
    pub ended_ms: Option<u64>,
    pub events: Vec<Event>,
    /// The length of payloads, results and errors, in bytes.
    pub data_bytes: usize,
    /// `None` until the execution has ended.
    pub finished: watch::Sender<Option<Finished>>,
    /// Ends the run.
    pub stopping: CancellationToken,
    /// The number of requests that will not find the execution.
    pub invisible_reads: u32,
    /// The running invocation: when it started, and its request ID. `None` while the execution is
    /// suspended.
    invocation: Option<(u64, String)>,
    result: Option<Arc<str>>,
}

impl Execution {
    pub fn new(start: Start, now_ms: u64, invisible_reads: u32) -> Self {
        let input = Arc::clone(&start.input);
        let started = Event::new("ExecutionStarted", now_ms)
            .details(json!({ "ExecutionTimeout": whole_seconds(start.timeout) }))
            .data(Data::Input(input));
        Self {
            arn: format!("{}/{}", start.key(), start.request_id),
            status: Status::Running,
            started_ms: now_ms,
            ended_ms: None,
            events: vec![started],
            data_bytes: start.input.len(),
            finished: watch::Sender::new(None),
            stopping: CancellationToken::new(),
            invisible_reads,
            invocation: Some((now_ms, start.request_id.clone())),
            result: None,
            start,
        }
    }

    /// Returns about how much memory the execution takes, in bytes.
    pub fn size(&self) -> usize {
        self.data_bytes + self.events.len() * EVENT_BYTES
    }

    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// Returns whether a request finds the execution. Each request that does not counts.
    pub fn is_visible(&mut self) -> bool {
        let was_invisible = self.invisible_reads > 0;
        self.invisible_reads = self.invisible_reads.saturating_sub(1);
        !was_invisible
    }

    /// Records that the function has returned until an operation ends.
    pub fn suspend(&mut self, now_ms: u64) {
        if let Some((started_ms, request_id)) = self.invocation.take() {
            let details = json!({
                "StartTimestamp": seconds(started_ms),
                "EndTimestamp": seconds(now_ms),
                "RequestId": request_id,
            });
            let completed = Event::new("InvocationCompleted", now_ms).details(details);
            self.events.push(completed);
        }
    }

    /// Records that Lambda invokes the function again.
    pub fn resume(&mut self, now_ms: u64) {
        self.invocation = Some((now_ms, Uuid::new_v4().to_string()));
    }

    /// Ends the execution. The result of an execution that has already ended stays.
    pub fn end(&mut self, status: Status, finished: Finished, now_ms: u64) {
        if !self.is_running() {
            return;
        }
        self.suspend(now_ms);
        let kind = match status {
            Status::Running => return,
            Status::Succeeded => "ExecutionSucceeded",
            Status::Failed => "ExecutionFailed",
            Status::TimedOut => "ExecutionTimedOut",
            Status::Stopped => "ExecutionStopped",
        };
        let data = match &finished.error {
            Some(error) => {
                self.data_bytes += error.size();
                Data::Error(Arc::clone(error))
            }
            None => {
                let result: Arc<str> = String::from_utf8_lossy(&finished.body).into();
                self.data_bytes += result.len();
                self.result = Some(Arc::clone(&result));
                Data::Result(result)
            }
        };
        self.events.push(Event::new(kind, now_ms).data(data));
        self.status = status;
        self.ended_ms = Some(now_ms);
        self.finished.send_replace(Some(finished));
        self.stopping.cancel();
    }

    /// Builds an `Execution` of the API, which is an entry of a list.
    pub fn row(&self) -> Value {
        let mut row = json!({
            "DurableExecutionArn": self.arn,
            "DurableExecutionName": self.start.name,
            "FunctionArn": self.start.function_arn,
            "Status": self.status.name(),
            "StartTimestamp": seconds(self.started_ms),
        });
        if let Some(ended_ms) = self.ended_ms {
            row["EndTimestamp"] = seconds(ended_ms);
        }
        row
    }

    /// Builds the response of GetDurableExecution.
    pub fn description(&self, with_data: bool) -> Value {
        let mut all = self.row();
        all["Version"] = json!(self.start.version);
        all["TraceHeader"] = json!({ "XAmznTraceId": self.start.trace_id });
        all["ExecutionDataIncluded"] = json!(with_data);
        all["DurableConfig"] = json!({
            "ExecutionTimeout": whole_seconds(self.start.timeout),
            "RetentionPeriodInDays": RETENTION_DAYS,
        });
        if self.is_running() {
            let timeout_ms = u64::try_from(self.start.timeout.as_millis()).unwrap_or(u64::MAX);
            let ends_ms = self.started_ms.saturating_add(timeout_ms);
            all["ExpectedExecutionTimeoutTimestamp"] = seconds(ends_ms);
        }
        if with_data {
            all["InputPayload"] = json!(*self.start.input);
            if let Some(result) = &self.result {
                all["Result"] = json!(**result);
            }
            if let Some(Finished {
                error: Some(error), ..
            }) = &*self.finished.borrow()
            {
                all["Error"] = json!(**error);
            }
        }
        all
    }
}
