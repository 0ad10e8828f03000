//! Renders both matrices as Markdown and compares it with `docs/faults.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::answers::ANSWERS;
use crate::expected::{RULES, Rule};
use crate::matrix_case::Call;
use crate::streams::{self, Frame, Part, Place, SeenStream};
use crate::{Answered, Seen};
use testing::proxy::{Fault, Point};

const INTRODUCTION: &str = "\
# When a call breaks

This page shows what the connector does when the network fails at any point of a call. `cargo test` makes each of these
calls with the component in the reference host. A proxy breaks the first connection at that point and passes every later
one on. The test compares this page with the results.

Each call may take three attempts. A cell contains the result, how often the function ran, and the number of attempts.
`200; 1 in 2` is a success after one run and two attempts. `cut-off`, unknown; 1 in 1 is a `transport` error of that kind with
`executed: unknown`, after one run and one attempt.

- A function runs a second time only if the caller declared that it may. The name of a durable execution does not declare
  that.
- An incomplete response is never a success.
- `executed: no` appears only if no attempt ran the function, and `yes` only if one did.

`executions.stop` and `executions.complete-callback` keep the same promises. For them, the second figure is the number of
requests that took effect. It is at most 1, because no option lets these calls repeat such a request. `success; 1 in 2` is a
success whose second attempt took effect. `succeeded` and `heartbeat` are the outcomes that `complete-callback` sends.

## The connection breaks
";

const ANSWERED: &str = "
## Something else than Lambda may answer

Here, the first request receives an answer, and every later one reaches Lambda. Lambda is known by its request ID
(`x-amzn-RequestId`), an emulator by the connection that declares it. An answer from anything else proves nothing about
the function, unless HTTP defines the status as refused before the request is forwarded. The number of runs includes the
one that precedes the answer: a gateway that gives up waiting has forwarded the request.
";

const STREAMED: &str = "
## A streamed response breaks

Here, Lambda responds with an event stream: a frame that has the output of the function, and a frame that ends the stream
and reports the outcome. The function has run by then, so no fault leads to a second run, although the caller declared that
the function may run twice. `lambda.invoke` with `response-mode: streamed` and `streaming.invoke-with-response-stream` have
the same outcomes. Bytes of the output that arrived before the fault have reached the reader of the live stream.

- Only the frame that ends the stream makes a success.
- Once it is complete, the outcome is known, and the connection may break.

";

/// The groups of calls, each with its heading.
const GROUPS: [(&str, &[Call]); 2] = [
    ("Invocations", Call::INVOCATIONS),
    ("Changes of a durable execution", Call::CHANGES),
];

/// The whole page.
pub fn page(all: &[Seen], answered: &[Answered], streamed: &[SeenStream]) -> String {
    let mut text = INTRODUCTION.to_owned();
    for (heading, calls) in GROUPS {
        write!(text, "\n### {heading}\n\n{}", table(all, calls)).unwrap();
    }
    text += &impossible();
    text += ANSWERED;
    for (heading, calls) in GROUPS {
        let table = answered_table(answered, calls);
        write!(text, "\n### {heading}, answered\n\n{table}").unwrap();
    }
    text + STREAMED + &streamed_table(streamed)
}

fn header(first: &str, second: &str, calls: &[Call]) -> String {
    let mut text = format!("| {first} | {second} |");
    for call in calls {
        write!(text, " {} |", call_name(*call)).unwrap();
    }
    text += "\n|---|---|";
    text += &"---|".repeat(calls.len());
    text + "\n"
}

/// The table of outcomes by origin and answer.
fn answered_table(all: &[Answered], calls: &[Call]) -> String {
    let mut text = header("Origin", "Answer", calls);
    for answer in &ANSWERS {
        write!(text, "| {} | {} |", answer.origin, answer.name).unwrap();
        for call in calls {
            let cell = all
                .iter()
                .find(|seen| std::ptr::eq(seen.answer, answer) && seen.call == *call);
            write!(text, " {} |", cell.unwrap().outcome).unwrap();
        }
        text += "\n";
    }
    text
}

/// The table of outcomes by point and fault.
fn table(all: &[Seen], calls: &[Call]) -> String {
    let cells: BTreeMap<(u8, u8, u8), String> = all
        .iter()
        .map(|seen| {
            let place = (seen.point as u8, seen.fault as u8, seen.call as u8);
            (place, seen.outcome.to_string())
        })
        .collect();
    let mut text = header("Point", "Fault", calls);
    for (point, rules) in RULES {
        for (fault, rule) in rules {
            if matches!(rule, Rule::Impossible(_)) {
                continue;
            }
            write!(
                text,
                "| {} | {} |",
                point_name(point),
                fault_name(point, fault)
            )
            .unwrap();
            for call in calls {
                let place = (point as u8, fault as u8, *call as u8);
                let cell = cells.get(&place).map_or("no body", String::as_str);
                write!(text, " {cell} |").unwrap();
            }
            text += "\n";
        }
    }
    text
}

/// The table of outcomes of a streamed response, by place and fault.
fn streamed_table(all: &[SeenStream]) -> String {
    let mut text = "| Place |".to_owned();
    for fault in streams::Fault::ALL {
        write!(text, " {} |", stream_fault_name(fault)).unwrap();
    }
    text += "\n|---|";
    text += &"---|".repeat(streams::Fault::ALL.len());
    text += "\n";
    for place in Place::all() {
        write!(text, "| {} |", place_name(place)).unwrap();
        for fault in streams::Fault::ALL {
            let seen = all
                .iter()
                .find(|seen| (seen.place, seen.fault) == (place, fault));
            write!(text, " {} |", seen.unwrap().outcome).unwrap();
        }
        text += "\n";
    }
    text
}

fn place_name(place: Place) -> String {
    let frame = |frame| match frame {
        Frame::Chunk => "the output",
        Frame::Completion => "the last frame",
    };
    match place {
        Place::Before(at) => format!("before {}", frame(at)),
        Place::AfterLast => "after the last frame".to_owned(),
        Place::Inside(at, part) => {
            let part = match part {
                Part::Lengths => "lengths",
                Part::PreludeChecksum => "checksum of the lengths",
                Part::Headers => "headers",
                Part::Payload => "payload",
                Part::Checksum => "checksum",
            };
            format!("{}: {part}", frame(at))
        }
    }
}

fn stream_fault_name(fault: streams::Fault) -> &'static str {
    match fault {
        streams::Fault::Stall => "silence",
        streams::Fault::Close => "closed (FIN)",
        streams::Fault::Reset => "reset (RST)",
        streams::Fault::End => "body ends",
        streams::Fault::Damage => "a wrong byte",
    }
}

/// The table of impossible cases.
fn impossible() -> String {
    let mut text = "\n### Faults that cannot happen\n\n".to_owned();
    text += "| Point | Fault | Reason |\n|---|---|---|\n";
    for (point, rules) in RULES {
        for (fault, rule) in rules {
            if let Rule::Impossible(why) = rule {
                let (point, fault) = (point_name(point), fault_name(point, fault));
                writeln!(text, "| {point} | {fault} | {why} |").unwrap();
            }
        }
    }
    text
}

/// Compares the page with its checked-in copy, or rewrites that if `UPDATE_DOCS=1` is set.
pub fn compare_with_docs(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    if env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/faults.md differs from the outcomes: if the change is intended, run this test with UPDATE_DOCS=1"
    );
}

fn call_name(call: Call) -> &'static str {
    match call {
        Call::Once => "request-response",
        Call::Idempotent => "… idempotent",
        Call::Durable => "… durable name",
        Call::Event => "event",
        Call::IdempotentEvent => "… idempotent",
        Call::DryRun => "dry-run",
        Call::IdempotentDryRun => "… idempotent",
        Call::Stop => "`stop`",
        Call::Succeed => "`succeeded`",
        Call::Heartbeat => "`heartbeat`",
    }
}

fn point_name(point: Point) -> &'static str {
    match point {
        Point::BeforeConnect => "before connecting",
        Point::InTls => "in TLS",
        Point::RequestHead => "after the request's head",
        Point::HalfRequest => "half-way through the request's body",
        Point::WholeRequest => "after the request, when it has taken effect",
        Point::AnswerHead => "after the response's head",
        Point::HalfAnswer => "half-way through the response's body",
    }
}

fn fault_name(point: Point, fault: Fault) -> &'static str {
    match (point, fault) {
        (Point::InTls, Fault::Refuse) => "refused (alert)",
        (_, Fault::Refuse) => "refused",
        (_, Fault::Close) => "closed (FIN)",
        (_, Fault::Reset) => "reset (RST)",
        (_, Fault::Stall) => "silence",
        (Point::AnswerHead | Point::HalfAnswer, Fault::Garbage) => "garbage (no chunk)",
        (_, Fault::Garbage) => "garbage",
    }
}
