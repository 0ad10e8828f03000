//! `executions` and `callback`: reads durable executions, waits for one, stops it, and answers the
//! callbacks that it waits for.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, ExecutionFailure, ExecutionQuery, ExecutionStatus, HistoryQuery,
};
use aws_lambda_connector_host::caller::ScopeMode;
use host_test::json;

use super::args::{
    CallbackArgs, CallbackCommand, ExecutionArgs, ExecutionsCommand, FailureArgs, HistoryArgs,
    ListExecutionsArgs, StopArgs, SucceedArgs, WaitArgs,
};
use super::connection::resolve;
use super::files::Limit;
use super::human;
use super::operations::{show, show_or};
use super::outcome::Outcome;
use super::print::{print_err, print_out};
use super::progress::Spinner;
use super::times;

/// Runs a command about executions.
pub async fn run(command: &ExecutionsCommand) -> Result<Outcome> {
    match command {
        ExecutionsCommand::List(args) => list(args).await,
        ExecutionsCommand::Get(args) => get(args).await,
        ExecutionsCommand::Wait(args) => wait(args).await,
        ExecutionsCommand::History(args) => history(args).await,
        ExecutionsCommand::Stop(args) => stop(args).await,
    }
}

async fn list(args: &ListExecutionsArgs) -> Result<Outcome> {
    let statuses = args.status.iter().map(|status| status.0.clone());
    let query = ExecutionQuery {
        function: args.function.clone(),
        qualifier: args.qualifier.clone(),
        name: args.name.clone(),
        statuses: statuses.collect(),
        started_after_ms: args.started_after.map(|time| time.0),
        started_before_ms: args.started_before.map(|time| time.0),
        oldest_first: args.oldest_first,
        cursor: args.page.cursor.clone(),
        limit: args.page.limit,
        delivery: None,
    };
    let caller = resolve(&args.target, Some(&args.function)).await?;
    let result = {
        let _spinner = Spinner::start(format!("listing executions of {}", args.function));
        caller.list_executions(&query).await?
    };
    show(&args.target, &caller, &result, human::executions::page)
}

async fn get(args: &ExecutionArgs) -> Result<Outcome> {
    let caller = resolve(&args.target, Some(&args.arn)).await?;
    let result = {
        let _spinner = Spinner::start("reading the execution");
        caller.execution(&args.arn, !args.no_data).await?
    };
    show(&args.target, &caller, &result, human::executions::execution)
}

async fn wait(args: &WaitArgs) -> Result<Outcome> {
    let arn = &args.arn;
    let caller = resolve(&args.target, Some(arn)).await?;
    let timeout = args.timeout_seconds.map(Duration::from_secs);
    let waited = {
        let spinner = Spinner::start_timed("waiting for the execution");
        let waiting = caller.wait_for_execution(arn, timeout, |execution| {
            let status = human::executions::status(&execution.status);
            spinner.set(format!("waiting for {}: {status}", execution.name));
        });
        tokio::select! {
            // The signal is handled before the first request is sent.
            biased;
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                None
            }
            waited = waiting => Some(waited?),
        }
    };
    let again = human::wait_command(arn);
    let Some(result) = waited else {
        let message = format!("the wait was interrupted, and the execution continues: {arn}");
        if args.target.json {
            print_out(json::host_error(&message))?;
        }
        print_err(format_args!("{message}\nto wait for it again: {again}"));
        return Ok(Outcome::Interrupted);
    };
    let outcome = show(&args.target, &caller, &result, human::executions::execution)?;
    let Ok(execution) = result else {
        return Ok(outcome);
    };
    Ok(match execution.status {
        ExecutionStatus::Succeeded => Outcome::Success,
        ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Stopped => {
            Outcome::FunctionFailed
        }
        ExecutionStatus::Deleting => {
            print_err(
                "error: the execution has ended, but Lambda does not report how, because it is being \
                 deleted",
            );
            Outcome::Error
        }
        ExecutionStatus::Running
        | ExecutionStatus::Pausing
        | ExecutionStatus::Paused
        | ExecutionStatus::Other(_) => {
            print_err(format_args!(
                "the execution has not ended yet\nto wait for it again: {again}"
            ));
            Outcome::NotEnded
        }
    })
}

async fn history(args: &HistoryArgs) -> Result<Outcome> {
    let query = HistoryQuery {
        arn: args.arn.clone(),
        with_data: args.with_data,
        newest_first: args.newest_first,
        cursor: args.page.cursor.clone(),
        limit: args.page.limit,
        delivery: None,
    };
    let caller = resolve(&args.target, Some(&args.arn)).await?;
    let result = {
        let _spinner = Spinner::start("reading the history");
        caller.execution_history(&query).await?
    };
    show(&args.target, &caller, &result, human::executions::history)
}

async fn stop(args: &StopArgs) -> Result<Outcome> {
    let failure = failure(&args.failure);
    let caller = resolve(&args.target, Some(&args.arn)).await?;
    let result = {
        let _spinner = Spinner::start("stopping the execution");
        caller.stop_execution(&args.arn, failure.as_ref()).await?
    };
    let done = |time: &u64| format!("stopped at {}", times::shown(*time));
    let failed = human::executions::error;
    show_or(&args.target, &caller, &result, done, failed)
}

/// Answers a callback.
pub async fn answer(command: &CallbackCommand) -> Result<Outcome> {
    match command {
        CallbackCommand::Succeed(args) => {
            let result = CallbackResult::Succeeded(result(args)?);
            complete(&args.callback, &result, "the callback succeeded").await
        }
        CallbackCommand::Fail(args) => {
            let failure = failure(&args.failure).unwrap_or_else(|| ExecutionFailure {
                error_type: None,
                error_message: None,
                error_data: None,
                stack_trace: Vec::new(),
            });
            let result = CallbackResult::Failed(failure);
            complete(&args.callback, &result, "the callback failed, as requested").await
        }
        CallbackCommand::Heartbeat(callback) => {
            let done = "the callback's timeout begins again";
            complete(callback, &CallbackResult::Heartbeat, done).await
        }
    }
}

async fn complete(args: &CallbackArgs, result: &CallbackResult, done: &str) -> Result<Outcome> {
    let function = args.function.as_deref();
    let caller = resolve(&args.target, function).await?;
    let completed = {
        let _spinner = Spinner::start("answering the callback");
        let completed = caller.complete_callback(function, &args.id, result);
        completed.await?
    };
    let is_preferred = args.target.scope.mode() == ScopeMode::Prefer;
    if function.is_none() && is_preferred && !args.target.host_signed {
        print_err(
            "warning: the sandbox received a key with all permissions of the connection, because a \
             callback ID does not name its function (--function limits the key, --scope off omits \
             this warning)",
        );
    }
    let (done, failed) = (|(): &()| done.to_owned(), human::executions::error);
    show_or(&args.target, &caller, &completed, done, failed)
}

fn failure(args: &FailureArgs) -> Option<ExecutionFailure> {
    let FailureArgs {
        error_type,
        error_message,
        error_data,
    } = args;
    let is_set = error_type.is_some() || error_message.is_some() || error_data.is_some();
    is_set.then(|| ExecutionFailure {
        error_type: error_type.clone().map(|text| text.0),
        error_message: error_message.clone().map(|text| text.0),
        error_data: error_data.clone().map(|text| text.0),
        stack_trace: Vec::new(),
    })
}

/// The longest result that Lambda accepts.
const RESULT: Limit = Limit {
    what: "the result",
    bytes: 1_048_576,
    allows: "Lambda accepts for a callback",
    instead: "pass a shorter result, or store the data and pass its location",
};

fn result(args: &SucceedArgs) -> Result<Option<Vec<u8>>> {
    Ok(match (&args.result, &args.result_file) {
        (Some(text), _) => Some(text.0.clone().into_bytes()),
        (None, Some(path)) if path == Path::new("-") => Some(RESULT.read_stdin()?),
        (None, Some(path)) => Some(RESULT.read(path)?),
        (None, None) => None,
    })
}
