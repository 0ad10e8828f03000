use super::*;

/// Frames of AWS, of which botocore's decoder reads the same (`{"ok":true}`, and only `null`s).
const CHUNK: &str = "000000750000005adfae083c0b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700056576656e747b226f6b223a747275657df7697da2";
const COMPLETE: &str = "0000009b00000054aff25c850b3a6576656e742d7479706507000e496e766f6b65436f6d706c6574650d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b224572726f72436f6465223a6e756c6c2c224572726f7244657461696c73223a6e756c6c2c224c6f67526573756c74223a6e756c6c7db4aa60de";

const COMPLETE_HEADERS: [(&str, &str); 2] = [
    (":event-type", "InvokeComplete"),
    (":message-type", "event"),
];

type Outcome = (Vec<u8>, Result<Completion, StreamError>);

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn golden() -> Vec<u8> {
    [bytes(CHUNK), bytes(COMPLETE)].concat()
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    Crc32::default().update(bytes).to_be_bytes()
}

fn prelude(total: u32, headers: u32) -> Vec<u8> {
    let lengths = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    [&lengths[..], &crc(&lengths)].concat()
}

fn header(name: &str, kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    [&[length], name.as_bytes(), &[kind], value].concat()
}

fn string(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&length.to_be_bytes(), text].concat()
}

fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let each = |(name, value): &(&str, &str)| header(name, 7, &string(value.as_bytes()));
    headers.iter().flat_map(each).collect()
}

fn raw_frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = 16 + headers.len() + payload.len();
    let prelude = prelude(total as u32, headers.len() as u32);
    let frame = [&prelude, headers, payload].concat();
    [&frame[..], &crc(&frame)].concat()
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    raw_frame(&block(headers), payload)
}

fn event(kind: &str, payload: &[u8]) -> Vec<u8> {
    frame(
        &[(":event-type", kind), (":message-type", "event")],
        payload,
    )
}

fn chunk(payload: &[u8]) -> Vec<u8> {
    event("PayloadChunk", payload)
}

fn complete(payload: &str) -> Vec<u8> {
    event("InvokeComplete", payload.as_bytes())
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::default();
    let mut response = Vec::new();
    let mut failed = None;
    for piece in pieces {
        for chunk in decoder.push(piece) {
            assert_eq!(failed, None, "something follows an error");
            match chunk {
                Ok(chunk) => {
                    assert!(!chunk.is_empty());
                    response.extend_from_slice(chunk);
                }
                Err(error) => failed = Some(error),
            }
        }
    }
    let is_complete = decoder.is_complete();
    let end = decoder.finish();
    assert_eq!(is_complete, end.is_ok());
    if let Some(error) = failed {
        assert_eq!(end, Err(error));
    }
    (response, end)
}

/// Decodes a stream whole and byte by byte.
#[track_caller]
fn outcome(stream: &[u8]) -> Outcome {
    let outcome = decode([stream]);
    assert_eq!(decode(stream.chunks(1)), outcome, "byte by byte");
    outcome
}

#[track_caller]
fn assert_malformed(stream: &[u8], problem: Malformed) {
    assert_eq!(outcome(stream).1, Err(StreamError::Malformed(problem)));
}

fn completed(error_code: &str) -> Completion {
    Completion {
        error_code: Some(error_code.into()),
        ..Completion::default()
    }
}

#[test]
fn golden_frames_are_decoded() {
    let expected = (br#"{"ok":true}"#.to_vec(), Ok(Completion::default()));
    assert_eq!(outcome(&golden()), expected);
}

#[test]
fn members_of_the_completion_may_be_null_or_absent() {
    for (payload, expected) in [
        (
            r#"{"ErrorCode":"Unhandled","ErrorDetails":"{\"errorType\":\"E\"}","LogResult":"TE9H"}"#,
            Completion {
                error_code: Some("Unhandled".into()),
                error_details: Some(r#"{"errorType":"E"}"#.into()),
                log_result: Some("TE9H".into()),
            },
        ),
        (
            r#"{"ErrorCode":"RangeError","LogResult":null}"#,
            completed("RangeError"),
        ),
        // Only `null` and absence mean that the function succeeded.
        (r#"{"ErrorCode":""}"#, completed("")),
        (r#"{"ErrorCode":0}"#, completed("0")),
        (
            r#" { "errorCode": 500, "Future": [{}] } "#,
            Completion::default(),
        ),
        ("{}", Completion::default()),
        // As in AWS's SDKs.
        ("", Completion::default()),
    ] {
        assert_eq!(
            outcome(&complete(payload)),
            (vec![], Ok(expected)),
            "{payload}"
        );
    }
}

#[test]
fn completion_that_is_not_an_object_is_malformed() {
    for payload in ["null", "[]", "\"\"", "{", "{}{}", " ", "text"] {
        assert_malformed(&complete(payload), Malformed::Completion);
    }
    let bad = event("InvokeComplete", b"{\"ErrorCode\":\"\xff\"}");
    assert_malformed(&bad, Malformed::Completion);
}

#[test]
fn unknown_events_and_headers_are_ignored() {
    let headers = [
        header("flag", 0, b""),
        header(":chunk-signature", 6, &string(b"\xff\0")),
        block(&COMPLETE_HEADERS),
        header("flag", 1, b""),
    ];
    let stream = [
        event("initial-response", b"{}"),
        chunk(b"one"),
        event("", b"\xff"),
        event("payloadchunk", b"two"),
        chunk(b""),
        chunk(b"\xff\0"),
        raw_frame(&headers.concat(), b"{}"),
        event("Future", b"{}"),
    ];
    let expected = (b"one\xff\0".to_vec(), Ok(Completion::default()));
    assert_eq!(outcome(&stream.concat()), expected);
}

#[test]
fn content_type_of_a_chunk_is_ignored() {
    for value in ["application/json", "application/octet-stream", ""] {
        let headers = [
            (":content-type", value),
            (":message-type", "event"),
            (":event-type", "PayloadChunk"),
        ];
        let stream = [frame(&headers, b"{}"), complete("")].concat();
        assert_eq!(
            outcome(&stream),
            (b"{}".to_vec(), Ok(Completion::default()))
        );
    }
}

#[test]
fn exception_ends_the_stream_with_its_code_and_message() {
    let exception = [
        (":message-type", "exception"),
        (":exception-type", "Broken"),
    ];
    let error = [(":message-type", "error"), (":error-code", "Internal")];
    let with_message = [error[0], error[1], (":error-message", "wait")];
    for (frame, code, message) in [
        (
            frame(&exception, br#"{"message":"why"}"#),
            "Broken",
            Some("why"),
        ),
        (
            frame(&exception, br#"{"Message":"Why"}"#),
            "Broken",
            Some("Why"),
        ),
        (frame(&exception, br#"{"message":null}"#), "Broken", None),
        (frame(&exception, b"<html>"), "Broken", None),
        (frame(&exception, b"\xff"), "Broken", None),
        (frame(&error, b""), "Internal", None),
        (frame(&with_message, b""), "Internal", Some("wait")),
        (
            frame(&with_message, br#"{"message":"other"}"#),
            "Internal",
            Some("wait"),
        ),
    ] {
        let stream = [chunk(b"one"), frame, chunk(b"two"), complete("")].concat();
        let expected = StreamError::Exception(Exception {
            code: code.into(),
            message: message.map(Into::into),
        });
        assert_eq!(outcome(&stream), (b"one".to_vec(), Err(expected)));
    }
}

#[test]
fn message_without_a_known_type_is_malformed() {
    for headers in [
        &[][..],
        &[(":event-type", "PayloadChunk")],
        &[(":message-type", "event")],
        &[(":message-type", "event"), (":exception-type", "E")],
        &[
            (":message-type", "exception"),
            (":event-type", "InvokeComplete"),
        ],
        &[(":message-type", "error"), (":exception-type", "E")],
        &[(":message-type", "Event"), (":event-type", "PayloadChunk")],
        &[(":message-type", ""), (":event-type", "PayloadChunk")],
    ] {
        let stream = [frame(headers, b"{}"), complete("")].concat();
        let problem = StreamError::Malformed(Malformed::MessageType);
        assert_eq!(outcome(&stream), (vec![], Err(problem)), "{headers:?}");
    }
}

#[test]
fn event_after_the_completion_is_malformed_and_not_part_of_the_response() {
    let exception = [
        (":message-type", "exception"),
        (":exception-type", "Broken"),
    ];
    for late in [
        chunk(b"two"),
        chunk(b""),
        complete("{}"),
        frame(&exception, b"{}"),
    ] {
        let stream = [chunk(b"one"), complete("{}"), late].concat();
        let problem = StreamError::Malformed(Malformed::AfterCompletion);
        assert_eq!(outcome(&stream), (b"one".to_vec(), Err(problem)));
    }
    // Bytes that are not a frame.
    assert_malformed(
        &[golden(), vec![0; 12]].concat(),
        Malformed::PreludeChecksum,
    );
    let short = [golden(), vec![0; 11]].concat();
    assert_eq!(outcome(&short).1, Err(StreamError::CutOff));
}

#[test]
fn stream_that_ends_anywhere_else_is_cut_off() {
    let stream = [golden(), event("Future", b"{}")].concat();
    let complete = [golden().len(), stream.len()];
    for end in 0..=stream.len() {
        let (response, result) = outcome(&stream[..end]);
        let expected = if complete.contains(&end) {
            Ok(Completion::default())
        } else {
            Err(StreamError::CutOff)
        };
        assert_eq!(result, expected, "{end}");
        assert!(br#"{"ok":true}"#.starts_with(&response));
    }
    let failed = [chunk(b"1"), event("Future", b"")].concat();
    assert_eq!(outcome(&failed), (b"1".to_vec(), Err(StreamError::CutOff)));
}

/// Streams that end in every way.
fn streams() -> Vec<Vec<u8>> {
    let exception = [(":message-type", "exception"), (":exception-type", "E")];
    let mut damaged = golden();
    damaged[110] ^= 1;
    vec![
        golden(),
        [
            chunk(b""),
            chunk(b"one"),
            event("Future", b"x"),
            complete(r#"{"ErrorCode":"E"}"#),
        ]
        .concat(),
        [chunk(b"one"), frame(&exception, br#"{"message":"why"}"#)].concat(),
        [chunk(b"one"), complete("{}"), chunk(b"two")].concat(),
        [chunk(b"one"), frame(&[], b"")].concat(),
        [chunk(b"one"), complete("[]")].concat(),
        chunk(b"one"),
        damaged,
    ]
}

#[test]
fn result_does_not_depend_on_where_the_stream_is_split() {
    for stream in streams() {
        let expected = decode([&stream[..]]);
        for first in 0..=stream.len() {
            let (start, rest) = stream.split_at(first);
            assert_eq!(decode([start, rest]), expected, "split at {first}");
            for second in (0..=rest.len()).step_by(3) {
                let (middle, end) = rest.split_at(second);
                let pieces = [start, middle, &[], end];
                assert_eq!(decode(pieces), expected, "split at {first} and {second}");
            }
        }
        for size in 1..=stream.len() {
            assert_eq!(decode(stream.chunks(size)), expected, "pieces of {size}");
        }
    }
}

#[test]
fn every_changed_byte_is_detected() {
    let stream = golden();
    let first = bytes(CHUNK).len();
    for at in 0..stream.len() {
        // Every single bit, and every other change of one byte.
        for change in 1..=255 {
            let mut changed = stream.clone();
            changed[at] ^= change;
            let (response, result) = decode([&changed[..]]);
            let in_prelude = at < PRELUDE || (first..first + PRELUDE).contains(&at);
            let problem = if in_prelude {
                Malformed::PreludeChecksum
            } else {
                Malformed::MessageChecksum
            };
            assert_eq!(
                result,
                Err(StreamError::Malformed(problem)),
                "{at} ^ {change}"
            );
            assert!(response.len() <= br#"{"ok":true}"#.len());
        }
    }
}

#[test]
fn missing_and_doubled_bytes_are_detected() {
    let stream = golden();
    for at in 0..stream.len() {
        let mut missing = stream.clone();
        missing.remove(at);
        assert!(decode([&missing[..]]).1.is_err(), "without {at}");
        let mut doubled = stream.clone();
        doubled.insert(at, stream[at]);
        assert!(decode([&doubled[..]]).1.is_err(), "{at} twice");
    }
}

#[test]
fn chunk_is_returned_before_its_checksum_is_known() {
    let mut stream = chunk(b"early");
    let mut decoder = Decoder::default();
    let last = stream.len() - 1;
    stream[last] ^= 1;
    let (start, end) = stream.split_at(last);
    assert!(decoder.push(start).eq([Ok(&b"early"[..])]));
    let problem = StreamError::Malformed(Malformed::MessageChecksum);
    assert!(decoder.push(end).eq([Err(problem.clone())]));
    assert!(decoder.push(&golden()).eq([]));
    assert_eq!(decoder.finish(), Err(problem));
}

#[test]
fn contradictory_and_excessive_lengths_are_malformed() {
    let (max_headers, max_payload) = (MAX_HEADERS as u32, MAX_PAYLOAD as u32);
    for (total, headers) in [
        (0, 0),
        (15, 0),
        (16, 1),
        (27, 12),
        (0, u32::MAX),
        (u32::MAX, 0),
        (u32::MAX, u32::MAX),
        (u32::MAX, u32::MAX - 16),
        (16 + max_headers + 1, max_headers + 1),
        (16 + max_payload + 1, 0),
        (16 + max_headers + max_payload + 1, max_headers),
    ] {
        assert_malformed(&prelude(total, headers), Malformed::Lengths);
    }
    for (total, headers) in [
        (16, 0),
        (17, 1),
        (16 + max_headers + max_payload, max_headers),
    ] {
        let result = outcome(&prelude(total, headers)).1;
        assert_eq!(result, Err(StreamError::CutOff), "{total}, {headers}");
    }
}

#[test]
fn headers_of_every_type_are_skipped() {
    let long = vec![b'x'; 32_767];
    for (kind, value) in [
        (0, vec![]),
        (1, vec![]),
        (2, vec![0xff]),
        (3, vec![0xff; 2]),
        (4, vec![0xff; 4]),
        (5, vec![0xff; 8]),
        (6, string(b"")),
        (6, string(b"\xff")),
        (6, string(&long)),
        (7, string(b"")),
        (7, string("Grüße".as_bytes())),
        (7, string(&long)),
        (8, vec![0xff; 8]),
        (9, vec![0xff; 16]),
    ] {
        for name in ["x", &"é".repeat(127), "event-type"] {
            let other = header(name, kind, &value);
            let known = block(&COMPLETE_HEADERS);
            let stream = raw_frame(&[&other[..], &known, &other].concat(), b"{}");
            assert_eq!(
                outcome(&stream).1,
                Ok(Completion::default()),
                "{kind}, {name}"
            );

            // A value that is a byte shorter ends the block too early.
            let short = &other[..other.len() - 1];
            let stream = raw_frame(&[&known[..], short].concat(), b"{}");
            assert_malformed(&stream, Malformed::Headers);
        }
    }
}

#[test]
fn invalid_headers_are_malformed() {
    let too_long = [&32_768_u16.to_be_bytes()[..], &[b'x'; 32_768]].concat();
    let mut invalid = vec![
        header("", 0, b""),
        header("x", 6, &too_long),
        header("x", 7, &too_long),
        header("x", 7, &string(b"\xff")),
        header(":error-code", 0, b""),
        header(":error-message", 6, &string(b"text")),
        header(":event-type", 7, &string(b"InvokeComplete")),
        header(":message-type", 7, &string(b"other")),
        // A name that is not UTF-8.
        vec![1, 0xff, 0],
        // Names that are longer than the block.
        vec![1],
        vec![2, b'x'],
        vec![255],
        // No type, and lengths without their second byte.
        vec![1, b'x'],
        vec![1, b'x', 6, 0],
        vec![1, b'x', 7, 0],
    ];
    invalid.extend((10..=255).map(|kind| header("x", kind, &[0; 16])));
    for invalid in invalid {
        let stream = raw_frame(&[block(&COMPLETE_HEADERS), invalid].concat(), b"{}");
        assert_malformed(&stream, Malformed::Headers);
    }
}

#[test]
fn bytes_held_do_not_depend_on_the_length_of_a_frame() {
    let payload = vec![7; MAX_PAYLOAD];
    let filler = header("x", 6, &string(&[0; 32_000])).repeat(4);
    let held = |stream: &[u8]| {
        let mut decoder = Decoder::default();
        let (mut most, mut returned) = (0, 0);
        for piece in stream.chunks(65_536) {
            for chunk in decoder.push(piece) {
                returned += chunk.unwrap().len();
            }
            most = most.max(decoder.capacity());
        }
        (most, returned)
    };
    // A chunk, and an event that is ignored, each of the greatest length.
    assert_eq!(held(&chunk(&payload)), (held(&chunk(b"")).0, MAX_PAYLOAD));
    assert_eq!(
        held(&event("Future", &payload)),
        (held(&event("Future", b"")).0, 0)
    );
    assert!(held(&chunk(b"")).0 < 256);
    let (most, _) = held(&raw_frame(
        &[filler, block(&COMPLETE_HEADERS)].concat(),
        b"",
    ));
    assert!((128_000..=2 * MAX_HEADERS).contains(&most), "{most}");
}

#[test]
fn completion_of_more_than_one_mebibyte_is_malformed() {
    let code = |length: usize| {
        let padding = length - r#"{"ErrorCode":""}"#.len();
        format!(r#"{{"ErrorCode":"{}"}}"#, "x".repeat(padding))
    };
    let longest = decode([&complete(&code(MAX_HELD))[..]]).1.unwrap();
    assert_eq!(longest.error_code.unwrap().len(), MAX_HELD - 16);

    let mut decoder = Decoder::default();
    let stream = complete(&code(MAX_HELD + 1));
    let (start, end) = stream.split_at(stream.len() - 1);
    assert!(decoder.push(start).eq([]));
    assert_eq!(decoder.held.capacity(), 0);
    let problem = StreamError::Malformed(Malformed::TooLong);
    assert!(decoder.push(end).eq([Err(problem)]));

    let exception = [(":message-type", "exception"), (":exception-type", "E")];
    let stream = frame(&exception, &vec![b' '; MAX_HELD + 1]);
    assert_eq!(
        decode([&stream[..]]).1,
        Err(StreamError::Malformed(Malformed::TooLong))
    );
}

#[test]
fn every_problem_has_a_message_of_its_own() {
    let mut messages: Vec<&str> = [
        Malformed::PreludeChecksum,
        Malformed::Lengths,
        Malformed::MessageChecksum,
        Malformed::Headers,
        Malformed::MessageType,
        Malformed::TooLong,
        Malformed::Completion,
        Malformed::AfterCompletion,
    ]
    .map(Malformed::message)
    .to_vec();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), 8);
}
