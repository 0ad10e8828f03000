//! The history of an execution: what happened, in order.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::outcome::ErrorObject;

/// One event of a history. Its ID is its position, from 1.
#[derive(Clone)]
pub struct Event {
    kind: &'static str,
    at_ms: u64,
    operation: Option<Operation>,
    /// The details without the data, an object.
    details: Value,
    data: Option<Data>,
}

/// An operation of a function, such as a step.
#[derive(Clone)]
pub struct Operation {
    pub id: String,
    /// The ID of the group that contains the operation.
    pub parent: Option<String>,
    pub name: Option<String>,
    pub sub_type: &'static str,
}

/// The data of an event, which a request can leave out.
#[derive(Clone)]
pub enum Data {
    Input(Arc<str>),
    Result(Arc<str>),
    Error(Arc<ErrorObject>),
}

impl Event {
    pub fn new(kind: &'static str, at_ms: u64) -> Self {
        Self {
            kind,
            at_ms,
            operation: None,
            details: json!({}),
            data: None,
        }
    }

    pub fn of(self, operation: &Operation) -> Self {
        let operation = Some(operation.clone());
        Self { operation, ..self }
    }

    pub fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }

    pub fn data(self, data: Data) -> Self {
        let data = Some(data);
        Self { data, ..self }
    }

    /// Builds an `Event` of the API. `with_data` includes its data.
    pub fn row(&self, id: usize, with_data: bool) -> Value {
        let mut details = self.details.clone();
        if let Some(data) = &self.data {
            let (member, payload) = match data {
                Data::Input(text) => ("Input", json!(**text)),
                Data::Result(text) => ("Result", json!(**text)),
                Data::Error(error) => ("Error", json!(**error)),
            };
            details[member] = if with_data {
                json!({ "Payload": payload, "Truncated": false })
            } else {
                json!({ "Truncated": true })
            };
        }
        let mut row = json!({
            "EventType": self.kind,
            "EventId": id,
            "EventTimestamp": seconds(self.at_ms),
        });
        row[format!("{}Details", self.kind)] = details;
        if let Some(operation) = &self.operation {
            row["Id"] = json!(operation.id);
            row["SubType"] = json!(operation.sub_type);
            for (member, value) in [("ParentId", &operation.parent), ("Name", &operation.name)] {
                if let Some(value) = value {
                    row[member] = json!(value);
                }
            }
        }
        row
    }
}

/// Converts milliseconds to the timestamp of a JSON body.
pub fn seconds(ms: u64) -> Value {
    json!(ms as f64 / 1_000.0)
}

/// Converts a duration to whole seconds, which is how the API states it. A part of a second counts
/// as a second.
pub fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
