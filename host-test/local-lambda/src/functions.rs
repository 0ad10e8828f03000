//! The built-in functions: what each one does with an event.

mod json;
mod streaming;
mod thrown;
mod workflows;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::counters::Counters;
use super::durable::DurableContext;
use super::gates::Gates;
use super::limits::RESPONSE_LIMIT;
use super::log::Log;
use super::outcome::{Failure, Outcome};
use super::output::Output;
use json::{input, response};
use thrown::Thrown;

/// One run of a function.
pub(super) struct Run {
    pub handler: Handler,
    pub event: Bytes,
    pub context: Context,
    pub timeout: Duration,
    pub memory_mb: u32,
    pub log: Log,
    /// Run counts by the `key` of an event, for the functions that count their runs.
    pub run_counts: Arc<Counters>,
    pub gates: Arc<Gates>,
    /// What the function writes while it runs.
    pub output: Output,
    /// The durable execution, for a durable function.
    pub durable: Option<DurableContext>,
}

/// The context that a function receives with an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    pub function_name: String,
    /// The function as the caller named it, with the qualifier.
    pub invoked_function_arn: String,
    pub qualifier: Option<String>,
    /// `$LATEST` or a number.
    pub version: String,
    pub aws_request_id: String,
    pub client_context: Option<Box<RawValue>>,
    pub tenant_id: Option<String>,
    pub trace_id: String,
    pub durable_execution_name: Option<String>,
}

/// The code of a function.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    Echo,
    Greet,
    Fail,
    Slow,
    Log,
    Count,
    TimeOut,
    RunOutOfMemory,
    Binary,
    Context,
    Big,
    Stream,
    Durable,
    Workflow,
    Approval,
}

impl Handler {
    pub async fn handle(self, run: &mut Run) -> Outcome {
        match self {
            Self::Echo => Ok(run.event.clone()),
            Self::Greet => greet(run),
            Self::Fail => fail(run),
            Self::Slow => slow(run).await,
            Self::Log => log(run),
            Self::Count => count(run).await,
            Self::TimeOut => Err(Failure::TimedOut),
            Self::RunOutOfMemory => Err(Failure::Killed),
            Self::Binary => Ok(Bytes::from_static(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")),
            Self::Context => context(run),
            Self::Big => big(run),
            Self::Stream => {
                let (counts, gates) = (&run.run_counts, &run.gates);
                streaming::stream(&run.event, &mut run.output, counts, gates).await
            }
            Self::Durable => durable(run),
            Self::Workflow => workflows::workflow(&run.event, &mut run.durable).await,
            Self::Approval => workflows::approval(&run.event, &mut run.durable).await,
        }
    }
}

fn greet(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        name: String,
    }
    let Event { name } = input(&run.event)?;
    response(&json!({ "message": format!("Hello, {name}!") }))
}

fn fail(run: &Run) -> Outcome {
    let thrown: Thrown = input(&run.event)?;
    Err(thrown.into())
}

async fn slow(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        ms: u64,
        key: Option<String>,
    }
    let Event { ms, key } = input(&run.event)?;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    if let Some(key) = key {
        run.run_counts.add(&key);
    }
    response(&json!({ "sleptMs": ms }))
}

fn log(run: &mut Run) -> Outcome {
    /// The largest log that one event may produce, in bytes.
    const LIMIT: usize = 1 << 20;
    #[derive(Deserialize)]
    struct Event {
        lines: Vec<String>,
        #[serde(default = "once")]
        repeat: usize,
    }
    fn once() -> usize {
        1
    }
    let Event { lines, repeat } = input(&run.event)?;
    let mut written = 0;
    let mut remaining = LIMIT;
    for line in std::iter::repeat_n(&lines, repeat).flatten() {
        let Some(rest) = remaining.checked_sub(line.len() + 1) else {
            break;
        };
        remaining = rest;
        run.log.line(line);
        written += 1;
    }
    response(&json!({ "written": written }))
}

async fn count(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        key: String,
        #[serde(default)]
        ms: u64,
        bytes: Option<usize>,
    }
    let Event { key, ms, bytes } = input(&run.event)?;
    let runs = run.run_counts.add(&key);
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let mut answer = json!({ "key": key, "runs": runs });
    if let Some(bytes) = bytes {
        answer["padding"] = "x".repeat(bytes.min(RESPONSE_LIMIT)).into();
    }
    response(&answer)
}

fn context(run: &Run) -> Outcome {
    #[derive(Serialize)]
    struct Received<'a> {
        #[serde(flatten)]
        context: &'a Context,
        /// The event unchanged: numbers of any size, and the keys in their order.
        payload: &'a RawValue,
    }
    response(&Received {
        context: &run.context,
        payload: input(&run.event)?,
    })
}

fn durable(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        key: String,
    }
    if let Ok(Event { key }) = input(&run.event) {
        run.run_counts.add(&key);
    }
    context(run)
}

fn big(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        bytes: usize,
    }
    let Event { bytes } = input(&run.event)?;
    // One byte over the limit is enough to be rejected, so a longer response is never built.
    let inner = bytes.clamp(2, RESPONSE_LIMIT + 1) - 2;
    Ok(format!("\"{}\"", "x".repeat(inner)).into())
}
