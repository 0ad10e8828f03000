//! Every fault at every point of a call: how often the function runs or the request takes effect, and
//! what the caller learns.
//! The tests run the component in a host over real sockets.

mod answers;
mod execution;
mod expected;
mod matrix_case;
mod report;
mod streams;

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{ErrorCategory, Executed, TransportKind as Kind};
use aws_lambda_connector_host::outbound::OutboundOptions;
use local_lambda::Tls;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use answers::{ANSWERS, Answer, Meaning, Origin};
use execution::{Changed, Waiting};
use expected::{RULES, Rule};
use matrix_case::{Call, End, Outcome};
use streams::Way;
use testing::outcome::{assert_service, assert_transport, service};
use testing::proxy::{Fault, Point, Proxy};
use testing::{AnyHost, Component, connection, for_each_component, lambda_with};

/// Number of cases that run concurrently. Cases that only wait need no processor time and do not
/// count.
const CONCURRENCY: usize = 8;

/// A case's place in the matrix and its outcome.
struct Seen {
    point: Point,
    fault: Fault,
    call: Call,
    rule: Rule,
    outcome: Outcome,
}

fn reference_host(component: Component, trusted: &Tls) -> AnyHost {
    AnyHost::Reference(component.host_with_outbound(OutboundOptions {
        extra_roots: vec![trusted.root_certificate().clone()],
        ..OutboundOptions::default()
    }))
}

async fn run_all(host: AnyHost, tls: Tls, points: impl Fn(Point) -> bool) -> Vec<Seen> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for (point, rules) in RULES {
        for (fault, rule) in rules {
            for call in Call::all() {
                if rule.of(call).is_none() || !points(point) {
                    continue;
                }
                let (host, tls, permits) = (host.clone(), tls.clone(), Arc::clone(&permits));
                running.spawn(async move {
                    let _permit = match fault {
                        Fault::Stall => None,
                        _ => Some(permits.acquire().await),
                    };
                    Seen {
                        point,
                        fault,
                        call,
                        rule,
                        outcome: matrix_case::run(&host, &tls, point, fault, call).await,
                    }
                });
            }
        }
    }
    running.join_all().await
}

/// The cases whose outcome differs from the rules.
fn unexpected_outcomes(all: &[Seen]) -> String {
    let lines: Vec<String> = all
        .iter()
        .filter_map(|seen| {
            let expected = seen.rule.of(seen.call)?;
            (seen.outcome != expected).then(|| {
                format!(
                    "{:?}, {:?}, {:?}: {}, expected {expected}",
                    seen.point, seen.fault, seen.call, seen.outcome
                )
            })
        })
        .collect();
    lines.join("\n")
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point_has_its_documented_outcome(component: Component) {
    let tls = Tls::loopback().unwrap();
    let all = run_all(reference_host(component, &tls), tls, |_| true).await;
    let answered = run_answered(&AnyHost::Reference(component.host().clone())).await;
    let streamed = streams::run_all(
        &AnyHost::Reference(component.host().clone()),
        &[Way::Collected, Way::Live],
    )
    .await;
    let page = report::page(&all, &answered, &streamed);
    println!("{page}");
    assert_eq!(unexpected_outcomes(&all), "");
    assert_eq!(unexpected_answered(&answered), "");
    assert_eq!(streams::unexpected(&streamed), "");
    all.iter().for_each(assert_promises);
    answered.iter().for_each(assert_promises_of_answer);
    streamed.iter().for_each(streams::assert_promises);
    report::compare_with_docs(&page);
}

/// This host's client does not trust private authorities, so TLS is left out. It reports garbage
/// and a closed connection alike, and it may lose a response that is followed by a reset. Neither
/// may break a promise.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_hold_in_wasmtimes_own_host(component: Component) {
    let tls = Tls::loopback().unwrap();
    let mut all = run_all(AnyHost::plain(component), tls, |point| {
        point != Point::InTls
    })
    .await;
    all.iter().for_each(assert_promises);
    all.retain(|seen| {
        let lost = matches!(seen.fault, Fault::Reset | Fault::Garbage);
        !(lost && seen.point == Point::AnswerHead)
    });
    for seen in &mut all {
        let end = &mut seen.outcome.end;
        if let (
            End::Transport(kind @ Kind::CutOff, _),
            Fault::Garbage,
            Rule::Sent(_) | Rule::Ran(_),
        ) = (end, seen.fault, seen.rule)
        {
            *kind = Kind::Malformed;
        }
    }
    assert_eq!(unexpected_outcomes(&all), "");
    let mut answered = run_answered(&AnyHost::plain(component)).await;
    answered.iter().for_each(assert_promises_of_answer);
    // A complete JSON document is all that this host's client shows of a body without a length.
    answered.retain(|seen| seen.answer.meaning != Meaning::CutOff);
    assert_eq!(unexpected_answered(&answered), "");
    let mut streamed = streams::run_all(&AnyHost::plain(component), &[Way::Collected]).await;
    streamed.iter().for_each(streams::assert_promises);
    streamed.retain(|seen| seen.fault != streams::Fault::Reset);
    assert_eq!(streams::unexpected(&streamed), "");
}

/// The result may have arrived, so the caller's own repetition of it finds a closed callback. The error
/// then names what that can mean.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn result_repeated_after_an_unknown_outcome_is_explained(component: Component) {
    let host = AnyHost::Reference(component.host().clone());
    let lambda = lambda_with(|config| config.invisible_reads = 0).await;
    let waiting = Waiting::start(&host, &lambda).await;
    let proxy = Proxy::start(lambda.addr(), Point::WholeRequest, Fault::Close);
    let proxy = proxy.await.unwrap();
    let connection = connection(lambda.key(), format!("http://{}", proxy.addr()));

    let sent = waiting.change(&host, &connection, Call::Succeed).await;
    assert_transport(sent, Kind::CutOff, Executed::Unknown, 1);
    for again in [Call::Succeed, Call::Heartbeat] {
        let error = service(waiting.change(&host, &connection, again).await);
        assert_eq!(error.code, "CallbackTimeoutException");
        assert_service(&error, ErrorCategory::Conflict, Executed::No, 1);
        assert!(!error.retryable);
        let hint = error.hint.unwrap();
        for part in ["expired", "already closed", "earlier attempt", "unknown"] {
            assert!(hint.contains(part), "{hint}");
        }
    }
    // A stop can be repeated, and reports when the execution ended.
    let stopped = waiting.change(&host, &connection, Call::Stop).await;
    assert!(matches!(stopped, Ok(Changed::Stopped(_))));
    let addr = proxy.addr();
    proxy.end().await;
    assert_eq!(execution::requests(&lambda, addr), 4);
}

/// Promises that hold regardless of the rules.
fn assert_promises(seen: &Seen) {
    let Outcome { effects, end, .. } = seen.outcome;
    let place = format!("{:?}, {:?}, {:?}", seen.point, seen.fault, seen.call);
    let may_run_twice = matches!(seen.call, Call::Idempotent | Call::IdempotentEvent);
    assert!(
        effects <= 1 || may_run_twice,
        "an accidental second run: {place}"
    );
    let dry = matches!(seen.call, Call::DryRun | Call::IdempotentDryRun);
    match end {
        End::Invoked(_) | End::Changed => assert!(effects >= 1 || dry, "a false success: {place}"),
        End::Transport(_, Executed::No) => assert_eq!(effects, 0, "a false `no`: {place}"),
        End::Transport(_, Executed::Yes) => assert_eq!(effects, 1, "a false `yes`: {place}"),
        End::Transport(_, Executed::Unknown) => {
            assert!(!dry, "a dry run with unknown execution: {place}")
        }
        End::Service(_) | End::FunctionFailed | End::Other => {
            panic!("an unexpected kind of error: {place}")
        }
    }
}

/// An answer, the call, and the outcome.
struct Answered {
    answer: &'static Answer,
    call: Call,
    outcome: Outcome,
}

async fn run_answered(host: &AnyHost) -> Vec<Answered> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for answer in &ANSWERS {
        for call in Call::all() {
            let (host, permits) = (host.clone(), Arc::clone(&permits));
            running.spawn(async move {
                let _permit = permits.acquire().await;
                Answered {
                    answer,
                    call,
                    outcome: matrix_case::run_answered(&host, answer, call).await,
                }
            });
        }
    }
    running.join_all().await
}

fn unexpected_answered(all: &[Answered]) -> String {
    let unexpected = all.iter().filter_map(|seen| {
        let expected = seen.answer.expected(seen.call);
        (seen.outcome != expected).then(|| {
            let Answer { origin, name, .. } = seen.answer;
            let outcome = seen.outcome;
            format!(
                "{origin}, {name}, {:?}: {outcome}, expected {expected}",
                seen.call
            )
        })
    });
    unexpected.collect::<Vec<_>>().join("\n")
}

/// Promises that hold regardless of who answered.
fn assert_promises_of_answer(seen: &Answered) {
    let Outcome {
        effects,
        attempts,
        end,
    } = seen.outcome;
    let Answer { origin, name, .. } = seen.answer;
    let place = format!("{origin}, {name}, {:?}", seen.call);
    assert!(
        effects <= 1 || seen.call.idempotent(),
        "an accidental second run: {place}"
    );
    let evidence = matches!(origin, Origin::Lambda | Origin::Emulator);
    match end {
        End::Invoked(_) | End::Changed => {
            assert!(
                evidence || attempts > 1,
                "a success without evidence: {place}"
            );
            assert!(
                effects >= 1 || seen.call.is_dry(),
                "a false success: {place}"
            );
        }
        End::FunctionFailed => assert!(evidence && effects >= 1, "a false failure: {place}"),
        End::Transport(_, Executed::No) | End::Service(Executed::No) => {
            assert_eq!(effects, 0, "a false `no`: {place}");
        }
        End::Transport(_, Executed::Yes) | End::Service(Executed::Yes) => {
            assert!(evidence && effects == 1, "a false `yes`: {place}");
        }
        End::Transport(_, Executed::Unknown) | End::Service(Executed::Unknown) => {}
        End::Other => panic!("an unexpected kind of error: {place}"),
    }
}
