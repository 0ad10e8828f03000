//! The account of a soak: each call beside what really happened, and the rules that it must keep.

use super::call::{ATTEMPTS, Call, Kind};
use super::fault::Road;
use super::outcome::{Ended, Executed, Outcome};
use super::proxy::Attempt;

/// What really happened to a call.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// How often the function ran.
    pub runs: u64,
    /// What the proxy did, for calls that it knows.
    pub attempts: Vec<Attempt>,
}

impl Truth {
    fn forwarded(&self) -> u64 {
        self.attempts.iter().filter(|a| a.forwarded).count() as u64
    }
}

/// Returns the rules that a call breaks. Each is a sentence without its subject, the call.
pub fn violations(call: &Call, ended: &Ended, truth: &Truth) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rule = |kept: bool, violation: String| {
        if !kept {
            broken.push(violation);
        }
    };
    let runs = truth.runs;
    let most = match call.idempotent {
        false => 1,
        true => ATTEMPTS as u64,
    };
    rule(
        runs <= most,
        format!("ran the function {runs} times, at most {most} allowed"),
    );
    rule(
        call.kind != Kind::List || runs == 0,
        "ran a function, but is a list".to_owned(),
    );
    match &ended.outcome {
        Outcome::Lost => rule(false, "never ended".to_owned()),
        Outcome::Unreported(reason) => rule(false, format!("has no outcome: {reason}")),
        Outcome::Success => {
            rule(
                !call.kind.fails(),
                "succeeded, but the function fails".to_owned(),
            );
            rule(
                runs >= 1 || call.kind == Kind::List,
                "succeeded, but the function did not run".to_owned(),
            );
        }
        Outcome::FunctionFailed => {
            rule(
                call.kind.fails(),
                "reported a failed function that does not fail".to_owned(),
            );
            rule(
                runs >= 1,
                "reported a failed function that did not run".to_owned(),
            );
        }
        Outcome::Error { executed, .. } => {
            let kept = match executed {
                Executed::No => runs == 0,
                Executed::Yes => runs >= 1,
                Executed::Unknown => call.kind != Kind::List,
            };
            rule(
                kept,
                format!("reported executed {executed:?} after {runs} runs"),
            );
        }
    }
    if let Some(wrong) = &ended.wrong_value {
        rule(false, format!("reported a wrong value: {wrong}"));
    }
    if let Some(reported) = ended.reported_runs {
        rule(
            (1..=runs).contains(&reported),
            format!("returned the response of run {reported} after {runs} runs"),
        );
    }
    if call.kind == Kind::List {
        return broken;
    }
    let (attempts, forwarded) = (&truth.attempts, truth.forwarded());
    rule(
        runs <= forwarded,
        format!("ran the function {runs} times after {forwarded} requests to Lambda"),
    );
    rule(
        attempts.len() <= ATTEMPTS,
        format!("made {} attempts", attempts.len()),
    );
    let earlier = attempts
        .split_last()
        .map_or(&[][..], |(_, earlier)| earlier);
    rule(
        call.idempotent || earlier.iter().all(|attempt| attempt.fault.proves_no_run()),
        format!("was sent again after an attempt that may have run the function: {attempts:?}"),
    );
    // An idempotent call reaches its harmless attempt after any faults, and other calls after a refusal
    // only. Neither may end otherwise than as the function did.
    let complete = matches!(ended.outcome, Outcome::Success | Outcome::FunctionFailed);
    let unharmed = attempts.last().is_some_and(|last| last.fault.is_harmless());
    rule(
        complete || !unharmed,
        format!("failed without a fault: {:?}", ended.outcome),
    );
    rule(
        !attempts.is_empty() || call.road != Road::Proxy,
        "did not reach the proxy".to_owned(),
    );
    broken
}

#[cfg(test)]
mod tests;
