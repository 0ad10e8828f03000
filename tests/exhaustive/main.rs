//! Every sequence of answers to a call, for every combination of its options. The function starts at
//! most once unless it may start twice. `executed` claims no more than the answers prove.
//!
//! A sequence ends at the first attempt that is not repeated, so the sequences form a tree. The test
//! walks it, and tries another answer only where the connector makes another attempt. Two branches
//! with the same consequences for each next answer are in the same state, so that one of them is
//! enough for the answers after that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod alphabet;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::message::{Request, Response};
use aws_lambda_connector::block_on::block_on;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::delivery::{Options, TimeLimits};
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::invocation::Invocation;
use aws_lambda_connector::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use aws_lambda_connector::perform::perform;
use aws_lambda_connector::session_cache::SessionCache;
use aws_lambda_connector::transport::{Failure, Reached, Transport};

use alphabet::{Asked, End, Letter, Proof, letters};

/// 2026-11-22T12:00:00Z
const NOW: u64 = 1_795_348_800;
const WRONG_DATE: &str = "Sun, 22 Nov 2026 13:00:00 GMT";

const REQUEST_ID: &str = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";

/// A combination of options.
#[derive(Clone, Copy, Debug)]
struct Case {
    asked: Asked,
    endpoint: &'static str,
    idempotent: bool,
    max_attempts: u8,
    signs: bool,
}

impl Case {
    /// The length from which sequences are merged if they are alike. Shorter ones are all continued.
    fn merged_from(&self) -> usize {
        // A signature takes ten times as long as all else.
        if self.max_attempts == 4 && !self.signs {
            2
        } else {
            1
        }
    }

    fn invoke(&self) -> Invoke {
        let endpoint = match self.endpoint {
            "standard" => EndpointChoice::Standard,
            "url" => EndpointChoice::Url("https://proxy.example".into()),
            _ => EndpointChoice::Emulator("http://127.0.0.1:9000".into()),
        };
        let key = || AccessKey {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: None,
        };
        let connection = Connection {
            region: "eu-central-1".into(),
            credentials: if self.signs {
                Credentials::AccessKey(key())
            } else {
                Credentials::HostSigned
            },
            endpoint,
        };
        let request = InvokeRequest {
            function: "f".into(),
            invocation_type: Some(self.asked.kind),
            delivery: Some(Options {
                max_attempts: Some(self.max_attempts),
                idempotent: Some(self.idempotent),
                ..Options::default()
            }),
            request_id: Some(REQUEST_ID.into()),
            ..InvokeRequest::default()
        };
        Invoke::new(connection, request).unwrap()
    }
}

/// Returns a sequence of answers. Notes whether the connector wanted another one.
struct Script<'a> {
    answers: &'a [&'a Letter],
    sent: Cell<usize>,
    /// Whether each attempt asked for the request ID.
    asked: RefCell<Vec<bool>>,
    waited_ms: Cell<u64>,
    sessions: SessionCache,
}

impl Transport for Script<'_> {
    fn now_s(&self) -> u64 {
        NOW
    }

    fn monotonic_ns(&self) -> u64 {
        self.waited_ms.get() * 1_000_000
    }

    async fn wait_ms(&self, ms: u64) {
        self.waited_ms.set(self.waited_ms.get() + ms);
    }

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let mut headers = request.headers.iter();
        let id = headers.find(|(name, _)| *name == "x-amzn-requestid");
        assert!(id.is_none_or(|(_, id)| id == REQUEST_ID));
        self.asked.borrow_mut().push(id.is_some());
        let at = self.sent.get();
        self.sent.set(at + 1);
        match self.answers.get(at) {
            Some(letter) => letter.answer.clone(),
            // The walk tries every answer here, so this call's outcome does not count.
            None => Err(Failure {
                kind: TransportKind::Denied,
                message: String::new(),
                reached: Reached::Nothing,
            }),
        }
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

fn names(sequence: &[&Letter]) -> String {
    let names: Vec<&str> = sequence.iter().map(|letter| &*letter.name).collect();
    names.join("; ")
}

/// Whether the contract permits another attempt after these answers, and asks for one.
fn repeats(case: &Case, sequence: &[&Letter]) -> bool {
    let (last, earlier) = sequence.split_last().unwrap();
    let (proof, end) = last.judge(case.asked);
    let is_safe = match proof {
        Proof::NotStarted => true,
        Proof::Nothing => case.idempotent,
        Proof::Started => false,
    };
    let may_pass = match end {
        End::Success | End::FunctionFailed | End::Final => false,
        End::Transient => true,
        End::WrongDate => {
            let ends = earlier.iter().map(|letter| letter.judge(case.asked).1);
            case.signs && !ends.into_iter().any(|end| end == End::WrongDate)
        }
    };
    is_safe && may_pass && sequence.len() < usize::from(case.max_attempts)
}

/// What the answers together prove.
fn executed(case: &Case, sequence: &[&Letter]) -> Executed {
    let mut proofs = sequence.iter().map(|letter| letter.judge(case.asked).0);
    if proofs.clone().any(|proof| proof == Proof::Started) {
        Executed::Yes
    } else if proofs.all(|proof| proof == Proof::NotStarted) {
        Executed::No
    } else {
        Executed::Unknown
    }
}

/// Checks the result of a call that received exactly these answers.
fn check(case: &Case, sequence: &[&Letter], result: &Result<Invocation, Error>) {
    let (_, end) = sequence.last().unwrap().judge(case.asked);
    let place = || format!("{case:?}: {}: {result:?}", names(sequence));
    let attempts = match result {
        Ok(invocation) => {
            assert_eq!(end, End::Success, "a false success: {}", place());
            invocation.attempts
        }
        Err(Error::FunctionFailed(failed)) => {
            assert_eq!(end, End::FunctionFailed, "a false failure: {}", place());
            failed.invocation.attempts
        }
        Err(error) => {
            let failed = matches!(end, End::Success | End::FunctionFailed);
            assert!(!failed, "a lost result: {}", place());
            let (seen, attempts) = match error {
                Error::Service(error) | Error::Unauthenticated(error) => {
                    (error.executed, error.attempts)
                }
                Error::Transport(error) => (error.executed, error.attempts),
                other => panic!("{other:?}: {}", place()),
            };
            assert_eq!(seen, executed(case, sequence), "{}", place());
            check_reported_id(case, sequence, error);
            attempts
        }
    };
    assert_eq!(usize::from(attempts), sequence.len(), "{}", place());
}

/// An attempt asks for the request ID if and only if every earlier one provably did not start the
/// function.
fn check_request_ids(case: &Case, sequence: &[&Letter], asked: &[bool]) {
    for (at, asked) in asked.iter().enumerate() {
        let mut proofs = sequence[..at]
            .iter()
            .map(|letter| letter.judge(case.asked).0);
        assert_eq!(
            *asked,
            proofs.all(|proof| proof == Proof::NotStarted),
            "the request ID of attempt {}: {case:?}: {}",
            at + 1,
            names(sequence)
        );
    }
}

/// Checks what an error reports about the request IDs. Only an attempt that may have reached Lambda
/// has one, and the error of a call reports the one of the first such attempt.
fn check_reported_id(case: &Case, sequence: &[&Letter], error: &Error) {
    let mut attempts = sequence.iter();
    let doubtful = attempts.find(|letter| letter.judge(case.asked).0 != Proof::NotStarted);
    let id = doubtful.map(|letter| letter.request_id().unwrap_or(REQUEST_ID));
    let (texts, own) = match error {
        Error::Service(error) | Error::Unauthenticated(error) => {
            (error.hint.as_deref(), error.request_id.as_deref())
        }
        Error::Transport(error) => (Some(&*error.message), None),
        other => panic!("{other:?}"),
    };
    let text = texts.unwrap_or_default();
    let place = || format!("{case:?}: {}: {error:?}", names(sequence));
    assert_eq!(
        text.contains(REQUEST_ID),
        id == Some(REQUEST_ID),
        "{}",
        place()
    );
    let is_reported = |id| text.contains(id) || own == Some(id);
    assert!(id.is_none_or(is_reported), "{}", place());
}

/// What followed an answer. Sequences whose next answers have the same consequences are alike.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Consequence {
    AnotherAttempt,
    Ended(Option<String>),
}

/// Walks all sequences.
struct Walk<'a> {
    case: &'a Case,
    invoke: Invoke,
    letters: &'a [&'a Letter],
    /// By the number of answers: the consequences of each next answer, for the sequences that were
    /// walked to their end.
    known: [BTreeSet<Vec<Consequence>>; 5],
    sequences: usize,
}

impl<'a> Walk<'a> {
    /// Tries every answer after `sequence`, and every sequence from there.
    fn from(&mut self, sequence: &mut Vec<&'a Letter>) {
        let mut consequences = Vec::new();
        let mut continued = Vec::new();
        for letter in self.letters {
            sequence.push(letter);
            let consequence = self.try_one(sequence);
            if consequence == Consequence::AnotherAttempt {
                continued.push(*letter);
            }
            consequences.push(consequence);
            sequence.pop();
        }
        let is_new = self.known[sequence.len()].insert(consequences);
        if sequence.len() >= self.case.merged_from() && !is_new {
            return;
        }
        for letter in continued {
            sequence.push(letter);
            self.from(sequence);
            sequence.pop();
        }
    }

    fn try_one(&mut self, sequence: &[&Letter]) -> Consequence {
        let case = self.case;
        self.sequences += 1;
        let script = Script {
            answers: sequence,
            sent: Cell::new(0),
            asked: RefCell::default(),
            waited_ms: Cell::new(0),
            sessions: SessionCache::new(),
        };
        let result = block_on(perform(&script, self.invoke.clone()));
        let sent = script.sent.get();
        let continued = sent > sequence.len();
        check_request_ids(case, sequence, &script.asked.into_inner());
        if continued {
            let mut proofs = sequence.iter().map(|letter| letter.judge(case.asked).0);
            assert!(
                case.idempotent || proofs.all(|proof| proof == Proof::NotStarted),
                "a possible second run: {case:?}: {}",
                names(sequence)
            );
        }
        assert_eq!(
            continued,
            repeats(case, sequence),
            "another attempt: {case:?}: {}",
            names(sequence)
        );
        if continued {
            return Consequence::AnotherAttempt;
        }
        check(case, sequence, &result);
        // Only what an earlier answer may change.
        let merged =
            sequence.len() > case.merged_from() && sequence.len() < usize::from(case.max_attempts);
        Consequence::Ended(merged.then(|| format!("{result:?}")))
    }
}

fn cases() -> Vec<Case> {
    use InvocationType::{DryRun, Event, RequestResponse};
    let mut cases = Vec::new();
    // The longest walks come first, so that the threads end together.
    for max_attempts in [4, 3, 1] {
        for idempotent in [true, false] {
            for kind in [RequestResponse, Event, DryRun] {
                for endpoint in ["standard", "url", "emulator"] {
                    for signs in [true, false] {
                        let asked = Asked {
                            kind,
                            at_emulator: endpoint == "emulator",
                        };
                        cases.push(Case {
                            asked,
                            endpoint,
                            idempotent,
                            max_attempts,
                            signs,
                        });
                    }
                }
            }
        }
    }
    // Only one letter depends on whether the connector signs.
    cases.retain(|case| !case.signs || case.endpoint == "url");
    cases
}

#[test]
fn no_sequence_of_answers_starts_the_function_twice_or_leads_to_a_false_claim() {
    let letters = letters(WRONG_DATE);
    let cases = cases();
    let next = AtomicUsize::new(0);
    let sequences = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let letters: Vec<&Letter> = letters
                        .iter()
                        .filter(|letter| letter.is_core || case.max_attempts < 4)
                        .collect();
                    let mut walk = Walk {
                        case,
                        invoke: case.invoke(),
                        letters: &letters,
                        known: Default::default(),
                        sequences: 0,
                    };
                    walk.from(&mut Vec::new());
                    let count = walk.sequences;
                    println!("{count} in {:.1?}: {case:?}", began.elapsed());
                    sequences.fetch_add(count, Ordering::Relaxed);
                }
            });
        }
    });
    let sequences = sequences.into_inner();
    println!("{sequences} sequences");
    assert!(sequences > 100_000, "the walk ended early");
}
