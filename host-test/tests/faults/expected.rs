//! The expected outcome of every fault, one rule per row.
//!
//! A rule gives the outcome for each [`Call`]. The rules follow from two questions: did any part of
//! the request leave, and did any part of the response arrive? A rule about the function's run also
//! holds for the effect of a call that changes an execution, which is never repeated.

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};

use crate::matrix_case::{Call, End, Outcome};
use testing::proxy::{Fault, Point};

/// The outcome that a fault leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// No byte of the request left the host on any attempt: all three attempts are used and the
    /// function never runs.
    Unreachable(Kind),
    /// No byte of the request left the host, and a retry would not help: one attempt, and the
    /// function never runs.
    Permanent(Kind),
    /// No byte of the request left the host on the first attempt. The second one succeeds for every
    /// caller.
    Retried,
    /// Part of the request left. A caller that allows a second run gets a retry, which here is the
    /// first run. Every other caller gets `unknown`.
    Sent(Kind),
    /// The whole request left and the function ran, but no response arrived. A caller that allows a
    /// second run gets a retry. A durable execution's name does not allow one, because the function
    /// may be an ordinary one.
    Ran(Kind),
    /// The function's response began, so the function ran and must not be retried. Responses
    /// without a body (202 and 204) were complete by then.
    Began(Kind),
    /// Like `Began`, but even a 202 response does not end as its head declares. A 202 does not prove
    /// that the function has run.
    BeganWrong(Kind),
    /// Like `Began`, but inside the body, which 202 and 204 do not have.
    BeganBody(Kind),
    /// The reason why the fault cannot happen at this point.
    Impossible(&'static str),
}

const REFUSE: &str = "an established connection can no longer be refused";
const NOTHING_YET: &str = "there is no connection yet to break";
const SYN: &str = "a reset in response to a SYN is a refusal";

/// The rule for every point and every fault.
pub const RULES: [(Point, [(Fault, Rule); 5]); 7] = {
    use Fault::{Close, Garbage, Refuse, Reset, Stall};
    use Rule::{
        Began, BeganBody, BeganWrong, Impossible, Permanent, Ran, Retried, Sent, Unreachable,
    };
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
                (Refuse, Permanent(Kind::Tls)),
                (Close, Retried),
                (Reset, Retried),
                (Stall, Retried),
                (Garbage, Permanent(Kind::Tls)),
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
    /// The expected outcome, or `None` if the case does not exist.
    pub fn of(self, call: Call) -> Option<Outcome> {
        // Dry runs never run the function.
        let effects = |n: u64| if call.is_dry() { 0 } else { n };
        let success = |n, attempts| Outcome {
            effects: effects(n),
            attempts,
            end: End::success(call),
        };
        let failure = |kind, executed, n, attempts| Outcome {
            effects: effects(n),
            attempts,
            end: End::Transport(kind, executed),
        };
        let may_be_repeated = call.idempotent() || call.is_dry();
        let has_response_body = call.status() == 200;
        Some(match self {
            Rule::Unreachable(kind) => failure(kind, Executed::No, 0, 3),
            Rule::Permanent(kind) => failure(kind, Executed::No, 0, 1),
            Rule::Retried => success(1, 2),
            // The head is the whole request.
            Rule::Sent(_) if !call.has_request_body() => return None,
            Rule::Sent(_) if may_be_repeated => success(1, 2),
            Rule::Sent(kind) => failure(kind, Executed::Unknown, 0, 1),
            Rule::Ran(_) if may_be_repeated => success(2, 2),
            Rule::Ran(kind) => failure(kind, Executed::Unknown, 1, 1),
            Rule::Began(kind) | Rule::BeganWrong(kind) | Rule::BeganBody(kind)
                if has_response_body =>
            {
                failure(kind, Executed::Yes, 1, 1)
            }
            Rule::Began(_) => success(1, 1),
            Rule::BeganWrong(_) if call.is_dry() => success(0, 1),
            Rule::BeganWrong(_) if call.idempotent() => success(2, 2),
            Rule::BeganWrong(kind) => failure(kind, Executed::Unknown, 1, 1),
            Rule::BeganBody(_) | Rule::Impossible(_) => return None,
        })
    }
}
