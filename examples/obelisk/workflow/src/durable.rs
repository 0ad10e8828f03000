//! Starts a durable execution and returns its result.
//!
//! `executions.wait` would block an activity until the execution ends, and the death of the server would
//! interrupt it. The workflow therefore calls `executions.get`, which returns at once, and sleeps between
//! two calls. The engine records a sleep, so it survives the server.

use crate::connectors::aws_lambda::executions::{Execution, ExecutionStatus, get};
use crate::connectors::aws_lambda::lambda::{InvocationType, InvokeRequest, invoke};
use crate::connectors::aws_lambda::types::{Connection, Error, ErrorCategory};
use crate::exports::example::workflow::durable::{
    Ended, Failure, Guest, Pauses, Start, Succeeded, Unread,
};
use crate::obelisk::types::time::{Duration, ScheduleAt};
use crate::obelisk::workflow::workflow_support::sleep;
use crate::{ATTEMPTS, Workflow, is_unknown, request};

/// Keeps a first pause of zero from reading in a tight loop.
const SHORTEST_PAUSE_MS: u64 = 100;

/// The most reads that may fail in succession.
const READ_ATTEMPTS: u32 = 10;

impl Guest for Workflow {
    fn run(connection: Connection, start: Start, pauses: Pauses) -> Result<Succeeded, Failure> {
        let arn = start_execution(&connection, start)?;
        let mut reader = Reader {
            connection,
            arn,
            pause_ms: pauses.first_ms.max(SHORTEST_PAUSE_MS),
            longest_ms: pauses.longest_ms.max(SHORTEST_PAUSE_MS),
        };
        loop {
            reader.pause()?;
            // The engine records every read, so only the last one includes data.
            if is_final(&reader.read(false)?.status) {
                return result(reader.read(true)?);
            }
        }
    }
}

/// Returns the ARN of the execution. The name makes it safe to repeat a start whose outcome is unknown.
fn start_execution(connection: &Connection, start: Start) -> Result<String, Failure> {
    let request = InvokeRequest {
        invocation_type: Some(InvocationType::Event),
        durable_execution_name: Some(start.name),
        ..request(&start.function, Some(start.payload), true)
    };
    let mut attempt = 1;
    loop {
        match invoke(connection, &request) {
            Ok(invocation) => {
                let missing =
                    "the response contains no ARN of an execution: use a durable function";
                return invocation
                    .durable_execution_arn
                    .ok_or_else(|| Failure::NotStarted(missing.to_owned()));
            }
            Err(error) if is_unknown(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(Failure::NotStarted(format!("{error:?}"))),
        }
    }
}

struct Reader {
    connection: Connection,
    arn: String,
    pause_ms: u64,
    longest_ms: u64,
}

impl Reader {
    fn pause(&mut self) -> Result<(), Failure> {
        let pause_ms = self.pause_ms.min(self.longest_ms);
        self.pause_ms = pause_ms.saturating_mul(2);
        let time = ScheduleAt::In(Duration::Milliseconds(pause_ms));
        sleep(time).map_err(|()| Failure::ExecutionFailed)?;
        Ok(())
    }

    fn read(&mut self, with_data: bool) -> Result<Execution, Failure> {
        let mut attempt = 1;
        loop {
            match get(&self.connection, &self.arn, with_data) {
                Ok(execution) => return Ok(execution),
                Err(error) if may_succeed_later(&error) && attempt < READ_ATTEMPTS => attempt += 1,
                Err(error) => {
                    return Err(Failure::Unread(Unread {
                        arn: self.arn.clone(),
                        error: format!("{error:?}"),
                    }));
                }
            }
            self.pause()?;
        }
    }
}

/// A read changes nothing, so one of unknown outcome is repeated like any other.
fn may_succeed_later(error: &Error) -> bool {
    match error {
        Error::ExecutionFailed | Error::Transport(_) => true,
        // Lambda shows an execution some time after it accepted the event.
        Error::Service(error) => error.retryable || error.category == ErrorCategory::NotFound,
        Error::InvalidInput(_) | Error::Unauthenticated(_) | Error::FunctionFailed(_) => false,
    }
}

fn is_final(status: &ExecutionStatus) -> bool {
    match status {
        ExecutionStatus::Succeeded
        | ExecutionStatus::Failed
        | ExecutionStatus::TimedOut
        | ExecutionStatus::Stopped
        | ExecutionStatus::Deleting => true,
        ExecutionStatus::Running
        | ExecutionStatus::Pausing
        | ExecutionStatus::Paused
        | ExecutionStatus::Other(_) => false,
    }
}

fn result(execution: Execution) -> Result<Succeeded, Failure> {
    let Execution {
        arn,
        status,
        output,
        failure,
        ..
    } = execution;
    match status {
        ExecutionStatus::Succeeded => Ok(Succeeded { arn, output }),
        status => Err(Failure::Ended(Ended {
            arn,
            status,
            failure,
        })),
    }
}
