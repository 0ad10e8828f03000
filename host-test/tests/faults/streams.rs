//! Every fault in every part of a streamed response.
//!
//! No service breaks off in a chosen part of a frame, so the test writes the response.

use std::ops::Range;

use aws_lambda_connector_host::bindings::lambda::{InvokeRequest, ResponseMode};
use aws_lambda_connector_host::bindings::types::{Connection, Error, Executed, TransportKind};
use aws_lambda_connector_host::host::Host;
use local_lambda::Key;
use testing::event_stream::{Streamed, StreamingLambda, chunk, complete};
use testing::{AnyHost, Component, connection, only, request_with, url};
use tokio::task::JoinSet;

use crate::matrix_case::{End, Outcome};

/// What the function writes.
const OUTPUT: &str = "ten bytes!";

/// The frame that has the output, or the one that ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Chunk,
    Completion,
}

/// A part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Lengths,
    PreludeChecksum,
    Headers,
    Payload,
    Checksum,
}

/// Where the response breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Before(Frame),
    Inside(Frame, Part),
    AfterLast,
}

impl Place {
    /// The places in the order of the stream.
    pub fn all() -> Vec<Self> {
        const PARTS: [Part; 5] = [
            Part::Lengths,
            Part::PreludeChecksum,
            Part::Headers,
            Part::Payload,
            Part::Checksum,
        ];
        let of_frame = |frame| {
            let inside = PARTS.map(|part| Self::Inside(frame, part));
            [Self::Before(frame)].into_iter().chain(inside)
        };
        let mut all: Vec<Self> = of_frame(Frame::Chunk).collect();
        all.extend(of_frame(Frame::Completion));
        all.push(Self::AfterLast);
        all
    }

    /// Returns the number of bytes of the stream that arrive unharmed: half of the part.
    fn offset(self) -> usize {
        let (chunk, completion) = (chunk(OUTPUT), complete());
        match self {
            Self::Before(Frame::Chunk) => 0,
            Self::Before(Frame::Completion) => chunk.len(),
            Self::Inside(Frame::Chunk, part) => middle(part.range(&chunk)),
            Self::Inside(Frame::Completion, part) => chunk.len() + middle(part.range(&completion)),
            Self::AfterLast => chunk.len() + completion.len(),
        }
    }

    /// Returns the output that has arrived by then.
    fn output(self) -> &'static str {
        let payload = Part::Payload.range(&chunk(OUTPUT));
        let arrived = self.offset().clamp(payload.start, payload.end) - payload.start;
        &OUTPUT[..arrived]
    }
}

impl Part {
    fn range(self, frame: &[u8]) -> Range<usize> {
        let headers = u32::from_be_bytes(frame[4..8].try_into().unwrap());
        let payload = 12 + usize::try_from(headers).unwrap();
        let checksum = frame.len() - 4;
        match self {
            Self::Lengths => 0..8,
            Self::PreludeChecksum => 8..12,
            Self::Headers => 12..payload,
            Self::Payload => payload..checksum,
            Self::Checksum => checksum..frame.len(),
        }
    }
}

fn middle(range: Range<usize>) -> usize {
    range.start.midpoint(range.end)
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Silence: the connection stays open without any bytes.
    Stall,
    /// An orderly close with FIN, in the middle of the HTTP body.
    Close,
    /// A reset with RST.
    Reset,
    /// The HTTP body ends in an orderly way.
    End,
    /// The next byte is wrong, or one byte too many between frames. The rest follows.
    Damage,
}

impl Fault {
    pub const ALL: [Self; 5] = [
        Self::Stall,
        Self::Close,
        Self::Reset,
        Self::End,
        Self::Damage,
    ];

    /// Continues the response with the fault. Returns the connection if it is still open.
    async fn strike(self, mut function: Streamed, place: Place) -> Option<Streamed> {
        match self {
            Self::Stall => return Some(function),
            Self::Close => return Some(function.close().await),
            Self::Reset => {
                function.reset();
                return None;
            }
            Self::End => {}
            Self::Damage => {
                let mut rest = [chunk(OUTPUT), complete()]
                    .concat()
                    .split_off(place.offset());
                match place {
                    Place::Inside(..) => rest[0] ^= 1,
                    Place::Before(_) | Place::AfterLast => rest.insert(0, 0),
                }
                function.send(rest).await;
            }
        }
        function.finish().await;
        Some(function)
    }
}

/// The expected outcome. The head has arrived, so the function ran and must not be retried.
pub fn expected(place: Place, fault: Fault) -> Outcome {
    let failed = |kind| End::Transport(kind, Executed::Yes);
    let end = match (place, fault) {
        // The byte that follows is the start of a frame.
        (Place::AfterLast, Fault::Damage) => failed(TransportKind::CutOff),
        // The outcome is known.
        (Place::AfterLast, _) => End::Invoked(200),
        (_, Fault::Damage) => failed(TransportKind::Malformed),
        _ => failed(TransportKind::CutOff),
    };
    Outcome {
        effects: 1,
        attempts: 1,
        end,
    }
}

/// How the caller reads the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `lambda.invoke`.
    Collected,
    /// `streaming.invoke-with-response-stream`, always in the reference host with the component for
    /// WASI 0.3.
    Live,
}

/// A case and its outcome.
pub struct SeenStream {
    pub place: Place,
    pub fault: Fault,
    pub way: Way,
    pub outcome: Outcome,
}

/// Runs every case that reads the response in one of these ways.
pub async fn run_all(host: &AnyHost, ways: &[Way]) -> Vec<SeenStream> {
    let mut running = JoinSet::new();
    for place in Place::all() {
        for fault in Fault::ALL {
            for way in ways.iter().copied() {
                let host = host.clone();
                running.spawn(async move {
                    let outcome = match way {
                        Way::Collected => collect(&host, place, fault).await,
                        Way::Live => read_live(Component::Wasi03.host(), place, fault).await,
                    };
                    SeenStream {
                        place,
                        fault,
                        way,
                        outcome,
                    }
                });
            }
        }
    }
    running.join_all().await
}

/// Returns the connection, and a request that may be retried.
fn call(lambda: &StreamingLambda, fault: Fault) -> (Connection, InvokeRequest) {
    let request = request_with("f", "7", |delivery| {
        delivery.idempotent = Some(true);
        // Only this fault waits for the timeout.
        if fault == Fault::Stall {
            delivery.response_timeout_ms = Some(10_000);
        }
    });
    let request = InvokeRequest {
        response_mode: Some(ResponseMode::Streamed),
        ..request
    };
    (connection(&Key::default(), lambda.url()), request)
}

/// Begins the response, and writes the part of it that arrives unharmed.
async fn begin(lambda: &StreamingLambda, place: Place) -> Streamed {
    let mut function = lambda.begin().await;
    let mut stream = [chunk(OUTPUT), complete()].concat();
    stream.truncate(place.offset());
    if !stream.is_empty() {
        function.send(stream).await;
    }
    function
}

/// Returns the outcome of a call that the function answered. It must not have been retried.
fn outcome(lambda: StreamingLambda, result: Result<u8, Error>) -> Outcome {
    assert!(lambda.has_no_more_connections());
    let (attempts, end) = match result {
        Ok(attempts) => (attempts, End::Invoked(200)),
        Err(Error::Transport(error)) => {
            assert!(error.message.contains("8f5e"), "{}", error.message);
            (error.attempts, End::Transport(error.kind, error.executed))
        }
        Err(other) => panic!("{other:?}"),
    };
    Outcome {
        effects: 1,
        attempts,
        end,
    }
}

async fn collect(host: &AnyHost, place: Place, fault: Fault) -> Outcome {
    let lambda = StreamingLambda::start().await;
    let (connection, request) = call(&lambda, fault);
    let respond = async { fault.strike(begin(&lambda, place).await, place).await };
    let (invoked, _function) = tokio::join!(host.invoke(&connection, &request), respond);
    let attempts = invoked.map(|invocation| {
        assert_eq!(testing::outcome::text(Ok(invocation.clone())), OUTPUT);
        invocation.attempts
    });
    outcome(lambda, attempts)
}

async fn read_live(host: &Host, place: Place, fault: Fault) -> Outcome {
    let lambda = StreamingLambda::start().await;
    let (connection, request) = call(&lambda, fault);
    let policy = only(url(&connection));
    let open = host.invoke_with_response_stream(&policy, &connection, &request);
    let (opened, function) = tokio::join!(open, begin(&lambda, place));
    let mut stream = opened.unwrap().unwrap();
    let attempts = stream.head().attempts;
    let mut output = Vec::new();
    while output.len() < place.output().len() {
        output.extend(stream.next().await.expect("a byte that arrived is missing"));
    }
    assert_eq!(output, place.output().as_bytes(), "{place:?}");
    let _function = fault.strike(function, place).await;
    while let Some(bytes) = stream.next().await {
        assert!(fault == Fault::Damage, "{place:?}, {fault:?}: {bytes:?}");
    }
    let ended = stream.end().await.unwrap();
    outcome(lambda, ended.map(|_| attempts))
}

/// The cases whose outcome differs from the rules.
pub fn unexpected(all: &[SeenStream]) -> String {
    let lines = all.iter().filter_map(|seen| {
        let SeenStream {
            place,
            fault,
            way,
            outcome,
        } = *seen;
        let expected = expected(place, fault);
        (outcome != expected)
            .then(|| format!("{place:?}, {fault:?}, {way:?}: {outcome}, expected {expected}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Promises that hold regardless of the rules: a success has its last event, and nothing is retried.
pub fn assert_promises(seen: &SeenStream) {
    let place = format!("{:?}, {:?}, {:?}", seen.place, seen.fault, seen.way);
    match seen.outcome.end {
        End::Invoked(_) => assert_eq!(seen.place, Place::AfterLast, "a false success: {place}"),
        End::Transport(_, executed) => assert_eq!(executed, Executed::Yes, "{place}"),
        _ => panic!("an unexpected kind of end: {place}"),
    }
    assert_eq!(seen.outcome.attempts, 1, "{place}");
}
