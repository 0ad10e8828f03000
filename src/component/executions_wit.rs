//! Converts the types of `executions`, in both directions. Strings and bytes are moved, not copied.

use crate::bindings::exports::connectors::aws_lambda::executions as wit;
use crate::lambda::executions::complete_callback::CallbackResult;
use crate::lambda::executions::execution::{Execution, ExecutionFailure, ExecutionStatus};
use crate::lambda::executions::history::{HistoryEvent, HistoryPage, HistoryQuery};
use crate::lambda::executions::list::{ExecutionPage, ExecutionQuery};

impl From<wit::ExecutionStatus> for ExecutionStatus {
    fn from(status: wit::ExecutionStatus) -> ExecutionStatus {
        match status {
            wit::ExecutionStatus::Running => ExecutionStatus::Running,
            wit::ExecutionStatus::Pausing => ExecutionStatus::Pausing,
            wit::ExecutionStatus::Paused => ExecutionStatus::Paused,
            wit::ExecutionStatus::Succeeded => ExecutionStatus::Succeeded,
            wit::ExecutionStatus::Failed => ExecutionStatus::Failed,
            wit::ExecutionStatus::TimedOut => ExecutionStatus::TimedOut,
            wit::ExecutionStatus::Stopped => ExecutionStatus::Stopped,
            wit::ExecutionStatus::Deleting => ExecutionStatus::Deleting,
            wit::ExecutionStatus::Other(name) => ExecutionStatus::Other(name),
        }
    }
}

impl From<ExecutionStatus> for wit::ExecutionStatus {
    fn from(status: ExecutionStatus) -> wit::ExecutionStatus {
        match status {
            ExecutionStatus::Running => wit::ExecutionStatus::Running,
            ExecutionStatus::Pausing => wit::ExecutionStatus::Pausing,
            ExecutionStatus::Paused => wit::ExecutionStatus::Paused,
            ExecutionStatus::Succeeded => wit::ExecutionStatus::Succeeded,
            ExecutionStatus::Failed => wit::ExecutionStatus::Failed,
            ExecutionStatus::TimedOut => wit::ExecutionStatus::TimedOut,
            ExecutionStatus::Stopped => wit::ExecutionStatus::Stopped,
            ExecutionStatus::Deleting => wit::ExecutionStatus::Deleting,
            ExecutionStatus::Other(name) => wit::ExecutionStatus::Other(name),
        }
    }
}

impl From<wit::ExecutionFailure> for ExecutionFailure {
    fn from(failure: wit::ExecutionFailure) -> ExecutionFailure {
        ExecutionFailure {
            error_type: failure.error_type,
            error_message: failure.error_message,
            error_data: failure.error_data,
            stack_trace: failure.stack_trace,
        }
    }
}

impl From<ExecutionFailure> for wit::ExecutionFailure {
    fn from(failure: ExecutionFailure) -> wit::ExecutionFailure {
        wit::ExecutionFailure {
            error_type: failure.error_type,
            error_message: failure.error_message,
            error_data: failure.error_data,
            stack_trace: failure.stack_trace,
        }
    }
}

impl From<Execution> for wit::Execution {
    fn from(execution: Execution) -> wit::Execution {
        wit::Execution {
            arn: execution.arn,
            name: execution.name,
            function_arn: execution.function_arn,
            version: execution.version,
            status: execution.status.into(),
            started_at_ms: execution.started_at_ms,
            ended_at_ms: execution.ended_at_ms,
            trace_id: execution.trace_id,
            input: execution.input,
            output: execution.output,
            failure: execution.failure.map(Into::into),
        }
    }
}

impl From<wit::ExecutionQuery> for ExecutionQuery {
    fn from(query: wit::ExecutionQuery) -> ExecutionQuery {
        ExecutionQuery {
            function: query.function,
            qualifier: query.qualifier,
            name: query.name,
            statuses: query.statuses.into_iter().map(Into::into).collect(),
            started_after_ms: query.started_after_ms,
            started_before_ms: query.started_before_ms,
            oldest_first: query.oldest_first,
            cursor: query.cursor,
            limit: query.limit,
            delivery: query.delivery.map(Into::into),
        }
    }
}

impl From<ExecutionPage> for wit::ExecutionPage {
    fn from(page: ExecutionPage) -> wit::ExecutionPage {
        wit::ExecutionPage {
            executions: page.executions.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

impl From<wit::HistoryQuery> for HistoryQuery {
    fn from(query: wit::HistoryQuery) -> HistoryQuery {
        HistoryQuery {
            arn: query.arn,
            with_data: query.with_data,
            newest_first: query.newest_first,
            cursor: query.cursor,
            limit: query.limit,
            delivery: query.delivery.map(Into::into),
        }
    }
}

impl From<HistoryPage> for wit::HistoryPage {
    fn from(page: HistoryPage) -> wit::HistoryPage {
        wit::HistoryPage {
            events: page.events.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

impl From<HistoryEvent> for wit::HistoryEvent {
    fn from(event: HistoryEvent) -> wit::HistoryEvent {
        wit::HistoryEvent {
            id: event.id,
            event_type: event.event_type,
            at_ms: event.at_ms,
            operation_id: event.operation_id,
            parent_id: event.parent_id,
            name: event.name,
            details: event.details,
        }
    }
}

impl From<wit::CallbackResult> for CallbackResult {
    fn from(result: wit::CallbackResult) -> CallbackResult {
        match result {
            wit::CallbackResult::Succeeded(result) => CallbackResult::Succeeded(result),
            wit::CallbackResult::Failed(failure) => CallbackResult::Failed(failure.into()),
            wit::CallbackResult::Heartbeat => CallbackResult::Heartbeat,
        }
    }
}
