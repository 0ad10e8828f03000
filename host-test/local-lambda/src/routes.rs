//! The path of a request through the service: record, read, route, authenticate, answer.

use hyper::body::Incoming;
use hyper::header::{DATE, HeaderValue};
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, error_answer};
use super::errors::ApiError;
use super::executions::Callback;
use super::places::{Place, read_body};
use super::request::{RawRequest, read, request_id};
use super::service::Service;
use super::signature::Caller;
use super::{configuration, executions, invoke, listing, sts};

/// The name of Lambda in a signature.
const SERVICE: &str = "lambda";

/// Answers a request of any kind.
pub(super) async fn answer(service: &Service, request: Request<Incoming>) -> Answer {
    let _work = service.busy.token();
    let now = service.now();
    let (head, body) = request.into_parts();
    let path_and_query = head.uri.path_and_query().map_or("/", |p| p.as_str());
    let entry = service
        .record
        .begin(head.method.as_str(), path_and_query, &head.headers);
    let (id, checked_id) = request_id(&head.headers);
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    // Lambda and STS share one address, as in other local AWS stacks. STS requests go to the root.
    let is_sts = head.method == Method::POST && path.strip_prefix(&service.base_path) == Some("/");
    let outcome = async {
        let request = RawRequest {
            body: read_body(&head.extensions, read(body, &entry)).await?,
            method: head.method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: head.headers,
            id,
            connection: head.extensions.get::<Place>().cloned(),
        };
        if is_sts {
            return sts::answer(service, &request, now);
        }
        let route = route(&service.base_path, &request)?;
        let caller = service.verifier.verify(&request, now, SERVICE)?;
        checked_id?;
        route.answer(service, &request, &caller).await
    }
    .await;
    let mut answer = outcome.unwrap_or_else(|error| {
        if is_sts {
            sts::error_answer(&error, id)
        } else {
            error_answer(error)
        }
    });
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(service.now())) {
        headers.insert(DATE, date);
    }
    answer
}

/// An operation, with the decoded name, ARN or ID of the path.
enum Route {
    Invoke(String),
    InvokeWithResponseStream(String),
    GetConfiguration(String),
    ListFunctions,
    ListVersions(String),
    ListAliases(String),
    GetExecution(String),
    ListExecutions(String),
    GetHistory(String),
    StopExecution(String),
    CompleteCallback(String, Callback),
}

/// Returns the operation for the method and path of a request.
fn route(base_path: &str, request: &RawRequest) -> Result<Route, ApiError> {
    let path = request
        .path
        .strip_prefix(base_path)
        .and_then(|path| path.strip_prefix('/'))
        .ok_or_else(ApiError::unknown_operation)?;
    // The path is split before it is decoded: an encoded slash is part of a name.
    let segments: Vec<&str> = path.split('/').collect();
    let name = |encoded: &str| percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    match (request.method.as_str(), segments.as_slice()) {
        (method, ["2015-03-31", "functions", rest @ ..]) => match (method, rest) {
            ("GET", [] | [""]) => Ok(Route::ListFunctions),
            ("POST", [function, "invocations"]) => Ok(Route::Invoke(name(function))),
            ("GET", [function, "configuration"]) => Ok(Route::GetConfiguration(name(function))),
            ("GET", [function, "versions"]) => Ok(Route::ListVersions(name(function))),
            ("GET", [function, "aliases"]) => Ok(Route::ListAliases(name(function))),
            _ => Err(ApiError::unknown_operation()),
        },
        (
            "POST",
            [
                "2021-11-15",
                "functions",
                function,
                "response-streaming-invocations",
            ],
        ) => Ok(Route::InvokeWithResponseStream(name(function))),
        (method, ["2025-12-01", rest @ ..]) => match (method, rest) {
            ("GET", ["functions", function, "durable-executions"]) => {
                Ok(Route::ListExecutions(name(function)))
            }
            ("GET", ["durable-executions", arn]) => Ok(Route::GetExecution(name(arn))),
            ("GET", ["durable-executions", arn, "history"]) => Ok(Route::GetHistory(name(arn))),
            ("POST", ["durable-executions", arn, "stop"]) => Ok(Route::StopExecution(name(arn))),
            ("POST", ["durable-execution-callbacks", id, last]) => {
                let kind = Callback::named(last).ok_or_else(ApiError::unknown_operation)?;
                Ok(Route::CompleteCallback(name(id), kind))
            }
            _ => Err(ApiError::unknown_operation()),
        },
        _ => Err(ApiError::unknown_operation()),
    }
}

impl Route {
    async fn answer(
        self,
        service: &Service,
        request: &RawRequest,
        caller: &Caller,
    ) -> Result<Answer, ApiError> {
        match self {
            Self::Invoke(function) => invoke::invoke(service, &function, request, caller).await,
            Self::InvokeWithResponseStream(function) => {
                invoke::invoke_with_response_stream(service, &function, request, caller)
            }
            Self::GetConfiguration(function) => {
                configuration::configuration(service, &function, request, caller)
            }
            Self::ListFunctions => listing::functions(service, request, caller),
            Self::ListVersions(function) => listing::versions(service, &function, request, caller),
            Self::ListAliases(function) => listing::aliases(service, &function, request, caller),
            Self::GetExecution(arn) => executions::get(service, &arn, request, caller),
            Self::ListExecutions(function) => executions::list(service, &function, request, caller),
            Self::GetHistory(arn) => executions::history(service, &arn, request, caller),
            Self::StopExecution(arn) => executions::stop(service, &arn, request, caller),
            Self::CompleteCallback(id, kind) => {
                executions::complete_callback(service, &id, kind, request, caller)
            }
        }
    }
}
