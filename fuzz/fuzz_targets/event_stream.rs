//! Event streams in pieces of any length, compared with a reader that has the whole stream. The
//! decoder holds only headers and the event that ends the stream.
#![no_main]

use aws_lambda_connector::aws::event_stream::{
    Completion, Decoder, Exception, Malformed, StreamError,
};
use aws_lambda_connector::aws::json::Fields;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [mode, pace, rest @ ..] = input else {
        return;
    };
    let stream = if mode % 2 == 0 {
        rest.to_vec()
    } else {
        frames(rest)
    };
    let expected = Reading::of(&stream);
    let mut sizes = std::iter::successors(Some(u32::from(*pace)), |size| {
        Some(size.wrapping_mul(31).wrapping_add(7) % 61)
    });
    decode(&stream, &expected, || stream.len());
    decode(&stream, &expected, || 1);
    decode(&stream, &expected, || sizes.next().unwrap_or(1) as usize);
});

fn decode(mut stream: &[u8], expected: &Reading, mut size: impl FnMut() -> usize) {
    let mut decoder = Decoder::default();
    let mut response = Vec::new();
    let mut errors = Vec::new();
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at(size().min(stream.len()));
        stream = rest;
        for chunk in decoder.push(piece) {
            assert_eq!(errors, [], "something follows an error");
            match chunk {
                Ok(chunk) => response.extend_from_slice(chunk),
                Err(error) => errors.push(error),
            }
        }
        // A vector has up to twice the room that it needs, or a few bytes.
        assert!(decoder.capacity() <= 2 * expected.held + 64);
    }
    let end = decoder.finish();
    assert_eq!(end, expected.end);
    assert_eq!(response, expected.response);
    let failed = end.err().filter(|error| *error != StreamError::CutOff);
    assert_eq!(errors, Vec::from_iter(failed));
}

/// Builds frames, most with right lengths and checksums. Each consists of a byte that selects its kind,
/// the lengths of further headers and of the payload, and both.
fn frames(mut input: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [kind, headers, payload, rest @ ..] = input {
        let (headers, rest) = rest.split_at(usize::from(*headers).min(rest.len()));
        let (payload, rest) = rest.split_at(usize::from(*payload).min(rest.len()));
        input = rest;
        let text = |name: &str, value: &str| {
            let length = (value.len() as u16).to_be_bytes();
            let name = [&[name.len() as u8], name.as_bytes(), &[7]].concat();
            [&name, &length[..], value.as_bytes()].concat()
        };
        let event = |name| [text(":message-type", "event"), text(":event-type", name)].concat();
        let known = match kind % 8 {
            0 => event("PayloadChunk"),
            1 => event("InvokeComplete"),
            2 => event("Future"),
            3 => [
                text(":message-type", "exception"),
                text(":exception-type", "E"),
            ]
            .concat(),
            4 => [text(":message-type", "error"), text(":error-code", "C")].concat(),
            _ => vec![],
        };
        let headers = [&known, headers].concat();
        let mut total = (16 + headers.len() + payload.len()) as u32;
        if kind / 8 == 1 {
            total ^= 1 << (payload.len() % 32);
        }
        let mut frame = [total, headers.len() as u32].map(u32::to_be_bytes).concat();
        frame.extend(crc32(&frame).to_be_bytes());
        frame.extend([&headers, payload].concat());
        frame.extend(crc32(&frame).to_be_bytes());
        if kind / 8 == 2 {
            let at = payload.len() % frame.len();
            frame[at] ^= 1 << (kind % 8);
        }
        stream.extend(frame);
    }
    stream
}

/// CRC-32 by its definition, one bit at a time.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

/// What the stream is, read as a whole.
struct Reading {
    response: Vec<u8>,
    end: Result<Completion, StreamError>,
    /// The longest block of headers and the longest payload that has to be held.
    held: usize,
}

impl Reading {
    fn of(mut stream: &[u8]) -> Reading {
        let mut reading = Reading {
            response: Vec::new(),
            end: Err(StreamError::CutOff),
            held: 12,
        };
        while !stream.is_empty() {
            match reading.frame(stream) {
                Ok(length) => stream = &stream[length..],
                Err(error) => {
                    reading.end = Err(error);
                    break;
                }
            }
        }
        reading
    }

    /// Reads the first frame of `stream`. Returns its length.
    fn frame(&mut self, stream: &[u8]) -> Result<usize, StreamError> {
        let malformed = StreamError::Malformed;
        let number = |at: usize| {
            let bytes = stream.get(at..at + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let (Some(total), Some(headers), Some(checksum)) = (number(0), number(4), number(8)) else {
            return Err(StreamError::CutOff);
        };
        if crc32(&stream[..8]) != checksum {
            return Err(malformed(Malformed::PreludeChecksum));
        }
        let payload = i64::from(total) - i64::from(headers) - 16;
        if headers > 131_072 || !(0..=25_165_824).contains(&payload) {
            return Err(malformed(Malformed::Lengths));
        }
        let [total, headers] = [total, headers].map(|length| length as usize);
        self.held = self.held.max(12 + headers.min(stream.len()));
        let from = 12 + headers;
        // A chunk's bytes count although its frame is incomplete.
        let Some(block) = stream.get(12..from).filter(|_| stream.len() > from) else {
            return Err(StreamError::CutOff);
        };
        let content = &stream[from..stream.len().min(total - 4)];
        let texts = texts(block);
        let text = |name: &str| {
            let texts = texts.as_ref()?;
            let mut all = texts.iter().filter(|(other, _)| other == name);
            all.next().map(|(_, text)| text.as_str())
        };
        let kind = [":event-type", ":exception-type", ":error-code"].map(text);
        let is_late = self.end.is_ok();
        let frame = match (text(":message-type"), kind) {
            _ if texts.is_none() => Err(Malformed::Headers),
            (Some("event"), [Some("PayloadChunk" | "InvokeComplete"), ..])
            | (Some("exception"), [_, Some(_), _])
            | (Some("error"), [.., Some(_)])
                if is_late =>
            {
                Err(Malformed::AfterCompletion)
            }
            (Some("event"), [Some("PayloadChunk"), ..]) => {
                self.response.extend_from_slice(content);
                Ok(None)
            }
            (Some("event"), [Some("InvokeComplete"), ..]) => {
                self.held += content.len();
                Ok(Some(None))
            }
            (Some("event"), [Some(_), ..]) => Ok(None),
            (Some("exception"), [_, Some(code), _]) | (Some("error"), [.., Some(code)]) => {
                self.held += content.len();
                Ok(Some(Some(code)))
            }
            _ => Err(Malformed::MessageType),
        };
        let Some(checksum) = number(total - 4) else {
            return Err(StreamError::CutOff);
        };
        if crc32(&stream[..total - 4]) != checksum {
            return Err(malformed(Malformed::MessageChecksum));
        }
        let json = std::str::from_utf8(content).ok().and_then(Fields::read);
        let member = |name: &str| json.as_ref()?.text(name);
        match frame.map_err(malformed)? {
            None => {}
            Some(None) if json.is_none() && !content.is_empty() => {
                return Err(malformed(Malformed::Completion));
            }
            Some(None) => {
                self.end = Ok(Completion {
                    error_code: member("ErrorCode"),
                    error_details: member("ErrorDetails"),
                    log_result: member("LogResult"),
                });
            }
            Some(Some(code)) => {
                let stated = text(":error-message").map(str::to_owned);
                return Err(StreamError::Exception(Exception {
                    code: code.into(),
                    message: stated.or_else(|| member("message").or_else(|| member("Message"))),
                }));
            }
        }
        Ok(total)
    }
}

/// The headers of `block` that the decoder reads, or `None` if the block is invalid.
fn texts(block: &[u8]) -> Option<Vec<(String, String)>> {
    const READ: [&str; 5] = [
        ":message-type",
        ":event-type",
        ":exception-type",
        ":error-code",
        ":error-message",
    ];
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < block.len() {
        let name = usize::from(block[at]);
        let name = std::str::from_utf8(block.get(at + 1..at + 1 + name)?).ok()?;
        at += 1 + name.len();
        let kind = *block.get(at)?;
        at += 1;
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            6 | 7 => {
                let length = block.get(at..at + 2)?;
                at += 2;
                usize::from(length[0]) * 256 + usize::from(length[1])
            }
            _ => return None,
        };
        let value = block.get(at..at + length)?;
        at += length;
        let text = std::str::from_utf8(value).ok();
        if name.is_empty() || length > 32_767 || (kind == 7 && text.is_none()) {
            return None;
        }
        if READ.contains(&name) {
            if kind != 7 || texts.iter().any(|(other, _)| other == name) {
                return None;
            }
            texts.push((name.into(), text?.into()));
        }
    }
    Some(texts)
}
