//! Each rule is broken once, by an otherwise regular call.

use super::super::fault::Fault;
use super::*;

fn call(kind: Kind) -> Call {
    Call::undisturbed(7, kind)
}

fn idempotent(kind: Kind) -> Call {
    Call {
        idempotent: true,
        ..call(kind)
    }
}

/// What happened, if these faults met the attempts and the function ran as often as `runs`.
fn truth(runs: u64, faults: &[(Fault, bool)]) -> Truth {
    let attempts = faults
        .iter()
        .map(|&(fault, forwarded)| Attempt { fault, forwarded });
    Truth {
        runs,
        attempts: attempts.collect(),
    }
}

fn passed(runs: u64) -> Truth {
    truth(runs, &[(Fault::Pass, true)])
}

fn ended(outcome: Outcome) -> Ended {
    Ended::without_value(outcome)
}

fn error(executed: Executed) -> Ended {
    ended(Outcome::Error {
        case: "transport".to_owned(),
        executed,
    })
}

#[track_caller]
fn kept(call: &Call, ended: &Ended, truth: &Truth) {
    assert_eq!(violations(call, ended, truth), Vec::<String>::new());
}

#[track_caller]
fn broken(call: &Call, ended: &Ended, truth: &Truth, expected: &str) {
    let violations = violations(call, ended, truth);
    let found = violations
        .iter()
        .any(|violation| violation.contains(expected));
    assert!(found, "{expected:?} is not among {violations:?}");
}

#[test]
fn regular_calls_break_no_rule() {
    kept(&call(Kind::Small), &ended(Outcome::Success), &passed(1));
    kept(
        &call(Kind::Failing),
        &ended(Outcome::FunctionFailed),
        &passed(1),
    );
    kept(
        &call(Kind::List),
        &ended(Outcome::Success),
        &Truth::default(),
    );
    kept(&call(Kind::List), &error(Executed::No), &Truth::default());
    for runs in [0, 1] {
        let unanswered = truth(runs, &[(Fault::CloseAfter, true)]);
        kept(&call(Kind::Small), &error(Executed::Unknown), &unanswered);
    }
    kept(
        &call(Kind::Small),
        &error(Executed::Yes),
        &truth(1, &[(Fault::Cut, true)]),
    );
    kept(
        &call(Kind::Small),
        &ended(Outcome::Success),
        &truth(1, &[(Fault::Throttled, false), (Fault::Pass, true)]),
    );
    let refused = Call {
        road: Road::Refused,
        ..call(Kind::Small)
    };
    kept(&refused, &error(Executed::No), &Truth::default());
}

#[test]
fn a_second_run_is_a_violation_unless_it_was_declared_harmless() {
    let twice = truth(2, &[(Fault::CloseAfter, true), (Fault::Pass, true)]);
    let success = ended(Outcome::Success);
    broken(&call(Kind::Small), &success, &twice, "2 times, at most 1");
    kept(&idempotent(Kind::Small), &success, &twice);
    let often = truth(4, &[(Fault::CloseAfter, true); 4]);
    broken(
        &idempotent(Kind::Small),
        &error(Executed::Unknown),
        &often,
        "4 times, at most 3",
    );
    broken(
        &idempotent(Kind::Small),
        &error(Executed::Unknown),
        &often,
        "4 attempts",
    );
}

#[test]
fn a_repetition_after_doubt_is_a_violation_even_without_a_second_run() {
    let again = truth(1, &[(Fault::CloseBefore, false), (Fault::Pass, true)]);
    let success = ended(Outcome::Success);
    broken(&call(Kind::Small), &success, &again, "sent again");
    kept(&idempotent(Kind::Small), &success, &again);
}

#[test]
fn a_success_needs_a_run_and_a_function_that_succeeds() {
    let success = ended(Outcome::Success);
    broken(&call(Kind::Small), &success, &passed(0), "did not run");
    broken(&call(Kind::Event), &success, &passed(0), "did not run");
    for kind in [Kind::Failing, Kind::Continued, Kind::StreamedFailing] {
        broken(&call(kind), &success, &passed(1), "the function fails");
    }
    let failed = ended(Outcome::FunctionFailed);
    broken(&call(Kind::Small), &failed, &passed(1), "does not fail");
    broken(&call(Kind::Failing), &failed, &passed(0), "did not run");
}

#[test]
fn executed_must_agree_with_the_runs() {
    let ran = truth(1, &[(Fault::Cut, true)]);
    let not = truth(0, &[(Fault::CloseBefore, false)]);
    broken(
        &call(Kind::Small),
        &error(Executed::No),
        &ran,
        "executed No after 1",
    );
    broken(
        &call(Kind::Small),
        &error(Executed::Yes),
        &not,
        "executed Yes after 0",
    );
    let list = (call(Kind::List), Truth::default());
    broken(
        &list.0,
        &error(Executed::Unknown),
        &list.1,
        "executed Unknown",
    );
    broken(&list.0, &ended(Outcome::Success), &passed(1), "is a list");
}

#[test]
fn a_call_without_an_outcome_is_a_violation() {
    broken(
        &call(Kind::Small),
        &ended(Outcome::Lost),
        &passed(1),
        "never ended",
    );
    let none = ended(Outcome::Unreported("status 500".to_owned()));
    broken(
        &call(Kind::Small),
        &none,
        &passed(1),
        "no outcome: status 500",
    );
}

#[test]
fn a_wrong_value_is_a_violation() {
    let wrong = Ended {
        wrong_value: Some("other".to_owned()),
        ..ended(Outcome::Success)
    };
    broken(&call(Kind::Small), &wrong, &passed(1), "wrong value: other");
    for reported in [0, 2] {
        let response = Ended {
            reported_runs: Some(reported),
            ..ended(Outcome::Success)
        };
        broken(
            &call(Kind::Small),
            &response,
            &passed(1),
            "the response of run",
        );
    }
}

#[test]
fn an_error_needs_a_fault() {
    for fault in [Fault::Pass, Fault::Delay, Fault::Trickle] {
        let unharmed = truth(0, &[(fault, true)]);
        broken(
            &call(Kind::Small),
            &error(Executed::Unknown),
            &unharmed,
            "without a fault",
        );
    }
    let repeated = truth(0, &[(Fault::Throttled, false), (Fault::Pass, true)]);
    broken(
        &call(Kind::Small),
        &error(Executed::No),
        &repeated,
        "without a fault",
    );
    let nowhere = Truth::default();
    broken(
        &call(Kind::Small),
        &error(Executed::No),
        &nowhere,
        "did not reach the proxy",
    );
}

#[test]
fn a_run_needs_a_request_that_was_forwarded() {
    let held = truth(1, &[(Fault::CloseBefore, false)]);
    broken(
        &call(Kind::Small),
        &error(Executed::Unknown),
        &held,
        "after 0 requests",
    );
}
