//! The cursor of a listing: Lambda's marker of a page, and how far the caller has read that page.
//!
//! Lambda's marker alone cannot point into a page, where a filter or a limit may end.

use alloc::string::{String, ToString};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A place in the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Lambda's marker of the page, or `None` for the first page.
    pub marker: Option<String>,
    /// The number of rows of that page that have been returned.
    pub consumed: usize,
    /// The ARN of the last returned row. Functions may be created and deleted between two calls.
    pub last_arn: String,
}

const VERSION: &str = "1";

impl Cursor {
    /// Returns the beginning of the page with that marker.
    pub fn at_page(marker: String) -> Cursor {
        Cursor {
            marker: Some(marker),
            consumed: 0,
            last_arn: String::new(),
        }
    }

    /// Encodes the cursor as an opaque text for the caller.
    pub fn write(&self) -> String {
        // An ARN has one line. A second one from a hostile response would be read as the marker.
        let last_arn = self.last_arn.split('\n').next().unwrap_or_default();
        let mut plain = String::from(VERSION);
        for part in [
            self.consumed.to_string().as_str(),
            last_arn,
            self.marker.as_deref().unwrap_or_default(),
        ] {
            plain.push('\n');
            plain.push_str(part);
        }
        URL_SAFE_NO_PAD.encode(plain)
    }

    /// Decodes the caller's text. Returns `None` if [`Cursor::write`] did not produce it.
    pub fn read(text: &str) -> Option<Cursor> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = plain.splitn(4, '\n');
        if parts.next() != Some(VERSION) {
            return None;
        }
        Some(Cursor {
            consumed: parts.next()?.parse().ok()?,
            last_arn: parts.next()?.into(),
            marker: parts
                .next()
                .map(|marker| (!marker.is_empty()).then(|| marker.into()))?,
        })
    }

    /// Returns the index of the first row that was not returned, in a page of these ARNs.
    pub fn start<'a>(&self, mut arns: impl Iterator<Item = &'a str>) -> usize {
        if self.consumed == 0 {
            return 0;
        }
        match arns.position(|arn| arn == self.last_arn) {
            Some(index) => index.saturating_add(1),
            // The last row was deleted, so the rows after it have moved up. Repeating a row is
            // better than losing one.
            None => self.consumed.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_a_round_trip() {
        for cursor in [
            Cursor::default(),
            Cursor::at_page("abc+/==\n:é".into()),
            Cursor {
                marker: None,
                consumed: 49,
                last_arn: "arn:a".into(),
            },
            Cursor {
                marker: Some("m".into()),
                consumed: 1,
                last_arn: "arn:b:$LATEST".into(),
            },
        ] {
            let text = cursor.write();
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
                "{text}"
            );
            assert_eq!(Cursor::read(&text), Some(cursor));
        }
    }

    #[test]
    fn an_arn_of_several_lines_does_not_change_the_marker() {
        let cursor = |last_arn: &str| Cursor {
            marker: Some("m\nn".into()),
            consumed: 1,
            last_arn: last_arn.into(),
        };
        assert_eq!(Cursor::read(&cursor("x\ny\n").write()), Some(cursor("x")));
    }

    #[test]
    fn a_text_that_is_not_a_cursor_is_rejected() {
        for text in [
            "",
            "50",
            "%%%",
            "MQ", // "1"
            &URL_SAFE_NO_PAD.encode("2\n0\n\n"),
            &URL_SAFE_NO_PAD.encode("1\n-1\n\n"),
            &URL_SAFE_NO_PAD.encode("1\n99999999999999999999\n\n"),
            &URL_SAFE_NO_PAD.encode("1\n0\n"),
            &URL_SAFE_NO_PAD.encode(b"1\n0\n\n\xff"),
        ] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }

    #[test]
    fn no_row_is_lost_when_functions_are_created_or_deleted() {
        let cursor = Cursor {
            marker: None,
            consumed: 2,
            last_arn: "b".into(),
        };
        assert_eq!(cursor.start(["a", "b", "c"].into_iter()), 2);
        assert_eq!(
            cursor.start(["0", "a", "b", "c"].into_iter()),
            3,
            "an earlier row was created"
        );
        assert_eq!(
            cursor.start(["b", "c"].into_iter()),
            1,
            "an earlier row was deleted"
        );
        assert_eq!(
            cursor.start(["a", "c"].into_iter()),
            1,
            "the last row was deleted"
        );
        assert_eq!(cursor.start([].into_iter()), 1);
    }
}
