//! Realistic input with random edits, which gets further than noise does.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Text that parsers treat specially.
const TOKENS: [&str; 24] = [
    "",
    "\0",
    "\r\n",
    "\"",
    "\\",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "-",
    "1e999",
    "18446744073709551616",
    "€",
    "\u{feff}",
    "%00",
    "%2",
    "<",
    "&#0;",
    "=",
    "@",
];

#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, &'static str),
    Delete(Index, Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), select(&TOKENS[..])).prop_map(|(at, token)| Edit::Insert(at, token)),
        (at(), at()).prop_map(|(from, to)| Edit::Delete(from, to)),
        (at(), at()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        at().prop_map(Edit::Cut),
    ]
}

fn apply(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let size = bytes.len().saturating_add(1);
        let range = |a: &Index, b: &Index| {
            let (a, b) = (a.index(size), b.index(size));
            a.min(b)..a.max(b)
        };
        match edit {
            Edit::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(size)) {
                    *place = *byte;
                }
            }
            Edit::Insert(at, token) => {
                let at = at.index(size);
                bytes.splice(at..at, token.bytes());
            }
            Edit::Delete(from, to) => {
                bytes.drain(range(from, to));
            }
            Edit::Repeat(from, to) => {
                let piece = bytes.get(range(from, to)).unwrap().to_vec();
                bytes.extend(piece);
            }
            Edit::Cut(at) => bytes.truncate(at.index(size)),
        }
    }
    bytes
}

/// One of `corpus`, unchanged or with up to five edits, and sometimes noise.
pub fn bytes_like(corpus: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => select(corpus).prop_map(|text| text.as_bytes().to_vec()),
        6 => (select(corpus), vec(edit(), 1..6))
            .prop_map(|(text, edits)| apply(text.as_bytes().to_vec(), &edits)),
        1 => vec(any::<u8>(), 0..64),
    ]
}

/// As [`bytes_like`], but as text.
pub fn text_like(corpus: &'static [&'static str]) -> impl Strategy<Value = String> {
    bytes_like(corpus).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
