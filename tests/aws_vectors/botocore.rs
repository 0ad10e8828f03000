//! Requests that botocore signed, compared byte for byte: canonical request, string to sign and
//! `Authorization` (`tests/vectors/README.md`).

use aws_lambda_connector::aws::credentials::Secret;
use aws_lambda_connector::aws::endpoint::{EndpointChoice, LAMBDA, Scheme};
use aws_lambda_connector::aws::sigv4;
use aws_lambda_connector::aws::time::AmzDate;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::delivery::Delivery;
use aws_lambda_connector::call::operation::{Call, Exchange};
use aws_lambda_connector::call::roles::RoleOptions;
use aws_lambda_connector::call::target::{Caller, Target};
use aws_lambda_connector::lambda::executions::complete_callback::{
    CallbackResult, CompleteCallback,
};
use aws_lambda_connector::lambda::executions::execution::{ExecutionFailure, ExecutionStatus};
use aws_lambda_connector::lambda::executions::get::GetDurableExecution;
use aws_lambda_connector::lambda::executions::history::{GetDurableExecutionHistory, HistoryQuery};
use aws_lambda_connector::lambda::executions::list::{ExecutionQuery, ListDurableExecutions};
use aws_lambda_connector::lambda::executions::stop::StopDurableExecution;
use aws_lambda_connector::lambda::get_function_configuration::GetFunctionConfiguration;
use aws_lambda_connector::lambda::invoke::{
    InvocationType, Invoke, InvokeRequest, LogType, ResponseMode,
};
use aws_lambda_connector::lambda::list_functions::{FunctionQuery, ListFunctions};
use aws_lambda_connector::sts::assume_role::AssumeRole;
use aws_lambda_connector::sts::scope_down::ScopeDown;
use aws_lambda_connector::sts::session_policy::{Scope, SessionPolicy};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::support::{example_key, request, sign};

/// 2026-11-22T12:00:00Z and 2026-11-27T12:00:00Z
const DATES: [u64; 2] = [1_795_348_800, 1_795_780_800];

/// The vectors of both files, each with its date.
fn vectors() -> Vec<(Value, AmzDate)> {
    let files = [
        include_str!("../vectors/signed-requests.json"),
        include_str!("../vectors/signed-requests-2.json"),
    ];
    let read = |(file, date)| {
        let vectors: Vec<Value> = serde_json::from_str(file).unwrap();
        let dated = move |vector| (vector, AmzDate::from_unix(date));
        vectors.into_iter().map(dated)
    };
    files.into_iter().zip(DATES).flat_map(read).collect()
}

#[test]
fn requests_are_signed_as_by_botocore() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 27);
    for (vector, date) in &vectors {
        let name = vector["name"].as_str().unwrap();
        let url = vector["url"].as_str().unwrap();
        let (_, rest) = url.split_once("://").unwrap();
        let at = rest.find('/').unwrap();
        let (authority, target) = rest.split_at(at);
        let signed = ["x-amz-date", "x-amz-security-token", "authorization"];
        let headers: Vec<(String, String)> = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| !signed.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let body = vector["body"].as_str().unwrap_or_default();
        let text = |field: &str| vector[field].as_str().unwrap();
        let request = request(text("method"), authority, target, &headers, body.as_bytes());
        assert_eq!(request.path_with_query(), target, "{name}");
        let place = [text("region"), text("service")];
        let signed = sign(request, vector["token"].as_str(), place, date);
        for (step, expected) in [
            (signed.canonical_request, text("canonical_request")),
            (signed.string_to_sign, text("string_to_sign")),
            (
                signed.authorization,
                vector["headers"]["Authorization"].as_str().unwrap(),
            ),
        ] {
            assert_eq!(step, expected, "{name}");
        }
    }
}

/// The operations build the requests that botocore sends for the same parameters. Only
/// `content-type` differs: botocore sends none with an invocation.
#[test]
fn operations_build_the_same_requests_as_botocore() {
    let vectors = vectors();
    let mut built = Vec::new();
    for (vector, date) in &vectors {
        let params = &vector["params"];
        let param = |name: &str| params[name].as_str().map(str::to_owned);
        let connection = Connection {
            region: vector["region"].as_str().unwrap().into(),
            credentials: Credentials::AccessKey(example_key(vector["token"].as_str())),
            endpoint: match vector["endpoint"].as_str() {
                Some(url) => EndpointChoice::Url(url.into()),
                None => EndpointChoice::Standard,
            },
        };
        match vector["op"].as_str().unwrap() {
            "Invoke" | "InvokeWithResponseStream" => {
                let request = InvokeRequest {
                    function: param("FunctionName").unwrap(),
                    qualifier: param("Qualifier"),
                    invocation_type: param("InvocationType").map(|kind| match &*kind {
                        "Event" => InvocationType::Event,
                        "DryRun" => InvocationType::DryRun,
                        _ => InvocationType::RequestResponse,
                    }),
                    response_mode: match vector["op"].as_str() {
                        Some("Invoke") => ResponseMode::Buffered,
                        _ => ResponseMode::Streamed,
                    },
                    log_type: param("LogType").map(|_| LogType::Tail),
                    client_context: param("ClientContext").map(|_| r#"{"custom":{}}"#.into()),
                    payload: param("Payload"),
                    tenant_id: param("TenantId"),
                    durable_execution_name: param("DurableExecutionName"),
                    ..InvokeRequest::default()
                };
                let operation = Invoke::new(connection, request).unwrap();
                assert_same_request(vector, &operation, date);
            }
            "ListFunctions" => {
                // A cursor at the beginning of the page with the marker.
                let cursor = format!("1\n0\n\n{}", param("Marker").unwrap());
                let query = FunctionQuery {
                    all_versions: true,
                    limit: Some(50),
                    cursor: Some(URL_SAFE_NO_PAD.encode(cursor)),
                    ..FunctionQuery::default()
                };
                let operation = ListFunctions::new(connection, query).unwrap();
                assert_same_request(vector, &operation, date);
            }
            "GetFunctionConfiguration" => {
                let (function, qualifier) = (param("FunctionName").unwrap(), param("Qualifier"));
                let operation =
                    GetFunctionConfiguration::new(connection, &function, qualifier.as_deref());
                assert_same_request(vector, &operation.unwrap(), date);
            }
            // Its other parameters are not in use: `session_policy_is_sent_as_by_botocore`.
            "AssumeRole" if param("Policy").is_some() => continue,
            "AssumeRole" => {
                let role = RoleOptions {
                    arn: param("RoleArn").unwrap(),
                    external_id: param("ExternalId").map(Secret::new),
                    session_name: param("RoleSessionName"),
                    duration_seconds: seconds(params),
                };
                let connection = Connection {
                    credentials: Credentials::AssumeRole {
                        source: example_key(None),
                        roles: vec![role],
                    },
                    ..connection
                };
                let Caller::Roles(chain) = Target::new(connection, None).unwrap().caller else {
                    panic!("no roles");
                };
                let delivery = Delivery::new("delivery", None, false).unwrap();
                let step = AssumeRole::new(&chain, (1, &chain.first), None, delivery);
                assert_same_request(vector, &step, date);
            }
            "GetScopedCredentials" => {
                let policy = param("Policy").unwrap();
                let description = param("ScopedSessionDescription").unwrap();
                let call = sts_call(connection);
                let operation =
                    ScopeDown::scoped_credentials(call, &policy, seconds(params), &description);
                assert_same_request(vector, &operation, date);
                // The policy and the description are those of a scope.
                let scope = Scope {
                    functions: vec!["my-function".into()],
                    ..Scope::default()
                };
                let scope = SessionPolicy::new(&scope).unwrap();
                let region = vector["region"].as_str().unwrap();
                assert_eq!(scope.json(region, "123456789012").unwrap(), policy);
                assert_eq!(scope.description(), description);
            }
            "GetDurableExecution" => {
                let with_data = params["IncludeExecutionData"] != false;
                let arn = param("DurableExecutionArn").unwrap();
                let operation = GetDurableExecution::new(connection, &arn, with_data);
                assert_same_request(vector, &operation.unwrap(), date);
            }
            "GetDurableExecutionHistory" => {
                let query = HistoryQuery {
                    arn: param("DurableExecutionArn").unwrap(),
                    with_data: params["IncludeExecutionData"] != false,
                    newest_first: params["ReverseOrder"] == true,
                    cursor: param("Marker"),
                    limit: Some(100),
                    delivery: None,
                };
                let operation = GetDurableExecutionHistory::new(connection, &query);
                assert_same_request(vector, &operation.unwrap(), date);
            }
            "ListDurableExecutionsByFunction" => {
                let statuses = params["Statuses"].as_array().unwrap().iter();
                let query = ExecutionQuery {
                    function: param("FunctionName").unwrap(),
                    qualifier: param("Qualifier"),
                    name: param("DurableExecutionName"),
                    statuses: statuses
                        .map(|status| ExecutionStatus::read(status.as_str().unwrap()))
                        .collect(),
                    // 2026-11-01T00:00:00Z and 2026-11-27T12:00:00.5Z
                    started_after_ms: Some(1_793_491_200_000),
                    started_before_ms: Some(1_795_780_800_500),
                    oldest_first: params["ReverseOrder"] == true,
                    cursor: param("Marker"),
                    limit: Some(100),
                    delivery: None,
                };
                let operation = ListDurableExecutions::new(connection, query);
                assert_same_request(vector, &operation.unwrap(), date);
            }
            "StopDurableExecution" => {
                let arn = param("DurableExecutionArn").unwrap();
                let error = params.get("Error").map(failure);
                let operation = StopDurableExecution::new(connection, &arn, error.as_ref());
                assert_same_request(vector, &operation.unwrap(), date);
            }
            "SendDurableExecutionCallbackSuccess"
            | "SendDurableExecutionCallbackFailure"
            | "SendDurableExecutionCallbackHeartbeat" => {
                let outcome = match vector["op"].as_str().unwrap().rsplit("Callback").next() {
                    Some("Success") => {
                        CallbackResult::Succeeded(param("Result").map(String::into_bytes))
                    }
                    Some("Failure") => {
                        let error = params.get("Error").map(failure);
                        CallbackResult::Failed(error.unwrap_or_default())
                    }
                    _ => CallbackResult::Heartbeat,
                };
                let id = param("CallbackId").unwrap();
                let operation = CompleteCallback::new(connection, &id, outcome);
                assert_same_request(vector, &operation.unwrap(), date);
            }
            "GetSessionToken" => {
                let seconds = seconds(params).unwrap();
                let operation = ScopeDown::session_token(sts_call(connection), seconds);
                assert_same_request(vector, &operation, date);
            }
            _ => continue,
        }
        built.push(vector["name"].as_str().unwrap());
    }
    assert_eq!(
        built,
        [
            "invoke-name",
            "invoke-nopayload",
            "invoke-name-qualifier-latest",
            "invoke-arn-latest-suffix",
            "invoke-all-headers",
            "invoke-stream",
            "list-functions",
            "invoke-http-endpoint",
            "sts-assume-role",
            "stream-all",
            "stream-dry-run",
            "invoke-event-durable",
            "durable-get",
            "durable-get-latest-no-data",
            "durable-history",
            "durable-list",
            "durable-stop-plain",
            "durable-stop-error",
            "callback-success",
            "callback-success-empty",
            "callback-failure",
            "callback-failure-empty",
            "callback-heartbeat",
            "get-function-configuration",
            "sts-get-scoped-credentials",
            "sts-get-session-token",
        ]
    );
}

fn failure(error: &Value) -> ExecutionFailure {
    let text = |name: &str| error[name].as_str().map(Into::into);
    let frames = error["StackTrace"].as_array().into_iter().flatten();
    ExecutionFailure {
        error_type: text("ErrorType"),
        error_message: text("ErrorMessage"),
        error_data: text("ErrorData"),
        stack_trace: frames.map(|frame| frame.as_str().unwrap().into()).collect(),
    }
}

fn seconds(params: &Value) -> Option<u32> {
    let seconds = params["DurationSeconds"].as_u64()?;
    Some(seconds.try_into().unwrap())
}

fn sts_call(connection: Connection) -> Call {
    Call {
        target: Target::sts(connection, None).unwrap(),
        delivery: Delivery::new("delivery", None, false).unwrap(),
    }
}

/// The vector also has parameters that the connector does not send.
#[test]
fn session_policy_is_sent_as_by_botocore() {
    let vectors = vectors();
    let named = |(vector, _): &&(Value, AmzDate)| vector["name"] == "sts-assume-role-policy";
    let (vector, _) = vectors.iter().find(named).unwrap();
    let params = &vector["params"];
    let role = RoleOptions {
        arn: params["RoleArn"].as_str().unwrap().into(),
        external_id: None,
        session_name: params["RoleSessionName"].as_str().map(Into::into),
        duration_seconds: seconds(params),
    };
    let connection = Connection {
        region: vector["region"].as_str().unwrap().into(),
        credentials: Credentials::AssumeRole {
            source: example_key(None),
            roles: vec![role],
        },
        endpoint: EndpointChoice::Standard,
    };
    let Caller::Roles(mut chain) = Target::new(connection, None).unwrap().caller else {
        panic!("no roles");
    };
    let policy = params["Policy"].as_str().map(Into::into);
    chain.limit(policy, "seconds", None).unwrap();
    let delivery = Delivery::new("delivery", None, false).unwrap();
    let step = AssumeRole::new(&chain, (1, &chain.first), None, delivery);
    let sent = String::from_utf8(step.request().body.to_vec()).unwrap();
    let not_sent = ["PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity"];
    let expected: Vec<&str> = vector["body"]
        .as_str()
        .unwrap()
        .split('&')
        .filter(|pair| !not_sent.iter().any(|name| pair.starts_with(name)))
        .collect();
    assert_eq!(sent, expected.join("&"));
}

fn assert_same_request(vector: &Value, operation: &impl Exchange, date: &AmzDate) {
    let target = &operation.call().target;
    let Caller::Signer(signer) = &target.caller else {
        panic!("the caller has no signer");
    };
    let mut request = operation.request();
    if target.service == LAMBDA && vector["headers"].get("Content-Type").is_none() {
        request.headers.retain(|(name, _)| *name != "content-type");
    }
    let payload_hash = sigv4::payload_hash(request.body);
    sigv4::sign(
        &mut request,
        &payload_hash,
        signer,
        &target.region,
        target.service,
        date,
    );

    let name = &vector["name"];
    assert_eq!(request.method.as_str(), vector["method"], "{name}");
    let scheme = match request.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let (authority, target) = (&request.authority, request.path_with_query());
    let url = format!("{scheme}://{authority}{target}");
    assert_eq!(url, vector["url"].as_str().unwrap(), "{name}");
    let body = vector["body"].as_str().unwrap_or_default();
    assert_eq!(request.body, body.as_bytes(), "{name}");
    let mut expected: Vec<(String, String)> = vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().into()))
        .collect();
    let mut sent: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone().into_owned()))
        .collect();
    expected.sort();
    sent.sort();
    assert_eq!(sent, expected, "{name}");
}
