//! The code of the built-in functions: what each does with an event.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::RESPONSE_LIMIT;
use super::log::Log;
use super::service::Service;

/// One run of a function: what a handler sees as its event and context.
pub(super) struct Run {
    pub service: Arc<Service>,
    pub id: Uuid,
    pub function: String,
    /// As the caller named it, with the qualifier.
    pub invoked_arn: String,
    pub qualifier: Option<String>,
    /// `$LATEST` or a number.
    pub version: String,
    pub event: Bytes,
    pub client_context: Option<Box<RawValue>>,
    pub tenant_id: Option<String>,
    pub trace_id: String,
    pub durable_execution_name: Option<String>,
    pub timeout: Duration,
    pub memory_mb: u32,
    pub log: Log,
}

/// How a run ended.
pub(super) enum Outcome {
    Returned(Bytes),
    Thrown {
        error_type: String,
        message: String,
        source: String,
    },
    TimedOut,
    /// By the kernel, out of memory.
    Killed,
    /// The service stopped first.
    Interrupted,
}

#[derive(Clone, Copy)]
pub(super) enum Handler {
    Now(fn(&Run) -> Outcome),
    Later(fn(&Run) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>>),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
        })
    }
}

pub(super) fn echo(run: &Run) -> Outcome {
    Outcome::Returned(run.event.clone())
}

pub(super) fn greet(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        name: String,
    }
    with_event(run, |Event { name }| {
        returned(&json!({ "message": format!("Hello, {name}!") }))
    })
}

pub(super) fn fail(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "type", default = "value_error")]
        error_type: String,
        #[serde(default = "broken")]
        message: String,
    }
    fn value_error() -> String {
        "ValueError".to_owned()
    }
    fn broken() -> String {
        "This function always fails".to_owned()
    }
    with_event(
        run,
        |Event {
             error_type,
             message,
         }| {
            let source = format!("raise {error_type}(message)");
            Outcome::Thrown {
                error_type,
                message,
                source,
            }
        },
    )
}

pub(super) fn slow(run: &Run) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
    #[derive(Deserialize)]
    struct Event {
        ms: u64,
        key: Option<String>,
    }
    Box::pin(async move {
        let Event { ms, key } = match read_event(run) {
            Ok(event) => event,
            Err(thrown) => return thrown,
        };
        tokio::time::sleep(Duration::from_millis(ms)).await;
        if let Some(key) = key {
            run.service.runs.add(&key);
        }
        returned(&json!({ "sleptMs": ms }))
    })
}

pub(super) fn log(run: &Run) -> Outcome {
    /// No event may make the service hold more than this, in bytes.
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
    with_event(run, |Event { lines, repeat }| {
        let mut written = 0;
        let mut room = LIMIT;
        for line in std::iter::repeat_n(&lines, repeat).flatten() {
            let Some(left) = room.checked_sub(line.len() + 1) else {
                break;
            };
            room = left;
            run.log.line(line);
            written += 1;
        }
        returned(&json!({ "written": written }))
    })
}

pub(super) fn count(run: &Run) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
    #[derive(Deserialize)]
    struct Event {
        key: String,
        #[serde(default)]
        ms: u64,
        bytes: Option<usize>,
    }
    Box::pin(async move {
        let Event { key, ms, bytes } = match read_event(run) {
            Ok(event) => event,
            Err(thrown) => return thrown,
        };
        let runs = run.service.runs.add(&key);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let mut answer = json!({ "key": key, "runs": runs });
        if let Some(bytes) = bytes {
            answer["padding"] = "x".repeat(bytes.min(RESPONSE_LIMIT)).into();
        }
        returned(&answer)
    })
}

pub(super) fn time_out(_: &Run) -> Outcome {
    Outcome::TimedOut
}

pub(super) fn out_of_memory(_: &Run) -> Outcome {
    Outcome::Killed
}

pub(super) fn binary(_: &Run) -> Outcome {
    Outcome::Returned(Bytes::from_static(b"\x89PNG\r\n\x1a\n\x00\xff\xfe"))
}

pub(super) fn context(run: &Run) -> Outcome {
    // A payload that is JSON by now, kept as it came: numbers of any size, any order of keys.
    let event: Result<&RawValue, _> = serde_json::from_slice(&run.event);
    match event {
        Ok(event) => returned(&Seen {
            function_name: &run.function,
            invoked_function_arn: &run.invoked_arn,
            qualifier: run.qualifier.as_deref(),
            version: &run.version,
            aws_request_id: run.id.to_string(),
            client_context: run.client_context.as_deref(),
            tenant_id: run.tenant_id.as_deref(),
            trace_id: &run.trace_id,
            durable_execution_name: run.durable_execution_name.as_deref(),
            payload: event,
        }),
        Err(error) => bad_event(&error),
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen<'a> {
    function_name: &'a str,
    invoked_function_arn: &'a str,
    qualifier: Option<&'a str>,
    version: &'a str,
    aws_request_id: String,
    client_context: Option<&'a RawValue>,
    tenant_id: Option<&'a str>,
    trace_id: &'a str,
    durable_execution_name: Option<&'a str>,
    payload: &'a RawValue,
}

pub(super) fn durable(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        key: String,
    }
    if let Ok(Event { key }) = read_event(run) {
        run.service.runs.add(&key);
    }
    context(run)
}

pub(super) fn big(run: &Run) -> Outcome {
    #[derive(Deserialize)]
    struct Event {
        bytes: usize,
    }
    with_event(run, |Event { bytes }| {
        // Whatever is over the limit is refused alike, so no more than that is ever made.
        let inner = bytes.clamp(2, RESPONSE_LIMIT + 1) - 2;
        Outcome::Returned(format!("\"{}\"", "x".repeat(inner)).into())
    })
}

fn with_event<'a, E: Deserialize<'a>>(run: &'a Run, handle: impl FnOnce(E) -> Outcome) -> Outcome {
    read_event(run).map_or_else(|thrown| thrown, handle)
}

fn read_event<'a, E: Deserialize<'a>>(run: &'a Run) -> Result<E, Outcome> {
    serde_json::from_slice(&run.event).map_err(|error| bad_event(&error))
}

fn bad_event(error: &serde_json::Error) -> Outcome {
    Outcome::Thrown {
        error_type: "TypeError".to_owned(),
        message: format!("The event does not suit this function: {error}"),
        source: "raise TypeError(message)".to_owned(),
    }
}

fn returned(value: &impl serde::Serialize) -> Outcome {
    match serde_json::to_vec(value) {
        Ok(bytes) => Outcome::Returned(bytes.into()),
        Err(error) => Outcome::Thrown {
            error_type: "Runtime.MarshalError".to_owned(),
            message: format!("Unable to marshal response: {error}"),
            source: "json.dumps(result)".to_owned(),
        },
    }
}
