//! ListFunctions, ListVersionsByFunction and ListAliases: rows in pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{Answer, json_answer};
use super::catalogue::Function;
use super::configuration;
use super::errors::ApiError;
use super::name::FunctionName;
use super::routes::parameter;
use super::service::{RawRequest, Service};
use super::signature::Caller;
use super::target::{allow, check_place};

/// More than that Lambda never returns, whatever `MaxItems` says.
const PAGE: usize = 50;

pub(super) fn functions(
    service: &Service,
    request: &RawRequest,
    caller: Caller,
) -> Result<Answer, ApiError> {
    let all = match parameter(&request.query, "FunctionVersion").as_deref() {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            return Err(ApiError::validation(
                "functionVersion",
                other,
                "satisfy enum value set: [ALL]",
            ));
        }
    };
    if parameter(&request.query, "MasterRegion").is_some() && !all {
        return Err(ApiError::invalid_parameter(
            "FunctionVersion must be set to ALL if MasterRegion is specified",
        ));
    }
    let limit = max_items(&request.query)?;
    allow(service, caller, "lambda:ListFunctions", "*")?;
    // Without `ALL`, the newest code of each function alone.
    let rows: Vec<(&Function, usize)> = service
        .catalogue
        .all()
        .iter()
        .flat_map(|function| {
            (0..=if all { function.versions.len() } else { 0 })
                .map(move |version| (function, version))
        })
        .collect();
    let kind = if all { "versions of all" } else { "functions" };
    page(
        request,
        kind,
        limit,
        "Functions",
        &rows,
        |(function, version)| configuration::function(service, function, *version, all),
    )
}

pub(super) fn versions(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.namespaced(name)?;
    let limit = max_items(&request.query)?;
    let function = find(service, &name, caller, "lambda:ListVersionsByFunction")?;
    let rows: Vec<usize> = (0..=function.versions.len()).collect();
    page(
        request,
        &format!("versions of {}", function.name),
        limit,
        "Versions",
        &rows,
        |version| configuration::function(service, function, *version, true),
    )
}

pub(super) fn aliases(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.plain(name)?;
    let limit = max_items(&request.query)?;
    let version = parameter(&request.query, "FunctionVersion");
    let function = find(service, &name, caller, "lambda:ListAliases")?;
    let rows: Vec<_> = function
        .aliases
        .iter()
        .filter(|alias| {
            version
                .as_ref()
                .is_none_or(|version| alias.version == version)
        })
        .collect();
    page(
        request,
        &format!("aliases of {}", function.name),
        limit,
        "Aliases",
        &rows,
        |alias| configuration::alias(service, function, alias),
    )
}

fn find<'a>(
    service: &'a Service,
    name: &FunctionName,
    caller: Caller,
    action: &str,
) -> Result<&'a Function, ApiError> {
    let arn = service.function_arn(&name.name);
    check_place(service, name, action)?;
    allow(service, caller, action, &arn)?;
    service
        .catalogue
        .find(&name.name)
        .ok_or_else(|| ApiError::function_not_found(&arn))
}

fn max_items(query: &str) -> Result<usize, ApiError> {
    let Some(text) = parameter(query, "MaxItems") else {
        return Ok(PAGE);
    };
    let refuse = |constraint: &str| Err(ApiError::validation("maxItems", &text, constraint));
    match text.parse::<i64>() {
        Ok(items @ 1..=10_000) => Ok(usize::try_from(items).unwrap_or(PAGE).min(PAGE)),
        Ok(..1) => refuse("have value greater than or equal to 1"),
        Ok(_) => refuse("have value less than or equal to 10000"),
        Err(_) => refuse("be an integer"),
    }
}

fn page<R>(
    request: &RawRequest,
    kind: &str,
    limit: usize,
    member: &str,
    rows: &[R],
    show: impl Fn(&R) -> Value,
) -> Result<Answer, ApiError> {
    let first = match parameter(&request.query, "Marker") {
        None => 0,
        Some(sent) => (1..rows.len())
            .find(|row| marker(kind, *row) == sent)
            .ok_or_else(|| ApiError::invalid_parameter("The Marker parameter is invalid"))?,
    };
    let shown: Vec<Value> = rows.iter().skip(first).take(limit).map(show).collect();
    let next = first + shown.len();
    let next = (next < rows.len()).then(|| marker(kind, next));
    Ok(json_answer(
        json!({ member: shown, "NextMarker": next }).to_string(),
    ))
}

/// Opaque as Lambda's own, good for one list only, and with all that must be encoded in a query:
/// `/`, `+` and `=` come up in Base64.
fn marker(kind: &str, row: usize) -> String {
    STANDARD.encode(Sha256::digest(format!("{kind}\n{row}")))
}
