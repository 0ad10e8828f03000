//! Bodies in pieces: what they become, and what is rejected.

use super::*;
use crate::aws::endpoint::{EndpointChoice, resolve};
use crate::aws::message::Method;
use crate::testing::frames::{chunk, complete, event};
use crate::testing::{answer, assert_contains};

const STREAM: (&str, &str) = ("Content-Type", "application/vnd.amazon.eventstream");

/// The body that arrives in `pieces` after a head with these headers.
fn streamed(max: usize, headers: &[(&str, &str)], pieces: &[&[u8]]) -> Result<Collected, Failure> {
    collected(true, max, &answer(200, headers, ""), pieces)
}

/// The body that arrives after `head`, for a request that asks for an event stream or not.
fn collected(
    is_event_stream: bool,
    max: usize,
    head: &Response,
    pieces: &[&[u8]],
) -> Result<Collected, Failure> {
    let mut body = Body::new(head, &request(is_event_stream, max))?;
    for piece in pieces {
        body.append(piece)?;
    }
    body.end()
}

fn request(is_event_stream: bool, max: usize) -> Request<'static> {
    let endpoint = resolve("lambda", "us-east-1", &EndpointChoice::Standard).unwrap();
    let mut request = Request::new(Method::Post, &endpoint, "/");
    request.is_event_stream = is_event_stream;
    request.max_response_bytes = max;
    request
}

fn failed(max: usize, bytes: &[u8]) -> (TransportKind, String) {
    let failure = streamed(max, &[STREAM], &[bytes]).unwrap_err();
    (failure.kind, failure.message)
}

#[test]
fn payloads_of_a_stream_become_one_body() {
    let large = vec![7; 3_000_005];
    let stream = [chunk(b"{\"ok\""), chunk(&large), chunk(b"}"), complete()].concat();
    let expected = [&b"{\"ok\""[..], &large, b"}"].concat();
    for length in [1_000, 65_536, stream.len()] {
        let pieces: Vec<&[u8]> = stream.chunks(length).collect();
        let (body, completion) = streamed(usize::MAX, &[STREAM], &pieces).unwrap();
        assert!(body == expected, "{length}");
        assert_eq!(completion, Some(Box::default()));
    }
}

#[test]
fn other_body_than_an_event_stream_stays_as_it_is() {
    let body = streamed(100, &[], &[b"{\"message\":", b"\"busy\"}"]).unwrap();
    assert_eq!(body, (b"{\"message\":\"busy\"}".to_vec(), None));
}

#[test]
fn payload_up_to_the_limit_is_accepted_and_one_byte_more_is_not() {
    let stream = [chunk(&[1; 60]), chunk(&[2; 40]), complete()].concat();
    assert_eq!(streamed(100, &[STREAM], &[&stream]).unwrap().0.len(), 100);
    let (kind, message) = failed(99, &stream);
    assert_eq!(kind, TransportKind::Malformed);
    assert_contains(&message, ["larger than the 99 bytes", "raise the limit"]);
}

#[test]
fn limit_of_the_caller_applies_to_a_success_and_not_to_an_error() {
    for is_event_stream in [false, true] {
        let read = |status, bytes: &[u8]| {
            collected(is_event_stream, 5, &answer(status, &[], ""), &[bytes])
        };
        assert_eq!(read(404, b"not found").unwrap().0, b"not found");
        assert_eq!(read(200, b"short").unwrap().0, b"short");
        assert_eq!(read(200, b"longer").is_ok(), is_event_stream);
        let head = answer(404, &[("content-length", "9")], "");
        assert!(collected(is_event_stream, 5, &head, &[b"not found"]).is_ok());
        let longest = vec![0; MAX_RESPONSE_BYTES + 1];
        assert!(read(404, &longest[1..]).is_ok());
        assert!(read(404, &longest).is_err());
    }
}

#[test]
fn unknown_events_are_skipped_but_not_without_end() {
    let unknown = event("Future", &[0; 1_000]);
    let stream = [&unknown[..], &chunk(b"7"), &complete()].concat();
    assert_eq!(streamed(10, &[STREAM], &[&stream]).unwrap().0, b"7");
    let (kind, _) = failed(10, &unknown.repeat(10));
    assert_eq!(kind, TransportKind::Malformed);
}

#[test]
fn stream_without_its_last_event_is_cut_off() {
    let whole = [chunk(b"abc"), complete()].concat();
    for end in 0..whole.len() {
        let (kind, message) = failed(100, &whole[..end]);
        assert_eq!(kind, TransportKind::CutOff, "{end}");
        assert_contains(&message, ["ended without the event"]);
    }
    let promised = whole.len().to_string();
    let headers = [STREAM, ("Content-Length", &*promised)];
    assert!(streamed(100, &headers, &[&whole]).is_ok());
    let cut = streamed(100, &headers, &[&whole[..9]]).unwrap_err();
    assert_contains(&cut.message, ["9 of"]);
}

#[test]
fn stream_with_its_last_event_is_complete_before_the_end_of_the_body() {
    let whole = [chunk(b"abc"), complete()].concat();
    let promised = (whole.len() + 1).to_string();
    let headers = [STREAM, ("Content-Length", &*promised)];
    assert_eq!(
        streamed(100, &headers, &[&whole]).unwrap().0,
        b"abc".to_vec()
    );
}

#[test]
fn pause_is_short_once_the_last_event_has_arrived() {
    let mut body = Body::new(&answer(200, &[STREAM], ""), &request(true, 100)).unwrap();
    for (bytes, pause) in [
        (chunk(b"abc"), 900_000),
        (complete(), 1_000),
        // Half of a frame.
        (event("Future", b"")[..5].to_vec(), 900_000),
    ] {
        body.append(&bytes).unwrap();
        assert_eq!(body.pause_ms(900_000), pause);
    }
    let plain = Body::new(&answer(200, &[], ""), &request(true, 100)).unwrap();
    assert_eq!(plain.pause_ms(900_000), 900_000);
    assert_eq!(pause_ms(true, 500), 500);
}

#[test]
fn damaged_stream_is_malformed() {
    let mut stream = [chunk(b"abc"), complete()].concat();
    stream[40] ^= 1;
    let (kind, message) = failed(100, &stream);
    assert_eq!(kind, TransportKind::Malformed);
    assert_contains(&message, ["the stream is damaged"]);
}
