//! Event streams, compared with the AWS SDK for Rust: the frames in the package of its decoder, and
//! random streams.

use std::fs;

use aws_lambda_connector::aws::event_stream::{
    Completion, Decoder, Exception, Malformed, StreamError,
};
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_eventstream::smithy::parse_response_headers;
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::Value;

use crate::support::package_folder;

/// What a caller learns of a stream: the bytes of the response, and how it ended.
type Outcome = (Vec<u8>, Result<Completion, StreamError>);

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::default();
    let mut response = Vec::new();
    for piece in pieces {
        for chunk in decoder.push(piece) {
            let Ok(chunk) = chunk else {
                return (response, decoder.finish());
            };
            response.extend_from_slice(chunk);
        }
    }
    (response, decoder.finish())
}

fn malformed(problem: Malformed) -> Result<Completion, StreamError> {
    Err(StreamError::Malformed(problem))
}

/// CRC-32 by its definition, one bit at a time.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    (!crc).to_be_bytes()
}

/// A frame with right lengths and checksums.
fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let lengths = [16 + headers.len() + payload.len(), headers.len()];
    let mut frame = lengths.map(|length| (length as u32).to_be_bytes()).concat();
    frame.extend(crc32(&frame));
    frame.extend([headers, payload].concat());
    frame.extend(crc32(&frame));
    frame
}

fn headers(event: &str) -> [Header; 2] {
    let header = |name: &'static str, value: &str| {
        Header::new(name, HeaderValue::String(value.to_owned().into()))
    };
    [
        header(":event-type", event),
        header(":message-type", "event"),
    ]
}

fn write(headers: Vec<Header>, payload: Vec<u8>) -> Vec<u8> {
    let mut frame = Vec::new();
    write_message_to(&Message::new_from_parts(headers, payload), &mut frame).unwrap();
    frame
}

/// One of the frames in the package, as its headers and payload, which may be invalid.
fn published(name: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let file = package_folder("aws-smithy-eventstream").join("test_data");
    let frame = fs::read(file.join(name)).unwrap();
    let length = u32::from_be_bytes(frame[4..8].try_into().unwrap()) as usize;
    let content = &frame[12..frame.len().max(16) - 4];
    let (headers, payload) = content.split_at(length.min(content.len()));
    (frame.clone(), headers.to_vec(), payload.to_vec())
}

#[test]
fn valid_frames_of_aws_are_decoded() {
    let chunk = write(headers("PayloadChunk").to_vec(), vec![]);
    let lambdas = &chunk[12..chunk.len() - 4];
    for (name, payload) in [
        ("valid_with_all_headers_and_payload", &b"some payload"[..]),
        ("valid_no_headers", b"another test payload"),
        ("valid_empty_payload", b""),
    ] {
        let (published, headers, content) = published(name);
        assert_eq!(content, payload, "{name}");
        assert_eq!(frame(&headers, payload), published, "{name}");
        // The frame is valid, but does not state what it is.
        let (response, end) = decode([&published[..]]);
        assert_eq!(
            (response, end),
            (vec![], malformed(Malformed::MessageType)),
            "{name}"
        );
        // With Lambda's headers beside its own, it is a chunk.
        for headers in [[&headers, lambdas].concat(), [lambdas, &headers].concat()] {
            let stream = [frame(&headers, payload), complete("{}")].concat();
            let expected = (payload.to_vec(), Ok(Completion::default()));
            assert_eq!(decode([&stream[..]]), expected, "{name}");
        }
    }
}

#[test]
fn invalid_frames_of_aws_are_malformed() {
    for (name, problem, with_right_checksums) in [
        ("invalid_prelude_checksum", Malformed::PreludeChecksum, None),
        ("invalid_message_checksum", Malformed::MessageChecksum, None),
        ("invalid_headers_length", Malformed::Lengths, None),
        (
            "invalid_header_name_length",
            Malformed::MessageChecksum,
            Some(Malformed::Headers),
        ),
        (
            "invalid_header_name_length_too_long",
            Malformed::MessageChecksum,
            Some(Malformed::Headers),
        ),
        (
            "invalid_header_string_length_cut_off",
            Malformed::MessageChecksum,
            Some(Malformed::Headers),
        ),
        (
            "invalid_header_string_value_length",
            Malformed::MessageChecksum,
            Some(Malformed::Headers),
        ),
        (
            "invalid_header_value_type",
            Malformed::MessageChecksum,
            Some(Malformed::Headers),
        ),
    ] {
        let (published, headers, payload) = published(name);
        let (_, end) = decode([&published[..]]);
        assert_eq!(end, malformed(problem), "{name}");
        if let Some(problem) = with_right_checksums {
            let (_, end) = decode([&frame(&headers, &payload)[..]]);
            assert_eq!(end, malformed(problem), "{name}");
        }
    }
}

fn complete(payload: &str) -> Vec<u8> {
    write(headers("InvokeComplete").to_vec(), payload.into())
}

/// A header that the decoder ignores. The SDK requires a `:content-type` to be a string.
fn other_header() -> impl Strategy<Value = Header> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let value = prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        bytes().prop_map(|bytes| HeaderValue::ByteArray(bytes.into())),
        "\\PC{0,40}".prop_map(|text| HeaderValue::String(text.into())),
        (-1_000_000_000_000_i64..1_000_000_000_000)
            .prop_map(|ms| HeaderValue::Timestamp(DateTime::from_millis(ms))),
        any::<u128>().prop_map(HeaderValue::Uuid),
    ];
    let name = prop_oneof![Just(":date".to_owned()), "[a-z]{1,12}", "é{1,127}",];
    let content_type = select(&["application/json", "application/octet-stream", ""][..])
        .prop_map(|text| Header::new(":content-type", HeaderValue::String(text.into())));
    prop_oneof![
        3 => (name, value).prop_map(|(name, value)| Header::new(name, value)),
        1 => content_type,
    ]
}

/// The headers that state what a frame is. Most are those of a stream by Lambda.
fn known_headers() -> impl Strategy<Value = Vec<Header>> {
    let text = |name: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| Header::new(name, HeaderValue::String(value.into())))
    };
    let types = &["event", "exception", "error", "Event", ""];
    let events = &["PayloadChunk", "InvokeComplete", "initial-response", ""];
    let lambdas = |event| Just(headers(event).to_vec());
    prop_oneof![
        6 => lambdas("PayloadChunk"),
        3 => lambdas("Future"),
        1 => lambdas("InvokeComplete"),
        1 => (
            prop::option::weighted(0.9, text(":message-type", types)),
            prop::option::weighted(0.9, text(":event-type", events)),
            prop::option::of(text(":exception-type", &["Broken"])),
            prop::option::of(text(":error-code", &["Internal"])),
            prop::option::of(text(":error-message", &["wait"])),
        )
            .prop_map(|headers| {
                let (message, event, exception, code, text) = headers;
                [message, event, exception, code, text].into_iter().flatten().collect()
            }),
        1 => Just(vec![
            Header::new(":message-type", HeaderValue::Bool(true)),
            Header::new(":event-type", HeaderValue::String("PayloadChunk".into())),
        ]),
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        select(
            &[
                "{}",
                "",
                r#"{"ErrorCode":null,"LogResult":"TE9H"}"#,
                r#"{"ErrorCode":"E","ErrorDetails":"{\"errorMessage\":\"\\u00e9\"}"}"#,
                r#"{"message":"why"}"#,
                "[1]",
            ][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn random_frame() -> impl Strategy<Value = Vec<u8>> {
    let others = || prop::collection::vec(other_header(), 0..3);
    (others(), known_headers(), others(), payload())
        .prop_map(|(before, known, after, payload)| write([before, known, after].concat(), payload))
}

/// A stream of random frames, most of which end as Lambda's do, and where to split it.
fn stream() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    let end = prop_oneof![
        4 => select(&["{}", r#"{"ErrorCode":"E","LogResult":null}"#][..]).prop_map(complete),
        1 => Just(vec![]),
    ];
    let frames = prop::collection::vec(random_frame(), 0..6);
    let splits = prop::collection::vec(any::<prop::sample::Index>(), 0..8);
    (frames, end, splits).prop_map(|(frames, end, splits)| {
        let stream = [frames.concat(), end].concat();
        let mut splits: Vec<usize> = splits
            .into_iter()
            .map(|split| split.index(stream.len() + 1))
            .collect();
        splits.sort_unstable();
        (stream, splits)
    })
}

fn pieces<'a>(stream: &'a [u8], splits: &[usize]) -> Vec<&'a [u8]> {
    let ends = splits.iter().copied().chain([stream.len()]);
    let starts = [0].into_iter().chain(splits.iter().copied());
    starts
        .zip(ends)
        .map(|(start, end)| &stream[start..end])
        .collect()
}

/// What the SDK's decoder reads, with the meaning that Lambda's API gives to the events. An error is
/// `None` unless it is an exception, because the SDK's other errors have other reasons.
fn read_by_sdk(mut stream: &[u8]) -> (Vec<u8>, Option<Result<Completion, Exception>>) {
    let mut response = Vec::new();
    let mut completion = None;
    let mut decoder = MessageFrameDecoder::new();
    while !stream.is_empty() {
        let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut stream) else {
            return (response, None);
        };
        let text = |name: &str| {
            let header = message
                .headers()
                .iter()
                .find(|header| header.name().as_str() == name)?;
            Some(header.value().as_string().ok()?.as_str().to_owned())
        };
        let json = serde_json::from_slice::<Value>(message.payload()).unwrap_or_default();
        let member = |name: &str| json[name].as_str().map(str::to_owned);
        // The SDK does not read errors that are not modelled.
        if text(":message-type").as_deref() == Some("error") {
            let message = text(":error-message").or_else(|| member("message"));
            let exception = text(":error-code").map(|code| Exception { code, message });
            return (
                response,
                exception.filter(|_| completion.is_none()).map(Err),
            );
        }
        let Ok(headers) = parse_response_headers(&message) else {
            return (response, None);
        };
        let kind = headers.smithy_type.as_str().to_owned();
        match (headers.message_type.as_str(), &*kind) {
            ("exception", _) | ("event", "PayloadChunk" | "InvokeComplete")
                if completion.is_some() =>
            {
                return (response, None);
            }
            ("exception", _) => {
                let message = text(":error-message").or_else(|| member("message"));
                return (
                    response,
                    Some(Err(Exception {
                        code: kind,
                        message,
                    })),
                );
            }
            ("event", "PayloadChunk") => response.extend_from_slice(message.payload()),
            ("event", "InvokeComplete") if json.is_object() || message.payload().is_empty() => {
                completion = Some(Completion {
                    error_code: member("ErrorCode"),
                    error_details: member("ErrorDetails"),
                    log_result: member("LogResult"),
                });
            }
            ("event", "InvokeComplete") => return (response, None),
            _ => {}
        }
    }
    (response, completion.map(Ok))
}

fn comparable(end: Result<Completion, StreamError>) -> Option<Result<Completion, Exception>> {
    match end {
        Ok(completion) => Some(Ok(completion)),
        Err(StreamError::Exception(exception)) => Some(Err(exception)),
        Err(StreamError::CutOff | StreamError::Malformed(_)) => None,
    }
}

/// No regression files: a failure becomes a named test.
fn config() -> Config {
    Config {
        cases: 2_000,
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn stream_is_decoded_as_by_the_sdk((stream, splits) in stream()) {
        let outcome = decode(pieces(&stream, &splits));
        prop_assert_eq!(&decode(stream.chunks(1)), &outcome);
        let (response, end) = outcome;
        prop_assert_eq!((response, comparable(end)), read_by_sdk(&stream));
    }

    #[test]
    fn damaged_stream_has_no_other_result((stream, splits) in stream(), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        prop_assume!(!stream.is_empty());
        let intact = decode([&stream[..]]);
        let mut damaged = stream;
        let at = at.index(damaged.len());
        damaged[at] ^= change;
        let outcome = decode(pieces(&damaged, &splits));
        prop_assert_eq!(&decode(damaged.chunks(1)), &outcome);
        let (response, end) = outcome;
        let checksum = [Malformed::PreludeChecksum, Malformed::MessageChecksum];
        if checksum.map(malformed).contains(&end) {
            // All of the response up to the damaged frame was right.
            let (before, _) = read_by_sdk(&damaged);
            prop_assert!(intact.0.starts_with(&before) && response.starts_with(&before));
        } else {
            // The damage follows what already ended the stream.
            prop_assert_eq!((response, end), intact);
        }
    }

    #[test]
    fn bytes_that_are_not_a_stream_are_never_complete(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let (response, end) = decode([&bytes[..]]);
        prop_assert!(response.is_empty() && end.is_err());
    }
}
