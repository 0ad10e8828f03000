//! Durable executions as text for people.

use aws_lambda_connector_host::bindings::executions::{
    Execution, ExecutionFailure, ExecutionPage, ExecutionStatus, HistoryPage,
};
use aws_lambda_connector_host::bindings::types::Error;
use comfy_table::{ColumnConstraint, Table};
use host_test::json::WitName;

use super::super::times::shown;
use super::{error_of, next_page, section, table};

/// Formats an execution. Its input and its result are unchanged, byte for byte.
pub fn execution(value: &Execution) -> String {
    let mut parts = vec![value.name.clone()];
    parts.extend(value.version.iter().map(|it| format!("version {it}")));
    parts.push(format!("started {}", shown(value.started_at_ms)));
    parts.extend(value.ended_at_ms.map(|it| format!("ended {}", shown(it))));
    let mut text = format!("{} ({})", status(&value.status), parts.join(" · "));
    section(&mut text, "durable execution", &value.arn);
    let Execution {
        trace_id,
        input,
        output,
        ..
    } = value;
    for (title, content) in [("trace", trace_id), ("input", input), ("output", output)] {
        if let Some(content) = content {
            section(&mut text, title, content);
        }
    }
    if let Some(value) = &value.failure {
        failure(&mut text, value);
    }
    text
}

fn failure(text: &mut String, value: &ExecutionFailure) {
    let trace = value.stack_trace.join("\n");
    let trace = (!trace.is_empty()).then_some(trace);
    for (title, content) in [
        ("error type", &value.error_type),
        ("error message", &value.error_message),
        ("error data", &value.error_data),
        ("stack trace", &trace),
    ] {
        if let Some(content) = content {
            section(text, title, content.trim_end());
        }
    }
}

/// Formats an error of a request that changes an execution and runs no function.
pub fn error(value: &Error) -> String {
    error_of(value, "request took effect")
}

/// Returns a status in words.
pub fn status(value: &ExecutionStatus) -> String {
    match value {
        ExecutionStatus::Deleting => "being deleted".to_owned(),
        other => match other.wit_name() {
            name if matches!(other, ExecutionStatus::Other(_)) => name,
            name => name.replace('-', " "),
        },
    }
}

/// Formats a page of executions as a table.
pub fn page(page: &ExecutionPage) -> String {
    let mut table = table(["status", "started", "ended", "execution"]);
    for execution in &page.executions {
        table.add_row([
            status(&execution.status),
            shown(execution.started_at_ms),
            execution.ended_at_ms.map(shown).unwrap_or_default(),
            execution.arn.clone(),
        ]);
    }
    let mut text = if page.executions.is_empty() {
        "no executions".to_owned()
    } else {
        unwrapped(table)
    };
    next_page(&mut text, page.next.as_deref());
    text
}

/// Formats a page of events as a table.
pub fn history(page: &HistoryPage) -> String {
    let mut table = table(["id", "time", "event", "name", "operation", "details"]);
    for event in &page.events {
        table.add_row([
            event.id.to_string(),
            shown(event.at_ms),
            event.event_type.clone(),
            event.name.clone().unwrap_or_default(),
            event.operation_id.clone().unwrap_or_default(),
            event.details.clone().unwrap_or_default(),
        ]);
    }
    let mut text = if page.events.is_empty() {
        "no events".to_owned()
    } else {
        unwrapped(table)
    };
    next_page(&mut text, page.next.as_deref());
    text
}

/// Formats a table whose cells are not wrapped, so that ARNs and callback IDs can be copied.
fn unwrapped(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.trim_fmt()
}
