//! Many concurrent calls in one instance of the component for WASI 0.3. The server holds its
//! responses until all calls have arrived, so a test hangs if any two calls are serialized.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    Connection, Error, ErrorCategory, Executed, Invocation, TransportKind,
};
use aws_lambda_connector_host::host::{CallResult, Host};
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{HostError, Options, SharedInstance};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use local_lambda::Key;
use testing::barrier::{Arrived, Barrier};
use testing::http1::HttpServer;
use testing::{Component, lambda, only, outcome};
use tokio::task::JoinHandle;

/// One shared instance that may reach these URLs, and the host that calls it.
#[derive(Clone)]
struct Shared {
    host: Host,
    instance: SharedInstance,
}

impl Shared {
    async fn allowing(urls: &[String], options: Options) -> Self {
        let host = Component::Wasi03.host_with(options);
        let policy = urls
            .iter()
            .fold(Policy::deny_all(), |policy, url| policy.allow(url).unwrap());
        let instance = host.share(&Arc::new(policy)).await.unwrap();
        Self { host, instance }
    }

    async fn invoke(
        &self,
        connection: Connection,
        request: InvokeRequest,
    ) -> CallResult<Invocation> {
        let invoke = self.host.exports().invoke;
        self.instance.call(invoke, (connection, request)).await
    }

    fn begin(
        &self,
        connection: Connection,
        request: InvokeRequest,
    ) -> JoinHandle<CallResult<Invocation>> {
        let shared = self.clone();
        tokio::spawn(async move { shared.invoke(connection, request).await })
    }
}

/// Echoes the request. The function's name selects the behaviour.
fn answer_by_name(arrived: &Arrived) -> Option<Response<Full<Bytes>>> {
    let Arrived {
        function,
        authorization,
        body,
    } = arrived;
    let key = authorization
        .split_once("Credential=")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(key, _)| key);
    let answer = Response::builder().header("x-amzn-requestid", "3a53bd2c");
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
    let key = Key {
        access_key_id: key_id.to_owned(),
        secret_access_key: format!("secret/of+{key_id}"),
        ..Key::default()
    };
    testing::connection(&key, url)
}

/// The `n`th call of a test to this function.
fn numbered(function: &str, n: usize) -> InvokeRequest {
    testing::request(&format!("{function}-{n}"), n.to_string())
}

/// Asserts that each call gets the answer to its own number, counted from `first`.
async fn assert_own_answers(calls: Vec<JoinHandle<CallResult<Invocation>>>, first: usize) {
    for (n, call) in (first..).zip(calls) {
        let answer = text(call.await.unwrap());
        assert_eq!(answer, format!(r#"["f-{n}","AKID",{n}]"#));
    }
}

fn text(answer: CallResult<Invocation>) -> String {
    outcome::text(answer.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_concurrent_calls_get_their_own_responses() {
    let barrier = Barrier::start(answer_by_name).await;
    let shared = Shared::allowing(&[barrier.url()], Options::default()).await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let connection = connection(barrier.url(), &format!("AKID{n}"));
            shared.begin(connection, numbered("f", n))
        })
        .collect();
    barrier.waiting(100).await;
    barrier.open();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = text(call.await.unwrap());
        assert_eq!(answer, format!(r#"["f-{n}","AKID{n}",{n}]"#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_calls_do_not_disturb_the_others() {
    let barrier = Barrier::start(answer_by_name).await;
    let shared = Shared::allowing(&[barrier.url()], Options::default()).await;
    let begin = |function: &str, url: String, n: usize| {
        shared.begin(connection(url, "AKID"), numbered(function, n))
    };
    let kinds = ["f", "failing", "forbidden", "broken"];
    let calls: Vec<_> = (0..40)
        .map(|n| begin(kinds[n % 4], barrier.url(), n))
        .collect();
    barrier.waiting(40).await;

    // These calls end while the others wait.
    let denied = begin("f", "http://127.0.0.1:9".to_owned(), 0);
    let denied = denied.await.unwrap().unwrap();
    outcome::assert_transport(denied, TransportKind::Denied, Executed::No, 1);
    let invalid = begin("no such name", barrier.url(), 0);
    let error = outcome::invalid_input(invalid.await.unwrap().unwrap());
    assert_eq!(error.field, "request.function");

    barrier.open();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        match kinds[n % 4] {
            "f" => assert_eq!(text(answer), format!(r#"["f-{n}","AKID",{n}]"#)),
            "failing" => {
                let failure = outcome::function_failed(answer.unwrap()).failure;
                let message = format!("failing-{n} {n}");
                assert_eq!(failure.error_message, Some(message));
            }
            "forbidden" => {
                let error = outcome::service(answer.unwrap());
                assert_eq!(error.category, ErrorCategory::AccessDenied);
                assert_eq!(error.message, format!("forbidden-{n} {n}"));
            }
            _ => {
                let (kind, executed) = (TransportKind::CutOff, Executed::Unknown);
                outcome::assert_transport(answer.unwrap(), kind, executed, 1);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_call_does_not_end_the_others() {
    let barrier = Barrier::start(answer_by_name).await;
    let shared = Shared::allowing(&[barrier.url()], Options::default()).await;
    let mut calls: Vec<_> = (0..10)
        .map(|n| shared.begin(connection(barrier.url(), "AKID"), numbered("f", n)))
        .collect();
    barrier.waiting(10).await;
    for call in calls.drain(..5) {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    barrier.open();
    assert_own_answers(calls, 5).await;
    let later = testing::request("f-later", "0");
    let answer = text(
        shared
            .invoke(connection(barrier.url(), "AKID"), later)
            .await,
    );
    assert_eq!(answer, r#"["f-later","AKID",0]"#);
}

/// Each call holds its event in memory until it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceeded_memory_limit_ends_the_instance_and_is_named() {
    const LIMIT: usize = 4 << 20;
    let barrier = Barrier::start(answer_by_name).await;
    let options = Options {
        memory_limit: LIMIT,
        ..Options::default()
    };
    let shared = Shared::allowing(&[barrier.url()], options).await;
    let event = format!("\"{}\"", "x".repeat(1 << 20));
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..10 {
        let (shared, connection) = (shared.clone(), connection(barrier.url(), "AKID"));
        let call = testing::request(&format!("f-{n}"), event.clone());
        calls.spawn(async move { shared.invoke(connection, call).await });
    }
    let (connection, later) = (connection(barrier.url(), "AKID"), numbered("f", 0));
    let mut ended = calls.join_all().await;
    ended.push(shared.invoke(connection.clone(), later.clone()).await);
    for answer in ended {
        let limited = matches!(answer, Err(HostError::MemoryLimit { limit: LIMIT }));
        assert!(limited, "{answer:?}");
    }

    // A new instance is not affected.
    barrier.open();
    let again = Shared {
        instance: shared.host.share(&only(&barrier.url())).await.unwrap(),
        host: shared.host,
    };
    let answer = again.invoke(connection, later).await;
    assert_eq!(text(answer), r#"["f-0","AKID",0]"#);
}

/// The code that wit-bindgen 0.60 to 0.63 generates for an async export does not free the record in which
/// the host passes the parameters, 240 bytes. With this little memory, 20 bytes more per call would
/// exceed the limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_sequential_calls_leave_only_the_records_of_their_parameters() {
    let lambda = lambda().await;
    let options = Options {
        memory_limit: 576 << 10,
        ..Options::default()
    };
    let shared = Shared::allowing(&[lambda.url()], options).await;
    let connection = testing::connection_to(&lambda);
    let event = format!("\"{}\"", "x".repeat(20_000));
    for n in 0..1_000 {
        let function = ["echo", "fail", "missing"][n % 3];
        let request = testing::request(function, event.clone());
        let answer = shared.invoke(connection.clone(), request).await.unwrap();
        match (n % 3, answer) {
            (0, Ok(invocation)) => assert_eq!(outcome::text(Ok(invocation)), event, "{n}"),
            (1, Err(Error::FunctionFailed(_))) | (2, Err(Error::Service(_))) => {}
            (_, other) => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(lambda.requests().len(), 1_000);
}

/// Both components run in one process against one service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_components_run_concurrently_in_one_process() {
    let barrier = Barrier::start(answer_by_name).await;
    let policy = only(&barrier.url());
    let shared = Shared::allowing(&[barrier.url()], Options::default()).await;
    let fresh = Component::Wasi02.host();
    let connection = connection(barrier.url(), "AKID");
    let calls: Vec<_> = (0..10)
        .map(|n| {
            let (policy, connection) = (policy.clone(), connection.clone());
            let request = numbered("f", n);
            match n % 2 {
                0 => shared.begin(connection, request),
                _ => {
                    tokio::spawn(async move { fresh.invoke(&policy, &connection, &request).await })
                }
            }
        })
        .collect();
    barrier.waiting(10).await;
    barrier.open();
    assert_own_answers(calls, 0).await;
}

/// Admits this many calls at a time.
fn admitting(calls_per_instance: u32) -> Options {
    Options {
        calls_per_instance,
        ..Options::default()
    }
}

/// The requests that a server received, and how many it was answering at the same time.
#[derive(Default)]
struct Seen {
    order: Vec<String>,
    now: usize,
    most: usize,
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_in_order_of_arrival() {
    const CALLS: usize = 50;
    for limit in [1, 3] {
        let seen = Arc::<Mutex<Seen>>::default();
        let seeing = Arc::clone(&seen);
        let server = HttpServer::start(move |request| {
            let seen = Arc::clone(&seeing);
            async move {
                {
                    let mut seen = seen.lock().unwrap();
                    let event = String::from_utf8(request.body().to_vec()).unwrap();
                    seen.order.push(event);
                    seen.now += 1;
                    seen.most = seen.most.max(seen.now);
                }
                // Any other call that was admitted gets the time to arrive.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                seen.lock().unwrap().now -= 1;
                let answer = Response::builder().header("content-type", "application/json");
                let answer = answer.header("x-amzn-requestid", "r");
                Ok(answer.body(Full::from("7")).unwrap())
            }
        })
        .await;
        let shared = Shared::allowing(&[server.url()], admitting(limit)).await;
        let calls: Vec<_> = (0..CALLS)
            .map(|n| shared.begin(connection(server.url(), "AKID"), numbered("f", n)))
            .collect();
        for call in calls {
            assert_eq!(text(call.await.unwrap()), "7");
        }
        let seen = seen.lock().unwrap();
        assert!(seen.most <= limit as usize, "{} at a time", seen.most);
        assert_eq!(seen.order.len(), CALLS);
        if limit == 1 {
            let arrivals: Vec<String> = (0..CALLS).map(|n| n.to_string()).collect();
            assert_eq!(seen.order, arrivals);
        }
    }
}

/// All of them together need twice the memory of the instance.
#[tokio::test]
async fn limited_calls_fit_into_memory_that_all_together_exceed() {
    let lambda = lambda().await;
    let options = Options {
        memory_limit: 6 << 20,
        ..admitting(1)
    };
    let shared = Shared::allowing(&[lambda.url()], options).await;
    let event = format!("\"{}\"", "x".repeat(1 << 20));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let request = testing::request("echo", event.clone());
            shared.begin(testing::connection_to(&lambda), request)
        })
        .collect();
    for call in calls {
        assert!(text(call.await.unwrap()) == event);
    }
}

#[tokio::test]
async fn dropped_call_leaves_the_queue_and_is_never_sent() {
    let barrier = Barrier::start(answer_by_name).await;
    let shared = Shared::allowing(&[barrier.url()], admitting(1)).await;
    let begin = |n| shared.begin(connection(barrier.url(), "AKID"), numbered("f", n));
    let running = begin(0);
    barrier.waiting(1).await;
    let dropped: Vec<_> = (1..5).map(begin).collect();
    let last = begin(5);
    // On a single thread, all of them are in the queue after this.
    tokio::task::yield_now().await;
    for call in dropped {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    barrier.open();
    assert_eq!(text(running.await.unwrap()), r#"["f-0","AKID",0]"#);
    assert_eq!(text(last.await.unwrap()), r#"["f-5","AKID",5]"#);
    barrier.waiting(2).await;
}

#[tokio::test]
async fn call_that_is_not_admitted_in_time_fails_without_a_request() {
    const WAIT: Duration = Duration::from_millis(30);
    let barrier = Barrier::start(answer_by_name).await;
    let options = Options {
        admission_timeout: WAIT,
        ..admitting(1)
    };
    let shared = Shared::allowing(&[barrier.url()], options).await;
    let begin = |n| shared.begin(connection(barrier.url(), "AKID"), numbered("f", n));
    let running = begin(0);
    barrier.waiting(1).await;
    match begin(1).await.unwrap() {
        Err(HostError::NotAdmitted { limit: WAIT }) => {}
        other => panic!("{other:?}"),
    }
    barrier.open();
    assert_eq!(text(running.await.unwrap()), r#"["f-0","AKID",0]"#);
    barrier.waiting(1).await;
}

/// A call whose caller gave up still runs in the instance, so it still counts.
#[tokio::test]
async fn abandoned_call_keeps_its_place_until_it_ends() {
    let barrier = Barrier::start(answer_by_name).await;
    let shared = Shared::allowing(&[barrier.url()], admitting(1)).await;
    let begin = |n| shared.begin(connection(barrier.url(), "AKID"), numbered("f", n));
    let abandoned = begin(0);
    barrier.waiting(1).await;
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    let next = begin(1);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    barrier.waiting(1).await;
    barrier.open();
    assert_eq!(text(next.await.unwrap()), r#"["f-1","AKID",1]"#);
}

/// wasmtime starts a new call before it resumes one that has yielded, so a steady supply of new
/// calls could keep an old one from finishing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steady_supply_of_new_calls_does_not_starve_an_old_one() {
    const CALLS: usize = 3_000;
    const IN_FLIGHT: usize = 100;
    let lambda = lambda().await;
    let shared = Shared::allowing(&[lambda.url()], admitting(IN_FLIGHT as u32)).await;
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (shared, connection) = (shared.clone(), testing::connection_to(&lambda));
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        callers.spawn(async move {
            let mut most = 0;
            while begun.fetch_add(1, Ordering::Relaxed) < CALLS {
                let before = ended.load(Ordering::Relaxed);
                let answer = shared.invoke(connection.clone(), testing::request("echo", "7"));
                assert_eq!(text(answer.await), "7");
                most = most.max(ended.fetch_add(1, Ordering::Relaxed) - before);
            }
            most
        });
    }
    let overtaken = callers.join_all().await.into_iter().max();
    assert!(overtaken < Some(10 * IN_FLIGHT), "{overtaken:?}");
}
