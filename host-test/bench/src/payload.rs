//! Events of a given length that resemble real data: a list of objects. A single long string would
//! be the cheapest JSON to parse.

use std::fmt::Write;

/// A size of an event, and how many calls measure it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The size for people.
    pub name: &'static str,
    /// The length of the event.
    pub bytes: usize,
    /// The calls of each round.
    pub calls: usize,
}

/// The sizes at which the cost of a call is measured.
pub const SIZES: [Size; 4] = [
    Size {
        name: "100 B",
        bytes: 100,
        calls: 300,
    },
    Size {
        name: "10 KB",
        bytes: 10_000,
        calls: 200,
    },
    Size {
        name: "1 MB",
        bytes: 1_000_000,
        calls: 10,
    },
    Size {
        name: "6 MiB",
        bytes: 6 << 20,
        calls: 3,
    },
];

/// Returns exactly `length` bytes of JSON. `length` must be at least 20.
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
    fn records_are_json_of_the_requested_length() {
        for length in [20, 100, 101, 10_000, 1_000_003] {
            let text = super::records(length);
            assert_eq!(text.len(), length);
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
