//! Frames of an event stream, written independently of the decoder.

/// The frame of an event.
pub fn event(kind: &str, payload: &[u8]) -> Vec<u8> {
    let header = |name: &str, value: &str| {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        let name_length = [u8::try_from(name.len()).unwrap()];
        [
            &name_length,
            name.as_bytes(),
            &[7],
            &length,
            value.as_bytes(),
        ]
        .concat()
    };
    let headers = [
        header(":event-type", kind),
        header(":message-type", "event"),
    ]
    .concat();
    let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let length = u32::try_from(headers.len()).unwrap();
    let mut frame = [total.to_be_bytes(), length.to_be_bytes()].concat();
    frame.extend(crc(&frame));
    frame.extend(headers);
    frame.extend(payload);
    frame.extend(crc(&frame));
    frame
}

pub fn chunk(payload: &[u8]) -> Vec<u8> {
    event("PayloadChunk", payload)
}

/// The last event, of a function that succeeded.
pub fn complete() -> Vec<u8> {
    event("InvokeComplete", b"{}")
}

/// The CRC-32 of zlib, bit by bit.
fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    (!crc).to_be_bytes()
}
