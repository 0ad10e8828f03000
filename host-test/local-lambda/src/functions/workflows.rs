//! Durable functions that use their execution: `workflow` and `approval`.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::json::{input, marshal_error, response};
use super::thrown::default_type;
use crate::durable::{DurableContext, Timeouts};
use crate::outcome::{ErrorObject, Failure, Outcome};

/// The event of `workflow`.
#[derive(Deserialize)]
struct Workflow {
    steps: Vec<Operation>,
}

/// An operation of `workflow`. Its result is the step's own, that of the callback, those of the
/// group's operations, or null.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Step {
        name: Option<String>,
        result: Option<Box<RawValue>>,
    },
    Wait {
        name: Option<String>,
        ms: u64,
    },
    Fail {
        name: Option<String>,
        #[serde(rename = "type", default = "default_type")]
        error_type: String,
        #[serde(default = "default_message")]
        message: String,
        data: Option<String>,
    },
    Callback(Callback),
    Group {
        name: Option<String>,
        steps: Vec<Operation>,
    },
}

/// The event of `approval`, and the callback of `workflow`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Callback {
    name: Option<String>,
    timeout_ms: Option<u64>,
    heartbeat_timeout_ms: Option<u64>,
}

/// The result of `workflow`. Unlike a tree of values, it keeps the text of each result.
#[derive(Serialize)]
struct Results {
    results: Vec<Box<RawValue>>,
}

/// The result of `approval`.
#[derive(Serialize)]
struct Approved {
    approval: Box<RawValue>,
}

fn default_message() -> String {
    "This step always fails".to_owned()
}

pub async fn workflow(event: &[u8], context: &mut Option<DurableContext>) -> Outcome {
    let Workflow { steps } = input(event)?;
    let results = run_all(started(context)?, &steps).await?;
    response(&Results { results })
}

pub async fn approval(event: &[u8], context: &mut Option<DurableContext>) -> Outcome {
    let callback: Callback = input(event)?;
    let context = started(context)?;
    context.step(Some("request-approval"), Ok("null".into()))?;
    let approval = run_callback(context, &callback, Some("approval")).await?;
    response(&Approved { approval })
}

async fn run_all(
    context: &mut DurableContext,
    operations: &[Operation],
) -> Result<Vec<Box<RawValue>>, Failure> {
    let mut results = Vec::new();
    for operation in operations {
        let result = Box::pin(run_one(context, operation)).await?;
        results.push(result.unwrap_or_else(|| RawValue::NULL.to_owned()));
    }
    Ok(results)
}

async fn run_one(
    context: &mut DurableContext,
    operation: &Operation,
) -> Result<Option<Box<RawValue>>, Failure> {
    match operation {
        Operation::Step { name, result } => {
            let text = result.as_ref().map_or("null", |result| result.get());
            context.step(name.as_deref(), Ok(text.into()))?;
            Ok(result.clone())
        }
        Operation::Wait { name, ms } => {
            let duration = Duration::from_millis(*ms);
            context.wait(name.as_deref(), duration).await?;
            Ok(None)
        }
        Operation::Fail {
            name,
            error_type,
            message,
            data,
        } => {
            let error = ErrorObject {
                error_data: data.clone(),
                ..ErrorObject::new(error_type, message)
            };
            context.step(name.as_deref(), Err(error))?;
            Ok(None)
        }
        Operation::Callback(callback) => {
            let result = run_callback(context, callback, None).await?;
            Ok(Some(result))
        }
        Operation::Group { name, steps } => {
            context.begin_group(name.as_deref())?;
            match run_all(context, steps).await {
                Ok(results) => {
                    let results = json_text(&results)?;
                    context.end_group(Ok(results.get().into()))?;
                    Ok(Some(results))
                }
                Err(Failure::Operation(error)) => {
                    context.end_group(Err(Arc::clone(&error)))?;
                    Err(Failure::Operation(error))
                }
                Err(other) => Err(other),
            }
        }
    }
}

async fn run_callback(
    context: &mut DurableContext,
    callback: &Callback,
    default_name: Option<&str>,
) -> Result<Box<RawValue>, Failure> {
    let timeouts = Timeouts {
        total: callback.timeout_ms.map(Duration::from_millis),
        heartbeat: callback.heartbeat_timeout_ms.map(Duration::from_millis),
    };
    let name = callback.name.as_deref().or(default_name);
    let result = context.callback(name, timeouts).await?;
    if result.is_empty() {
        return Ok(RawValue::NULL.to_owned());
    }
    // A result that is not JSON becomes a JSON string.
    RawValue::from_string(result.to_string()).or_else(|_| json_text(&*result))
}

fn json_text(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, Failure> {
    to_raw_value(value).map_err(|error| marshal_error(&error))
}

/// Returns the execution, which every run of a durable function has.
fn started(context: &mut Option<DurableContext>) -> Result<&mut DurableContext, Failure> {
    context.as_mut().ok_or(Failure::Killed)
}
