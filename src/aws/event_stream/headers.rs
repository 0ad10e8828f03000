//! The headers of a frame, which decide what it is. Each consists of a name, the type of its value,
//! and the value.

/// The longest value that AWS's SDKs write.
const MAX_VALUE: usize = 32_767;

/// The headers that the decoder reads, all of which are strings. It ignores the `:content-type`, because the
/// type of an event determines what its payload is.
#[derive(Default)]
pub struct Headers<'a> {
    pub message_type: Option<&'a str>,
    pub event_type: Option<&'a str>,
    pub exception_type: Option<&'a str>,
    pub error_code: Option<&'a str>,
    pub error_message: Option<&'a str>,
}

impl<'a> Headers<'a> {
    /// Reads a block of headers. Returns `None` if it is invalid, or if one of these headers is not a
    /// string or appears twice.
    pub fn read(mut block: &'a [u8]) -> Option<Headers<'a>> {
        let mut headers = Headers::default();
        while let [length, rest @ ..] = block {
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            let name = core::str::from_utf8(name)
                .ok()
                .filter(|name| !name.is_empty())?;
            let (kind, rest) = rest.split_first()?;
            let (length, rest) = match kind {
                // `true` and `false` have no bytes. Integers have 1, 2, 4 and 8.
                0 | 1 => (0, rest),
                2 => (1, rest),
                3 => (2, rest),
                4 => (4, rest),
                5 => (8, rest),
                // Bytes and strings state their length.
                6 | 7 => {
                    let (length, rest) = rest.split_first_chunk()?;
                    (usize::from(u16::from_be_bytes(*length)), rest)
                }
                // A time and a UUID.
                8 => (8, rest),
                9 => (16, rest),
                _ => return None,
            };
            let (value, rest) = rest.split_at_checked(length)?;
            block = rest;
            let text = match kind {
                _ if length > MAX_VALUE => return None,
                7 => Some(core::str::from_utf8(value).ok()?),
                _ => None,
            };
            let header = match name {
                ":message-type" => &mut headers.message_type,
                ":event-type" => &mut headers.event_type,
                ":exception-type" => &mut headers.exception_type,
                ":error-code" => &mut headers.error_code,
                ":error-message" => &mut headers.error_message,
                _ => continue,
            };
            if header.replace(text?).is_some() {
                return None;
            }
        }
        Some(headers)
    }
}
