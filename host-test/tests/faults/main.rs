//! Every way in which a call can break, at every point: how often the function runs, and what the
//! caller is told. Through the component, in the host, over sockets.

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

/// Cases at the same time. Silence costs no processor time and does not count.
const CONCURRENCY: usize = 8;

/// Where a case is in the matrix, and what came of it.
struct Seen {
    point: Point,
    fault: Fault,
    caller: Caller,
    rule: Rule,
    outcome: Outcome,
}

fn reference_host(component: Component, trusted: &Tls) -> AnyHost {
    AnyHost::Reference(component.host_calling_by(OutboundOptions {
        extra_roots: vec![trusted.root_certificate().clone()],
        ..OutboundOptions::default()
    }))
}

async fn run_all(host: AnyHost, tls: Tls, points: impl Fn(Point) -> bool) -> Vec<Seen> {
    let places = Arc::new(Semaphore::new(CONCURRENCY));
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
                        outcome: matrix_case::run(&host, &tls, point, fault, caller).await,
                    }
                });
            }
        }
    }
    running.join_all().await
}

/// The cases where something else came out than the rules say.
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

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point(component: Component) {
    let tls = Tls::loopback().unwrap();
    let all = run_all(reference_host(component, &tls), tls, |_| true).await;
    let table = report::table(&all);
    println!("{table}");
    assert_eq!(surprises(&all), "");
    all.iter().for_each(assert_promises);
    report::compare_with_docs(&table);
}

/// Its client trusts nobody's own authority, so that TLS is left out. It calls a connection that
/// ended a protocol error, and may lose an answer that a reset follows on: neither may cost a
/// promise.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_in_wasmtimes_own_host(component: Component) {
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
    assert_eq!(surprises(&all), "");
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
