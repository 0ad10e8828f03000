//! Complete answers to the first request, by who sent them, and what must follow from each.
//!
//! Only Lambda's request ID, or a declared emulator, lets an answer speak of the function.

use std::fmt;

use aws_lambda_connector_host::bindings::types::{Executed, TransportKind as Kind};
use testing::server::Canned;

use crate::matrix_case::{Call, End, Outcome};

/// Who sent an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Lambda,
    Emulator,
    Gateway,
    CaptivePage,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lambda => "Lambda",
            Self::Emulator => "emulator",
            Self::Gateway => "gateway",
            Self::CaptivePage => "captive page",
        })
    }
}

/// Whether the function has run, or the request has taken effect, when the answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    No,
    /// Unless the call is a dry run.
    AsAsked,
    /// Even for a dry run.
    Always,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A success. To a dry run, the status shows that the function may have run.
    Output,
    /// The function's failure.
    Failed,
    /// Lambda's own body breaks off.
    CutOff,
    /// The function did not start. A retry would be rejected again.
    Rejected,
    /// The function did not start. A retry succeeds.
    Throttled,
    /// Lambda may have run the function, unless the call is a dry run.
    LambdasFault,
    /// Lambda's evidence contradicts itself.
    Contradiction,
    /// Something else answered. Whether the function runs is unknown, and a retry may succeed.
    Foreign,
    /// Something else answered, and would do so again.
    ForeignForGood,
    /// HTTP defines the status as refused before forwarding.
    ForeignRefusal,
}

/// An answer to the first request.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub origin: Origin,
    /// The answer in the words of the page.
    pub name: &'static str,
    head: &'static str,
    body: Body,
    pub ran: Ran,
    pub meaning: Meaning,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    /// With its length.
    Whole(&'static str),
    /// With a length that it does not reach.
    Cut(&'static str),
    /// Without a length, so that it ends with its connection.
    Unbounded(&'static str),
}

const PAGE: &str = "<!DOCTYPE html><html><body>Sign in</body></html>";
const ID: &str = "x-amzn-requestid: 8f5e";

/// Every answer, in the order of the page.
pub static ANSWERS: [Answer; 26] = {
    use Body::{Cut, Unbounded, Whole};
    use Meaning::{
        Contradiction, CutOff, Failed, Foreign, ForeignForGood, ForeignRefusal, LambdasFault,
        Output, Rejected, Throttled,
    };
    use Origin::{CaptivePage, Emulator, Gateway, Lambda};
    use Ran::{Always, AsAsked, No};
    const fn answer(
        origin: Origin,
        name: &'static str,
        head: &'static str,
        body: Body,
        ran: Ran,
        meaning: Meaning,
    ) -> Answer {
        Answer {
            origin,
            name,
            head,
            body,
            ran,
            meaning,
        }
    }
    [
        answer(
            Lambda,
            "200, a web page as output",
            "200 OK\ncontent-type: text/html",
            Whole(PAGE),
            Always,
            Output,
        ),
        answer(
            Lambda,
            "200, a body without a length",
            "200 OK",
            Unbounded("{\"a\":1}"),
            Always,
            CutOff,
        ),
        answer(
            Lambda,
            "429 `TooManyRequestsException`",
            "429 X\nx-amzn-errortype: TooManyRequestsException",
            Whole("{}"),
            No,
            Throttled,
        ),
        answer(
            Lambda,
            "404 `ResourceNotFoundException`",
            "404 X\nx-amzn-errortype: ResourceNotFoundException",
            Whole("{}"),
            No,
            Rejected,
        ),
        answer(
            Lambda,
            "500 `ServiceException`",
            "500 X\nx-amzn-errortype: ServiceException",
            Whole("{}"),
            AsAsked,
            LambdasFault,
        ),
        answer(
            Lambda,
            "502 `TooManyRequestsException`",
            "502 X\nx-amzn-errortype: TooManyRequestsException",
            Whole("{}"),
            AsAsked,
            LambdasFault,
        ),
        answer(
            Lambda,
            "429 with a function error",
            "429 X\nx-amz-function-error: Unhandled",
            Whole("{}"),
            Always,
            Contradiction,
        ),
        answer(Emulator, "200", "200 OK", Whole("{}"), Always, Output),
        answer(
            Emulator,
            "200, a web page",
            "200 OK\ncontent-type: text/html",
            Whole(PAGE),
            No,
            ForeignForGood,
        ),
        answer(
            Emulator,
            "500 with a function error",
            "500 X\nx-amz-function-error: Unhandled",
            Whole("{}"),
            Always,
            Failed,
        ),
        answer(
            Gateway,
            "408 `stream timeout`",
            "408 X\nserver: envoy\ncontent-type: text/plain",
            Whole("stream timeout"),
            AsAsked,
            Foreign,
        ),
        answer(Gateway, "425", "425 X", Whole(""), No, Foreign),
        answer(Gateway, "444", "444 X", Whole(""), AsAsked, ForeignForGood),
        answer(Gateway, "460", "460 X", Whole(""), AsAsked, Foreign),
        answer(Gateway, "499", "499 X", Whole(""), AsAsked, Foreign),
        answer(
            Gateway,
            "400, a web page",
            "400 X\nserver: squid\ncontent-type: text/html",
            Whole(PAGE),
            No,
            ForeignForGood,
        ),
        answer(
            Gateway,
            "407, a web page",
            "407 X\nserver: squid\ncontent-type: text/html",
            Whole(PAGE),
            No,
            ForeignRefusal,
        ),
        answer(
            Gateway,
            "413, a web page",
            "413 X\nserver: nginx\ncontent-type: text/html",
            Whole(PAGE),
            No,
            ForeignRefusal,
        ),
        answer(
            Gateway,
            "501 `NotImplemented`",
            "501 X\nx-amzn-errortype: NotImplemented",
            Whole("{}"),
            No,
            Foreign,
        ),
        answer(
            Gateway,
            "503",
            "503 X\nserver: envoy",
            Whole("no healthy upstream"),
            No,
            Foreign,
        ),
        answer(
            Gateway,
            "504",
            "504 X\nserver: envoy",
            Whole("upstream request timeout"),
            AsAsked,
            Foreign,
        ),
        answer(
            Gateway,
            "520",
            "520 X\nserver: cloudflare",
            Whole(""),
            AsAsked,
            Foreign,
        ),
        answer(
            CaptivePage,
            "200, a web page",
            "200 OK\ncontent-type: text/html",
            Whole(PAGE),
            No,
            ForeignForGood,
        ),
        answer(
            CaptivePage,
            "200, a web page that breaks off",
            "200 OK\ncontent-type: text/html",
            Cut(PAGE),
            No,
            ForeignForGood,
        ),
        answer(
            CaptivePage,
            "200 `OK`",
            "200 OK\ncontent-type: text/plain",
            Whole("OK"),
            No,
            ForeignForGood,
        ),
        answer(
            CaptivePage,
            "204",
            "204 No Content",
            Unbounded(""),
            No,
            ForeignForGood,
        ),
    ]
};

impl Answer {
    pub fn canned(&self) -> Canned {
        // The next attempt would otherwise race with the end of this connection.
        let mut head = format!("{}\nconnection: close", self.head);
        if self.origin == Origin::Lambda {
            head.push('\n');
            head.push_str(ID);
        }
        match self.body {
            Body::Whole(body) => Canned::with_length(&head, body),
            Body::Cut(body) => Canned::new(&format!("{head}\ncontent-length: 999"), body),
            Body::Unbounded(body) => Canned::new(&head, body),
        }
    }

    /// How often the function has run, or how many requests have taken effect, when the answer is
    /// sent.
    pub fn effects(&self, call: Call) -> u64 {
        match self.ran {
            Ran::No => 0,
            Ran::AsAsked => u64::from(!call.is_dry()),
            Ran::Always => 1,
        }
    }

    /// The outcome that must follow. Every later request reaches Lambda.
    pub fn expected(&self, call: Call) -> Outcome {
        use Executed::{No, Unknown, Yes};
        let final_end = |end| Outcome {
            effects: self.effects(call),
            attempts: 1,
            end,
        };
        let success_later = Outcome {
            effects: self.effects(call) + u64::from(!call.is_dry()),
            attempts: 2,
            end: End::success(call),
        };
        let foreign = |executed| End::Transport(Kind::NotLambda, executed);
        // Only a caller that allows a second run gets a retry after an unknown outcome.
        let retried_in_doubt = |end| {
            if call.idempotent() {
                success_later
            } else {
                final_end(end)
            }
        };
        match self.meaning {
            // The response to a stop must have the time at which the execution stopped.
            Meaning::Output if call.is_dry() || call == Call::Stop => {
                final_end(End::Transport(Kind::Malformed, Unknown))
            }
            Meaning::Output if call.changes_execution() => final_end(End::Changed),
            Meaning::Output => final_end(End::Invoked(200)),
            // No function runs for such a request, so none can have failed.
            Meaning::Failed if call.changes_execution() => final_end(End::Service(Unknown)),
            Meaning::Failed => final_end(End::FunctionFailed),
            // Lambda does not run a function for a dry run, but others answer one with 200.
            Meaning::CutOff if call.is_dry() => final_end(End::Transport(Kind::CutOff, Unknown)),
            Meaning::CutOff => final_end(End::Transport(Kind::CutOff, Yes)),
            Meaning::Rejected => final_end(End::Service(No)),
            Meaning::Throttled => success_later,
            Meaning::LambdasFault if call.is_dry() => success_later,
            Meaning::LambdasFault | Meaning::Contradiction => {
                retried_in_doubt(End::Service(Unknown))
            }
            Meaning::Foreign => retried_in_doubt(foreign(Unknown)),
            Meaning::ForeignForGood => final_end(foreign(Unknown)),
            Meaning::ForeignRefusal => final_end(foreign(No)),
        }
    }
}
