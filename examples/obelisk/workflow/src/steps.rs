//! Invokes functions in sequence.

use crate::connectors::aws_lambda::lambda::invoke;
use crate::connectors::aws_lambda::types::{Connection, Invocation, Payload};
use crate::exports::example::workflow::steps::{Failure, Guest, Step};
use crate::obelisk::types::time::{Duration, ScheduleAt};
use crate::obelisk::workflow::workflow_support::sleep;
use crate::{ATTEMPTS, Workflow, is_unknown, request};

impl Guest for Workflow {
    fn run(connection: Connection, steps: Vec<Step>) -> Result<Vec<String>, Failure> {
        let mut outputs: Vec<String> = Vec::new();
        for (number, step) in (0..).zip(&steps) {
            if step.after_ms > 0 {
                let time = ScheduleAt::In(Duration::Milliseconds(step.after_ms));
                sleep(time).map_err(|()| Failure::ExecutionFailed)?;
            }
            let payload = step.payload.as_ref().or(outputs.last()).cloned();
            outputs.push(run_step(&connection, number, step, payload)?);
        }
        Ok(outputs)
    }
}

fn run_step(
    connection: &Connection,
    number: u32,
    step: &Step,
    payload: Option<String>,
) -> Result<String, Failure> {
    let request = request(&step.function, payload, step.idempotent);
    let mut attempt = 1;
    loop {
        match invoke(connection, &request) {
            Ok(invocation) => return Ok(output(invocation)),
            Err(error) if !is_unknown(&error) => return Err(Failure::Failed(format!("{error:?}"))),
            Err(_) if step.idempotent && attempt < ATTEMPTS => attempt += 1,
            Err(_) => return Err(Failure::OutcomeUnknown(number)),
        }
    }
}

fn output(invocation: Invocation) -> String {
    match invocation.output {
        Some(Payload::Text(text)) => text,
        Some(Payload::Binary(bytes)) => format!("{} bytes of binary output", bytes.len()),
        None => String::new(),
    }
}
