//! JSON, checked once and read in place. A payload is checked without building a value, and the
//! fields of a response are slices of its text.
//!
//! `scan` alone decides what is valid and where each value ends, at any depth. The reader here
//! splits documents at those ends and unescapes the strings that a decoder asks for. Every decoder
//! uses [`Fields`]. serde_json only words the error for an invalid text; `docs/decisions/json.md`
//! explains why it does not read the documents.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::IgnoredAny;

use crate::aws::number::decimal;

mod scan;
pub mod write;

/// The most elements of one list or object. Lambda never sends more, and parsed elements
/// take far more memory than their text: 6 MB could hold a million.
pub const MAX_ELEMENTS: usize = 10_000;

/// Checks that `text` is one JSON value, of any kind and at any depth.
///
/// # Errors
/// A message with the line and column of the problem, but without any of the text.
pub fn check(text: &str) -> Result<(), String> {
    let rest = scan::skip_value(text.as_bytes());
    if rest.is_some_and(|rest| scan::skip_whitespace(rest).is_empty()) {
        return Ok(());
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(format!("not valid JSON: {error}")),
    }
}

/// Whether `body` may be the beginning of a longer JSON value. It is empty, a number, or begins like
/// JSON and is not complete. Text and bytes that do not begin like JSON are not judged.
pub fn may_be_cut_off(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    match text.first() {
        None | Some(b'-' | b'0'..=b'9') => true,
        Some(b'{' | b'[' | b'"') => {
            !core::str::from_utf8(body).is_ok_and(|text| check(text).is_ok())
        }
        Some(_) => [&b"true"[..], b"false", b"null"]
            .iter()
            .any(|literal| literal.len() > text.len() && literal.starts_with(text)),
    }
}

/// One valid JSON value as its source text, without surrounding white space. Its `Debug` output has
/// only the length, because the text may be a connection with its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl fmt::Debug for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Json({} bytes)", self.0.len())
    }
}

impl<'a> Json<'a> {
    /// Checks `text` and wraps it.
    ///
    /// # Errors
    /// As for [`check`].
    pub fn parse(text: &'a str) -> Result<Json<'a>, String> {
        check(text).map(|()| Json(text.trim_ascii()))
    }

    /// Returns the source text.
    pub fn get(self) -> &'a str {
        self.0
    }

    /// Returns a string's content. Any other value, and a string that is not valid Unicode, is
    /// returned as its JSON text.
    pub fn text(self) -> String {
        self.string().unwrap_or_else(|| self.0.to_owned())
    }

    /// Returns a string's content, or `None` for any other value and for a string that is not valid
    /// Unicode.
    pub fn string(self) -> Option<String> {
        unescape(self.0.strip_prefix('"')?.strip_suffix('"')?)
    }

    /// Returns the elements of a list, or `None` if the value is not a list or has more than
    /// [`MAX_ELEMENTS`].
    pub fn list(self) -> Option<Vec<Json<'a>>> {
        parse_all(self.0, |reader| reader.list(Reader::value))
    }

    /// Returns the fields of an object, or `None` if the value is not an object or has more than
    /// [`MAX_ELEMENTS`].
    pub fn object(self) -> Option<Fields<'a>> {
        Fields::read(self.0)
    }

    /// Returns a non-negative integer that fits `T`.
    pub fn unsigned<T: TryFrom<u64>>(self) -> Option<T> {
        let number: u64 = self.0.parse().ok()?;
        T::try_from(number).ok()
    }

    /// Returns a number in the range of [`decimal`].
    pub fn number(self) -> Option<f64> {
        decimal(self.0)
    }
}

/// A JSON object's fields in source order, duplicates included.
pub struct Fields<'a>(Vec<Member<'a>>);

type Member<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Fields<'a> {
    /// Reads `text`. Returns `None` if it is not a JSON object or has more than [`MAX_ELEMENTS`]
    /// fields.
    pub fn read(text: &'a str) -> Option<Fields<'a>> {
        parse_all(text, Reader::object)
    }

    /// Returns the value of the field `name`. The last of several counts, as in most JSON readers.
    /// `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.raw(name).filter(|value| value.get() != "null")
    }

    /// As [`Fields::get`], but returns a `null`.
    pub fn raw(&self, name: &str) -> Option<Json<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// As [`Fields::get`], converted by [`Json::text`].
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Json::text)
    }

    /// Iterates over all fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }
}

/// Parses an object whose field `list` is a list of objects. Returns each of those converted by
/// `row`, and the object's other fields, or `None` if `text` is anything else.
///
/// This is one pass over the text; [`Json::list`] and [`Json::object`] would take three.
pub fn parse_rows<'a, T>(
    text: &'a str,
    list: &str,
    row: fn(&Fields<'a>) -> Option<T>,
) -> Option<(Vec<T>, Fields<'a>)> {
    let (mut rows, mut others) = (None, Vec::new());
    parse_all(text, |reader| {
        reader.members(&mut |name, reader| {
            if name == list {
                rows = Some(reader.list(|reader| row(&reader.object()?))?);
            } else {
                others.push((name, reader.value()?));
            }
            Some(())
        })
    })?;
    Some((rows?, Fields(others)))
}

/// Returns what `read` takes from `text`, if that is all of it.
fn parse_all<'a, T>(text: &'a str, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let rest = scan::skip_whitespace(text.as_bytes());
    let mut reader = Reader { text, rest };
    let value = read(&mut reader)?;
    reader.rest.is_empty().then_some(value)
}

/// Takes values off the front of a text.
struct Reader<'a> {
    text: &'a str,
    /// What remains of `text`, never with leading white space. As bytes, because only the ends of
    /// elements need to be character boundaries.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The text between two positions, each given as the rest that follows it.
    fn between(&self, from: &[u8], to: &[u8]) -> Option<&'a str> {
        let at = |rest: &[u8]| self.text.len().checked_sub(rest.len());
        self.text.get(at(from)?..at(to)?)
    }

    /// Takes any value.
    fn value(&mut self) -> Option<Json<'a>> {
        let start = self.rest;
        let rest = scan::skip_value(start)?;
        self.rest = scan::skip_whitespace(rest);
        self.between(start, rest).map(Json)
    }

    /// Takes a list. Returns `None` if it has too many elements.
    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let [b'[', rest @ ..] = self.rest else {
            return None;
        };
        let mut elements = Vec::new();
        self.elements(rest, b']', &mut |reader| {
            elements.push(element(reader)?);
            Some(())
        })?;
        Some(elements)
    }

    fn object(&mut self) -> Option<Fields<'a>> {
        let mut fields = Vec::new();
        self.members(&mut |name, reader| {
            fields.push((name, reader.value()?));
            Some(())
        })?;
        Some(Fields(fields))
    }

    /// Takes an object: each `name :` here, and its value by `member`. Returns `None` if there are
    /// too many.
    fn members(
        &mut self,
        member: &mut dyn FnMut(Cow<'a, str>, &mut Self) -> Option<()>,
    ) -> Option<()> {
        let [b'{', rest @ ..] = self.rest else {
            return None;
        };
        self.elements(rest, b'}', &mut |reader| {
            let name = reader.name()?;
            let [b':', rest @ ..] = reader.rest else {
                return None;
            };
            reader.rest = scan::skip_whitespace(rest);
            member(name, reader)
        })
    }

    /// Takes comma-separated elements, each by `element`, from `rest` to the closing bracket.
    fn elements(
        &mut self,
        rest: &'a [u8],
        close: u8,
        element: &mut dyn FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.rest = scan::skip_whitespace(rest);
        if let [last, rest @ ..] = self.rest
            && *last == close
        {
            self.rest = scan::skip_whitespace(rest);
            return Some(());
        }
        for _ in 0..MAX_ELEMENTS {
            element(self)?;
            match self.rest {
                [b',', rest @ ..] => self.rest = scan::skip_whitespace(rest),
                [last, rest @ ..] if *last == close => {
                    self.rest = scan::skip_whitespace(rest);
                    return Some(());
                }
                _ => return None,
            }
        }
        None
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        let [b'"', start @ ..] = self.rest else {
            return None;
        };
        let end = scan::skip_plain(start);
        // Almost no name has an escape.
        if let [b'"', rest @ ..] = end {
            self.rest = scan::skip_whitespace(rest);
            return self.between(start, end).map(Cow::Borrowed);
        }
        let inside = self.value()?.0.strip_prefix('"')?.strip_suffix('"')?;
        // A name that is not valid Unicode stays escaped: no decoder asks for it.
        Some(unescape(inside).map_or(Cow::Borrowed(inside), Cow::Owned))
    }
}

/// Returns the content of a valid string, or `None` if it has half of a surrogate pair.
fn unescape(inside: &str) -> Option<String> {
    if scan::skip_plain(inside.as_bytes()).is_empty() {
        return Some(inside.into());
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at)?;
        out.push_str(plain);
        let mut letters = escape.chars();
        let kind = letters.nth(1)?;
        rest = letters.as_str();
        out.push(match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, after) = escaped_character(rest)?;
                rest = after;
                character
            }
            itself => itself,
        });
    }
    out.push_str(rest);
    Some(out)
}

/// Decodes the four digits at the start of `text`, and a second escape if they are half of a
/// surrogate pair. Returns the character and what follows.
fn escaped_character(text: &str) -> Option<(char, &str)> {
    let (first, rest) = code_unit(text)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, rest));
    }
    let (second, rest) = code_unit(rest.strip_prefix("\\u")?)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, rest))
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_accepts_any_json_value() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for good in [
            "null",
            "0",
            "-1.5e+300",
            "1e999",
            "123456789012345678901234567890",
            "\"\"",
            "[]",
            "{}",
            "{\"a\":1,\"a\":2}",
            " {\"a\" : [1, 2]}\n",
            "\"\\ud800\"",
            &deep,
        ] {
            assert_eq!(check(good), Ok(()), "{good:.40}");
        }
    }

    #[test]
    fn invalid_json_is_reported_with_its_position_and_without_its_text() {
        for bad in [
            "",
            " ",
            "{",
            "{'a':1}",
            "{\"a\":1,}",
            "nul",
            "1 2",
            "\u{feff}{}",
            "NaN",
            "secret",
        ] {
            let message = check(bad).unwrap_err();
            assert!(message.starts_with("not valid JSON: "), "{message}");
            assert!(message.contains("line 1 column"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn debug_of_a_value_has_only_its_length() {
        let json = Json::parse(r#" "marked" "#).unwrap();
        assert_eq!(format!("{json:?}"), "Json(8 bytes)");
    }

    #[test]
    fn fields_keep_raw_values_and_the_last_duplicate_counts() {
        let fields =
            Fields::read(r#"{"a":1e999,"b":"x","b":"y\n","c":null,"d":"\ud800"}"#).unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("1e999"));
        assert_eq!(fields.text("b").as_deref(), Some("y\n"));
        assert_eq!(fields.text("c"), None);
        assert_eq!(fields.text("d").as_deref(), Some(r#""\ud800""#));
        assert_eq!(fields.text("e"), None);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let text = format!(r#"{{"a":{deep},"b":1}}"#);
        let fields = Fields::read(&text).unwrap();
        assert_eq!(fields.text("a"), Some(deep));
        assert_eq!(fields.text("b").as_deref(), Some("1"));
        assert!(Fields::read("[]").is_none());
        assert!(Fields::read("{} x").is_none());
    }

    #[test]
    fn a_list_or_object_of_too_many_elements_is_not_read() {
        let list = |elements: usize| format!("[{}0]", "0,".repeat(elements - 1));
        let object = |elements: usize| format!("{{{}\"a\":0}}", "\"\":0,".repeat(elements - 1));
        let [most, more] = [list(MAX_ELEMENTS), list(MAX_ELEMENTS + 1)];
        assert_eq!(
            Json::parse(&most).unwrap().list().unwrap().len(),
            MAX_ELEMENTS
        );
        assert_eq!(Json::parse(&more).unwrap().list(), None);
        assert!(Fields::read(&object(MAX_ELEMENTS)).is_some());
        assert!(Fields::read(&object(MAX_ELEMENTS + 1)).is_none());
    }

    #[test]
    fn elements_are_split_correctly_when_they_contain_brackets_and_commas() {
        let text = r#" { "a,\"}" : [ 1 , "]" , {"x":[,]} ] } "#.replace("[,]", "[2,3]");
        let fields = Fields::read(&text).unwrap();
        let value = fields.get(r#"a,"}"#).unwrap();
        let list: Vec<&str> = value.list().unwrap().into_iter().map(Json::get).collect();
        assert_eq!(list, ["1", "\"]\"", r#"{"x":[2,3]}"#]);
        assert!(value.object().is_none());
        assert_eq!(Json::parse(" [ ] ").unwrap().list(), Some(Vec::new()));
        assert!(
            Json::parse("{}")
                .unwrap()
                .object()
                .unwrap()
                .iter()
                .next()
                .is_none()
        );
        assert_eq!(
            Json::parse(r#""\\\"x""#).unwrap().string().as_deref(),
            Some("\\\"x")
        );
    }

    #[test]
    fn rows_are_parsed_from_a_list_of_objects_only() {
        let row = |row: &Fields<'_>| row.text("n");
        let read = |text| {
            let (rows, others) = parse_rows(text, "list", row)?;
            Some((rows.join(" "), others.text("next")))
        };
        for (text, expected) in [
            (
                r#" {"a":{"list":[]} , "list" : [ {"n":1} , {"n":"x"} ] , "next":"y"} "#,
                Some(("1 x", Some("y"))),
            ),
            (r#"{"list":[],"next":null}"#, Some(("", None))),
            (r#"{"l\u0069st":[{"n":1}]}"#, Some(("1", None))),
            (r#"{"list":[{"n":1}],"list":[{"n":2}]}"#, Some(("2", None))),
            (r#"{"list":[{"m":1}]}"#, None),
            (r#"{"list":[1]}"#, None),
            (r#"{"list":null}"#, None),
            (r#"{"list":{}}"#, None),
            (r#"{"next":"y"}"#, None),
            (r#"{"list":[{"n":1},]}"#, None),
            (r#"{"list":[{"n":1}]"#, None),
            (r#"{"list":[{"n":1}]} x"#, None),
            (r#"[{"n":1}]"#, None),
        ] {
            let expected =
                expected.map(|(rows, next)| (rows.to_owned(), next.map(ToOwned::to_owned)));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_are_unescaped_unless_a_surrogate_is_unpaired() {
        for (json, content) in [
            (r#""""#, Some("")),
            (r#""\b\f\n\r\t\/\\\"é""#, Some("\u{8}\u{c}\n\r\t/\\\"é")),
            (r#""\u00e9\ud83d\ude80!""#, Some("é🚀!")),
            (r#""\ud83d""#, None),
            (r#""\ud83dx""#, None),
            (r#""\ud83d\n""#, None),
            (r#""\ude80\ud83d""#, None),
            ("7", None),
        ] {
            assert_eq!(
                Json::parse(json).unwrap().string().as_deref(),
                content,
                "{json}"
            );
        }
    }
}
