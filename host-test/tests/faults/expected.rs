//! What must come of every fault: a rule a row.
//!
//! A rule says what each [`Caller`] gets. They follow from two questions: did any of the request
//! leave, and did any of the answer come back?

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};

use crate::matrix_case::{Caller, End, Outcome};
use testing::proxy::{Fault, Point};

/// What a fault leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing left the host, and it stays so: all three attempts are used, nothing runs.
    Unreachable(Kind),
    /// Nothing left the host, and trying again would not help: one attempt, nothing runs.
    Hopeless(Kind),
    /// Nothing left the host: the second attempt succeeds for everybody.
    Again,
    /// Part of the request left. Whoever allows a second run gets one, and here it is the first;
    /// everybody else learns that nobody knows.
    Sent(Kind),
    /// All of the request left and the function ran, unseen. Whoever allows a second run gets it.
    Ran(Kind),
    /// The function's answer began: it ran, and nobody may try again. The answers without a body,
    /// 202 and 204, were whole by then.
    Began(Kind),
    /// The same, where not even a 202 ends as it says.
    BeganWrong(Kind),
    /// There is no such place: 202 and 204 have no body.
    BeganBody(Kind),
    /// The fault cannot happen at this point: why.
    Impossible(&'static str),
}

const REFUSE: &str = "an established connection can no longer be refused";
const NOTHING_YET: &str = "there is no connection yet to break";
const SYN: &str = "a reset in response to a SYN is a refusal";

/// Every point and every fault.
pub const RULES: [(Point, [(Fault, Rule); 5]); 7] = {
    use Fault::{Close, Garbage, Refuse, Reset, Stall};
    use Rule::{Again, Began, BeganBody, BeganWrong, Hopeless, Impossible, Ran, Sent, Unreachable};
    const SENT: [(Fault, Rule); 5] = [
        (Refuse, Impossible(REFUSE)),
        (Close, Sent(Kind::CutOff)),
        (Reset, Sent(Kind::CutOff)),
        (Stall, Sent(Kind::Timeout)),
        (Garbage, Sent(Kind::Malformed)),
    ];
    [
        (
            Point::BeforeConnect,
            [
                (Refuse, Unreachable(Kind::Connect)),
                (Close, Impossible(NOTHING_YET)),
                (Reset, Impossible(SYN)),
                (Stall, Unreachable(Kind::Timeout)),
                (Garbage, Impossible(NOTHING_YET)),
            ],
        ),
        (
            Point::InTls,
            [
                (Refuse, Hopeless(Kind::Tls)),
                (Close, Again),
                (Reset, Again),
                (Stall, Again),
                (Garbage, Hopeless(Kind::Tls)),
            ],
        ),
        (Point::RequestHead, SENT),
        (Point::HalfRequest, SENT),
        (
            Point::WholeRequest,
            [
                (Refuse, Impossible(REFUSE)),
                (Close, Ran(Kind::CutOff)),
                (Reset, Ran(Kind::CutOff)),
                (Stall, Ran(Kind::Timeout)),
                (Garbage, Ran(Kind::Malformed)),
            ],
        ),
        (
            Point::AnswerHead,
            [
                (Refuse, Impossible(REFUSE)),
                (Close, Began(Kind::CutOff)),
                (Reset, Began(Kind::CutOff)),
                (Stall, Began(Kind::CutOff)),
                (Garbage, BeganWrong(Kind::CutOff)),
            ],
        ),
        (
            Point::HalfAnswer,
            [
                (Refuse, Impossible(REFUSE)),
                (Close, BeganBody(Kind::CutOff)),
                (Reset, BeganBody(Kind::CutOff)),
                (Stall, BeganBody(Kind::CutOff)),
                (Garbage, BeganBody(Kind::CutOff)),
            ],
        ),
    ]
};

impl Rule {
    /// `None`: there is no such cell.
    pub fn of(self, caller: Caller) -> Option<Outcome> {
        use Caller as C;
        // The runs of a caller whose function runs `n` times, and of one who only asks.
        let runs = |n: u64| match caller {
            C::DryRun | C::IdempotentDryRun => 0,
            _ => n,
        };
        let success = |n, attempts| Outcome {
            runs: runs(n),
            attempts,
            end: End::Success(caller.status()),
        };
        let failure = |kind, executed, n, attempts| Outcome {
            runs: runs(n),
            attempts,
            end: End::Transport(kind, executed),
        };
        let synchronous = matches!(caller, C::Once | C::Idempotent | C::Durable);
        Some(match self {
            Rule::Unreachable(kind) => failure(kind, Executed::No, 0, 3),
            Rule::Hopeless(kind) => failure(kind, Executed::No, 0, 1),
            Rule::Again => success(1, 2),
            Rule::Sent(kind) => match caller {
                C::Once | C::Event => failure(kind, Executed::Unknown, 0, 1),
                _ => success(1, 2),
            },
            Rule::Ran(kind) => match caller {
                C::Once | C::Event => failure(kind, Executed::Unknown, 1, 1),
                C::Durable => success(1, 2),
                _ => success(2, 2),
            },
            Rule::Began(kind) if synchronous => failure(kind, Executed::Yes, 1, 1),
            Rule::Began(_) => success(1, 1),
            Rule::BeganWrong(kind) => match caller {
                C::DryRun | C::IdempotentDryRun => success(0, 1),
                _ => failure(kind, Executed::Yes, 1, 1),
            },
            Rule::BeganBody(kind) if synchronous => failure(kind, Executed::Yes, 1, 1),
            Rule::BeganBody(_) | Rule::Impossible(_) => return None,
        })
    }
}
