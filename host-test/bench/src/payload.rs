//! Events of a given length that look like data: objects in a list, not one long text, which is
//! the easiest JSON there is.

use std::fmt::Write;

/// Exactly `length` bytes of JSON, 20 or more.
pub fn records(length: usize) -> String {
    let mut text = "[".to_owned();
    for id in 0.. {
        let start = text.len();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            r#"{{"id":{id},"name":"Ada Lovelace","tags":["first","größer"],"price":{}.5,"open":true,"note":null}},"#,
            id % 1_000
        );
        // Room for the last element and its quotes.
        if text.len() + 3 > length {
            text.truncate(start);
            break;
        }
    }
    let padding = length.saturating_sub(text.len() + 3);
    let _ = write!(text, "\"{}\"]", "x".repeat(padding));
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_long_as_asked_for_and_json() {
        for length in [20, 100, 101, 10_000, 1_000_003] {
            let text = super::records(length);
            assert_eq!(text.len(), length);
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
