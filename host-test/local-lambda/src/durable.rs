//! Durable executions: a name starts one execution, and asking again finds it.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::watch;

use super::execute::Finished;
use super::service::lock;

/// `None` until the execution has ended.
type Result = Option<Finished>;

/// Of which function, of which version of it, and under which name.
type Id = (String, String, String);

struct Execution {
    arn: String,
    payload: Bytes,
    result: watch::Receiver<Result>,
}

/// Every execution since the service started.
#[derive(Default)]
pub(super) struct Executions(Mutex<HashMap<Id, Execution>>);

/// What a name led to.
pub(super) enum Begun {
    /// There was none: the caller runs it and sends the result.
    Started {
        arn: String,
        result: watch::Sender<Result>,
    },
    /// It is running, or has run, with the same payload.
    Exists {
        arn: String,
        result: watch::Receiver<Result>,
    },
    /// It exists with another payload.
    Differs { arn: String },
}

impl Executions {
    /// `arn` is the new execution's, should there be a new one.
    pub fn begin(&self, id: Id, arn: String, payload: &Bytes) -> Begun {
        let mut executions = lock(&self.0);
        if let Some(Execution {
            arn,
            payload: first,
            result,
        }) = executions.get(&id)
        {
            let arn = arn.clone();
            return if first == payload {
                Begun::Exists {
                    arn,
                    result: result.clone(),
                }
            } else {
                Begun::Differs { arn }
            };
        }
        let (sender, result) = watch::channel(None);
        executions.insert(
            id,
            Execution {
                arn: arn.clone(),
                payload: payload.clone(),
                result,
            },
        );
        Begun::Started {
            arn,
            result: sender,
        }
    }
}
