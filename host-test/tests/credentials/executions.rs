//! Calls about durable executions: the key is limited to the executions of the function, and a wait
//! outlives its keys.

use std::collections::BTreeMap;
use std::future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_connector_host::bindings::executions::{
    CallbackResult, Execution, ExecutionQuery, ExecutionStatus, HistoryQuery,
};
use aws_lambda_connector_host::bindings::types::{Credentials, Error, InvalidInput};
use aws_lambda_connector_host::caller::{Caller, ScopeMode, SessionCache};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use local_lambda::LocalLambda;
use testing::http1::HttpServer;
use testing::outcome::invalid_input;
use testing::{Component, as_emulator, case, for_each_component};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{SESSION_TOKEN, access_key, connection, start, sts_requests, todays_key, web_identity};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:echo";
const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:echo:1/durable-execution/order-7/2f6b1c0e";

fn caller(component: Component, credentials: Credentials, url: String) -> Caller {
    let host = component.host().clone();
    let connection = connection(credentials, url);
    let sessions = SessionCache::default();
    Caller::new(host, connection, "us-east-1", &[], sessions).unwrap()
}

fn keys() -> Credentials {
    Credentials::AccessKey(access_key(Some(SESSION_TOKEN)))
}

/// What each call returned, without its value.
async fn outcomes(
    caller: &Caller,
    arn: &str,
    function: &str,
) -> [(&'static str, Result<(), Error>); 6] {
    let now = Some(Duration::ZERO);
    let heartbeat = CallbackResult::Heartbeat;
    let (query, history) = (ExecutionQuery::new(function), HistoryQuery::new(arn));
    let read = caller.execution(arn, false).await.unwrap();
    let waited = caller.wait_for_execution(arn, now, |_| ()).await.unwrap();
    let seen = caller.execution_history(&history).await.unwrap();
    let stopped = caller.stop_execution(arn, None).await.unwrap();
    let listed = caller.list_executions(&query).await.unwrap();
    let answered = caller.complete_callback(Some(function), "Ab+/", &heartbeat);
    [
        ("arn", read.map(drop)),
        ("arn", waited.map(drop)),
        ("query.arn", seen.map(drop)),
        ("arn", stopped.map(drop)),
        ("query.function", listed.map(drop)),
        ("function", answered.await.unwrap()),
    ]
}

/// The policies of the sessions that STS issued.
fn policies(lambda: &LocalLambda) -> Vec<String> {
    let sessions = lambda.sessions().into_iter();
    sessions.flat_map(|session| session.policies).collect()
}

#[for_each_component]
#[tokio::test]
async fn calls_about_executions_share_a_session_for_their_function(component: Component) {
    let lambda = start(Some(SESSION_TOKEN), vec![]).await;
    let caller = caller(component, keys(), lambda.url()).with_scope(ScopeMode::Require);
    for function in [FUNCTION, &format!("{FUNCTION}:live")] {
        for (field, outcome) in outcomes(&caller, ARN, function).await {
            // No such execution exists.
            let error = outcome.err();
            let rejected = matches!(
                error,
                Some(Error::InvalidInput(_) | Error::Unauthenticated(_))
            );
            assert!(!rejected, "{field}: {error:?}");
        }
    }
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["lambda:InvokeFunction","lambda:GetDurableExecution","lambda:GetDurableExecutionHistory","lambda:ListDurableExecutionsByFunction","lambda:StopDurableExecution","lambda:SendDurableExecutionCallbackSuccess","lambda:SendDurableExecutionCallbackFailure","lambda:SendDurableExecutionCallbackHeartbeat"],"Resource":["{FUNCTION}","{FUNCTION}:*"]}}]}}"#
    );
    assert_eq!(policies(&lambda), [policy]);
    assert_eq!(caller.fallbacks(), []);
    let id = lambda.sessions().pop().unwrap().access_key_id;
    let mut requests = lambda.requests();
    requests.retain(|request| request.path_and_query != "/");
    assert!(requests.len() >= 12, "{}", requests.len());
    for request in requests {
        let authorization = request.header("authorization").unwrap();
        let signed = authorization.contains(&format!("Credential={id}/"));
        assert!(signed, "{}", request.path_and_query);
    }
}

#[for_each_component]
#[tokio::test]
async fn text_that_is_not_an_arn_is_rejected_without_a_key(component: Component) {
    let lambda = start(Some(SESSION_TOKEN), vec![]).await;
    for mode in [ScopeMode::Prefer, ScopeMode::Require] {
        let caller = caller(component, keys(), lambda.url()).with_scope(mode);
        for arn in ["", "echo", FUNCTION, "echo:1/durable-execution/n/i"] {
            let _case = case(format!("{mode:?} {arn}"));
            let outcomes = outcomes(&caller, arn, "not a name").await;
            assert_eq!(lambda.requests().len(), 0);
            for (field, outcome) in outcomes {
                let InvalidInput { field: seen, .. } = invalid_input(outcome);
                assert_eq!(seen, field);
            }
        }
    }
}

#[for_each_component]
#[tokio::test]
async fn callback_without_its_function_is_an_error_only_if_the_scope_is_required(
    component: Component,
) {
    let lambda = start(Some(SESSION_TOKEN), vec![]).await;
    let caller = caller(component, keys(), lambda.url());
    let heartbeat = CallbackResult::Heartbeat;
    let required = caller.clone().with_scope(ScopeMode::Require);
    let completed = required.complete_callback(None, "Ab+/", &heartbeat).await;
    let InvalidInput { field, message } = invalid_input(completed.unwrap());
    assert_eq!(field, "function");
    assert!(message.contains("pass the function"), "{message}");
    assert_eq!(lambda.requests().len(), 0);

    let _ = caller.complete_callback(None, "Ab+/", &heartbeat).await;
    assert_eq!(sts_requests(&lambda).len(), 0);
    let sent = lambda.requests().pop().unwrap();
    let authorization = sent.header("authorization").unwrap();
    assert!(authorization.contains("Credential=AKIDMARKED/"));

    // Nothing limits a key that is passed on.
    let signing = Credentials::SigningKey(todays_key(Some(SESSION_TOKEN)));
    let passed_on = self::caller(component, signing, lambda.url()).with_scope(ScopeMode::Require);
    let _ = passed_on.complete_callback(None, "Ab+/", &heartbeat).await;
    assert_eq!(lambda.requests().len(), 2);
}

/// Sessions of a role, and an execution that ends when enough of them were used.
#[derive(Default)]
struct Sessions {
    lasts: Duration,
    /// The sessions that Lambda must see before the execution ends.
    wanted: usize,
    /// Whether Lambda rejects the first session from its second request on.
    first_expires_early: bool,
    expiries: Vec<OffsetDateTime>,
    /// The number of requests with each session.
    requests: BTreeMap<usize, usize>,
}

impl Sessions {
    /// Starts STS and Lambda.
    async fn serve(self) -> (HttpServer, Arc<Mutex<Self>>) {
        let sessions = Arc::new(Mutex::new(self));
        let served = Arc::clone(&sessions);
        let server = HttpServer::start(move |request| {
            let answer = served.lock().unwrap().answer(&request);
            future::ready(Ok(answer.map(Full::from)))
        });
        (server.await, sessions)
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Response<String> {
        let answer = Response::builder().header("x-amzn-requestid", "r");
        if request.uri().path() == "/" {
            return answer.body(self.issue()).unwrap();
        }
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let (_, id) = authorization.split_once("Credential=ASIA").unwrap();
        let nth: usize = id.split_once('/').unwrap().0.parse().unwrap();
        let requests = self.requests.entry(nth).or_default();
        *requests += 1;
        let is_early = self.first_expires_early && nth == 0 && *requests > 1;
        if is_early || OffsetDateTime::now_utc() >= self.expiries[nth] {
            let expired = answer.header("x-amzn-errortype", "ExpiredTokenException");
            return expired.status(403).body("{}".to_owned()).unwrap();
        }
        let status = if self.requests.len() >= self.wanted {
            "SUCCEEDED"
        } else {
            "RUNNING"
        };
        let document = format!(
            r#"{{"DurableExecutionArn":"{ARN}","DurableExecutionName":"order-7","FunctionArn":"{FUNCTION}:1","StartTimestamp":1795780800,"Status":"{status}","Result":"7"}}"#
        );
        answer.body(document).unwrap()
    }

    fn issue(&mut self) -> String {
        let expires = OffsetDateTime::now_utc() + self.lasts;
        let expires = expires.replace_nanosecond(0).unwrap();
        let nth = self.expiries.len();
        self.expiries.push(expires);
        let expiration = expires.format(&Rfc3339).unwrap();
        format!(
            "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA{nth}</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{expiration}\
             </Expiration></Credentials><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser>\
             </AssumeRoleWithWebIdentityResult></R>"
        )
    }
}

/// Waits, and returns the statuses that were reported before the end.
async fn wait(caller: &Caller) -> (Result<Execution, Error>, Vec<ExecutionStatus>) {
    let mut reported = Vec::new();
    let seen = |execution: &Execution| reported.push(execution.status.clone());
    let waited = caller.wait_for_execution(ARN, None, seen).await.unwrap();
    (waited, reported)
}

#[for_each_component]
#[tokio::test]
async fn wait_outlives_its_sessions(component: Component) {
    let (server, sessions) = Sessions {
        lasts: Duration::from_secs(4),
        wanted: 3,
        ..Sessions::default()
    }
    .serve()
    .await;
    let caller = caller(component, web_identity(), server.url());
    let (waited, reported) = wait(&caller).await;
    let execution = waited.unwrap();
    assert!(matches!(execution.status, ExecutionStatus::Succeeded));
    assert_eq!(execution.output.as_deref(), Some("7"));
    assert_eq!(reported.len(), 2, "one status for each session before");
    let running = |status: &ExecutionStatus| matches!(status, ExecutionStatus::Running);
    assert!(reported.iter().all(running), "{reported:?}");
    let sessions = sessions.lock().unwrap();
    assert_eq!(sessions.expiries.len(), 3);
    assert_eq!(sessions.requests.len(), 3);
}

#[for_each_component]
#[tokio::test]
async fn wait_continues_with_another_session_if_lambda_rejects_one_early(component: Component) {
    let (server, sessions) = Sessions {
        lasts: Duration::from_secs(3_600),
        wanted: 2,
        first_expires_early: true,
        ..Sessions::default()
    }
    .serve()
    .await;
    let caller = caller(component, web_identity(), server.url());
    let (waited, reported) = wait(&caller).await;
    let execution = waited.unwrap();
    assert!(matches!(execution.status, ExecutionStatus::Succeeded));
    assert_eq!(reported.len(), 0, "the first session showed no status");
    assert_eq!(sessions.lock().unwrap().requests.len(), 2);
}

/// AWS's local runner, which SAM CLI starts, identifies an execution by two UUIDs.
#[for_each_component]
#[tokio::test]
async fn execution_of_an_emulator_is_waited_for_by_its_own_identifier(component: Component) {
    const ID: &str = "50517301-4a68-4ac2-9e5b-8a5a8b0b1c2d/4694f4b0-0000-4000-8000-000000000000";
    let polls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&polls);
    let server = HttpServer::start(move |request: Request<Bytes>| {
        let mut polls = seen.lock().unwrap();
        polls.push(request.headers().contains_key("authorization"));
        let status = if polls.len() < 2 { "RUNNING" } else { "SUCCEEDED" };
        let document = format!(
            r#"{{"DurableExecutionArn":"{ID}","DurableExecutionName":"n","StartTimestamp":1,"Status":"{status}","Result":"7"}}"#
        );
        future::ready(Ok(Response::new(Full::from(document))))
    })
    .await;
    let host = component.host().clone();
    let emulator = as_emulator(connection(keys(), server.url()));
    let sessions = SessionCache::default();
    let caller = Caller::new(host, emulator, "us-east-1", &[], sessions).unwrap();
    let waited = caller.wait_for_execution(ID, None, |_| ()).await;
    let execution = waited.unwrap().unwrap();
    assert!(matches!(execution.status, ExecutionStatus::Succeeded));
    assert_eq!(execution.output.as_deref(), Some("7"));
    assert_eq!(*polls.lock().unwrap(), [true, true, true]);
}
