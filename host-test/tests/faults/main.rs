//! Every way in which a call can break, at every point: how often the function runs, and what the
//! caller is told. Through the component, in the host, over sockets.

mod cell;
mod expected;
mod proxy;
mod report;

use std::path::Path;
use std::sync::Arc;

use host_test::bindings::types::Executed;
use host_test::host::Host;
use host_test::local_lambda::Tls;
use host_test::outbound::OutboundOptions;
use host_test::sandbox::Options;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use cell::{Caller, End, Outcome};
use expected::{RULES, Rule};
use proxy::{Fault, Point};

/// A stall costs no processor time, everything else a little.
const AT_ONCE: usize = 48;

/// One cell's place, and what came of it.
struct Seen {
    point: Point,
    fault: Fault,
    caller: Caller,
    rule: Rule,
    outcome: Outcome,
}

fn host(trusted: &Tls) -> Host {
    Host::new(
        Path::new(env!("AWS_LAMBDA_CONNECTOR_WASM")),
        Options {
            outbound: OutboundOptions {
                extra_roots: vec![trusted.root_certificate().clone()],
                ..OutboundOptions::default()
            },
            ..Options::default()
        },
    )
    .unwrap()
}

async fn run_all() -> Vec<Seen> {
    let tls = Tls::loopback().unwrap();
    let host = host(&tls);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    // The last first: silence in the middle of an answer takes longest.
    for (point, rules) in RULES.into_iter().rev() {
        for (fault, rule) in rules {
            for caller in Caller::ALL {
                if rule.of(caller).is_none() {
                    continue;
                }
                let (host, tls, places) = (host.clone(), tls.clone(), Arc::clone(&places));
                running.spawn(async move {
                    let _place = places.acquire().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_point() {
    let all = run_all().await;
    let wrong: Vec<String> = all
        .iter()
        .filter(|seen| Some(seen.outcome) != seen.rule.of(seen.caller))
        .map(|seen| {
            let expected = seen.rule.of(seen.caller).unwrap();
            format!(
                "{:?}, {:?}, {:?}: {}, expected {expected}",
                seen.point, seen.fault, seen.caller, seen.outcome
            )
        })
        .collect();
    let table = report::table(&all);
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    for seen in &all {
        assert_promises(seen);
    }
    report::compare_with_docs(&table);
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
