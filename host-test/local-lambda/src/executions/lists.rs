//! ListDurableExecutionsByFunction and GetDurableExecutionHistory, with pagination.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::parameters::{check, flag, timestamp};
use crate::answer::{Answer, json_answer};
use crate::durable::Execution;
use crate::errors::ApiError;
use crate::pages::{invalid_marker, marker, max_items};
use crate::request::RawRequest;
use crate::service::Service;
use crate::signature::Caller;
use crate::target::{allow, check_region_and_account, qualifier, resolve_by};

const LIST: &str = "lambda:ListDurableExecutionsByFunction";

/// The statuses of the API.
const STATUSES: [&str; 8] = [
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "STOPPED",
    "DELETING",
    "PAUSING",
    "PAUSED",
];
/// The most statuses of a filter.
const STATUSES_LIMIT: usize = 10;
/// The length of a page if the request does not set one.
const PAGE: usize = 100;
/// The longest page that a request can set.
const LONGEST_PAGE: i64 = 1_000;

pub fn list(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.namespaced.read(name)?;
    let qualifier = qualifier(&service.names, &name, request.parameter("Qualifier"))?;
    let execution_name = request.parameter("DurableExecutionName");
    if let Some(execution_name) = &execution_name {
        service.names.durable_name.check(execution_name)?;
    }
    let statuses = statuses(request)?;
    let after = timestamp(request, "StartedAfter")?;
    let before = timestamp(request, "StartedBefore")?;
    let oldest_first = flag(request, "ReverseOrder")?.unwrap_or(false);
    let limit = page_length(request)?;
    let place = &service.place;
    check_region_and_account(place, &name, LIST)?;
    let arn = place.qualified_arn(&name.name, qualifier.as_deref());
    allow(place, caller, LIST, &arn)?;
    let version = service.catalogue.find(&name.name).and_then(|function| {
        // `Some(None)` covers every version.
        qualifier.as_deref().map_or(Some(None), |qualifier| {
            resolve_by(function, Some(qualifier), |alias| alias.version).map(Some)
        })
    });
    let version = version.ok_or_else(|| ApiError::function_not_found(&arn))?;

    let wanted = |execution: &Execution| {
        let (start, started) = (&execution.start, i128::from(execution.started_ms));
        version.as_ref().is_none_or(|it| *it == start.version)
            && execution_name.as_ref().is_none_or(|it| *it == start.name)
            && (statuses.is_empty() || statuses.iter().any(|it| it == execution.status.name()))
            && after.is_none_or(|after| started > after)
            && before.is_none_or(|before| started < before)
    };
    let mut rows = service.executions.list(&name.name, wanted);
    if !oldest_first {
        rows.reverse();
    }
    let list = format!("executions of {} {oldest_first}", name.name);
    if let Some(sent) = request.parameter("Marker") {
        let last = service.executions.numbers(&name.name);
        let last = last
            .into_iter()
            .find(|number| marker(&list, *number) == sent);
        let last = last.ok_or_else(invalid_marker)?;
        rows.retain(|(number, _)| {
            if oldest_first {
                *number > last
            } else {
                *number < last
            }
        });
    }
    let next = (rows.len() > limit)
        .then(|| rows.get(limit.saturating_sub(1)))
        .flatten()
        .map(|(number, _)| marker(&list, *number));
    let shown = rows.into_iter().take(limit).map(|(_, row)| row).collect();
    Ok(page("DurableExecutions", shown, next))
}

pub fn history(
    service: &Service,
    arn: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let with_data = flag(request, "IncludeExecutionData")?.unwrap_or(true);
    let newest_first = flag(request, "ReverseOrder")?.unwrap_or(false);
    let limit = page_length(request)?;
    check(service, arn, caller, "lambda:GetDurableExecutionHistory")?;
    let list = format!("history of {arn} {newest_first}");
    let mut next = None;
    let events = service.executions.history(arn, with_data, |count| {
        let mut ids: Vec<usize> = (1..=count).collect();
        if newest_first {
            ids.reverse();
        }
        if let Some(sent) = request.parameter("Marker") {
            let last = ids.iter().position(|id| marker(&list, *id as u64) == sent);
            ids.drain(..=last.ok_or_else(invalid_marker)?);
        }
        if ids.len() > limit {
            ids.truncate(limit);
            next = ids.last().map(|id| marker(&list, *id as u64));
        }
        Ok(ids)
    })?;
    Ok(page("Events", events, next))
}

fn statuses(request: &RawRequest) -> Result<Vec<String>, ApiError> {
    let statuses: Vec<String> = request.parameters("Statuses").collect();
    let shown = || format!("[{}]", statuses.join(", "));
    if statuses.len() > STATUSES_LIMIT {
        let constraint = format!("have length less than or equal to {STATUSES_LIMIT}");
        return Err(ApiError::validation("statuses", &shown(), &constraint));
    }
    if statuses.iter().any(|it| !STATUSES.contains(&&**it)) {
        let constraint = format!(
            "satisfy constraint: [Member must satisfy enum value set: [{}]]",
            STATUSES.join(", ")
        );
        return Err(ApiError::validation("statuses", &shown(), &constraint));
    }
    Ok(statuses)
}

/// Returns the length of a page. 0 means the default, as the API documents.
fn page_length(request: &RawRequest) -> Result<usize, ApiError> {
    let items = max_items(request, 0, LONGEST_PAGE)?;
    Ok(items.filter(|items| *items > 0).unwrap_or(PAGE))
}

fn page(member: &str, rows: Vec<Value>, next: Option<String>) -> Answer {
    let mut body = json!({ member: rows });
    if let Some(next) = next {
        body["NextMarker"] = json!(next);
    }
    json_answer(StatusCode::OK, body.to_string())
}
