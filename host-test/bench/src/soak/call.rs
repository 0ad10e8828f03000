//! The calls of a soak: what each one asks for, and the faults that it meets. A seed determines them
//! all.

use fastrand::Rng;
use serde_json::{Value, json};

use super::fault::{Fault, Road};

/// The most attempts of a call, which is the connector's default.
pub const ATTEMPTS: usize = 3;
/// The functions that a list asks for: three pages of Lambda.
pub const LISTED: usize = 120;
/// The bytes that a function adds to a streamed response.
const STREAMED: usize = 300_000;
const MEDIUM: usize = 100_000;
/// A little less than Lambda allows, which leaves room for the key.
const LARGE: usize = 6_200_000;
/// The type of the error that failing functions throw.
pub const ERROR_TYPE: &str = "SoakError";
/// The parts of 1,000 invocations that declare that a second run does no harm.
const IDEMPOTENT: u32 = 150;

/// How long the function of a first call runs, so that all first calls overlap.
const FIRST_MS: u64 = 2_000;

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One of the calls that a soak begins with, all at once.
    First,
    Small,
    Medium,
    LargeRequest,
    LargeResponse,
    Streamed,
    Event,
    /// The function fails, and so does the card.
    Failing,
    /// The function fails, and the card reports that in its outputs.
    Continued,
    /// The function fails after it has written its response.
    StreamedFailing,
    /// A read, which runs no function.
    List,
}

impl Kind {
    /// Each kind and its part of 1,000 calls, after the first ones.
    const PARTS: [(Self, u32); 10] = [
        (Self::Small, 560),
        (Self::Medium, 120),
        (Self::LargeRequest, 3),
        (Self::LargeResponse, 3),
        (Self::Streamed, 70),
        (Self::Event, 90),
        (Self::Failing, 44),
        (Self::Continued, 40),
        (Self::StreamedFailing, 20),
        (Self::List, 50),
    ];

    /// Returns the name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "100 KB request, all at once",
            Self::Small => "small payload",
            Self::Medium => "100 KB request",
            Self::LargeRequest => "6 MB request",
            Self::LargeResponse => "6 MB response",
            Self::Streamed => "streamed response, collected",
            Self::Event => "event",
            Self::Failing => "failing function",
            Self::Continued => "failing function, step continued",
            Self::StreamedFailing => "streamed, then failing",
            Self::List => "list of 120 functions",
        }
    }

    /// Whether the function fails whenever it runs.
    pub fn fails(self) -> bool {
        matches!(
            self,
            Self::Failing | Self::Continued | Self::StreamedFailing
        )
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    pub number: u64,
    pub kind: Kind,
    /// Whether the caller declares that a second run does no harm.
    pub idempotent: bool,
    pub road: Road,
    /// The fault of each attempt.
    pub faults: [Fault; ATTEMPTS],
}

impl Call {
    /// Returns a call that may run once and meets no fault.
    pub fn undisturbed(number: u64, kind: Kind) -> Self {
        Self {
            number,
            kind,
            idempotent: false,
            road: Road::Proxy,
            faults: [Fault::Pass; ATTEMPTS],
        }
    }

    /// Returns the key under which the function counts its runs.
    pub fn key(&self) -> String {
        format!("call-{:06}", self.number)
    }

    /// Returns the trace ID, by which the proxy recognises the call.
    pub fn trace_id(&self) -> String {
        format!("Root=1-00000000-{:024x}", self.number)
    }

    /// Returns the number of the call with this trace ID.
    pub fn number_of(trace_id: &str) -> Option<u64> {
        let number = trace_id.strip_prefix("Root=1-00000000-")?.get(..24)?;
        u64::from_str_radix(number, 16).ok()
    }

    /// Returns the card that makes the call.
    pub fn card(&self) -> &'static str {
        match self.kind {
            Kind::List => "list-functions",
            _ => "invoke",
        }
    }

    /// Returns the values of the card.
    pub fn values(&self, response_timeout_seconds: u64) -> Value {
        if self.kind == Kind::List {
            return json!({ "limit": LISTED });
        }
        let key = self.key();
        let count = json!({ "count": key });
        let thrown = json!({ "type": ERROR_TYPE, "message": key });
        let payload = match self.kind {
            Kind::Small | Kind::Event | Kind::List => json!({ "key": key }),
            Kind::First => json!({ "key": key, "ms": FIRST_MS, "padding": "p".repeat(MEDIUM) }),
            Kind::Medium => json!({ "key": key, "padding": "p".repeat(MEDIUM) }),
            Kind::LargeRequest => json!({ "key": key, "padding": "p".repeat(LARGE) }),
            Kind::LargeResponse => json!({ "key": key, "bytes": LARGE }),
            Kind::Streamed => json!({ "chunks": [count, { "text": key }, { "bytes": STREAMED }] }),
            Kind::Failing | Kind::Continued => json!({ "chunks": [count], "fail": thrown }),
            Kind::StreamedFailing => {
                json!({ "chunks": [count, { "bytes": STREAMED }], "fail": thrown })
            }
        };
        let function = match self.kind {
            Kind::Streamed | Kind::Failing | Kind::Continued | Kind::StreamedFailing => "stream",
            _ => "count",
        };
        let mut values = json!({
            "useFunctionName": "Yes",
            "functionName": function,
            "payload": payload,
            "traceId": self.trace_id(),
            "idempotent": self.idempotent,
            "maxAttempts": ATTEMPTS,
            "responseTimeoutSeconds": response_timeout_seconds,
        });
        match self.kind {
            Kind::Event => values["invocationType"] = "Event".into(),
            Kind::Streamed | Kind::StreamedFailing => values["responseMode"] = "Streamed".into(),
            Kind::Continued => values["onFunctionError"] = "Continue".into(),
            _ => {}
        }
        values
    }

    /// Returns the number of padding bytes in the response of `count`.
    pub fn padding(&self) -> usize {
        match self.kind {
            Kind::LargeResponse => LARGE,
            _ => 0,
        }
    }

    /// Returns the whole streamed response.
    pub fn streamed(&self) -> String {
        let letters = ('a'..='z').cycle().take(STREAMED);
        self.key().chars().chain(letters).collect()
    }
}

/// Makes up calls without end.
pub struct Calls {
    random: Rng,
    next: u64,
}

impl Calls {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            next: 0,
        }
    }

    /// Returns a call without a fault, which lasts for long enough that others run beside it.
    pub fn first(&mut self) -> Call {
        Call::undisturbed(self.take_number(), Kind::First)
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

impl Iterator for Calls {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        let number = self.take_number();
        let random = &mut self.random;
        let kind = pick(random, &Kind::PARTS);
        Some(Call {
            number,
            kind,
            idempotent: random.u32(..1_000) < IDEMPOTENT && kind != Kind::List,
            road: pick(random, &Road::PARTS),
            faults: std::array::from_fn(|_| pick(random, &Fault::PARTS)),
        })
    }
}

/// Picks one of the values by their parts of 1,000.
pub fn pick<T: Copy>(random: &mut Rng, parts: &[(T, u32)]) -> T {
    let whole: u32 = parts.iter().map(|(_, part)| part).sum();
    let mut left = random.u32(..whole);
    for (value, part) in parts {
        match left.checked_sub(*part) {
            Some(rest) => left = rest,
            None => return *value,
        }
    }
    unreachable!("the number is less than the sum of the parts")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_are_those_of_a_thousand() {
        assert_eq!(
            Fault::PARTS.iter().map(|(_, part)| part).sum::<u32>(),
            1_000
        );
        assert_eq!(Road::PARTS.iter().map(|(_, part)| part).sum::<u32>(), 1_000);
        assert_eq!(Kind::PARTS.iter().map(|(_, part)| part).sum::<u32>(), 1_000);
    }

    #[test]
    fn a_seed_determines_the_calls() {
        let first = |seed| {
            let calls = Calls::new(seed).take(200);
            calls.map(|call| format!("{call:?}")).collect::<Vec<_>>()
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn every_kind_road_and_fault_occurs() {
        let calls: Vec<_> = Calls::new(0).take(5_000).collect();
        let kinds: BTreeSet<_> = calls.iter().map(|call| call.kind).collect();
        let roads: BTreeSet<_> = calls.iter().map(|call| call.road).collect();
        let faults: BTreeSet<_> = calls.iter().map(|call| call.faults[0]).collect();
        assert_eq!(
            (kinds.len(), roads.len(), faults.len()),
            (Kind::PARTS.len(), Road::PARTS.len(), Fault::PARTS.len())
        );
        assert!(calls.iter().any(|call| call.idempotent));
        assert!(
            !calls
                .iter()
                .any(|call| call.idempotent && call.kind == Kind::List)
        );
    }

    #[test]
    fn the_trace_id_leads_to_the_call() {
        for call in Calls::new(0).take(20) {
            assert_eq!(Call::number_of(&call.trace_id()), Some(call.number));
            let longer = format!("{};Sampled=1", call.trace_id());
            assert_eq!(Call::number_of(&longer), Some(call.number));
        }
        assert_eq!(
            Call::number_of("Root=1-5759e988-bd862e3fe1be46a994272793"),
            None
        );
    }
}
