//! Which hosts the built components call, and with which requests. The tests use a policy that
//! denies and records everything, and a Lambda that records its requests.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use aws_lambda_connector::aws::endpoint;
use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, ExecutionFailure, ExecutionQuery, HistoryQuery,
};
use aws_lambda_connector_host::bindings::lambda::{InvokeRequest, ResponseMode};
use aws_lambda_connector_host::bindings::sessions::{Scope, SessionRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Role, WebIdentity,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::{Policy, Refusal};
use local_lambda::{self, Key, LocalLambda, RecordedRequest, Trusted};
use serde_json::json;
use testing::{
    Component, access_key, case, for_each_component, form, lambda_with, only, query, request,
};

use crate::page;

const HOSTS: &str = "| Partition | Regions | SUFFIX | Dual-stack SUFFIX |";
const REQUESTS: &str = "| Function | Requests | IAM actions |";

const TOKEN: &str = "a.b.c";

/// The hosts as the page composes them: standard, FIPS, dual-stack, and both.
pub fn hosts(service: &str, region: &str, plain: &str, dual_stack: &str) -> [String; 4] {
    [
        format!("{service}.{region}.{plain}"),
        format!("{service}-fips.{region}.{plain}"),
        format!("{service}.{region}.{dual_stack}"),
        format!("{service}-fips.{region}.{dual_stack}"),
    ]
}

fn endpoints() -> [Option<Endpoint>; 4] {
    [
        None,
        Some(Endpoint::Fips),
        Some(Endpoint::DualStack),
        Some(Endpoint::FipsDualStack),
    ]
}

/// Each partition on the page: its name, a region, and its two suffixes.
fn partitions() -> Vec<[String; 4]> {
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    page::table(HOSTS)
        .iter()
        .map(|row| {
            let prefix = plain(&row[1]);
            // An invented region, because the connector does not rely on a list of regions.
            let region = match prefix.strip_suffix('…') {
                Some(prefix) => format!("{prefix}test-1"),
                None => "xx-test-1".to_owned(),
            };
            [plain(&row[0]), region, plain(&row[2]), plain(&row[3])]
        })
        .collect()
}

fn keys() -> AccessKey {
    access_key(&Key::default())
}

fn arn(partition: &str) -> String {
    format!("arn:{partition}:iam::123456789012:role/r")
}

fn role(partition: &str) -> Role {
    testing::role(&arn(partition))
}

fn assuming(partition: &str) -> Credentials {
    Credentials::AssumeRole(AssumeRole {
        source: keys(),
        roles: vec![role(partition)],
    })
}

fn bearing(partition: &str) -> Credentials {
    Credentials::WebIdentity(WebIdentity {
        token: TOKEN.to_owned(),
        role: role(partition),
    })
}

/// The exported functions of one row of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Export {
    Invoke,
    Stream,
    ListFunctions,
    ListQualifiers,
    TestConnection,
    Execution,
    ListExecutions,
    History,
    Stop,
    CompleteCallback,
    /// `sessions.open` with a scope.
    OpenWithin,
    Open,
}

impl Export {
    fn is_in(self, component: Component) -> bool {
        self != Self::Stream || component == Component::Wasi03
    }
}

/// Every row, in the order of the page.
const EXPORTS: [Export; 12] = [
    Export::Invoke,
    Export::Stream,
    Export::ListFunctions,
    Export::ListQualifiers,
    Export::TestConnection,
    Export::Execution,
    Export::ListExecutions,
    Export::History,
    Export::Stop,
    Export::CompleteCallback,
    Export::OpenWithin,
    Export::Open,
];

/// A callback's ID with characters that a path encodes.
const CALLBACK: &str = "Ab+/";
const CALLBACK_LABEL: &str = "Ab%2B%2F";

/// The execution that the calls name. It need not exist, because only the requests matter.
fn execution(region: &str) -> String {
    let partition = endpoint::partition_id(region);
    format!("arn:{partition}:lambda:{region}:123456789012:function:echo:1/durable-execution/n/i")
}

async fn call(host: &Host, policy: &Arc<Policy>, connection: &Connection, export: Export) {
    let arn = execution(&connection.region);
    let (query, request) = (query(), request("echo", "{}"));
    let failure = ExecutionFailure {
        error_type: None,
        error_message: None,
        error_data: None,
        stack_trace: vec![],
    };
    // The result does not matter here, only the requests.
    let ended = match export {
        Export::Invoke => {
            let invoked = host.invoke(policy, connection, &request).await;
            invoked.map(drop).unwrap();
            let streamed = InvokeRequest {
                response_mode: Some(ResponseMode::Streamed),
                ..request
            };
            host.invoke(policy, connection, &streamed).await.map(drop)
        }
        Export::Stream => {
            let opened = host.invoke_with_response_stream(policy, connection, &request);
            opened.await.map(drop)
        }
        Export::ListFunctions => {
            let listed = host.list_functions(policy, connection, &query);
            listed.await.map(drop)
        }
        Export::ListQualifiers => {
            let listed = host.list_qualifiers(policy, connection, "echo");
            listed.await.map(drop)
        }
        Export::TestConnection => {
            let tested = host.test_connection(policy, connection, Some("echo"), None);
            tested.await.map(drop)
        }
        Export::Execution => {
            let read = host.execution(policy, connection, &arn, true).await;
            read.map(drop).unwrap();
            let waited = host.wait_for_execution(policy, connection, &arn, 1);
            waited.await.map(drop)
        }
        Export::ListExecutions => {
            let query = ExecutionQuery::new("echo");
            let listed = host.list_executions(policy, connection, &query);
            listed.await.map(drop)
        }
        Export::History => {
            let query = HistoryQuery {
                with_data: true,
                ..HistoryQuery::new(&arn)
            };
            let read = host.execution_history(policy, connection, &query);
            read.await.map(drop)
        }
        Export::Stop => {
            let stopped = host.stop_execution(policy, connection, &arn, None);
            stopped.await.map(drop)
        }
        Export::CompleteCallback => {
            for outcome in [
                CallbackResult::Succeeded(None),
                CallbackResult::Failed(failure),
            ] {
                let completed = host.complete_callback(policy, connection, CALLBACK, &outcome);
                completed.await.map(drop).unwrap();
            }
            let heartbeat = CallbackResult::Heartbeat;
            let completed = host.complete_callback(policy, connection, CALLBACK, &heartbeat);
            completed.await.map(drop)
        }
        Export::OpenWithin => {
            let scope = Scope {
                functions: vec!["echo".to_owned()],
                list_functions: false,
                executions: true,
            };
            let request = SessionRequest {
                scope: Some(scope),
                ..SessionRequest::unscoped()
            };
            host.open_session(policy, connection, &request)
                .await
                .map(drop)
        }
        Export::Open => host
            .open_session(policy, connection, &SessionRequest::unscoped())
            .await
            .map(drop),
    };
    ended.unwrap();
}

/// Every origin that a call requested while everything was denied.
async fn requested_origins(
    host: &Host,
    connection: &Connection,
    export: Export,
) -> BTreeSet<String> {
    let policy = Arc::new(Policy::deny_all());
    call(host, &policy, connection, export).await;
    let origin = |refusal| match refusal {
        Refusal::NotAllowed { scheme, host, port } => format!("{scheme}://{host}:{port}"),
        other => panic!("{other}"),
    };
    policy.refusals().into_iter().map(origin).collect()
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_call_only_the_documented_hosts(component: Component) {
    let host = component.host();
    for [partition, region, plain, dual_stack] in partitions() {
        let lambda = hosts("lambda", &region, &plain, &dual_stack);
        let mut sts = hosts("sts", &region, &plain, &dual_stack);
        if region.starts_with("us-gov-") {
            // This is the exception that the page names.
            sts[1] = sts[0].clone();
        }
        for (at, endpoint) in endpoints().into_iter().enumerate() {
            let _case = case(format!("{region}, {endpoint:?}"));
            let origin = |host: &String| format!("https://{host}:443");
            let (lambda, sts) = (origin(&lambda[at]), origin(&sts[at]));
            let connection = |credentials| Connection {
                region: region.clone(),
                credentials,
                endpoint: endpoint.clone(),
            };
            for export in EXPORTS.into_iter().filter(|it| it.is_in(component)) {
                let with_keys = match export {
                    Export::TestConnection => vec![&lambda, &sts],
                    Export::OpenWithin => vec![&sts],
                    // An access key can only be exchanged for keys with fewer permissions.
                    Export::Open => vec![],
                    _ => vec![&lambda],
                };
                let expected = |origins: Vec<&String>| origins.into_iter().cloned().collect();
                let keys = connection(Credentials::AccessKey(keys()));
                let seen: BTreeSet<String> = requested_origins(host, &keys, export).await;
                assert_eq!(seen, expected(with_keys), "{export:?}");
                // Without temporary keys, a role's caller reaches only STS.
                for credentials in [assuming(&partition), bearing(&partition)] {
                    let seen = requested_origins(host, &connection(credentials), export).await;
                    assert_eq!(seen, expected(vec![&sts]), "{export:?}");
                }
            }
        }
    }
}

/// The reference host's policy must match the page as well.
#[test]
fn reference_policy_allows_only_the_documented_hosts() {
    for [_, region, plain, dual_stack] in partitions() {
        let allowed = |policy: &Policy, host: &str| {
            let uri = format!("https://{host}/").parse().unwrap();
            policy.check(&uri).is_ok()
        };
        let lambda = Policy::for_region(&region);
        let both = Policy::for_region(&region).and_sts(&region);
        for host in hosts("lambda", &region, &plain, &dual_stack) {
            assert!(allowed(&lambda, &host), "{host}");
        }
        for host in hosts("sts", &region, &plain, &dual_stack) {
            assert!(allowed(&both, &host) && !allowed(&lambda, &host), "{host}");
        }
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_send_only_the_documented_requests(component: Component) {
    let host = component.host();
    let role = local_lambda::Role {
        arn: arn("aws"),
        trusts: vec![
            Trusted::Key(Key::default().access_key_id),
            Trusted::Token(TOKEN.to_owned()),
        ],
        external_id: None,
        max_lifetime: None,
    };
    let lambda = lambda_with(|config| config.roles = vec![role]).await;
    let policy = only(&lambda.url());
    let connection = |credentials| Connection {
        region: "us-east-1".to_owned(),
        credentials,
        endpoint: Some(Endpoint::Url(lambda.url())),
    };
    let table = page::table(REQUESTS);
    assert_eq!(table.len(), EXPORTS.len());
    let rows = table.iter().zip(EXPORTS);
    for (row, export) in rows.filter(|(_, export)| export.is_in(component)) {
        let credentials = match export {
            Export::Open => assuming("aws"),
            _ => Credentials::AccessKey(keys()),
        };
        let before = lambda.requests().len();
        call(host, &policy, &connection(credentials), export).await;
        let written: BTreeSet<String> = quoted(&row[1]).collect();
        assert_eq!(sent(&lambda, before), written, "{}", row[0]);
        if export == Export::OpenWithin {
            // The requests to STS differ only in their bodies.
            let issued: Vec<_> = lambda.sessions().iter().map(|it| it.operation).collect();
            assert_eq!(issued, ["GetSessionToken", "GetScopedCredentials"]);
            assert_eq!(lambda.requests().len() - before, 1 + issued.len());
            assert_eq!(quoted(&row[2]).count(), 1 + issued.len());
        }
    }

    // The forms send the requests of the functions that invoke, list and change, and describing them
    // sends none.
    let of_forms = table.iter().zip(EXPORTS).filter(|(_, export)| {
        !matches!(
            export,
            Export::TestConnection | Export::OpenWithin | Export::Open
        )
    });
    let of_forms: BTreeSet<String> = of_forms.flat_map(|(row, _)| quoted(&row[1])).collect();
    let form = form(&lambda);
    let before = lambda.requests().len();
    host.describe(&policy).await.unwrap().unwrap();
    assert_eq!(lambda.requests().len(), before);
    let typed = r#"{"useFunctionName":"Yes","functionName":"echo","responseMode":"Streamed"}"#;
    let chosen = r#"{"useFunctionName":"No","yourFunctions":"echo"}"#;
    for (card, values) in [
        ("invoke", typed),
        ("invoke", chosen),
        ("list-functions", "{}"),
    ] {
        let ran = host.run(&policy, &form, card, values).await;
        ran.unwrap().unwrap();
    }
    for field in ["yourFunctions", "qualifier"] {
        let choices = host.choices(&policy, &form, "invoke", field, chosen, None, None);
        choices.await.unwrap().unwrap();
    }
    let arn = execution("us-east-1");
    let named = json!({ "executionArn": arn });
    let callback = |decision: &str| json!({ "callbackId": CALLBACK, "decision": decision });
    for (card, values) in [
        ("get-execution", &named),
        (
            "get-execution",
            &json!({ "executionArn": arn, "waitSeconds": 1 }),
        ),
        ("list-executions", &json!({ "functionName": "echo" })),
        ("stop-execution", &named),
        ("complete-callback", &callback("Succeed")),
        ("complete-callback", &callback("Fail")),
        ("complete-callback", &callback("Heartbeat")),
    ] {
        let ran = host.run(&policy, &form, card, &values.to_string()).await;
        ran.map(drop).unwrap();
    }
    let values = json!({ "functionName": "echo", "executionArn": arn }).to_string();
    for field in ["executionArn", "callbackId"] {
        let card = "complete-callback";
        let choices = host.choices(&policy, &form, card, field, &values, None, None);
        choices.await.map(drop).unwrap();
    }
    assert_eq!(sent(&lambda, before), of_forms);

    // Error messages name the action that is not permitted, so every action occurs in the sources.
    let sources: String = ["src/lambda", "src/lambda/executions", "src/sts"]
        .iter()
        .flat_map(|folder| fs::read_dir(page::root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for action in table.iter().flat_map(|row| quoted(&row[2])) {
        assert!(sources.contains(&format!("\"{action}\"")), "{action}");
    }
}

/// The forms have a paragraph of their own on the page, so that the table has all other functions.
#[test]
fn review_page_lists_the_requests_of_every_exported_function() {
    let interface = page::root().join("host-test/tests/interface-p3.txt");
    let interface = fs::read_to_string(interface).unwrap();
    let exported = interface.lines().filter_map(|line| {
        let line = line.strip_prefix("export connectors:aws-lambda/")?;
        let (interface, function) = line.split_once("@0.3.0 ")?;
        let is_listed = !matches!(interface, "cards" | "types");
        is_listed.then(|| format!("{interface}.{function}"))
    });
    let listed = page::table(REQUESTS);
    let listed: BTreeSet<String> = listed.iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!(listed, exported.collect());
}

/// Methods and paths of the requests, starting at index `from`.
fn sent(lambda: &LocalLambda, from: usize) -> BTreeSet<String> {
    let request = |request: &RecordedRequest| {
        let path = request.path_and_query.split('?').next().unwrap();
        let labels = path.split('/').map(|label| match label {
            "echo" => "NAME",
            CALLBACK_LABEL => "ID",
            label if label.starts_with("arn%3A") => "ARN",
            label => label,
        });
        let labels: Vec<&str> = labels.collect();
        format!("{} {}", request.method, labels.join("/"))
    };
    lambda.requests()[from..].iter().map(request).collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}
