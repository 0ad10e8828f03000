//! What the cards of durable executions share: the fields that select an execution, and its outputs.

use alloc::string::String;
use alloc::vec::Vec;

use crate::call::error::Error;
use crate::call::failure::{self, FailureCause, FunctionFailure};
use crate::cards::choices::TYPE_NAME;
use crate::cards::field::{Choice, FIELD, Field, Kind, Source, Values, untyped};
use crate::lambda::executions::execution::{Execution, ExecutionFailure, ExecutionStatus};
use crate::lambda::executions::list::ExecutionQuery;

/// The function whose executions a form offers.
pub const FUNCTION_NAME: Field = Field {
    key: "functionName",
    label: "Function Name",
    definition: "The function whose executions the list of Execution ARN offers. Leave it empty to enter the ARN.",
    source: Some(Source::Functions(TYPE_NAME)),
    is_option: true,
    paths: &["query.function", "function"],
    ..FIELD
};

/// The status of the executions that a form offers.
pub const STATUS: Field = Field {
    key: "status",
    label: "Status",
    definition: "The status of the executions that the list of Execution ARN offers.",
    kind: Kind::Dropdown,
    default: Some("\"Any\""),
    choices: &untyped::<_, { STATUSES.len() }>(STATUSES),
    is_option: true,
    ..FIELD
};

/// The execution of a call. Each form adds the source of its choices.
pub const EXECUTION_ARN: Field = Field {
    key: "executionArn",
    label: "Execution ARN",
    definition: "The ARN of the durable execution, for example the output Durable Execution ARN of Invoke.",
    required: true,
    paths: &["arn", "query.arn"],
    ..FIELD
};

const ANY: &str = "Any";

const fn status(value: &'static str, description: &'static str) -> Choice<&'static str> {
    Choice {
        means: value,
        value,
        label: value,
        description,
    }
}

/// The statuses that a list can be limited to.
const STATUSES: &[Choice<&str>] = &[
    status(ANY, "Executions of every status."),
    status("RUNNING", "It runs, or waits for a timer or a callback."),
    status("PAUSING", "It pauses once its present step ends."),
    status("PAUSED", "It is paused until it is resumed."),
    status("SUCCEEDED", "It has ended with a result."),
    status("FAILED", "It has ended with an error."),
    status("TIMED_OUT", "It exceeded its execution timeout."),
    status("STOPPED", "It was stopped."),
    status("DELETING", "It has ended, and its data is being deleted."),
];

/// Reads the status that a list is limited to.
pub fn statuses(field: &Field, values: &Values<'_>) -> Result<Vec<ExecutionStatus>, Error> {
    let chosen = Some(field.choice(values, STATUSES)?).filter(|status| *status != ANY);
    Ok(chosen.map(ExecutionStatus::read).into_iter().collect())
}

/// The executions that a form offers, by the fields for their function and their status.
pub fn offered(
    function: &Field,
    status: &Field,
    values: &Values<'_>,
) -> Result<ExecutionQuery, Error> {
    Ok(ExecutionQuery {
        function: function.text(values)?.ok_or_else(|| {
            function
                .invalid("it is required for a list of executions, which are those of one function")
        })?,
        statuses: statuses(status, values)?,
        ..ExecutionQuery::default()
    })
}

/// Returns the failure of an execution that ended without a result, and its error as Lambda's JSON.
/// Its marker is the status, because an execution has no header that marks a failure.
pub fn failure(execution: &mut Execution) -> Option<(FunctionFailure, Option<String>)> {
    let cause = match execution.status {
        ExecutionStatus::Failed => None,
        ExecutionStatus::TimedOut => Some(FailureCause::TimedOut),
        ExecutionStatus::Stopped => Some(FailureCause::Unknown),
        _ => return None,
    };
    let marker = execution.status.as_str().into();
    let error = execution.failure.take();
    let json = error.as_ref().map(|error| error.json());
    let error = error.unwrap_or_default();
    let failure = failure::classify(
        marker,
        error.error_type,
        error.error_message,
        error.stack_trace,
    );
    let cause = cause.unwrap_or(failure.cause);
    Some((FunctionFailure { cause, ..failure }, json))
}

/// Reads the error with which the form ends something. Returns `None` if both fields are blank.
pub fn error(
    error_type: &Field,
    error_message: &Field,
    values: &Values<'_>,
) -> Result<Option<ExecutionFailure>, Error> {
    let failure = ExecutionFailure {
        error_type: error_type.text(values)?,
        error_message: error_message.text(values)?,
        ..ExecutionFailure::default()
    };
    Ok(Some(failure).filter(|failure| *failure != ExecutionFailure::default()))
}
