//! Every fault at every point of a call: how often the function runs, and what the caller learns.
//! The tests run the component in a host over real sockets.

mod expected;
mod matrix_case;
mod report;

use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};
use aws_lambda_connector_host::outbound::OutboundOptions;
use local_lambda::Tls;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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
    let table = report::table(&all);
    println!("{table}");
    assert_eq!(unexpected_outcomes(&all), "");
    all.iter().for_each(assert_promises);
    report::compare_with_docs(&table);
}

/// This host's client does not trust private authorities, so TLS is left out. It reports a closed
/// connection as a protocol error, and it may lose a response that is followed by a reset. Neither
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
        if let (End::Transport(kind @ Kind::Malformed, _), Fault::Close | Fault::Reset) =
            (end, seen.fault)
        {
            *kind = Kind::CutOff;
        }
    }
    assert_eq!(unexpected_outcomes(&all), "");
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
        End::Other => panic!("an unexpected kind of error: {place}"),
    }
}
