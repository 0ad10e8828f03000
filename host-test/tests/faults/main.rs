//! Every fault at every point of a call: how often the function runs, and what the caller learns.
//! The tests run the component in a host over real sockets.

mod answers;
mod expected;
mod matrix_case;
mod report;

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};
use aws_lambda_connector_host::outbound::OutboundOptions;
use local_lambda::Tls;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use answers::{ANSWERS, Answer, Meaning, Origin};
use expected::{RULES, Rule};
use matrix_case::{Caller, End, Outcome};
use testing::proxy::{Fault, Point};
use testing::{AnyHost, Component, for_each_component};

/// Number of cases that run concurrently. Cases that only wait need no processor time and do not
/// count.
const CONCURRENCY: usize = 8;

/// A case's place in the matrix and its outcome.
struct Seen {
    point: Point,
    fault: Fault,
    caller: Caller,
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
            for caller in Caller::ALL {
                if rule.of(caller).is_none() || !points(point) {
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
                        caller,
                        rule,
                        outcome: matrix_case::run(&host, &tls, point, fault, caller).await,
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
            let expected = seen.rule.of(seen.caller)?;
            (seen.outcome != expected).then(|| {
                format!(
                    "{:?}, {:?}, {:?}: {}, expected {expected}",
                    seen.point, seen.fault, seen.caller, seen.outcome
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
    let page = report::page(&all, &answered);
    println!("{page}");
    assert_eq!(unexpected_outcomes(&all), "");
    assert_eq!(unexpected_answered(&answered), "");
    all.iter().for_each(assert_promises);
    answered.iter().for_each(assert_promises_of_answer);
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
}

/// Promises that hold regardless of the rules.
fn assert_promises(seen: &Seen) {
    let Outcome { runs, end, .. } = seen.outcome;
    let place = format!("{:?}, {:?}, {:?}", seen.point, seen.fault, seen.caller);
    let may_run_twice = matches!(seen.caller, Caller::Idempotent | Caller::IdempotentEvent);
    assert!(
        runs <= 1 || may_run_twice,
        "an accidental second run: {place}"
    );
    let dry = matches!(seen.caller, Caller::DryRun | Caller::IdempotentDryRun);
    match end {
        End::Success(_) => assert!(runs >= 1 || dry, "a false success: {place}"),
        End::Transport(_, Executed::No) => assert_eq!(runs, 0, "a false `no`: {place}"),
        End::Transport(_, Executed::Yes) => assert_eq!(runs, 1, "a false `yes`: {place}"),
        End::Transport(_, Executed::Unknown) => {
            assert!(!dry, "a dry run with unknown execution: {place}")
        }
        End::Service(_) | End::FunctionFailed | End::Other => {
            panic!("an unexpected kind of error: {place}")
        }
    }
}

/// An answer, how the function was invoked, and the outcome.
struct Answered {
    answer: &'static Answer,
    caller: Caller,
    outcome: Outcome,
}

async fn run_answered(host: &AnyHost) -> Vec<Answered> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for answer in &ANSWERS {
        for caller in Caller::ALL {
            let (host, permits) = (host.clone(), Arc::clone(&permits));
            running.spawn(async move {
                let _permit = permits.acquire().await;
                Answered {
                    answer,
                    caller,
                    outcome: matrix_case::run_answered(&host, answer, caller).await,
                }
            });
        }
    }
    running.join_all().await
}

fn unexpected_answered(all: &[Answered]) -> String {
    let unexpected = all.iter().filter_map(|seen| {
        let expected = seen.answer.expected(seen.caller);
        (seen.outcome != expected).then(|| {
            let Answer { origin, name, .. } = seen.answer;
            let outcome = seen.outcome;
            format!(
                "{origin}, {name}, {:?}: {outcome}, expected {expected}",
                seen.caller
            )
        })
    });
    unexpected.collect::<Vec<_>>().join("\n")
}

/// Promises that hold regardless of who answered.
fn assert_promises_of_answer(seen: &Answered) {
    let Outcome {
        runs,
        attempts,
        end,
    } = seen.outcome;
    let Answer { origin, name, .. } = seen.answer;
    let place = format!("{origin}, {name}, {:?}", seen.caller);
    assert!(
        runs <= 1 || seen.caller.idempotent(),
        "an accidental second run: {place}"
    );
    let evidence = matches!(origin, Origin::Lambda | Origin::Emulator);
    match end {
        End::Success(_) => {
            assert!(
                evidence || attempts > 1,
                "a success without evidence: {place}"
            );
            assert!(
                runs >= 1 || seen.caller.is_dry(),
                "a false success: {place}"
            );
        }
        End::FunctionFailed => assert!(evidence && runs >= 1, "a false failure: {place}"),
        End::Transport(_, Executed::No) | End::Service(Executed::No) => {
            assert_eq!(runs, 0, "a false `no`: {place}");
        }
        End::Transport(_, Executed::Yes) | End::Service(Executed::Yes) => {
            assert!(evidence && runs == 1, "a false `yes`: {place}");
        }
        End::Transport(_, Executed::Unknown) | End::Service(Executed::Unknown) => {}
        End::Other => panic!("an unexpected kind of error: {place}"),
    }
}
