//! Our cursor: Lambda's marker of a page, and how far into that page the caller has read.
//!
//! Lambda's own marker cannot point into a page, and a filter or a limit may end inside one.

use alloc::string::{String, ToString};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A place in the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Lambda's marker of the page; `None` is the first.
    pub marker: Option<String>,
    /// Rows of that page that are done with.
    pub consumed: usize,
    /// ARN of the last of them: functions may come and go between two calls.
    pub last_arn: String,
}

const VERSION: &str = "1";

impl Cursor {
    /// The beginning of the page with that marker.
    pub fn at_page(marker: String) -> Cursor {
        Cursor {
            marker: Some(marker),
            consumed: 0,
            last_arn: String::new(),
        }
    }

    /// As text for the caller; opaque.
    pub fn write(&self) -> String {
        // No ARN has a second line, and here it would be taken for the marker.
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

    /// From the caller's text; `None` where [`Cursor::write`] did not make it.
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

    /// The index of the first row not yet seen in a page of these ARNs.
    pub fn start<'a>(&self, mut arns: impl Iterator<Item = &'a str>) -> usize {
        if self.consumed == 0 {
            return 0;
        }
        match arns.position(|arn| arn == self.last_arn) {
            Some(index) => index.saturating_add(1),
            // The last row seen is gone, so at least one row has moved up: rather repeat a row
            // than lose one.
            None => self.consumed.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
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
    fn an_arn_that_is_none_does_not_change_the_page() {
        let cursor = |last_arn: &str| Cursor {
            marker: Some("m\nn".into()),
            consumed: 1,
            last_arn: last_arn.into(),
        };
        assert_eq!(Cursor::read(&cursor("x\ny\n").write()), Some(cursor("x")));
    }

    #[test]
    fn what_was_not_written_here_is_refused() {
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
    fn rows_that_come_and_go_are_not_lost() {
        let cursor = Cursor {
            marker: None,
            consumed: 2,
            last_arn: "b".into(),
        };
        assert_eq!(cursor.start(["a", "b", "c"].into_iter()), 2);
        assert_eq!(
            cursor.start(["0", "a", "b", "c"].into_iter()),
            3,
            "one came before"
        );
        assert_eq!(cursor.start(["b", "c"].into_iter()), 1, "one went before");
        assert_eq!(
            cursor.start(["a", "c"].into_iter()),
            1,
            "the last one seen went"
        );
        assert_eq!(cursor.start([].into_iter()), 1);
    }
}
