//! Many calls at once in one instance of the component for WASI 0.3. The server answers nobody
//! before all have arrived: were any two not at once, none would end.

use std::path::Path;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Endpoint, Error, ErrorCategory, Executed, Invocation,
    Payload, TransportKind,
};
use aws_lambda_connector_host::host::{Answer, Host};
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{HostError, Options, SharedInstance};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use local_lambda::{Config, LocalLambda};
use tokio::task::JoinHandle;

use testing::gate::{Arrived, Gate};

/// An instance that may reach these URLs, and what calls in it.
#[derive(Clone)]
struct One {
    host: Host,
    instance: SharedInstance,
}

impl One {
    async fn reaching(urls: &[String], options: Options) -> Self {
        let host = Host::new(Path::new(testing::P3), options).unwrap();
        let policy = urls
            .iter()
            .fold(Policy::deny_all(), |policy, url| policy.allow(url).unwrap());
        let instance = host.share(&Arc::new(policy)).await.unwrap();
        Self { host, instance }
    }

    async fn invoke(&self, connection: Connection, request: InvokeRequest) -> Answer<Invocation> {
        let invoke = self.host.exports().invoke;
        self.instance.call(invoke, (connection, request)).await
    }

    fn begin(
        &self,
        connection: Connection,
        request: InvokeRequest,
    ) -> JoinHandle<Answer<Invocation>> {
        let one = self.clone();
        tokio::spawn(async move { one.invoke(connection, request).await })
    }
}

/// Says what arrived, and acts by the function's name.
fn by_name(arrived: &Arrived) -> Option<Response<Full<Bytes>>> {
    let Arrived {
        function,
        authorization,
        body,
    } = arrived;
    let key = authorization
        .split_once("Credential=")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(key, _)| key);
    let answer = Response::builder();
    let (answer, text) = match function.split('-').next()? {
        "broken" => return None,
        "failing" => (
            answer.header("x-amz-function-error", "Unhandled"),
            format!(r#"{{"errorType":"Sad","errorMessage":"{function} {body}"}}"#),
        ),
        "forbidden" => (
            answer
                .status(403)
                .header("x-amzn-errortype", "AccessDeniedException"),
            format!(r#"{{"Message":"{function} {body}"}}"#),
        ),
        _ => (answer, format!(r#"["{function}","{key}",{body}]"#)),
    };
    Some(answer.body(Full::from(text)).unwrap())
}

fn connection(url: String, key_id: &str) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: key_id.to_owned(),
            secret_access_key: format!("secret/of+{key_id}"),
            session_token: None,
        }),
        endpoint: Some(Endpoint::Url(url)),
    }
}

fn text(answer: Answer<Invocation>) -> String {
    match answer.unwrap().unwrap().output {
        Some(Payload::Text(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_at_once_each_get_their_own_answer() {
    let gate = Gate::start(by_name).await;
    let one = One::reaching(&[gate.url()], Options::default()).await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let connection = connection(gate.url(), &format!("AKID{n}"));
            one.begin(
                connection,
                testing::request(&format!("f-{n}"), n.to_string()),
            )
        })
        .collect();
    gate.waiting(100).await;
    gate.open();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = text(call.await.unwrap());
        assert_eq!(answer, format!(r#"["f-{n}","AKID{n}",{n}]"#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_fail_among_them_disturb_no_other() {
    let gate = Gate::start(by_name).await;
    let one = One::reaching(&[gate.url()], Options::default()).await;
    let begin = |function: String, url: String, n: usize| {
        let call = testing::request(&function, n.to_string());
        one.begin(connection(url, "AKID"), call)
    };
    let kinds = ["f", "failing", "forbidden", "broken"];
    let calls: Vec<_> = (0..40)
        .map(|n| begin(format!("{}-{n}", kinds[n % 4]), gate.url(), n))
        .collect();
    gate.waiting(40).await;

    // These end while the others wait.
    let denied = begin("f".to_owned(), "http://127.0.0.1:9".to_owned(), 0);
    match denied.await.unwrap().unwrap() {
        Err(Error::Transport(error)) => assert_eq!(
            (error.kind, error.executed),
            (TransportKind::Denied, Executed::No)
        ),
        other => panic!("{other:?}"),
    }
    let invalid = begin("no such name".to_owned(), gate.url(), 0);
    match invalid.await.unwrap().unwrap() {
        Err(Error::InvalidInput(input)) => assert_eq!(input.field, "request.function"),
        other => panic!("{other:?}"),
    }

    gate.open();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        match kinds[n % 4] {
            "f" => assert_eq!(text(answer), format!(r#"["f-{n}","AKID",{n}]"#)),
            "failing" => match answer.unwrap() {
                Err(Error::FunctionFailed(failed)) => assert_eq!(
                    failed.failure.error_message.unwrap(),
                    format!("failing-{n} {n}")
                ),
                other => panic!("{other:?}"),
            },
            "forbidden" => match answer.unwrap() {
                Err(Error::Service(error)) => assert_eq!(
                    (error.category, error.message),
                    (ErrorCategory::AccessDenied, format!("forbidden-{n} {n}"))
                ),
                other => panic!("{other:?}"),
            },
            _ => match answer.unwrap() {
                Err(Error::Transport(error)) => assert_eq!(
                    (error.kind, error.executed, error.attempts),
                    (TransportKind::CutOff, Executed::Unknown, 1)
                ),
                other => panic!("{other:?}"),
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_ends_no_other() {
    let gate = Gate::start(by_name).await;
    let one = One::reaching(&[gate.url()], Options::default()).await;
    let mut calls: Vec<_> = (0..10)
        .map(|n| {
            let call = testing::request(&format!("f-{n}"), n.to_string());
            one.begin(connection(gate.url(), "AKID"), call)
        })
        .collect();
    gate.waiting(10).await;
    for call in calls.drain(..5) {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    gate.open();
    for (n, call) in (5..).zip(calls) {
        let answer = text(call.await.unwrap());
        assert_eq!(answer, format!(r#"["f-{n}","AKID",{n}]"#));
    }
    let later = testing::request("f-later", "0");
    let answer = text(one.invoke(connection(gate.url(), "AKID"), later).await);
    assert_eq!(answer, r#"["f-later","AKID",0]"#);
}

/// Each of them holds its event until it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_at_once_than_fits_ends_the_instance_and_names_the_limit() {
    const LIMIT: usize = 4 << 20;
    let gate = Gate::start(by_name).await;
    let options = Options {
        memory_limit: LIMIT,
        ..Options::default()
    };
    let one = One::reaching(&[gate.url()], options).await;
    let event = format!("\"{}\"", "x".repeat(1 << 20));
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..10 {
        let (one, connection) = (one.clone(), connection(gate.url(), "AKID"));
        let call = testing::request(&format!("f-{n}"), event.clone());
        calls.spawn(async move { one.invoke(connection, call).await });
    }
    let later = testing::request("f", "0");
    let ended = calls.join_all().await;
    let after = one
        .invoke(connection(gate.url(), "AKID"), later.clone())
        .await;
    for answer in ended.into_iter().chain([after]) {
        assert!(
            matches!(answer, Err(HostError::MemoryLimit { limit: LIMIT })),
            "{answer:?}"
        );
    }

    // Another instance is none the wiser.
    gate.open();
    let again = One {
        instance: one
            .host
            .share(&Arc::new(Policy::deny_all().allow(&gate.url()).unwrap()))
            .await
            .unwrap(),
        host: one.host,
    };
    let answer = again.invoke(connection(gate.url(), "AKID"), later).await;
    assert_eq!(text(answer), r#"["f","AKID",0]"#);
}

/// What a call left behind would add up: with so little memory, to more than there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_one_after_the_other_need_the_memory_of_one() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let options = Options {
        memory_limit: 512 << 10,
        ..Options::default()
    };
    let one = One::reaching(&[lambda.url()], options).await;
    let connection = testing::connection(lambda.key(), lambda.url());
    let event = format!("\"{}\"", "x".repeat(20_000));
    for n in 0..1_000 {
        let function = ["echo", "fail", "missing"][n % 3];
        let request = testing::request(function, event.clone());
        let answer = one.invoke(connection.clone(), request).await.unwrap();
        match (n % 3, answer) {
            (0, Ok(invocation)) => assert_eq!(
                invocation.output.map(|output| match output {
                    Payload::Text(text) => text,
                    Payload::Binary(_) => String::new(),
                }),
                Some(event.clone()),
                "{n}"
            ),
            (1, Err(Error::FunctionFailed(_))) | (2, Err(Error::Service(_))) => {}
            (_, other) => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(lambda.requests().len(), 1_000);
}

/// The component for WASI 0.2 and the one for 0.3, in one process, against one service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_components_at_once() {
    let gate = Gate::start(by_name).await;
    let policy = Arc::new(Policy::deny_all().allow(&gate.url()).unwrap());
    let one = One::reaching(&[gate.url()], Options::default()).await;
    let fresh = Host::new(Path::new(testing::P2), Options::default()).unwrap();
    let connection = connection(gate.url(), "AKID");
    let calls: Vec<_> = (0..10)
        .map(|n| {
            let (fresh, policy, connection) = (fresh.clone(), policy.clone(), connection.clone());
            let request = testing::request(&format!("f-{n}"), n.to_string());
            match n % 2 {
                0 => one.begin(connection, request),
                _ => {
                    tokio::spawn(async move { fresh.invoke(&policy, &connection, &request).await })
                }
            }
        })
        .collect();
    gate.waiting(10).await;
    gate.open();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = text(call.await.unwrap());
        assert_eq!(answer, format!(r#"["f-{n}","AKID",{n}]"#));
    }
}
