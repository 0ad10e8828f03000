//! Every way in which a call can break, at every point: how often the function runs, and what the
//! caller is told. Through the component, in the host, over sockets.

mod cell;
mod expected;
mod report;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};
use aws_lambda_connector_host::outbound::OutboundOptions;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::Tls;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use cell::{Caller, End, Outcome};
use expected::{RULES, Rule};
use testing::AnyHost;
use testing::proxy::{Fault, Point};
use testing::stock::Stock;

/// Cells at once. Silence costs no processor time and does not count.
const AT_ONCE: usize = 8;

/// One cell's place, and what came of it.
struct Seen {
    point: Point,
    fault: Fault,
    caller: Caller,
    rule: Rule,
    outcome: Outcome,
}

fn reference_host(component: &str, trusted: &Tls) -> AnyHost {
    AnyHost::reference(
        component,
        Options {
            outbound: OutboundOptions {
                extra_roots: vec![trusted.root_certificate().clone()],
                ..OutboundOptions::default()
            },
            ..Options::default()
        },
    )
}

async fn run_all(host: AnyHost, tls: Tls, points: impl Fn(Point) -> bool) -> Vec<Seen> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (point, rules) in RULES {
        for (fault, rule) in rules {
            for caller in Caller::ALL {
                if rule.of(caller).is_none() || !points(point) {
                    continue;
                }
                let (host, tls, places) = (host.clone(), tls.clone(), Arc::clone(&places));
                running.spawn(async move {
                    let _place = match fault {
                        Fault::Stall => None,
                        _ => Some(places.acquire().await),
                    };
                    Seen {
                        point,
                        fault,
                        caller,
                        rule,
                        outcome: cell::run(&host, &tls, point, fault, caller).await,
                    }
                });
            }
        }
    }
    running.join_all().await
}

/// The cells where something else came out than the rules say.
fn surprises(all: &[Seen]) -> String {
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

async fn every_fault_at_every_point(component: &str) {
    let tls = Tls::loopback().unwrap();
    let all = run_all(reference_host(component, &tls), tls, |_| true).await;
    let table = report::table(&all);
    println!("{table}");
    assert_eq!(surprises(&all), "");
    all.iter().for_each(assert_promises);
    report::compare_with_docs(&table);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point_with_p2() {
    every_fault_at_every_point(testing::P2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point_with_p3() {
    every_fault_at_every_point(testing::P3).await;
}

/// Its client trusts nobody's own authority, so that TLS is left out. It calls a connection that
/// ended a protocol error, and may lose an answer that a reset follows on: neither may cost a
/// promise.
async fn the_same_in_wasmtimes_own_host(component: &str) {
    let tls = Tls::loopback().unwrap();
    let host = AnyHost::Stock(Box::new(Stock::new(component)));
    let mut all = run_all(host, tls, |point| point != Point::InTls).await;
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
    assert_eq!(surprises(&all), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_in_wasmtimes_own_host_with_p2() {
    the_same_in_wasmtimes_own_host(testing::P2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_in_wasmtimes_own_host_with_p3() {
    the_same_in_wasmtimes_own_host(testing::P3).await;
}

/// What holds whatever the rules say.
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
        End::Transport(_, Executed::Unknown) => assert!(!dry, "a dry run runs nothing: {place}"),
        End::Another => panic!("{place}"),
    }
}
