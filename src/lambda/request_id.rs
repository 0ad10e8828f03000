//! The request ID that a caller chooses for an invocation.

use alloc::format;
use alloc::string::String;

use crate::call::error::Error;
use crate::call::text;

const RULE: &str = "a request ID is a UUID of 36 characters, for example 7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11, and a new one for each call";

/// Returns `id` in lower case, so that what is sent is what the function's log shows.
///
/// # Errors
/// `invalid-input` for `request.request-id`, if `id` is not a UUID or is the nil UUID.
pub fn normalize(id: &str) -> Result<String, Error> {
    const FIELD: &str = "request.request-id";
    let is_allowed = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    text::check(format_args!("{FIELD}"), id, 36, 36, is_allowed, RULE)?;
    let is_hyphen = |place| matches!(place, 8 | 13 | 18 | 23);
    let mut bytes = id.bytes().enumerate();
    let problem = if !bytes.all(|(place, byte)| (byte == b'-') == is_hyphen(place)) {
        "its hyphens do not separate groups of 8, 4, 4, 4 and 12 digits"
    } else if id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
        "it is the nil UUID, which does not identify an invocation"
    } else {
        return Ok(id.to_ascii_lowercase());
    };
    Err(Error::invalid(FIELD, format!("{problem}: {RULE}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_contains, refused};

    #[test]
    fn uuid_of_any_version_and_case_is_sent_in_lower_case() {
        for (given, sent) in [
            (
                "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11",
                "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11",
            ),
            (
                "7F3A1B6E-0C52-8B4F-9A86-3b1f6a0f2c11",
                "7f3a1b6e-0c52-8b4f-9a86-3b1f6a0f2c11",
            ),
            (
                "00000000-0000-0000-0000-000000000001",
                "00000000-0000-0000-0000-000000000001",
            ),
            (
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ),
        ] {
            assert_eq!(normalize(given).as_deref(), Ok(sent));
        }
    }

    #[test]
    fn text_that_is_not_a_uuid_is_rejected() {
        for (bad, problem) in [
            ("", "it is empty"),
            ("7f3a1b6e", "it is too short"),
            ("7f3a1b6e0c524b4f9a863b1f6a0f2c11", "it is too short"),
            ("{7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11}", "it is too long"),
            ("urn:uuid:7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11", "too long"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c1", "it is too short"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11 ", "it is too long"),
            (" 7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c1", "white space"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c1g", "not allowed"),
            ("7f3a1b6e_0c52-4b4f-9a86-3b1f6a0f2c11", "not allowed"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c1é", "it is too long"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f\r\n11", "control"),
            ("7f3a1b6e0-c52-4b4f-9a86-3b1f6a0f2c11", "its hyphens"),
            ("7f3a1b6e-0c52-4b4f-9a863-b1f6a0f2c11", "its hyphens"),
            ("7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f-c11", "its hyphens"),
            ("7f3a1b6e0c52-4b4f-9a86-3b1f6a0f2c112", "its hyphens"),
            ("------------------------------------", "its hyphens"),
            ("00000000-0000-0000-0000-000000000000", "nil"),
        ] {
            let refused = refused(normalize(bad));
            assert_eq!(refused.field, "request.request-id", "{bad:?}");
            assert_contains(&refused.message, [problem, RULE]);
        }
    }
}
