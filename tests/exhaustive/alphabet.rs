//! Every kind of answer to an attempt, and what it proves. Written from the contract, without the
//! code under test.

use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::call::error::TransportKind;
use aws_lambda_connector::lambda::invoke::InvocationType;
use aws_lambda_connector::transport::{Failure, Reached};

/// What the answer to one attempt proves about the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    NotStarted,
    Nothing,
    Started,
}

/// What the answer is, besides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Success,
    FunctionFailed,
    /// An error that another attempt would repeat.
    Final,
    /// An error that may pass.
    Transient,
    /// A signature whose date was wrong. Another date follows once, if the connector signs.
    WrongDate,
}

/// The options of a call that decide what an answer proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub kind: InvocationType,
    pub at_emulator: bool,
}

impl Asked {
    /// Lambda does not run the function for a dry run. An emulator may.
    fn is_dry(self) -> bool {
        self.kind == InvocationType::DryRun && !self.at_emulator
    }

    fn asks_dry(self) -> bool {
        self.kind == InvocationType::DryRun
    }
}

/// An answer to one attempt.
pub struct Letter {
    pub name: String,
    pub answer: Result<Response, Failure>,
    meaning: Meaning,
    /// Whether it also takes part in the longest sequences. The others differ from one that does only
    /// in the kind of the failure.
    pub is_core: bool,
}

#[derive(Clone, Copy)]
enum Meaning {
    /// No part of the request left.
    Unsent(End),
    /// The request left, and no answer arrived.
    Unanswered(End),
    /// Lambda's 200, with an output.
    Output,
    /// Lambda's 200, with the function's failure.
    Failed,
    /// Lambda's 200, whose body breaks or is encoded.
    Unusable,
    /// Lambda's 200, whose body neither has a length nor is a complete document.
    Unbounded,
    /// Lambda's 202 and 204.
    Accepted,
    Allowed,
    /// An error that precedes the start.
    Refused(End),
    /// Lambda's error that does not show whether the function started.
    Unclear(End),
    /// The failure of a function that has run, beside a code that precedes the start.
    Contradiction,
    /// A failed function with an error status.
    FailedStatus,
    /// No request ID, and the end at an emulator.
    Foreign {
        proof: Proof,
        end: End,
        at_emulator: fn(Asked) -> (Proof, End),
    },
}

impl Letter {
    /// The request ID of the answer.
    pub fn request_id(&self) -> Option<&'static str> {
        let response = match &self.answer {
            Ok(response) => response,
            Err(Failure {
                reached: Reached::Head(head),
                ..
            }) => head,
            Err(_) => return None,
        };
        let (name, id) = ID;
        response.header(name).map(|_| id)
    }

    /// What the answer proves, and how the call ends if it is the last one.
    pub fn judge(&self, asked: Asked) -> (Proof, End) {
        use End::{Final, FunctionFailed, Success, Transient};
        use Proof::{NotStarted, Nothing, Started};
        let not_for_dry_runs = |proof| if asked.is_dry() { NotStarted } else { proof };
        match self.meaning {
            Meaning::Unsent(end) => (NotStarted, end),
            Meaning::Unanswered(end) => (not_for_dry_runs(Nothing), end),
            // A dry run that is answered with 200 may have run, and another one would run again.
            Meaning::Output | Meaning::Failed | Meaning::Unbounded if asked.asks_dry() => {
                (Nothing, Final)
            }
            Meaning::Output => (Started, Success),
            Meaning::Failed => (Started, FunctionFailed),
            Meaning::Unusable if asked.is_dry() => (Nothing, Final),
            Meaning::Unusable | Meaning::Unbounded => (Started, Final),
            Meaning::Accepted if asked.kind == InvocationType::Event => (Started, Success),
            Meaning::Accepted if asked.asks_dry() => (Nothing, Final),
            Meaning::Accepted => (Nothing, Transient),
            Meaning::Allowed if asked.asks_dry() => (NotStarted, Success),
            Meaning::Allowed => (Nothing, Transient),
            Meaning::Refused(end) => (NotStarted, end),
            Meaning::Unclear(end) => (not_for_dry_runs(Nothing), end),
            Meaning::Contradiction => (Nothing, Transient),
            Meaning::FailedStatus => (Started, FunctionFailed),
            Meaning::Foreign { at_emulator, .. } if asked.at_emulator => at_emulator(asked),
            Meaning::Foreign { proof, end, .. } => (proof, end),
        }
    }
}

const PAGE: &str = "<!DOCTYPE html><html>Sign in</html>";

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let length = body.len().to_string();
    let headers = headers
        .iter()
        .copied()
        .chain([("content-length", &*length)]);
    unbounded(status, headers, body)
}

fn unbounded<'a>(
    status: u16,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    body: &str,
) -> Response {
    Response {
        status,
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        body: body.into(),
        ..Response::default()
    }
}

const ID: (&str, &str) = ("x-amzn-requestid", "8f5e");

fn lambdas(status: u16, header: (&str, &str), body: &str) -> Response {
    response(status, &[ID, header], body)
}

const KINDS: [(TransportKind, End); 8] = [
    (TransportKind::Dns, End::Transient),
    (TransportKind::Connect, End::Transient),
    (TransportKind::Timeout, End::Transient),
    (TransportKind::CutOff, End::Transient),
    (TransportKind::Malformed, End::Transient),
    (TransportKind::Tls, End::Final),
    (TransportKind::Denied, End::Final),
    (TransportKind::Other, End::Final),
];

fn failure(kind: TransportKind, reached: Reached) -> Result<Response, Failure> {
    Err(Failure {
        kind,
        message: "as scripted".into(),
        reached,
    })
}

/// All letters. `wrong_date` is a `Date` by which a signature of the script's clock is an hour off.
pub fn letters(wrong_date: &str) -> Vec<Letter> {
    use End::{Final, FunctionFailed, Success, Transient, WrongDate};
    use Proof::{NotStarted, Nothing, Started};
    use TransportKind::{Connect, CutOff, Other, Timeout, Tls};
    let mut letters = Vec::new();
    let mut push = |name: String, answer, meaning, is_core| {
        letters.push(Letter {
            name,
            answer,
            meaning,
            is_core,
        });
    };

    for (kind, end) in KINDS {
        let unsent = failure(kind, Reached::Nothing);
        let is_core = matches!(kind, Connect | Timeout | Tls);
        push(
            format!("{kind:?}, unsent"),
            unsent,
            Meaning::Unsent(end),
            is_core,
        );
        let unanswered = failure(kind, Reached::Request);
        let is_core = matches!(kind, Timeout | CutOff | Other);
        push(
            format!("{kind:?}, sent"),
            unanswered,
            Meaning::Unanswered(end),
            is_core,
        );
        // Any kind of break in the middle of a body.
        let head = response(200, &[ID], "");
        let broken = failure(kind, Reached::Head(head));
        push(
            format!("{kind:?} in Lambda's 200"),
            broken,
            Meaning::Unusable,
            kind == CutOff,
        );
    }

    let none = ("x-nothing", "");
    let error = |code: &'static str| ("x-amzn-errortype", code);
    let failed = ("x-amz-function-error", "Unhandled");
    let throttled = error("TooManyRequestsException");
    let mut lambda = |name: &str, answer, meaning| push(name.into(), Ok(answer), meaning, true);
    lambda("200", lambdas(200, none, "{}"), Meaning::Output);
    lambda("200, failed", lambdas(200, failed, "{}"), Meaning::Failed);
    lambda("202", lambdas(202, none, ""), Meaning::Accepted);
    lambda("204", lambdas(204, none, ""), Meaning::Allowed);
    let cut = unbounded(200, [ID], "{\"amount\":12");
    lambda("200 of no length, cut", cut, Meaning::Unbounded);
    let encoded = lambdas(200, ("content-encoding", "gzip"), "\u{1f}");
    lambda("200, encoded", encoded, Meaning::Unusable);
    let refused = [
        ("429", 429, throttled, Transient),
        ("403, expired", 403, error("ExpiredTokenException"), Final),
        ("404", 404, error("ResourceNotFoundException"), Final),
        ("409", 409, error("ResourceConflictException"), Transient),
        (
            "502, permanent",
            502,
            error("KMSAccessDeniedException"),
            Final,
        ),
    ];
    for (name, status, header, end) in refused {
        lambda(name, lambdas(status, header, "{}"), Meaning::Refused(end));
    }
    let skew = [ID, error("InvalidSignatureException"), ("date", wrong_date)];
    let skew = response(
        403,
        &skew,
        r#"{"message":"Signature expired: it is now earlier"}"#,
    );
    lambda("403, wrong date", skew, Meaning::Refused(WrongDate));
    let unclear = [
        ("500", 500, error("ServiceException"), Transient),
        ("503", 503, none, Transient),
        ("418", 418, none, Final),
        ("502, throttled", 502, throttled, Transient),
    ];
    for (name, status, header, end) in unclear {
        lambda(name, lambdas(status, header, "{}"), Meaning::Unclear(end));
    }
    lambda(
        "429, failed",
        lambdas(429, failed, "{}"),
        Meaning::Contradiction,
    );
    lambda(
        "500, failed",
        lambdas(500, failed, "{}"),
        Meaning::FailedStatus,
    );

    let mut foreign = |name: &str, answer, proof, end, at_emulator| {
        let meaning = Meaning::Foreign {
            proof,
            end,
            at_emulator,
        };
        push(format!("foreign {name}"), answer, meaning, true);
    };
    let of = |status, header, body| Ok(response(status, &[header], body));
    // An emulator's errors are not known to precede the start, unless it uses Lambda's codes.
    foreign(
        "408",
        of(408, none, "stream timeout"),
        Nothing,
        Transient,
        |_| (Nothing, Final),
    );
    foreign("502", of(502, none, PAGE), Nothing, Transient, |_| {
        (Nothing, Transient)
    });
    foreign("407", of(407, none, PAGE), NotStarted, Final, |_| {
        (Nothing, Final)
    });
    foreign("429", of(429, throttled, "{}"), Nothing, Transient, |_| {
        (NotStarted, Transient)
    });
    foreign(
        "500, failed",
        of(500, failed, "{}"),
        Nothing,
        Transient,
        |_| (Started, FunctionFailed),
    );
    let html = ("content-type", "text/html");
    foreign("page", of(200, html, PAGE), Nothing, Final, |_| {
        (Nothing, Final)
    });
    foreign("JSON", of(200, none, "{}"), Nothing, Final, |asked| {
        if asked.asks_dry() {
            (Nothing, Final)
        } else {
            (Started, Success)
        }
    });
    foreign("204", of(204, none, ""), Nothing, Final, |asked| {
        if asked.asks_dry() {
            (NotStarted, Success)
        } else {
            (Nothing, Transient)
        }
    });
    let head = response(200, &[none], "");
    let broken = failure(CutOff, Reached::Head(head));
    foreign("200, broken", broken, Nothing, Final, |_| (Started, Final));
    letters
}
