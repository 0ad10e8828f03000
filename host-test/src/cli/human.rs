//! Results as text for people: tables, and short sections that begin with the outcome.

use std::fmt::Write;

use aws_lambda_connector_host::bindings::lambda::{FunctionPage, QualifierChoice};
use aws_lambda_connector_host::bindings::types::{
    Error, FailedInvocation, Invocation, LogTail, Payload, ServiceError,
};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use host_test::json::WitName;

use super::args::PROGRAM;

pub mod executions;

/// Formats a successful invocation. The output of the function is unchanged, byte for byte.
pub fn invocation(value: &Invocation) -> String {
    let meaning = match value.status_code {
        200 => "succeeded",
        202 => "queued",
        204 => "may be invoked (dry run)",
        _ => "completed",
    };
    let mut text = format!("{meaning} ({})", summary(value));
    sections(&mut text, value);
    text
}

/// Formats the failure of a function that ran.
pub fn failed(value: &FailedInvocation) -> String {
    let failure = &value.failure;
    let mut text = format!(
        "function failed: {} ({}, {})",
        failure.cause.wit_name(),
        failure.marker,
        summary(&value.invocation)
    );
    if let Some(kind) = &failure.error_type {
        section(&mut text, "error type", kind);
    }
    if let Some(message) = &failure.error_message {
        section(&mut text, "error message", message);
    }
    if !failure.stack_trace.is_empty() {
        section(
            &mut text,
            "stack trace",
            failure.stack_trace.join("\n").trim_end(),
        );
    }
    sections(&mut text, &value.invocation);
    text
}

/// Formats any error of the component.
pub fn error(value: &Error) -> String {
    error_of(value, "function ran")
}

/// Formats an error. `effect` is what `executed` reports about the request.
fn error_of(value: &Error, effect: &str) -> String {
    match value {
        Error::InvalidInput(input) => {
            format!("error: invalid input: {}: {}", input.field, input.message)
        }
        Error::Unauthenticated(error) => service("not authenticated", error, effect),
        Error::Service(error) => service(&error.category.wit_name(), error, effect),
        Error::Transport(error) => format!(
            "error: no usable response ({}): {}\n{effect}: {} · {}",
            error.kind.wit_name(),
            error.message,
            error.executed.wit_name(),
            attempts(error.attempts)
        ),
        Error::FunctionFailed(value) => failed(value),
        Error::ExecutionFailed => {
            "error: the component reports that its execution failed".to_owned()
        }
    }
}

/// Formats a page of functions as a table.
pub fn function_page(page: &FunctionPage) -> String {
    let mut table = table([
        "function",
        "version",
        "runtime",
        "memory",
        "timeout",
        "description",
    ]);
    for function in &page.functions {
        let runtime = function.runtime.as_deref();
        table.add_row([
            function.name.clone(),
            function.version.clone(),
            runtime.unwrap_or(&function.package_type).to_owned(),
            format!("{} MB", function.memory_size_mb),
            format!("{} s", function.timeout_seconds),
            function.description.clone(),
        ]);
    }
    let mut text = if page.functions.is_empty() {
        "no functions".to_owned()
    } else {
        table.trim_fmt()
    };
    next_page(&mut text, page.next.as_deref());
    text
}

fn next_page(text: &mut String, next: Option<&str>) {
    if let Some(next) = next {
        // Infallible: writing to a String.
        let _ = write!(text, "\nfor the next page: --cursor {next}");
    }
}

/// Returns the command that waits for an execution.
pub fn wait_command(arn: &str) -> String {
    // A shell would expand `$LATEST`.
    format!("{PROGRAM} executions wait '{}'", arn.replace('\'', r"'\''"))
}

/// Formats the qualifiers of a function as a table.
pub fn qualifiers(choices: &[QualifierChoice]) -> String {
    let mut table = table(["qualifier", "kind", "description"]);
    for choice in choices {
        table.add_row([&choice.name, &choice.kind.wit_name(), &choice.description]);
    }
    table.trim_fmt()
}

/// Creates a table with a line under the column names. On a terminal, it wraps to the width.
fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

fn service(kind: &str, error: &ServiceError, effect: &str) -> String {
    let mut text = format!(
        "error: {kind}: {} ({}): {}",
        error.code, error.status_code, error.message
    );
    if let Some(hint) = &error.hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    let _ = write!(
        text,
        "\n{effect}: {} · trying later may help: {} · {}",
        error.executed.wit_name(),
        if error.retryable { "yes" } else { "no" },
        attempts(error.attempts)
    );
    if let Some(id) = &error.request_id {
        let _ = write!(text, " · request {id}");
    }
    text
}

fn summary(value: &Invocation) -> String {
    let mut parts = vec![format!("status {}", value.status_code)];
    parts.extend(
        value
            .executed_version
            .iter()
            .map(|v| format!("version {v}")),
    );
    parts.push(attempts(value.attempts));
    parts.extend(value.request_id.iter().map(|id| format!("request {id}")));
    parts.join(" · ")
}

fn attempts(n: u8) -> String {
    match n {
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    }
}

fn sections(text: &mut String, value: &Invocation) {
    if let Some(arn) = &value.durable_execution_arn {
        section(text, "durable execution", arn);
        if value.status_code == 202 {
            section(text, "to wait for its result", &wait_command(arn));
        }
    }
    if let Some(trace) = &value.trace_id {
        section(text, "trace", trace);
    }
    match &value.output {
        Some(Payload::Text(output)) => section(text, "output", output),
        Some(Payload::Binary(bytes)) => {
            let size = format!(
                "{} bytes, not UTF-8; --json shows them as Base64",
                bytes.len()
            );
            section(text, "output", &size);
        }
        None => {}
    }
    if let Some(log) = &value.log {
        log_tail(text, log);
    }
}

/// Formats the end of the execution log.
pub fn log(value: &LogTail) -> String {
    let mut text = String::new();
    log_tail(&mut text, value);
    text.trim_start().to_owned()
}

fn log_tail(text: &mut String, log: &LogTail) {
    let title = if log.truncated {
        "log, its last 4 KB"
    } else {
        "log"
    };
    section(text, title, log.text.trim_end());
    if let Some(report) = &log.report {
        let mut numbers = format!("{} ms", report.duration_ms);
        if let Some(billed) = report.billed_duration_ms {
            let _ = write!(numbers, ", billed {billed} ms");
        }
        if let (Some(used), Some(size)) = (report.max_memory_used_mb, report.memory_size_mb) {
            let _ = write!(numbers, " · {used} of {size} MB");
        }
        if let Some(init) = report.init_duration_ms {
            let _ = write!(numbers, " · cold start {init} ms");
        }
        if let Some(restore) = report.restore_duration_ms {
            let _ = write!(numbers, " · restored from a snapshot in {restore} ms");
        }
        section(text, "report", &numbers);
    }
}

fn section(text: &mut String, title: &str, content: &str) {
    let _ = write!(text, "\n\n{title}:\n{content}");
}
