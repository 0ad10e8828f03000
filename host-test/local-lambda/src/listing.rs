//! ListFunctions, ListVersionsByFunction and ListAliases, with pagination.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, json_answer};
use super::catalogue::Function;
use super::errors::ApiError;
use super::name::FunctionName;
use super::pages::{invalid_marker, marker, max_items};
use super::request::RawRequest;
use super::rows;
use super::service::Service;
use super::signature::Caller;
use super::target::{allow, check_region_and_account};

/// The largest page. Lambda never returns more rows, even if `MaxItems` allows them.
const PAGE: usize = 50;

pub(super) fn functions(
    service: &Service,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let all = match request.parameter("FunctionVersion").as_deref() {
        None => false,
        Some("ALL") => true,
        Some(other) => return Err(ApiError::not_in_enum("functionVersion", other, "[ALL]")),
    };
    if request.parameter("MasterRegion").is_some() && !all {
        return Err(ApiError::invalid_parameter(
            "FunctionVersion must be set to ALL if MasterRegion is specified",
        ));
    }
    let limit = page_length(request)?;
    allow(&service.place, caller, "lambda:ListFunctions", "*")?;
    // Without `ALL`, a list has only `$LATEST` of each function.
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
        |(function, version)| rows::function(&service.place, function, *version, all),
    )
}

pub(super) fn versions(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.namespaced.read(name)?;
    let limit = page_length(request)?;
    let function = find(service, &name, caller, "lambda:ListVersionsByFunction")?;
    let rows: Vec<usize> = (0..=function.versions.len()).collect();
    page(
        request,
        &format!("versions of {}", function.name),
        limit,
        "Versions",
        &rows,
        |version| rows::function(&service.place, function, *version, true),
    )
}

pub(super) fn aliases(
    service: &Service,
    name: &str,
    request: &RawRequest,
    caller: &Caller,
) -> Result<Answer, ApiError> {
    let name = service.names.plain.read(name)?;
    let limit = page_length(request)?;
    let version = request.parameter("FunctionVersion");
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
        |alias| rows::alias(&service.place, function, alias),
    )
}

fn find<'a>(
    service: &'a Service,
    name: &FunctionName,
    caller: &Caller,
    action: &str,
) -> Result<&'a Function, ApiError> {
    let arn = service.place.function_arn(&name.name);
    check_region_and_account(&service.place, name, action)?;
    allow(&service.place, caller, action, &arn)?;
    service
        .catalogue
        .find(&name.name)
        .ok_or_else(|| ApiError::function_not_found(&arn))
}

fn page_length(request: &RawRequest) -> Result<usize, ApiError> {
    let items = max_items(request, 1, 10_000)?;
    Ok(items.map_or(PAGE, |items| items.min(PAGE)))
}

fn page<R>(
    request: &RawRequest,
    kind: &str,
    limit: usize,
    member: &str,
    rows: &[R],
    show: impl Fn(&R) -> Value,
) -> Result<Answer, ApiError> {
    let first = match request.parameter("Marker") {
        None => 0,
        Some(sent) => (1..rows.len())
            .find(|row| marker(kind, *row as u64) == sent)
            .ok_or_else(invalid_marker)?,
    };
    let shown: Vec<Value> = rows.iter().skip(first).take(limit).map(show).collect();
    let next = first + shown.len();
    let next = (next < rows.len()).then(|| marker(kind, next as u64));
    Ok(json_answer(
        StatusCode::OK,
        json!({ member: shown, "NextMarker": next }).to_string(),
    ))
}
