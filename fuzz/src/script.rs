//! A call and the responses to its requests, as a text that people can write and that libFuzzer can
//! build from a dictionary. Nothing in it is an error. Lines that are not understood are ignored.
//!
//! ```text
//! invoke
//! function f
//! <
//! took 1500
//! status 200
//! x-amzn-requestid: r
//!
//! {"the": "body"}
//! <
//! fail timeout unknown
//! ```

use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::call::error::TransportKind;
use aws_lambda_connector::transport::{Failure, Reached};
use memchr::{memchr, memmem};

/// Reads the call's lines, and the answers to its requests in order.
pub fn read(data: &[u8]) -> (Lines, Vec<ScriptedAnswer>) {
    let mut sections = sections(data);
    let call = Lines::read(sections.next().unwrap_or_default());
    (call, sections.map(ScriptedAnswer::read).collect())
}

/// Splits `data` at lines that are `<`.
fn sections(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let text = rest?;
        match memmem::find(text, b"\n<\n") {
            Some(at) => {
                rest = Some(&text[at + 3..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
}

/// Lines of the form `name value`.
pub struct Lines(Vec<(String, String)>);

impl Lines {
    fn read(text: &[u8]) -> Lines {
        let text = String::from_utf8_lossy(text);
        let line = |line: &str| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        };
        Lines(text.split('\n').map(line).collect())
    }

    /// The name in the first line, which is the function to call.
    pub fn first(&self) -> &str {
        self.0.first().map_or("", |(name, _)| name)
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// As [`Lines::get`], owned.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Into::into)
    }

    /// As [`Lines::get`], parsed.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// Whether there is a line of that name.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// The result of one request.
#[derive(Clone, Debug)]
pub struct ScriptedAnswer {
    /// How many milliseconds the request takes.
    pub took_ms: u64,
    /// The seconds by which the host's clock is changed meanwhile.
    pub clock_s: i64,
    /// The response, or the transport's failure.
    pub outcome: Result<Response, Failure>,
}

impl ScriptedAnswer {
    /// Reads lines up to an empty one, then the body.
    pub fn read(section: &[u8]) -> ScriptedAnswer {
        let mut answer = ScriptedAnswer {
            took_ms: 100,
            clock_s: 0,
            outcome: Err(no_connection()),
        };
        let mut failure = None;
        let mut response = Response {
            status: 200,
            ..Response::default()
        };
        let mut rest = section;
        loop {
            let end = memchr(b'\n', rest);
            let line = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or(&[][..], |end| &rest[end + 1..]);
            if line.is_empty() {
                break;
            }
            if let Some(at) = memmem::find(line, b": ") {
                let name = String::from_utf8_lossy(&line[..at]).into_owned();
                response.headers.push((name, line[at + 2..].to_vec()));
                continue;
            }
            let line = String::from_utf8_lossy(line);
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("took", ms) => answer.took_ms = ms.parse().unwrap_or(answer.took_ms),
                ("clock", seconds) => answer.clock_s = seconds.parse().unwrap_or_default(),
                ("status", status) => response.status = status.parse().unwrap_or(200),
                ("fail", how) => failure = Some(fail(how)),
                _ => {}
            }
        }
        response.body = rest.to_vec();
        answer.outcome = failure.map_or(Ok(response), Err);
        answer
    }
}

fn fail(how: &str) -> Failure {
    let (kind, reached) = how.split_once(' ').unwrap_or((how, ""));
    Failure {
        kind: match kind {
            "dns" => TransportKind::Dns,
            "tls" => TransportKind::Tls,
            "timeout" => TransportKind::Timeout,
            "cut-off" => TransportKind::CutOff,
            "denied" => TransportKind::Denied,
            "malformed" => TransportKind::Malformed,
            "other" => TransportKind::Other,
            _ => TransportKind::Connect,
        },
        message: "scripted".into(),
        reached: match reached {
            "yes" => Reached::Head(Response {
                status: 200,
                headers: vec![("x-amzn-requestid".into(), b"8f5e".to_vec())],
                ..Response::default()
            }),
            "foreign" => Reached::Head(Response {
                status: 200,
                ..Response::default()
            }),
            "unknown" => Reached::Request,
            _ => Reached::Nothing,
        },
    }
}

/// The failure of every request after the last answer.
pub fn no_connection() -> Failure {
    fail("connect no")
}
